package intake

import (
	"strconv"
	"strings"
	"unicode"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/policy"
)

// A cellKind says what a spreadsheet or JSON holds in a cell; in CSV all is text.
type cellKind uint8

const (
	isText cellKind = iota
	isNumber
	isDay     // a typed date: the text is 2017-04-01, with a time if there is one
	isFormula // the text is the formula with = in front
	isError   // the text is the error, such as #N/A
	isOther   // a JSON object or array
)

// A line is one row of a table before anything is known of it. The cells are
// valid UTF-8, cut at the limit; they are kept by the record.
type line struct {
	number    int // where it begins, from 1
	cells     []string
	kinds     []cellKind // nil if all are text
	long      int        // the first column (from 1) with a cell over the limit; 0 for none
	misplaced bool       // text after a closing quote
	bare      bool       // a quote inside an unquoted field
	sparse    bool       // cells may be absent at the end, as in spreadsheets
}

func (l *line) kind(i int) cellKind {
	if i < len(l.kinds) {
		return l.kinds[i]
	}
	return isText
}

// blank tells whether nothing visible stands in l.
func (l *line) blank() bool {
	if l.long > 0 {
		return false
	}
	if len(l.cells) == 1 && l.cells[0] == "\x1A" { // how DOS ended a text
		return true
	}
	for i, c := range l.cells {
		if c != "" && (l.kind(i) != isText || tidyText(c) != "") {
			return false
		}
	}
	return true
}

// A checker turns lines into records.
type checker struct {
	o       Options
	lay     layout
	seen    *Seen
	file    int // of seen
	serial  int // what to add to bare serials of number cells: the system that counts from 1904
	policy  *policy.Policy
	adult   int         // age from which a person can be listed
	adultOn gongxin.Day // on this day

	// of the current record
	ln     *line
	text   [nFields]string // tidied
	norm   [nFields]norms
	notes  []string
	digest []byte // scratch
	broken error  // what kept Seen from working
}

// A value is what the fields of one record were read as.
type value struct {
	caseNumber gongxin.CaseNumber
	name       string
	sex        identity.Sex
	age        int
	number     identity.Number
	legalRep   string
	published  gongxin.Day
	filed      gongxin.Day
	withdrawn  gongxin.Day
	ground     gongxin.Ground
	term       term
}

// fault makes the error of a field of the current record.
func (c *checker) fault(f field, code string, args ...any) *gongxin.Error {
	return gongxin.Invalid(code, args...).At(gongxin.Place{Field: c.lay.kind.name(f)})
}

// check reads the record in ln. The order of the steps is the order in which
// causes of rejection are told: structure, cells, missing fields, formats, and what
// fields say of each other; within a step in the document's order of columns.
func (c *checker) check(ln *line, row int) Record {
	c.ln, c.notes = ln, nil
	rec := Record{File: c.o.Name, Row: row, Line: ln.number, Raw: ln.cells}
	var v value
	err := c.structure()
	if err == nil {
		err = c.cells()
	}
	if err == nil {
		err = c.missing()
	}
	if err == nil {
		err = c.read(&v)
	}
	if err == nil {
		err = c.settle(&rec, &v)
	}
	c.extra(&rec)
	rec.Notes = c.notes
	if err != nil {
		rec.Reject(err)
		return rec
	}
	rec.Outcome = Accept
	var all norms
	for _, f := range c.lay.kind.fields() {
		if c.norm[f] != 0 {
			all |= c.norm[f]
			if rec.Values == nil {
				rec.Values = map[string]string{}
			}
			rec.Values[c.lay.kind.name(f)] = c.text[f]
		}
	}
	if all != 0 {
		rec.Outcome, rec.Normalisations = Normalised, all.names()
	}
	return rec
}

// structure checks the row as a row.
func (c *checker) structure() *gongxin.Error {
	ln, lay := c.ln, &c.lay
	if ln.misplaced {
		return gongxin.Invalid("QUOTE_MISPLACED")
	}
	n := len(ln.cells)
	if n < lay.short && !ln.sparse {
		return gongxin.Invalid("ROW_RAGGED", n, lay.width)
	}
	for i := lay.width; i < n; i++ {
		if ln.cells[i] != "" && tidyText(ln.cells[i]) != "" {
			return gongxin.Invalid("ROW_RAGGED", n, lay.width)
		}
	}
	if i := int(lay.at[fCase]); i < n && !strings.ContainsAny(ln.cells[i], "0123456789") && foldHeading(ln.cells[i]) == foldHeading(lay.names[i]) {
		return gongxin.Invalid("HEADER_REPEATED")
	}
	if ln.bare {
		c.note("QUOTE_BARE")
	}
	return nil
}

func (c *checker) note(code string) { c.notes = append(c.notes, code) }

