package intake

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// maxCells is how many cells of a row are kept; no table of this kind is wider.
const maxCells = 1024

// maxRow is how many bytes of a row are kept.
const maxRow = 1 << 20

// A csvReader reads records of RFC 4180, with line ends CR LF, LF or CR and one of
// several delimiters. Memory is bounded by the buffer and the limit of a cell. What
// the RFC does not allow is kept and marked in the line, never dropped.
type csvReader struct {
	in    io.Reader // UTF-8, already known to be valid
	buf   []byte
	at    int
	end   int
	err   error
	delim []byte // one character
	limit int    // bytes kept of a cell

	number int    // of the line on which the next record begins
	text   []byte // of the current record, cell after cell
	ends   []int  // of its cells in text
	opened int    // of the last quoted cell: the line of its quote
	broken bool   // a line end stood in the last quoted cell

	// what a stray quote swallows looks like whole lines of the table: their delimiters are counted
	columns   int // of the header, 0 if not known
	swallowed bool
}

func newCSV(in io.Reader, delim rune, limit int) *csvReader {
	return &csvReader{in: in, buf: make([]byte, 64<<10), delim: []byte(string(delim)), limit: limit, number: 1}
}

// fill makes at least n bytes available from at on, if the file has them.
func (c *csvReader) fill(n int) bool {
	for c.end-c.at < n && c.err == nil {
		if c.at > 0 {
			c.end = copy(c.buf, c.buf[c.at:c.end])
			c.at = 0
		}
		var k int
		k, c.err = c.in.Read(c.buf[c.end:])
		c.end += k
	}
	return c.end-c.at >= n
}

// lineEnd tells how many bytes of a line end stand at at.
func (c *csvReader) lineEnd() int {
	switch c.buf[c.at] {
	case '\n':
		return 1
	case '\r':
		if c.fill(2) && c.buf[c.at+1] == '\n' {
			return 2
		}
		return 1
	}
	return 0
}

func (c *csvReader) delimiter() int {
	if c.buf[c.at] != c.delim[0] {
		return 0
	}
	if len(c.delim) == 1 {
		return 1
	}
	if c.fill(len(c.delim)) && bytes.HasPrefix(c.buf[c.at:c.end], c.delim) {
		return len(c.delim)
	}
	return 0
}

// An openQuote is the error of a file that ends inside a quoted cell.
type openQuote struct{ line int }

func (openQuote) Error() string { return "the file ends inside a quoted cell" }

// next reads a record into ln, whose cells are new strings. The error is io.EOF
// at the end, openQuote, or that of the file.
func (c *csvReader) next(ln *line) error {
	if err := c.record(ln); err != nil {
		return err
	}
	all := string(c.text)
	ln.cells = make([]string, len(c.ends))
	from := 0
	for i, to := range c.ends {
		ln.cells[i] = all[from:to]
		from = to
	}
	return nil
}

// record reads a record into text and ends.
func (c *csvReader) record(ln *line) error {
	*ln = line{number: c.number}
	c.text, c.ends = c.text[:0], c.ends[:0]
	if !c.fill(1) {
		if c.err == io.EOF {
			return io.EOF
		}
		return c.err
	}
	for {
		start := len(c.text)
		cut, more, err := c.cell(ln)
		if err != nil {
			return err
		}
		if cut {
			c.text = c.text[:start+len(wholeRunes(c.text[start:]))]
			if ln.long == 0 {
				ln.long = len(c.ends) + 1
			}
		}
		if len(c.ends) < maxCells {
			c.ends = append(c.ends, len(c.text))
		} else {
			c.text = c.text[:start]
		}
		if !more {
			return nil
		}
	}
}

// wholeRunes is b without a character at the end that was cut in two.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// cell appends one cell to text and moves behind its delimiter or line end; more
// tells that another cell of the record follows, cut that the limit was reached.
func (c *csvReader) cell(ln *line) (cut, more bool, err error) {
	start := len(c.text)
	if c.fill(1) && c.buf[c.at] == '"' {
		if cut, err = c.quoted(ln); err != nil {
			return cut, false, err
		}
	}
	for {
		if !c.fill(1) {
			if c.err != io.EOF {
				return cut, false, c.err
			}
			return cut, false, nil
		}
		// the run of bytes that mean nothing
		i := c.at
		d := c.delim[0]
		for i < c.end && c.buf[i] != d && c.buf[i] != '\n' && c.buf[i] != '\r' && c.buf[i] != '"' {
			i++
		}
		if i > c.at {
			cut = c.keep(c.buf[c.at:i], start) || cut
			c.at = i
			continue
		}
		if n := c.delimiter(); n > 0 {
			c.at += n
			return cut, true, nil
		}
		if n := c.lineEnd(); n > 0 {
			c.at += n
			c.number++
			return cut, false, nil
		}
		if c.buf[c.at] == '"' {
			ln.bare = true
		}
		cut = c.keep(c.buf[c.at:c.at+1], start) || cut
		c.at++
	}
}

// keep appends b to the current cell, which begins at start, up to the limit.
func (c *csvReader) keep(b []byte, start int) (cut bool) {
	room := min(c.limit+1-(len(c.text)-start), maxRow-len(c.text))
	if len(b) > room {
		b, cut = b[:max(0, room)], true
	}
	c.text = append(c.text, b...)
	return cut || len(c.text)-start > c.limit
}

// quoted reads a quoted cell up to its closing quote and what may stand between it
// and the delimiter.
func (c *csvReader) quoted(ln *line) (cut bool, err error) {
	start := len(c.text)
	c.opened, c.broken = c.number, false
	delimiters := -1 << 30 // since the last line end in the cell; the first part line does not count
	c.at++
	for {
		if !c.fill(1) {
			if c.err != io.EOF {
				return cut, c.err
			}
			return cut, openQuote{c.opened}
		}
		i := c.at
		d := c.delim[0]
		for i < c.end && c.buf[i] != '"' && c.buf[i] != '\n' && c.buf[i] != '\r' && c.buf[i] != d {
			i++
		}
		if i > c.at {
			cut = c.keep(c.buf[c.at:i], start) || cut
			c.at = i
			continue
		}
		n := 1
		switch b := c.buf[c.at]; {
		case b == '"':
			if c.fill(2) && c.buf[c.at+1] == '"' {
				cut = c.keep(c.buf[c.at:c.at+1], start) || cut
				c.at += 2
				continue
			}
			c.at++
			if c.swallowed {
				return cut, openQuote{c.opened}
			}
			return cut, c.afterQuote(ln)
		case b == '\n' || b == '\r':
			n = c.lineEnd()
			c.number++
			c.broken = true
			if c.columns > 3 && delimiters >= c.columns-1 {
				c.swallowed = true
			}
			delimiters = 0
		case c.delimiter() > 0:
			n = c.delimiter()
			delimiters++
		}
		cut = c.keep(c.buf[c.at:c.at+n], start) || cut
		c.at += n
	}
}

// afterQuote passes blanks behind a closing quote. Anything else there means that
// quotes are out of step: of a cell on one line only this record suffers, of one
// over several lines nobody can tell how many records it swallowed.
func (c *csvReader) afterQuote(ln *line) error {
	for c.fill(1) && (c.buf[c.at] == ' ' || c.buf[c.at] == '\t') && c.delimiter() == 0 {
		c.at++
	}
	if !c.fill(1) || c.delimiter() > 0 || c.lineEnd() > 0 {
		return nil
	}
	if c.broken {
		return openQuote{c.opened}
	}
	ln.misplaced = true
	return nil
}
