package intake

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sheetRows reads the rows of one worksheet, one after the other. Rows that the
// sheet leaves out are not counted; a cell that it leaves out is empty.
type sheetRows struct {
	w     *workbook
	part  *part
	x     *xmlReader
	limit int
	row   int  // number of the last row
	only  bool // read to check: texts are not kept
	hid   int  // rows that the sheet hides
	done  bool

	// of the current cell
	style, kind []byte
	value       []byte // of v or t
	formula     []byte
	column      int
	hasFormula  bool
}

func (s *sheetRows) progress() (done, total int64) {
	return int64(s.part.n), int64(s.part.f.UncompressedSize64)
}

func (s *sheetRows) close() error {
	err := s.part.Close()
	if e := s.w.strings.close(); err == nil {
		err = e
	}
	return err
}

// next reads a row. The error is io.EOF at the end of the sheet.
func (s *sheetRows) next(ln *line) error {
	*ln = line{sparse: true}
	inData := false
	for !s.done {
		t, err := s.x.next()
		if err == io.EOF {
			s.done = true
			break
		}
		if err != nil {
			return s.broken(err)
		}
		switch name := string(s.x.name); {
		case t == xmlStart && name == "row":
			inData = true
			s.row++
			if n, err := strconv.Atoi(string(s.x.attr("r"))); err == nil && n > 0 {
				s.row = n
			}
			if v := string(s.x.attr("hidden")); v == "1" || v == "true" {
				s.hid++
			}
			ln.number = s.row
			s.column = -1
		case t == xmlEnd && name == "row" && inData:
			return nil
		case t == xmlStart && name == "c" && inData:
			if err := s.cell(ln); err != nil {
				return s.broken(err)
			}
		}
	}
	return io.EOF
}

func (s *sheetRows) broken(err error) error {
	if malformed, ok := err.(xmlError); ok {
		return notAWorkbook(malformed.Error())
	}
	return err
}

// cell reads a cell whose start tag was read.
func (s *sheetRows) cell(ln *line) error {
	s.column++
	if c, ok := columnOf(s.x.attr("r")); ok {
		s.column = c
	}
	s.style = append(s.style[:0], s.x.attr("s")...)
	s.kind = append(s.kind[:0], s.x.attr("t")...)
	s.value, s.formula, s.hasFormula = s.value[:0], s.formula[:0], false
	in, phonetic := byte(0), 0
	for {
		t, err := s.x.next()
		if err == io.EOF {
			return xmlError("the XML ends inside a cell")
		}
		if err != nil {
			return err
		}
		if t == xmlText {
			switch {
			case phonetic > 0:
			case in == 'v' && len(s.value) <= s.limit:
				s.value = append(s.value, s.x.text...)
			case in == 'f' && len(s.formula) <= s.limit:
				s.formula = append(s.formula, s.x.text...)
			}
			continue
		}
		switch string(s.x.name) {
		case "c":
			if t == xmlEnd {
				return s.finish(ln)
			}
			return xmlError("a cell inside a cell")
		case "v", "t":
			in = 0
			if t == xmlStart {
				in = 'v'
			}
		case "f":
			in = 0
			if t == xmlStart {
				in, s.hasFormula = 'f', true
			}
		case "rPh":
			if t == xmlStart {
				phonetic++
			} else {
				phonetic--
			}
		}
	}
}

// columnOf reads the column of a reference such as E12, from 0.
func columnOf(ref []byte) (int, bool) {
	n := 0
	for i, c := range ref {
		switch {
		case 'A' <= c && c <= 'Z' && i < 4:
			n = n*26 + int(c-'A') + 1
		case '0' <= c && c <= '9' && i > 0:
			return n - 1, true
		default:
			return 0, false
		}
	}
	return 0, false
}

// finish puts the cell into the row.
func (s *sheetRows) finish(ln *line) error {
	text, kind, err := s.content()
	if err != nil || text == "" && kind == isText || s.only {
		return err
	}
	at := min(s.column, maxCells-1)
	for len(ln.cells) <= at {
		ln.cells = append(ln.cells, "")
	}
	if kind != isText {
		for len(ln.kinds) <= at {
			ln.kinds = append(ln.kinds, isText)
		}
		ln.kinds[at] = kind
	}
	size := len(text)
	for _, c := range ln.cells {
		size += len(c)
	}
	if len(text) > s.limit || size > maxRow {
		text = string(wholeRunes([]byte(text[:min(len(text), s.limit)])))
		if size > maxRow {
			text = ""
		}
		if ln.long == 0 {
			ln.long = at + 1
		}
	}
	ln.cells[at] = text
	return nil
}

// content is what the cell holds as text.
func (s *sheetRows) content() (string, cellKind, error) {
	if s.hasFormula {
		return "=" + string(wholeRunes(s.formula[:min(len(s.formula), s.limit-1)])), isFormula, nil
	}
	v := s.value
	switch string(s.kind) {
	case "s":
		trimmed := strings.TrimSpace(string(v))
		if trimmed == "" {
			return "", isText, nil
		}
		i, err := strconv.Atoi(trimmed)
		if err != nil || s.w.strings == nil || i < 0 || i >= s.w.strings.n {
			return "", isText, xmlError("a cell refers to a text that the workbook does not have")
		}
		if s.only {
			return "", isText, nil
		}
		text, err := s.w.strings.get(i)
		return text, isText, err
	case "inlineStr", "str":
		return string(unescape(v)), isText, nil
	case "e":
		return string(v), isError, nil
	case "b":
		switch string(v) {
		case "1", "true":
			return "TRUE", isText, nil
		case "0", "false":
			return "FALSE", isText, nil
		}
		return string(v), isText, nil
	case "d": // ISO 8601, in workbooks of the strict kind
		day, _, _ := strings.Cut(string(v), "T00:00:00")
		return day, isDay, nil
	}
	text := strings.TrimSpace(string(v))
	if text == "" {
		return "", isText, nil
	}
	n, ok := plainNumber(text)
	if !ok {
		return text, isText, nil
	}
	if s.w.styles.is(s.style) {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			if day, ok := typedDay(f, s.w.from1904); ok {
				return day, isDay, nil
			}
		}
	}
	return n, isNumber, nil
}

// unescape replaces _xHHHH_ by the character meant, as workbooks write what XML
// cannot hold.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '_' && i+6 < len(b) && b[i+1] == 'x' && b[i+6] == '_' {
			if n, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && utf8.ValidRune(rune(n)) {
				var r [utf8.UTFMax]byte
				out = append(out, r[:utf8.EncodeRune(r[:], rune(n))]...)
				i += 6
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}
