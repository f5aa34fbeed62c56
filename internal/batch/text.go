package batch

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"gongxin"
)

// delimiters are tried in this order. None of them is part of another character in
// UTF-8 or GB 18030.
var delimiters = []byte{',', '\t', ';'}

// A text is delimited text. Rows are written as they came, byte for byte, with the
// added cells behind them.
type text struct {
	*splitter
	layout
	writing
	file   *io.SectionReader
	heads  []byte // of the output
	ending []byte // of lines, for a last line that has none

	inBlocks      int  // so much text is tried as a block, for a sieve; none if 0
	resplit       bool // the splitter stands where the blocks began
	pause, pauses int  // chunks until a block is tried again
}

// openText opens delimited text. Errors: BATCH_NOT_TEXT, BATCH_ENCODING,
// BATCH_COLUMN_MISSING, BATCH_COLUMN_TWICE, BATCH_COLUMN_TAKEN.
func openText(r io.ReaderAt, size int64, o Options) (*text, error) {
	w, err := detect(r, size)
	if err != nil {
		return nil, err
	}
	t := &text{writing: w}
	head, err := t.beginning(r, size)
	if err != nil {
		return nil, err
	}
	eol := byte('\n')
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		eol = '\r'
	}
	sought := o.sought()
	var best headerFound
	var delim byte
	var numbers []int
	for i, d := range delimiters {
		rows, above, err := t.first(head, d, eol)
		if err != nil {
			return nil, err
		}
		if h := sought.findHeader(rows); i == 0 || h.found > best.found || h.found == best.found && h.width > best.width {
			best, delim, numbers = h, d, above
		}
	}
	if err := sought.verdict(best); err != nil {
		return nil, err
	}
	t.layout = best.layout
	if t.file, err = t.start(r, size, delim, eol); err != nil {
		return nil, err
	}
	t.ending = []byte{eol}
	if best.at < 0 {
		return t, t.mark()
	}
	return t, t.header(numbers[best.at] + 1)
}