// cells tidies the cells of the fields and refuses those that cannot be text.
func (c *checker) cells() *gongxin.Error {
	if c.ln.long > 0 {
		name := c.lay.column(c.ln.long - 1)
		return gongxin.Invalid("CELL_TOO_LONG", name, c.o.MaxCell).At(gongxin.Place{Field: c.official(c.ln.long-1, name)})
	}
	private := false
	for _, f := range c.lay.kind.fields() {
		if err := c.cell(f, &private); err != nil {
			return err
		}
	}
	if c.lay.at[fOrgCode] >= 0 {
		if err := c.cell(fOrgCode, &private); err != nil {
			return err
		}
	}
	if private {
		c.note("PRIVATE_USE")
	}
	return nil
}

// official is the document's name of column i, which is headed name.
func (c *checker) official(i int, name string) string {
	for _, f := range c.lay.kind.fields() {
		if int(c.lay.at[f]) == i {
			return c.lay.kind.name(f)
		}
	}
	return name
}

func (c *checker) cell(f field, private *bool) *gongxin.Error {
	c.text[f], c.norm[f] = "", 0
	i := int(c.lay.at[f])
	if i < 0 || i >= len(c.ln.cells) {
		return nil
	}
	s := c.ln.cells[i]
	switch c.ln.kind(i) {
	case isFormula:
		return c.fault(f, "FORMULA_CELL", c.reference(i))
	case isError:
		return c.fault(f, "CELL_ERROR", c.reference(i), s)
	case isOther:
		return c.fault(f, "CELL_TYPE", c.lay.kind.name(f))
	}
	if s == "" {
		return nil
	}
	t := tidy(s)
	switch {
	case t.control != 0:
		return c.fault(f, "CONTROL_CHARACTER", c.lay.kind.name(f), codePoint(t.control))
	case t.damaged:
		return c.fault(f, "TEXT_DAMAGED", c.lay.kind.name(f))
	}
	*private = *private || t.private
	c.text[f], c.norm[f] = t.text, t.norms
	if t.text == "" {
		return nil
	}
	switch t.text[0] {
	case '=': // how spreadsheets are made to keep digits as text: ="320000198001010018"
		if len(t.text) > 3 && t.text[1] == '"' && t.text[len(t.text)-1] == '"' && !strings.Contains(t.text[2:len(t.text)-1], `"`) {
			c.text[f] = strings.TrimFunc(t.text[2:len(t.text)-1], unicode.IsSpace)
			c.norm[f] |= normTextFormula
			return nil
		}
		return c.fault(f, "FORMULA_CELL", c.reference(i))
	case '#':
		if spreadsheetErrors[t.text] || strings.Trim(t.text, "#") == "" && len(t.text) > 2 {
			return c.fault(f, "CELL_ERROR", c.reference(i), t.text)
		}
	}
	return nil
}

// spreadsheetErrors are what a spreadsheet leaves in a CSV for a formula that failed.
var spreadsheetErrors = map[string]bool{
	"#N/A": true, "#REF!": true, "#VALUE!": true, "#NAME?": true, "#DIV/0!": true, "#NUM!": true, "#NULL!": true, "#SPILL!": true, "#CALC!": true,
}

// reference names the cell in column i as spreadsheets do, with its heading: E12 (身份证号码).
func (c *checker) reference(i int) string {
	return columnLetters(i) + strconv.Itoa(c.ln.number) + "（" + c.lay.column(i) + "）"
}

func columnLetters(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

func codePoint(r rune) string {
	const hex = "0123456789ABCDEF"
	return "U+" + string([]byte{hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15]})
}

// emptyMarks are what stands for nothing in the one column that may be empty.
var emptyMarks = map[string]bool{
	"无": true, "/": true, "-": true, "--": true, "—": true, "——": true, "－": true, "\\": true, "null": true, "NULL": true, "None": true,
	"none": true, "N/A": true, "n/a": true, "未撤销": true, "空": true, "0": true, "暂无": true, "/ /": true,
}

// missing tells the first needed field that is empty.
func (c *checker) missing() *gongxin.Error {
	k := c.lay.kind
	if k != Withdrawals && emptyMarks[c.text[fWithdrawn]] {
		c.text[fWithdrawn] = ""
		c.norm[fWithdrawn] |= normEmptyMark
	}
	for _, f := range k.fields() {
		if c.text[f] != "" || !k.needed(f) {
			continue
		}
		if f == fNumber && c.lay.at[fOrgCode] >= 0 && c.text[fOrgCode] != "" {
			continue
		}
		return c.fault(f, "MISSING_FIELD", k.name(f))
	}
	return nil
}

// extra keeps aside what stands in columns that no field claims.
func (c *checker) extra(rec *Record) {
	for _, i := range c.lay.unknown {
		if i >= len(c.ln.cells) || c.ln.cells[i] == "" {
			continue
		}
		if t := tidyText(c.ln.cells[i]); t != "" {
			if rec.Extra == nil {
				rec.Extra = make(map[string]string, len(c.lay.unknown))
			}
			rec.Extra[c.lay.column(i)] = t
		}
	}
}
