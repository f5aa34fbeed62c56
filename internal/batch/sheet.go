package batch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"gongxin"
)

// A sheet is one sheet of a workbook. Rows are read one by one; the workbook's parts
// that are large lie in temporary files. Numbers are read as they are stored, other
// cells as they are shown.
type sheet struct {
	layout
	answersOnly
	path  string
	book  *excelize.File
	name  string
	above int // rows down to the header
	rows  *excelize.Rows
	n     uint64
	line  int // of the sheet, which was read last
	total int64

	dates    []bool // which of the fields are dates
	from1904 bool   // days are counted from 1904
}

// limits of what a workbook may unpack to, in bytes.
const (
	maxUnpacked = 8 << 30
	maxInMemory = 16 << 20
)

// openSheet opens a workbook. Without o.Sheet the one sheet that holds applicants is
// taken. Errors: BATCH_FORM, BATCH_SHEET_MISSING, BATCH_SHEETS, and those of columns.
func openSheet(f *os.File, o Options) (*sheet, error) {
	book, err := excelize.OpenFile(f.Name(), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory})
	if err != nil {
		return nil, unreadable("XLSX", err)
	}
	s := &sheet{path: f.Name(), book: book}
	if err := s.choose(o); err != nil {
		return nil, errors.Join(err, book.Close())
	}
	return s, nil
}

func (s *sheet) choose(o Options) error {
	sought := o.sought()
	if props, err := s.book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		s.from1904 = *props.Date1904
	}
	for _, f := range sought.fields {
		s.dates = append(s.dates, f.date)
	}
	names := s.book.GetSheetList()
	if o.Sheet != "" {
		names = nil
		for _, n := range s.book.GetSheetList() {
			if n == o.Sheet {
				names = []string{n}
			}
		}
		if names == nil {
			return gongxin.Invalid("BATCH_SHEET_MISSING", o.Sheet, strings.Join(s.book.GetSheetList(), "、"))
		}
	}
	var first error
	var found []string
	for _, n := range names {
		h, headings, above, err := s.header(n, sought)
		if err == nil {
			err = sought.verdict(h)
		}
		if err == nil {
			err = h.taken(headings)
		}
		if err != nil && first == nil {
			first = err
		}
		if err == nil {
			if found = append(found, n); len(found) == 1 {
				s.layout, s.name, s.above = h.layout, n, above
				s.width = max(s.width, len(headings))
			}
		}
	}
	switch {
	case len(found) == 0:
		return first
	case len(found) > 1:
		return gongxin.Invalid("BATCH_SHEETS", strings.Join(found, "、"))
	}
	return s.count()
}

// header finds the header of a sheet and how many rows there are down to it.
func (s *sheet) header(name string, sought sought) (h headerFound, headings []string, above int, err error) {
	rows, err := s.book.Rows(name)
	if err != nil {
		return h, nil, 0, unreadable("XLSX", err)
	}
	defer rows.Close() // only read
	var first [][]string
	var at []int
	for n := 1; rows.Next() && len(first) < headerWithin && n < 1000; n++ {
		cells, err := rows.Columns()
		if err != nil {
			return h, nil, 0, unreadable("XLSX", err)
		}
		if strings.TrimSpace(strings.Join(cells, "")) != "" {
			first, at = append(first, cells), append(at, n)
		}
	}
	h = sought.findHeader(first)
	if h.at >= 0 && h.found > 0 {
		headings, above = first[h.at], at[h.at]
	}
	return h, headings, above, nil
}

// count counts the rows, so that there is an end to look forward to.
func (s *sheet) count() error {
	rows, err := s.book.Rows(s.name)
	if err != nil {
		return unreadable("XLSX", err)
	}
	defer rows.Close() // only read
	for rows.Next() {
		s.total++
	}
	if s.total -= int64(s.above); s.total < 0 {
		s.total = 0
	}
	if err := rows.Error(); err != nil {
		return unreadable("XLSX", err)
	}
	return nil
}

// begin opens the rows below the header.
func (s *sheet) begin() (*excelize.Rows, error) {
	rows, err := s.book.Rows(s.name)
	if err != nil {
		return nil, unreadable("XLSX", err)
	}
	for range s.above {
		if !rows.Next() {
			break
		}
	}
	s.line = s.above
	return rows, nil
}

// raw reads cells as they are stored: a long number in a cell of the kind number has
// its digits, as far as the cell has them.
var raw = excelize.Options{RawCellValue: true}

