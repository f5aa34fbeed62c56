package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gongxin"
)

// objects is NDJSON: a JSON object a line, in UTF-8. Rows are written as they came,
// with the added members at the end.
type objects struct {
	*splitter
	layout
	keys [2]string // of number and name; empty for none
	also []string  // of the other fields
	bom  bool
	file *io.SectionReader
}

// openObjects opens NDJSON. Which members hold number and name shows in the first
// objects. Errors: BATCH_COLUMN_MISSING, BATCH_COLUMN_TWICE, BATCH_COLUMN_TAKEN,
// BATCH_FORM if no line is an object.
func openObjects(r io.ReaderAt, size int64, o Options) (*objects, error) {
	sought := o.sought()
	t := &objects{file: io.NewSectionReader(r, 0, size), layout: sought.empty(), also: make([]string, len(sought.fields))}
	mark := make([]byte, 3)
	if n, err := r.ReadAt(mark, 0); err != nil && err != io.EOF {
		return nil, err
	} else if t.bom = string(mark[:n]) == utf8Encoding.bom(); t.bom {
		if _, err := t.file.Seek(3, io.SeekStart); err != nil {
			return nil, err
		}
	}
	s := newSplitter(io.NewSectionReader(r, 0, size), 0, '\n')
	var names [][]string
	for len(names) < headerWithin {
		record, err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if all, ok := keysOf(bytes.TrimPrefix(record, []byte(utf8Encoding.bom()))); ok {
			if err := t.taken(all); err != nil {
				return nil, err
			}
			names = append(names, all)
		}
	}
	if len(names) == 0 {
		return nil, gongxin.Invalid("BATCH_FORM", "NDJSON")
	}
	h := headerFound{layout: sought.empty()}
	for _, all := range names { // members may be missing from some objects
		lay, found, twice := sought.header(all)
		take := func(key *string, have *int, at int) {
			if at >= 0 && at < len(all) && *key == "" {
				*key, *have = all[at], 0
			}
		}
		take(&t.keys[0], &h.number, lay.number)
		take(&t.keys[1], &h.name, lay.name)
		for i, at := range lay.fields {
			take(&t.also[i], &h.fields[i], at)
		}
		if h.found = max(h.found, found); h.twice == nil {
			h.twice = twice
		}
	}
	if err := sought.verdict(h); err != nil {
		return nil, err
	}
	t.layout = h.layout
	for i, key := range t.also {
		t.heads[i], t.more = key, t.more || key != ""
	}
	t.splitter = newSplitter(t.file, 0, '\n')
	if t.bom {
		t.offset = 3
	}
	return t, nil
}

// keysOf returns the names of the members of an object in their order.
func keysOf(line []byte) (names []string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		name, isName := key.(string)
		var value json.RawMessage
		if !isName || d.Decode(&value) != nil {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

func (t *objects) head() ([]byte, error) {
	if t.bom {
		return []byte(utf8Encoding.bom()), nil
	}
	return nil, nil
}

func (t *objects) read(c *chunk) error {
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
		c.rows = append(c.rows, row{blank: len(bytes.TrimSpace(record)) == 0, line: int32(line)})
	}
	c.to = position{Offset: t.offset, Lines: t.line - 1}
	return nil
}

func (t *objects) seek(p position) error {
	if _, err := t.file.Seek(p.Offset, io.SeekStart); err != nil {
		return err
	}
	t.splitter = newSplitter(t.file, 0, '\n')
	t.offset, t.line = p.Offset, p.Lines+1
	return nil
}

func (t *objects) cut(c *chunk, _ sieve) {
	from := 0
	for i := range c.rows {
		r := &c.rows[i]
		r.raw = c.arena[from:c.ends[i]]
		from = c.ends[i]
		if r.blank {
			continue
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(r.raw, &members) != nil || members == nil || !bytes.HasSuffix(bytes.TrimSpace(r.raw), []byte("}")) {
			r.fault = rowMalformed
			continue
		}
		for _, k := range addedPlain {
			if _, there := members[k]; there && !t.readOnly {
				r.fault = rowMalformed
			}
		}
		number, name := member(members, t.keys[0]), member(members, t.keys[1])
		r.number, r.name = number.text, name.text
		if number.bad && r.fault == "" {
			r.fault = cellEncoding
		}
		if number.bad || name.bad {
			r.nameFault = cellEncoding
		}
		if t.more {
			m := &more{cells: make([]cell, len(t.also))}
			for i, key := range t.also {
				m.cells[i] = member(members, key)
			}
			r.more = m
		}
	}
}

// member returns a string, or a number as its digits stand there; nothing of null.
func member(members map[string]json.RawMessage, key string) cell {
	value := members[key]
	if key == "" || len(value) == 0 || string(value) == "null" {
		return cell{}
	}
	if value[0] != '"' {
		return cell{text: string(value)}
	}
	var s string
	err := json.Unmarshal(value, &s)
	return cell{strings.TrimSpace(s), err != nil || !utf8.Valid(value) || strings.ContainsRune(s, utf8.RuneError)}
}

func (t *objects) append(to []byte, r *row, a Answer) ([]byte, error) {
	end := lineEnd(r.raw)
	body, ending := r.raw[:len(r.raw)-end], r.raw[len(r.raw)-end:]
	if end == 0 {
		ending = []byte{'\n'}
	}
	if r.blank {
		return append(append(to, body...), ending...), nil
	}
	body = bytes.TrimRight(body, " \t")
	if r.fault == rowMalformed { // kept as a text, so that the output is JSON whatever the input is
		line, err := json.Marshal(string(body))
		if err != nil {
			return nil, err
		}
		to = append(append(to, `{"line":`...), line...)
	} else {
		to = append(to, bytes.TrimRight(body[:len(body)-1], " \t")...)
	}
	if to[len(to)-1] != '{' {
		to = append(to, ',')
	}
	reasons := a.Reasons
	if reasons == nil {
		reasons = []string{}
	}
	codes, err := json.Marshal(reasons)
	if err != nil {
		return nil, err
	}
	to = fmt.Appendf(to, `"outcome":%q,"reasons":%s,"reference":%q,"sequence":%d}`, a.Outcome, codes, a.Reference, a.Sequence)
	return append(to, ending...), nil
}

func (t *objects) out(b []byte) ([]byte, error) { return b, nil }

func (t *objects) assembler() assembler { return nil }

func (t *objects) progress() (done, total int64) { return t.offset, t.file.Size() }

func (t *objects) describe() string { return "NDJSON" }

func (t *objects) close() error { return nil }

var _ form = (*objects)(nil)
