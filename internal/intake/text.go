package intake

import (
	"errors"
	"io"

	"gongxin"
)

// delimiters are tried in this order; the one that shows the best header is taken.
var delimiters = []rune{',', '\t', ';', '，', '|', '；'}

// openText opens delimited text.
func openText(r io.ReaderAt, size int64, o Options) (*File, error) {
	w, err := detect(r, size)
	if err != nil {
		return nil, err
	}
	found, err := findTable(r, size, w)
	if err != nil {
		return nil, err
	}
	lay := found.header.layout
	if w.quotes { // an open quote explains a header that was not found
		if err := checkQuotes(textRows(r, size, w, found.delim, o.MaxCell), lay.width); err != nil {
			return nil, err
		}
	}
	if err := found.header.verdict(headerWithin); err != nil {
		return nil, err
	}
	src := textRows(r, size, w, found.delim, o.MaxCell)
	var ln line
	for range found.above + 1 {
		if err := src.next(&ln); err != nil {
			return nil, err
		}
	}
	src.columns = lay.width
	return start(o, lay, src, form{"CSV", w, found.delim})
}

// A textTable is a csvReader with its place in the file.
type textTable struct {
	*csvReader
	file *io.SectionReader
}

func textRows(r io.ReaderAt, size int64, w writing, delim rune, limit int) *textTable {
	file := io.NewSectionReader(r, 0, size)
	return &textTable{newCSV(w.open(file), delim, limit), file}
}

func (t *textTable) progress() (done, total int64) {
	done, _ = t.file.Seek(0, io.SeekCurrent) // a section reader seeks without fault
	return done, t.file.Size()
}

func (t *textTable) close() error { return nil }

type tableFound struct {
	header candidate
	delim  rune
	above  int // records above the header, blank ones too
}

// findTable looks for the header under every delimiter.
func findTable(r io.ReaderAt, size int64, w writing) (best tableFound, err error) {
	const longest = 4096 // of a heading; what is longer is none
	for i, d := range delimiters {
		rows, numbers, err := firstRows(textRows(r, size, w, d, longest))
		if err != nil {
			return best, err
		}
		if header, at := findHeader(rows); i == 0 || header.better(best.header) {
			best = tableFound{header: header, delim: d}
			if at < len(numbers) {
				best.above = numbers[at]
			}
		}
	}
	return best, nil
}

// firstRows reads the rows among which the header is looked for, and how many
// records stand above each. A quote that does not close ends them.
func firstRows(src source) (rows [][]string, numbers []int, err error) {
	for n := 0; len(rows) < headerWithin && n < 1000; n++ {
		var ln line
		err := src.next(&ln)
		var open openQuote
		if err == io.EOF || errors.As(err, &open) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if !ln.blank() {
			rows, numbers = append(rows, ln.cells), append(numbers, n)
		}
	}
	return rows, numbers, nil
}

// checkQuotes reads the whole table for its quotes alone. Error: QUOTE_OPEN.
func checkQuotes(t *textTable, columns int) error {
	t.columns = columns
	for {
		var ln line
		err := t.record(&ln)
		var open openQuote
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &open):
			return gongxin.Invalid("QUOTE_OPEN", open.line).At(gongxin.Place{Row: open.line})
		case err != nil:
			return err
		}
	}
}