func (s *sheet) read(c *chunk) (err error) {
	if s.rows == nil {
		if s.rows, err = s.begin(); err != nil {
			return err
		}
	}
	for len(c.rows) < chunkRows && s.rows.Next() {
		s.line++
		cells, err := s.rows.Columns(raw)
		if err != nil {
			return unreadable("XLSX", err)
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		s.n++
		r := row{number: cellAt(cells, s.number), name: cellAt(cells, s.layout.name), line: int32(s.line)}
		if s.more {
			r.more = s.moreOf(func(at int) cell { return cell{text: cellAt(cells, at)} })
			for i, is := range s.dates {
				if is {
					r.more.cells[i].text = s.date(r.more.cells[i].text)
				}
			}
		}
		for i := s.width; i < len(cells); i++ {
			if strings.TrimSpace(cells[i]) != "" {
				r.fault = rowWide
			}
		}
		c.rows = append(c.rows, r)
	}
	if err := s.rows.Error(); err != nil {
		return unreadable("XLSX", err)
	}
	if len(c.rows) == 0 {
		return io.EOF
	}
	return nil
}

func cellAt(cells []string, at int) string {
	if at < 0 || at >= len(cells) {
		return ""
	}
	return strings.TrimSpace(cells[at])
}

// date writes the number by which a workbook stores a date as that date; what else stands in
// a cell stays as it is. Numbers of five digits are the days from 1927 on; a year has four.
func (s *sheet) date(stored string) string {
	days, err := strconv.ParseFloat(stored, 64)
	if err != nil || days < 10_000 || days >= 100_000 {
		return stored
	}
	at, err := excelize.ExcelDateToTime(days, s.from1904)
	if err != nil {
		return stored
	}
	return at.Format(time.DateOnly)
}

// seek passes over the rows that are done.
func (s *sheet) seek(p position) (err error) {
	if s.rows, err = s.begin(); err != nil {
		return err
	}
	for s.n < p.Rows {
		if !s.rows.Next() {
			return io.ErrUnexpectedEOF
		}
		s.line++
		cells, err := s.rows.Columns(raw)
		if err != nil {
			return unreadable("XLSX", err)
		}
		if strings.TrimSpace(strings.Join(cells, "")) != "" {
			s.n++
		}
	}
	return nil
}

func (s *sheet) cut(*chunk, sieve) {}

func (s *sheet) progress() (done, total int64) { return int64(s.n), s.total }

func (s *sheet) describe() string { return "XLSX, " + s.name }

func (s *sheet) close() error {
	var closing error
	if s.rows != nil {
		closing = s.rows.Close()
	}
	return errors.Join(closing, s.book.Close())
}

func (s *sheet) assembler() assembler { return s.assemble }

// assemble writes a workbook with the rows of the sheet and their answers. All cells
// are texts, so that numbers keep their digits.
func (s *sheet) assemble(ctx context.Context, path string, next func() (Answer, bool, error), step func(int64)) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.SetSheetName("Sheet1", s.name); err != nil {
		return err
	}
	style, err := book.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return err
	}
	to, err := book.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	shown, err := s.book.Rows(s.name)
	if err != nil {
		return unreadable("XLSX", err)
	}
	stored, err := s.book.Rows(s.name)
	if err != nil {
		return unreadable("XLSX", err)
	}
	defer func() { err = errors.Join(err, shown.Close(), stored.Close()) }()
	written, asked := 0, int64(0)
	set := func(cells []string) error {
		all := make([]any, len(cells))
		for i, c := range cells {
			all[i] = excelize.Cell{StyleID: style, Value: c}
		}
		written++
		at, err := excelize.CoordinatesToCellName(1, written)
		if err != nil {
			return err
		}
		return to.SetRow(at, all)
	}
	for n := 1; shown.Next() && stored.Next(); n++ {
		cells, err := shown.Columns()
		if err != nil {
			return unreadable("XLSX", err)
		}
		kept, err := stored.Columns(raw)
		if err != nil {
			return unreadable("XLSX", err)
		}
		if s.number >= 0 && s.number < len(kept) && s.number < len(cells) {
			cells[s.number] = kept[s.number]
		}
		switch {
		case n == s.above:
			if err := set(append(padded(cells, s.width), s.added()...)); err != nil {
				return err
			}
			continue
		case n < s.above || strings.TrimSpace(strings.Join(kept, "")) == "":
			if err := set(cells); err != nil {
				return err
			}
			continue
		}
		a, skip, err := next()
		if err != nil {
			return err
		}
		if asked++; asked%chunkRows == 0 {
			step(asked)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if skip {
			continue
		}
		sequence := ""
		if a.Sequence > 0 {
			sequence = fmt.Sprint(a.Sequence)
		}
		front := padded(cells, s.width)
		line := append(front[:s.width:s.width], string(a.Outcome), a.reasons(), a.Reference, sequence)
		if err := set(append(line, front[s.width:]...)); err != nil { // what has no heading stays visible, behind the answer
			return err
		}
	}
	step(asked)
	if err := errors.Join(shown.Error(), stored.Error()); err != nil {
		return unreadable("XLSX", err)
	}
	if err := to.Flush(); err != nil {
		return err
	}
	return writeWhole(path, func(f *os.File) error {
		w := bufio.NewWriterSize(f, 256<<10)
		if err := book.Write(w); err != nil {
			return err
		}
		return w.Flush()
	})
}

// padded returns cells with at least width of them.
func padded(cells []string, width int) []string {
	out := make([]string, max(width, len(cells)))
	copy(out, cells)
	return out
}

// answersOnly is the part of a form that is assembled at the end: an answer a line.
type answersOnly struct{}

// A kept is a line of such a part. A clear answer without more to say is the shortest.
type kept struct {
	Skip      bool            `json:"x,omitempty"`
	Outcome   gongxin.Outcome `json:"o,omitempty"`
	Reasons   []string        `json:"c,omitempty"`
	Reference string          `json:"r,omitempty"`
	Sequence  uint64          `json:"s,omitempty"`
}

func (answersOnly) head() ([]byte, error) { return nil, nil }

func (answersOnly) append(to []byte, _ *row, a Answer) ([]byte, error) {
	b, err := json.Marshal(kept{Outcome: a.Outcome, Reasons: a.Reasons, Reference: a.Reference, Sequence: a.Sequence})
	return append(append(to, b...), '\n'), err
}

func (answersOnly) out(b []byte) ([]byte, error) { return b, nil }

// answersOf reads such a part.
func answersOf(r io.Reader) func() (Answer, bool, error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	return func() (Answer, bool, error) {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return Answer{}, false, fmt.Errorf("read the answers: %w", err)
		}
		var k kept
		if err := json.Unmarshal(bytes.TrimSpace(line), &k); err != nil {
			return Answer{}, false, fmt.Errorf("read the answers: %w", err)
		}
		return Answer{k.Outcome, k.Reasons, k.Reference, k.Sequence}, k.Skip, nil
	}
}

var _ form = (*sheet)(nil)
