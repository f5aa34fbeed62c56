// Package courts knows the courts by name and by the code that stands in case
// numbers, so that a submission whose case number names another court is noticed
// before anybody is listed by it.
//
//	执行法院 "苏州市虎丘区人民法院"  ──ByName──▶  苏0505
//	案号 （2016）苏0581执8007号       ──Contradicts──▶  another court's: CASE_COURT_MISMATCH
//
// A Directory is data, does not change once made and may be used by many at once.
// What it does not know it does not refuse: the table is derived and has gaps.
package courts

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gongxin"
)

// A Confidence says how far a row can be trusted; smaller is better.
type Confidence uint8

// The degrees of confidence.
const (
	ByRule   Confidence = iota + 1 // code and name follow the rule of 法〔2015〕137号, article 5
	Probable                       // by the rule after a change of divisions, or seen in public use only
	Recalled                       // from memory: shown, never used to refuse
)

// A Court is one court under one of the codes that it has had.
type Court struct {
	Name       string // full name, such as 苏州市虎丘区人民法院
	Code       gongxin.CourtCode
	Level      string     // 高级, 中级, 基层, or one of these with (专门)
	Superior   string     // name of the next higher court, to which reconsideration goes (2.3); "" if it differs by kind of case
	Confidence Confidence // of the row
	OldStyle   []string   // characters believed to stand in its case numbers before 2016
	From, To   int        // years in which court and code were in use; 0 if no beginning or end is known
	Basis      string     // why the row is believed
}

// A Directory finds courts. The zero Directory knows none.
type Directory struct {
	rows   []Court
	byName map[string][]int // rows of a court, the one in use first
	byCode map[gongxin.CourtCode]int
}

//go:embed data/courts-jiangsu.csv
var embedded []byte

// Embedded returns the courts of Jiangsu that came with this version. A fault in
// the file is a programmer's mistake, so it panics; a test reads it.
func Embedded() *Directory {
	d, err := Parse(bytes.NewReader(embedded))
	if err != nil {
		panic(err)
	}
	return d
}

var columns = []string{"name", "level", "code", "superior", "confidence", "old_style", "valid", "basis"}

// Parse reads a table of courts: CSV in UTF-8 with exactly the columns of
// data/README.md, in their order. The error names the line at fault.
func Parse(r io.Reader) (*Directory, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(columns)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read table of courts: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("read table of courts: the columns are %q, want %q", header, columns)
	}
	d := &Directory{byName: map[string][]int{}, byCode: map[gongxin.CourtCode]int{}}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read table of courts: %w", err)
		}
		line, _ := in.FieldPos(0)
		c, err := read(row)
		if err != nil {
			return nil, fmt.Errorf("table of courts, line %d: %w", line, err)
		}
		if at, twice := d.byCode[c.Code]; twice {
			return nil, fmt.Errorf("table of courts, line %d: %s is the code of %s as well", line, c.Code, d.rows[at].Name)
		}
		d.byCode[c.Code] = len(d.rows)
		d.byName[c.Name] = append(d.byName[c.Name], len(d.rows))
		d.rows = append(d.rows, c)
	}
	if len(d.rows) == 0 {
		return nil, fmt.Errorf("read table of courts: it has no row")
	}
	for _, rows := range d.byName { // a code without a last year is the one in use
		slices.SortStableFunc(rows, func(i, j int) int { return newer(d.rows[j]) - newer(d.rows[i]) })
	}
	return d, nil
}

// newer orders the rows of one court: by the last year of use, none being the latest.
func newer(c Court) int {
	if c.To == 0 {
		return 1 << 16
	}
	return c.To
}