// beginning returns the first bytes of the file as they are to be split.
func (t *text) beginning(r io.ReaderAt, size int64) ([]byte, error) {
	in, err := t.writing.text(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	head := make([]byte, min(size*3/2+utf8.UTFMax, headSize)) // UTF-16 can grow by half
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return head[:n], nil
}

// first cuts the beginning of the file into rows, decoded, and tells how many records
// stand above each.
func (t *text) first(head []byte, delim, eol byte) (rows [][]string, above []int, err error) {
	s := newSplitter(bytes.NewReader(head), delim, eol)
	for n := 0; len(rows) < headerWithin; n++ {
		record, err := s.next()
		if err != nil { // a quote that does not close is told when rows are read
			break
		}
		all, _, _ := cells(record[:len(record)-lineEnd(record)], delim, nil)
		row := make([]string, len(all))
		blank := true
		for i, c := range all {
			row[i], _ = t.decode(c)
			blank = blank && strings.TrimSpace(row[i]) == ""
		}
		if !blank {
			rows, above = append(rows, row), append(above, n)
		}
	}
	return rows, above, nil
}

// start begins to split the file from its first record.
func (t *text) start(r io.ReaderAt, size int64, delim, eol byte) (*io.SectionReader, error) {
	file := io.NewSectionReader(r, 0, size)
	in, err := t.writing.text(file)
	if err != nil {
		return nil, err
	}
	t.splitter = newSplitter(in, delim, eol)
	if t.bom {
		t.offset = int64(len(t.encoding.bom()))
	}
	return file, nil
}

// mark puts the encoding's mark in front of the output, if the input has it.
func (t *text) mark() error {
	if t.bom {
		t.heads = append(t.heads, "\uFEFF"...)
	}
	return nil
}

// header passes the records down to the header, the above-th, and puts the added
// headings behind it.
func (t *text) header(above int) error {
	if err := t.mark(); err != nil {
		return err
	}
	for i := range above {
		record, err := t.next()
		if err != nil {
			return err
		}
		if i < above-1 {
			t.heads = append(t.heads, record...)
			continue
		}
		end := lineEnd(record)
		if end > 0 {
			t.ending = bytes.Clone(record[len(record)-end:])
		}
		all, _, _ := cells(record[:len(record)-end], t.delim, nil)
		headings := make([]string, len(all))
		for i, c := range all {
			headings[i], _ = t.decode(c)
		}
		if err := t.taken(headings); err != nil {
			return err
		}
		t.width = max(t.width, len(all)) // the added columns stand behind every cell of the header
		t.heads = append(t.heads, record[:len(record)-end]...)
		for range t.width - len(all) {
			t.heads = append(t.heads, t.delim)
		}
		for _, h := range t.added() {
			t.heads = append(append(t.heads, t.delim), t.encode(h)...)
		}
		t.heads = append(t.heads, t.ending...)
	}
	return nil
}

func (t *text) head() ([]byte, error) { return t.heads, nil }

func (t *text) read(c *chunk) error {
	if t.inBlocks > 0 {
		if ok, err := t.readBlock(c); ok || err != nil {
			return err
		}
		if t.resplit {
			t.resplit = false
			if err := t.splitFrom(t.offset, t.line-1); err != nil {
				return err
			}
		}
	}
	for len(c.rows) < chunkRows && len(c.arena) < chunkBytes {
		line := t.line
		record, err := t.next()
		if err == io.EOF && len(c.rows) > 0 {
			break
		}
		if err != nil {
			return err
		}
		c.arena = append(c.arena, record...)
		c.ends = append(c.ends, len(c.arena))
		c.rows = append(c.rows, row{blank: blankRecord(record, t.delim), line: int32(line)})
	}
	c.to = position{Offset: t.offset, Lines: t.line - 1}
	return nil
}

// blankRecord tells whether a record has nothing but delimiters, blanks and cells that
// are quoted and empty.
func blankRecord(record []byte, delim byte) bool {
	quotes := false
	for _, b := range record {
		if b > ' ' && b != delim && b != '"' {
			return false
		}
		quotes = quotes || b == '"'
	}
	if quotes {
		all, _, _ := cells(record, delim, nil)
		for _, c := range all {
			if len(bytes.TrimSpace(c)) > 0 {
				return false
			}
		}
	}
	return true
}

func (t *text) seek(p position) error {
	if t.encoding.wide() {
		for t.offset < p.Offset {
			if _, err := t.next(); err != nil {
				return err
			}
		}
		return nil
	}
	return t.splitFrom(p.Offset, p.Lines)
}

// splitFrom goes on at a byte of the file, at which a record begins.
func (t *text) splitFrom(offset int64, lines int) error {
	if _, err := t.file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	t.in, t.at, t.end, t.eof = t.file, 0, 0, false
	t.offset, t.line = offset, lines+1
	return nil
}

func (t *text) cut(c *chunk, s sieve) {
	from := 0
	var all [][]byte
	if c.block != nil {
		t.scan(c, s)
		return
	}
	for i := range c.rows {
		r := &c.rows[i]
		r.raw = c.arena[from:c.ends[i]]
		from = c.ends[i]
		if r.blank {
			continue
		}
		all = t.cutRow(r, all)
	}
}

// cutRow finds number and name of one row. It uses all again for its cells.
func (t *text) cutRow(r *row, all [][]byte) [][]byte {
	all, count, ok := cells(r.raw[:len(r.raw)-lineEnd(r.raw)], t.delim, all)
	for count > t.width && count <= len(all) && len(bytes.TrimSpace(all[count-1])) == 0 {
		count-- // empty cells behind the header's width mean nothing
	}
	r.cells = int32(count)
	number, name := t.cell(all, t.number), t.cell(all, t.layout.name)
	r.number, r.name = number.text, name.text
	if number.bad {
		r.fault = cellEncoding
	}
	if number.bad || name.bad {
		r.nameFault = cellEncoding
	}
	if t.more {
		r.more = t.moreOf(func(at int) cell { return t.cell(all, at) })
	}
	switch {
	case !ok:
		r.fault = rowMalformed
	case count > t.width:
		r.fault = rowWide
	}
	return all
}

// cell returns what stands in column at of a row.
func (t *text) cell(all [][]byte, at int) cell {
	if at < 0 || at >= len(all) {
		return cell{}
	}
	s, ok := t.decode(all[at])
	s = strings.TrimSpace(s)
	if n := len(s); n > 3 && strings.HasPrefix(s, `="`) && s[n-1] == '"' { // how spreadsheets are told that it is a text
		s = s[2 : n-1]
	}
	return cell{s, !ok}
}

func (t *text) append(to []byte, r *row, a Answer) ([]byte, error) {
	end := lineEnd(r.raw)
	body, ending := r.raw[:len(r.raw)-end], r.raw[len(r.raw)-end:]
	if end == 0 {
		ending = t.ending
	}
	if r.blank {
		return append(append(to, body...), ending...), nil
	}
	// most rows have no quote and as many cells as the header
	if count := bytes.Count(body, []byte{t.delim}) + 1; count <= t.width && bytes.IndexByte(body, '"') < 0 {
		to = append(to, body...)
		for range t.width - count {
			to = append(to, t.delim)
		}
	} else if all, count, ok := cells(body, t.delim, nil); ok && count <= t.width {
		to = append(to, body...)
		for range t.width - count {
			to = append(to, t.delim)
		}
	} else { // quoted anew, so that the added cells are where they should be
		to = appendCells(to, all, t.delim, t.width)
	}
	to = append(append(to, t.delim), a.Outcome...)
	to = append(append(to, t.delim), a.reasons()...)
	to = append(append(to, t.delim), a.Reference...)
	to = append(to, t.delim)
	if a.Sequence > 0 {
		to = strconv.AppendUint(to, a.Sequence, 10)
	}
	return append(to, ending...), nil
}

// appendCells writes cells so that there are width of them. What is too much stands
// in the last, as it stood in the row.
func appendCells(to []byte, all [][]byte, delim byte, width int) []byte {
	for len(all) > width && len(bytes.TrimSpace(all[len(all)-1])) == 0 {
		all = all[:len(all)-1]
	}
	for i := range max(width, 1) {
		var cell []byte
		if i < len(all) {
			cell = all[i]
		}
		if i == width-1 && len(all) > width {
			cell = bytes.Join(all[i:], []byte{delim})
		}
		if i > 0 {
			to = append(to, delim)
		}
		if bytes.ContainsAny(cell, "\"\r\n") || bytes.IndexByte(cell, delim) >= 0 {
			to = append(to, '"')
			to = append(to, bytes.ReplaceAll(cell, []byte{'"'}, []byte(`""`))...)
			to = append(to, '"')
		} else {
			to = append(to, cell...)
		}
	}
	return to
}

func (t *text) assembler() assembler { return nil }

func (t *text) progress() (done, total int64) {
	if !t.encoding.wide() {
		return t.offset, t.file.Size()
	}
	done, _ = t.file.Seek(0, io.SeekCurrent) // a section reader tells its place without fault
	return done, t.file.Size()
}

func (t *text) describe() string {
	return fmt.Sprintf("CSV, %s, %s", t.encoding, map[byte]string{',': "comma", '\t': "tab", ';': "semicolon"}[t.delim])
}

func (t *text) close() error { return nil }

var _ form = (*text)(nil)

// atRow says where in the input an error of the whole is.
func atRow(err error, file string, row uint64) error {
	if e, ok := err.(*gongxin.Error); ok {
		p := e.Place
		p.File = file
		if p.Row == 0 {
			p.Row = int(row)
		}
		return e.At(p)
	}
	return err
}
