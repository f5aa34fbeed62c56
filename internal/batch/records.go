package batch

import (
	"bytes"
	"io"
	"strings"

	"gongxin"
	"gongxin/identity"
)

const (
	maxRecord = 1 << 20 // bytes of a row with its quoted line breaks
	maxCells  = 4096    // cells of a row that are told apart
)

// A splitter cuts delimited text (RFC 4180) into records without changing a byte. A
// quoted cell may hold line breaks; quotes that are out of step would let a row
// swallow its neighbours, so they end the file.
type splitter struct {
	in    io.Reader
	buf   []byte
	at    int // buf[at:end] is read and not yet given
	end   int
	eof   bool
	delim byte // 0: records are lines, quotes mean nothing
	eol   byte // '\n', or '\r' for files that know no other

	offset int64 // of buf[at] in what in gives
	line   int   // on which the next record begins, from 1
}

func newSplitter(in io.Reader, delim, eol byte) *splitter {
	return &splitter{in: in, buf: make([]byte, 64<<10), delim: delim, eol: eol, line: 1}
}

// next returns the next record with its line end. It is valid until the next call.
// Errors: io.EOF at the end, BATCH_QUOTE_OPEN, BATCH_ROW_LONG with the line, and
// those of reading.
func (s *splitter) next() (record []byte, err error) {
	n, lines, from := 0, 0, 0
	for {
		b := s.buf[s.at:s.end]
		n, lines = s.length(b, from)
		if n > 0 {
			break
		}
		if s.eof {
			if len(b) == 0 {
				return nil, io.EOF
			}
			if n < 0 {
				return nil, s.fault("BATCH_QUOTE_OPEN")
			}
			n, lines = len(b), 1
			if s.delim != 0 {
				lines += bytes.Count(b, []byte{s.eol})
			}
			break
		}
		if len(b) > maxRecord {
			if n < 0 {
				return nil, s.fault("BATCH_QUOTE_OPEN")
			}
			return nil, s.fault("BATCH_ROW_LONG")
		}
		if n == 0 {
			from = len(b) // no line end so far, nor a quote
			if bytes.IndexByte(b, '"') >= 0 {
				from = 0
			}
		} else {
			from = 0
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
	record = s.buf[s.at : s.at+n]
	if lines > 1 && s.swallows(record) {
		return nil, s.fault("BATCH_QUOTE_OPEN")
	}
	s.at += n
	s.offset += int64(n)
	s.line += max(1, lines)
	return record, nil
}

func (s *splitter) fault(code string) error {
	return gongxin.Invalid(code, s.line)
}

// fill reads more behind what is there.
func (s *splitter) fill() error {
	if s.at > 0 {
		s.end = copy(s.buf, s.buf[s.at:s.end])
		s.at = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n, err := s.in.Read(s.buf[s.end:])
	s.end += n
	if err == io.EOF {
		s.eof, err = true, nil
	}
	return err
}

// length returns how many bytes the record at the front of b has and over how many
// lines it goes; 0 if its end is not in b, -1 if b ends inside a quoted cell.
// No line end stands before from, nor a quote.
func (s *splitter) length(b []byte, from int) (n, lines int) {
	i := bytes.IndexByte(b[from:], s.eol)
	if i < 0 {
		if s.delim == 0 || bytes.IndexByte(b[from:], '"') < 0 {
			return 0, 0
		}
		i = len(b) - from
	}
	if i += from; s.delim == 0 || bytes.IndexByte(b[:i], '"') < 0 {
		if i == len(b) {
			return 0, 0
		}
		return i + 1, 1
	}
	return s.quotedLength(b)
}

// quotedLength is length for a record that holds a quote.
func (s *splitter) quotedLength(b []byte) (n, lines int) {
	lines = 1
	for i := 0; i < len(b); {
		if b[i] == '"' { // the cell is quoted
			for i++; ; i++ {
				k := bytes.IndexByte(b[i:], '"')
				if k < 0 {
					return -1, 0
				}
				lines += bytes.Count(b[i:i+k], []byte{s.eol})
				i += k
				if i+1 == len(b) && !s.eof {
					return -1, 0 // a second quote may follow
				}
				if i+1 == len(b) || b[i+1] != '"' {
					break
				}
				i++
			}
			i++
		}
		for i < len(b) && b[i] != s.delim && b[i] != s.eol {
			i++
		}
		if i == len(b) {
			return 0, 0
		}
		if b[i] == s.eol {
			return i + 1, lines
		}
		i++
	}
	return 0, 0
}

// swallows tells whether a quoted cell of several lines looks as if it had swallowed
// rows of the table: one of its lines has several cells, an identifier among them.
func (s *splitter) swallows(record []byte) bool {
	all, _, _ := cells(record[:len(record)-lineEnd(record)], s.delim, nil)
	for _, cell := range all {
		if bytes.IndexByte(cell, s.eol) < 0 {
			continue
		}
		for _, line := range bytes.Split(cell, []byte{s.eol}) {
			parts := bytes.Split(line, []byte{s.delim})
			for _, part := range parts {
				text := strings.Trim(string(part), "\" \t\r")
				if len(parts) < 2 || len(text) < 15 {
					continue
				}
				if _, _, err := identity.Parse(text); err == nil {
					return true
				}
			}
		}
	}
	return false
}

// cells cuts a record without its line end. count is how many there are; at most
// maxCells are given. ok is false if something stands behind a closing quote.
func cells(record []byte, delim byte, to [][]byte) (all [][]byte, count int, ok bool) {
	all, ok = to[:0], true
	for {
		var cell []byte
		rest, more := []byte(nil), false
		if len(record) > 0 && record[0] == '"' {
			var fine bool
			cell, rest, more, fine = quotedCell(record, delim)
			ok = ok && fine
		} else if i := bytes.IndexByte(record, delim); i >= 0 {
			cell, rest, more = record[:i], record[i+1:], true
		} else {
			cell = record
		}
		if count++; count <= maxCells {
			all = append(all, cell)
		}
		if !more {
			return all, count, ok
		}
		record = rest
	}
}

// quotedCell cuts the quoted cell at the front of record.
func quotedCell(record []byte, delim byte) (cell, rest []byte, more, ok bool) {
	b := record[1:]
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return append(cell, b...), nil, false, false
		}
		cell = append(cell, b[:i]...)
		if b = b[i+1:]; len(b) > 0 && b[0] == '"' {
			cell = append(cell, '"')
			b = b[1:]
			continue
		}
		i = bytes.IndexByte(b, delim)
		if more = i >= 0; more {
			b, rest = b[:i], b[i+1:]
		}
		blank := len(bytes.TrimSpace(b)) == 0
		if !blank {
			cell = append(cell, b...)
		}
		return cell, rest, more, blank
	}
}

// lineEnd returns how many bytes of the record are its line end.
func lineEnd(record []byte) int {
	n := len(record)
	switch {
	case n >= 2 && record[n-2] == '\r' && record[n-1] == '\n':
		return 2
	case n >= 1 && (record[n-1] == '\n' || record[n-1] == '\r'):
		return 1
	}
	return 0
}