func read(row []string) (Court, error) {
	c := Court{Name: row[0], Level: row[1], Superior: row[3], OldStyle: strings.Fields(row[5]), Basis: row[7]}
	if c.Name == "" || canonical(c.Name) != c.Name {
		return c, fmt.Errorf("not the name of a court: %q", row[0])
	}
	var err error
	if c.Code, err = gongxin.ParseCourtCode(row[2]); err != nil {
		return c, err
	}
	n, err := strconv.ParseUint(row[4], 10, 8)
	if c.Confidence = Confidence(n); err != nil || c.Confidence < ByRule || c.Confidence > Recalled {
		return c, fmt.Errorf("confidence is 1 to 3, not %q", row[4])
	}
	if row[6] != "" {
		from, to, ok := strings.Cut(row[6], "-")
		var err1, err2 error
		c.From, err1 = year(from)
		c.To, err2 = year(to)
		if !ok || err1 != nil || err2 != nil || c.From == 0 && c.To == 0 || c.To != 0 && c.From > c.To {
			return c, fmt.Errorf("years are written 2019-, -2020 or 2016-2020, not %q", row[6])
		}
	}
	return c, nil
}

func year(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	y, err := strconv.Atoi(s)
	if err == nil && (y < 1949 || y > 2999) {
		err = strconv.ErrRange
	}
	return y, err
}

// canonical drops blanks, which no name of a court has.
func canonical(name string) string { return strings.Join(strings.Fields(name), "") }

// find returns the rows of the court called name. Courts leave the name of their
// province out or put it in front as they please: 江苏省苏州市中级人民法院 and
// 苏州市中级人民法院 are one.
func (d *Directory) find(name string) []int {
	name = canonical(name)
	if rows := d.byName[name]; rows != nil {
		return rows
	}
	const province = "江苏省"
	if short, ok := strings.CutPrefix(name, province); ok {
		return d.byName[short]
	}
	return d.byName[province+name]
}

// ByName returns the court called name, with the name of its province or
// without, under the code that it uses now; ok is false if it is not in the table.
func (d *Directory) ByName(name string) (c Court, ok bool) {
	rows := d.find(name)
	if len(rows) == 0 {
		return Court{}, false
	}
	return d.rows[rows[0]], true
}

// ByCode returns the court that has or had the code.
func (d *Directory) ByCode(code gongxin.CourtCode) (c Court, ok bool) {
	i, ok := d.byCode[code]
	if !ok {
		return Court{}, false
	}
	return d.rows[i], true
}

// Superior returns the next higher court of the one that has or had the code, to
// which reconsideration goes (2.3). ok is false if the table does not say it or has
// the court from memory alone.
func (d *Directory) Superior(code gongxin.CourtCode) (superior gongxin.CourtCode, ok bool) {
	c, known := d.ByCode(code)
	if !known || c.Superior == "" || c.Confidence == Recalled {
		return superior, false
	}
	above, known := d.ByName(c.Superior)
	return above.Code, known
}

// All returns the rows of the table in its order.
func (d *Directory) All() []Court { return slices.Clone(d.rows) }

// Contradicts tells whether a case number with the given code cannot be one of
// the court called name. It is false when the table does not know for sure: for
// an unknown court, for the zero code (case numbers before 2016 name no court), for a court
// known from memory alone, and for a code that nobody in the table has where the
// court's division was changed and older codes remain in use (article 13). Which
// year the case is of does not matter, because old and new codes overlap.
func (d *Directory) Contradicts(name string, code gongxin.CourtCode) bool {
	rows := d.find(name)
	if code.IsZero() || len(rows) == 0 {
		return false
	}
	best := Recalled
	for _, i := range rows {
		if d.rows[i].Code == code {
			return false
		}
		best = min(best, d.rows[i].Confidence)
	}
	switch best {
	case ByRule:
		return true
	case Probable:
		other, known := d.ByCode(code)
		return known && other.Confidence < Recalled || !known && !neighbours(code, d.rows[rows[0]].Code)
	}
	return false
}

// neighbours tells whether a and b are codes of basic courts of one city.
func neighbours(a, b gongxin.CourtCode) bool {
	x, y := []rune(a.String()), []rune(b.String())
	return len(x) == 5 && len(y) == 5 && string(x[:3]) == string(y[:3])
}
