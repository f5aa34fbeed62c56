package intake

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// sharedStrings are the texts that cells of a workbook refer to by number. A few
// million bytes are kept in memory; more go to a temporary file, found again by an
// index of every 16th.
type sharedStrings struct {
	n      int
	memory []string
	bytes  int

	file   *os.File
	name   string
	buf    []byte  // not yet written
	at     int64   // where buf goes
	blocks []int64 // where each block begins
	cache  [64]cachedBlock
}

type cachedBlock struct {
	number int // of the block and one; 0 for none
	texts  []string
}

const (
	stringsInMemory = 16 << 20
	blockStrings    = 16
)

// add appends a text.
func (s *sharedStrings) add(b []byte) error {
	s.n++
	if s.file == nil {
		s.bytes += len(b) + 16
		if s.bytes <= stringsInMemory {
			s.memory = append(s.memory, string(b))
			return nil
		}
		if err := s.begin(); err != nil {
			return err
		}
	}
	if (s.n-1)%blockStrings == 0 {
		s.blocks = append(s.blocks, s.at+int64(len(s.buf)))
	}
	s.buf = binary.AppendUvarint(s.buf, uint64(len(b)))
	s.buf = append(s.buf, b...)
	if len(s.buf) >= 256<<10 {
		return s.flush()
	}
	return nil
}

// begin moves the last, incomplete block of memory to a new file.
func (s *sharedStrings) begin() error {
	f, err := os.CreateTemp("", "gongxin-strings-*")
	if err != nil {
		return fmt.Errorf("keep the workbook's strings in a temporary file: %w", err)
	}
	s.file, s.name = f, f.Name()
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	kept := len(s.memory) / blockStrings * blockStrings
	s.blocks = make([]int64, kept/blockStrings, kept/blockStrings+1024)
	rest := s.memory[kept:]
	s.memory = s.memory[:kept]
	if len(rest) > 0 {
		s.blocks = append(s.blocks, 0)
	}
	for _, t := range rest {
		s.buf = binary.AppendUvarint(s.buf, uint64(len(t)))
		s.buf = append(s.buf, t...)
	}
	return nil
}

func (s *sharedStrings) flush() error {
	if s.file == nil || len(s.buf) == 0 {
		return nil
	}
	if _, err := s.file.WriteAt(s.buf, s.at); err != nil {
		return fmt.Errorf("keep the workbook's strings in a temporary file: %w", err)
	}
	s.at += int64(len(s.buf))
	s.buf = s.buf[:0]
	return nil
}

// get returns text i, which must be below n; flush must have been called.
func (s *sharedStrings) get(i int) (string, error) {
	if i < len(s.memory) {
		return s.memory[i], nil
	}
	number := i / blockStrings
	c := &s.cache[number%len(s.cache)]
	if c.number != number+1 {
		texts, err := s.read(number)
		if err != nil {
			return "", fmt.Errorf("read the workbook's strings: %w", err)
		}
		*c = cachedBlock{number + 1, texts}
	}
	return c.texts[i%blockStrings], nil
}

func (s *sharedStrings) read(number int) ([]string, error) {
	from, to := s.blocks[number], s.at
	if number+1 < len(s.blocks) {
		to = s.blocks[number+1]
	}
	b := make([]byte, to-from)
	if _, err := s.file.ReadAt(b, from); err != nil && err != io.EOF {
		return nil, err
	}
	texts := make([]string, 0, blockStrings)
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < n {
			return nil, io.ErrUnexpectedEOF
		}
		texts = append(texts, string(b[k:k+int(n)]))
		b = b[k+int(n):]
	}
	return texts, nil
}

func (s *sharedStrings) close() error {
	if s == nil || s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.name != "" {
		if e := os.Remove(s.name); err == nil {
			err = e
		}
	}
	s.file = nil
	return err
}

// readStrings reads the part sharedStrings.xml.
func readStrings(in io.Reader, limit int) (*sharedStrings, error) {
	s := &sharedStrings{}
	x := newXML(in, limit)
	var text []byte
	inItem, inText, phonetic := false, false, 0
	for {
		t, err := x.next()
		if err == io.EOF {
			return s, s.flush()
		}
		if err != nil {
			_ = s.close()
			return nil, err
		}
		switch name := string(x.name); {
		case t == xmlText:
			if inItem && inText && phonetic == 0 && len(text) <= limit {
				text = append(text, x.text...)
			}
		case t == xmlStart && name == "si":
			inItem, text = true, text[:0]
		case t == xmlStart && name == "rPh":
			phonetic++
		case t == xmlEnd && name == "rPh":
			phonetic--
		case name == "t":
			inText = t == xmlStart
		case t == xmlEnd && name == "si":
			inItem = false
			if len(text) > limit {
				text = wholeRunes(text[:min(len(text), limit+slack)])
			}
			if err := s.add(unescape(text)); err != nil {
				_ = s.close()
				return nil, err
			}
		}
	}
}
