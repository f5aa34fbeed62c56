package intake

import (
	"io"
	"strconv"
	"strings"
	"time"

	"gongxin"
)

// dateStyles tells which cell formats of a workbook show a number as a day.
type dateStyles []bool

func (d dateStyles) is(style []byte) bool {
	if style == nil {
		return false
	}
	n, err := strconv.Atoi(string(style))
	return err == nil && n >= 0 && n < len(d) && d[n]
}

const maxStyles = 1 << 16

// readStyles reads the part styles.xml.
func readStyles(in io.Reader) (dateStyles, error) {
	x := newXML(in, 1024)
	custom := map[int]bool{}
	var all dateStyles
	inCells := false
	for {
		t, err := x.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch name := string(x.name); {
		case t == xmlText:
		case name == "cellXfs":
			inCells = t == xmlStart
		case t == xmlStart && name == "numFmt":
			if id, err := strconv.Atoi(string(x.attr("numFmtId"))); err == nil && len(custom) < maxStyles {
				custom[id] = dateFormat(string(x.attr("formatCode")))
			}
		case t == xmlStart && name == "xf" && inCells && len(all) < maxStyles:
			id, err := strconv.Atoi(string(x.attr("numFmtId")))
			is, own := custom[id]
			if !own {
				is = err == nil && builtinDate(id)
			}
			all = append(all, is)
		}
	}
}

// builtinDate tells whether a format that workbooks do not spell out shows a day;
// 27 to 36 and 50 to 58 are those of Chinese, Japanese and Korean programs.
func builtinDate(id int) bool {
	return 14 <= id && id <= 17 || id == 22 || 27 <= id && id <= 31 || id == 36 || 50 <= id && id <= 54 || id == 57 || id == 58
}

// dateFormat tells whether a format code shows a day: it has a year or a day
// outside of quotes, escapes and brackets.
func dateFormat(code string) bool {
	code, _, _ = strings.Cut(code, ";")
	code = strings.ReplaceAll(strings.ReplaceAll(code, "General", ""), "GENERAL", "")
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			if j := strings.IndexByte(code[i+1:], '"'); j >= 0 {
				i += j + 1
			} else {
				return false
			}
		case '\\', '_', '*':
			i++
		case '[':
			if j := strings.IndexByte(code[i:], ']'); j >= 0 {
				i += j
			} else {
				return false
			}
		case 'y', 'Y', 'd', 'D', 'e':
			return true
		case 'E': // scientific, unless it is an era
			if i+1 >= len(code) || code[i+1] != '+' && code[i+1] != '-' {
				return true
			}
		}
	}
	return false
}

// typedDay writes the serial of a date cell as 2017-04-01, with its time if it has
// one; ok is false for what no spreadsheet shows as a day.
func typedDay(serial float64, from1904 bool) (s string, ok bool) {
	if from1904 {
		serial += epoch1904
	}
	if !(serial >= 1 && serial < 2958466) {
		return "", false
	}
	days := int(serial)
	seconds := int((serial-float64(days))*86400 + 0.5)
	t := time.Date(1899, 12, 30+days, 0, 0, seconds, 0, gongxin.Shanghai)
	if t.Hour()+t.Minute()+t.Second() == 0 {
		return t.Format(time.DateOnly), true
	}
	return t.Format(time.DateTime), true
}

// plainNumber writes the value of a number cell as a person would: no exponent,
// the 15 digits that spreadsheets have.
func plainNumber(v string) (string, bool) {
	if len(v) <= 15 && allDigits(v) {
		return v, true
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || len(v) > 40 {
		return "", false
	}
	if n > 1e21 || n < -1e21 {
		return v, true
	}
	n, _ = strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	return strconv.FormatFloat(n, 'f', -1, 64), true
}
