package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gongxin"
)

// maxObject bounds one JSON row in bytes.
const maxObject = 4 << 20

// JSONRows reads rows as JSON, an array of objects or one object after the other,
// with the document's field names (or their synonyms) as keys, through the same checks
// as a file. Rows are counted from 1. The whole is read and checked before the
// first record; the errors are those of Open, with JSON_INVALID for what is not JSON.
func JSONRows(r io.Reader, o Options) (*File, error) {
	o = o.complete()
	f, err := jsonRows(r, o)
	var e *gongxin.Error
	if errors.As(err, &e) {
		place := e.Place
		place.File = o.Name
		return nil, e.At(place)
	}
	if err != nil {
		return nil, fmt.Errorf("read the JSON rows of %s: %w", o.Name, err)
	}
	return f, nil
}

func jsonRows(r io.Reader, o Options) (*File, error) {
	spool, err := os.CreateTemp("", "gongxin-rows-*")
	if err != nil {
		return nil, err
	}
	src := &jsonTable{spool: spool, name: spool.Name()}
	if os.Remove(src.name) == nil {
		src.name = ""
	}
	f, err := src.open(r, o)
	if err != nil {
		_ = src.close()
		return nil, err
	}
	return f, nil
}

// A jsonTable gives the objects of a spooled text as rows.
type jsonTable struct {
	spool   *os.File
	name    string // to be removed, "" if it was
	size    int64
	limit   int
	columns map[string]int
	in      *objects
}

func (t *jsonTable) open(r io.Reader, o Options) (*File, error) {
	var err error
	if t.size, err = io.Copy(t.spool, r); err != nil {
		return nil, err
	}
	if t.size == 0 {
		return nil, gongxin.Invalid("FILE_EMPTY")
	}
	w, err := detect(t.spool, t.size)
	if err != nil {
		return nil, err
	}
	t.limit = o.MaxCell
	keys, err := t.keys(w)
	if err != nil {
		return nil, err
	}
	header := readHeader(keys)
	if err := header.verdict(1); err != nil {
		return nil, err
	}
	lay := header.layout
	lay.names = keys
	t.in = t.objects(w)
	return start(o, lay, t, form{format: "JSON", writing: w})
}

func (t *jsonTable) objects(w writing) *objects {
	guard := &guard{in: w.open(io.NewSectionReader(t.spool, 0, t.size))}
	return &objects{guard: guard, d: json.NewDecoder(guard)}
}

// keys reads everything and returns the keys of all objects, in the order in
// which they first appear.
func (t *jsonTable) keys(w writing) ([]string, error) {
	t.columns = map[string]int{}
	var keys []string
	in := t.objects(w)
	for {
		raw, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		err = eachMember(raw, func(key string, _ any) {
			if _, known := t.columns[key]; !known && len(keys) < maxCells && len(key) < 4096 {
				t.columns[key] = len(keys)
				keys = append(keys, key)
			}
		})
		if err != nil {
			return nil, in.invalid(err)
		}
	}
	if len(keys) == 0 {
		return nil, gongxin.Invalid("NO_RECORDS")
	}
	return keys, nil
}

func (t *jsonTable) next(ln *line) error {
	raw, err := t.in.next()
	if err != nil {
		return err
	}
	*ln = line{number: t.in.n, cells: make([]string, len(t.columns)), sparse: true}
	kinds := make([]cellKind, len(t.columns))
	filled := make([]bool, len(t.columns))
	err = eachMember(raw, func(key string, v any) {
		i, known := t.columns[key]
		if !known {
			return
		}
		text, kind := jsonCell(v)
		if filled[i] && text != ln.cells[i] { // one key with two values: neither can be trusted
			text, kind = "", isOther
		}
		if len(text) > t.limit {
			text = string(wholeRunes([]byte(text[:t.limit])))
			if ln.long == 0 {
				ln.long = i + 1
			}
		}
		ln.cells[i], kinds[i], filled[i] = text, kind, true
	})
	if err != nil {
		return t.in.invalid(err)
	}
	ln.kinds = kinds
	return nil
}

// jsonCell writes a JSON value as a cell.
func jsonCell(v any) (string, cellKind) {
	switch v := v.(type) {
	case nil:
		return "", isText
	case string:
		return v, isText
	case json.Number:
		return v.String(), isNumber
	case bool:
		return strings.ToUpper(fmt.Sprint(v)), isText
	}
	return "{}", isOther
}

func (t *jsonTable) progress() (done, total int64) {
	return min(t.in.d.InputOffset(), t.size), t.size
}

func (t *jsonTable) close() error {
	err := t.spool.Close()
	if t.name != "" {
		if e := os.Remove(t.name); err == nil {
			err = e
		}
		t.name = ""
	}
	return err
}

// A guard stops a reader that is asked for more than one object can need.
type guard struct {
	in   io.Reader
	left int
}

var errObject = fmt.Errorf("an object of more than %d MiB", maxObject>>20)

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errObject
	}
	n, err := g.in.Read(p[:min(len(p), 64<<10)])
	g.left -= n
	return n, err
}

// objects reads the objects of an array, or one after the other.
type objects struct {
	guard   *guard
	d       *json.Decoder
	n       int
	started bool
	array   bool
}

// next returns the next object; io.EOF at the end.
func (o *objects) next() (json.RawMessage, error) {
	o.guard.left = maxObject
	if !o.started {
		o.started = true
		var first [1]byte
		lead := &prefix{o.guard}
		if err := lead.firstByte(&first); err != nil {
			return nil, err
		}
		o.array = first[0] == '['
		o.d = json.NewDecoder(io.MultiReader(bytes.NewReader(first[:]), o.guard))
		if o.array {
			if _, err := o.d.Token(); err != nil {
				return nil, o.invalid(err)
			}
		}
	}
	if o.array && !o.d.More() {
		if _, err := o.d.Token(); err != nil {
			return nil, o.invalid(err)
		}
		if _, err := o.d.Token(); err != io.EOF {
			return nil, o.invalid(errors.New("something follows the array"))
		}
		o.array = false
		return nil, io.EOF
	}
	var raw json.RawMessage
	if err := o.d.Decode(&raw); err != nil {
		if err == io.EOF && !o.array {
			return nil, io.EOF
		}
		return nil, o.invalid(err)
	}
	o.n++
	if len(raw) == 0 || raw[0] != '{' {
		return nil, o.invalid(errors.New("a row that is no object"))
	}
	return raw, nil
}

func (o *objects) invalid(err error) error {
	if gongxin.CodeOf(err) != "" {
		return err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return gongxin.Invalid("JSON_INVALID", o.d.InputOffset()+1, shorten(err.Error()))
}

// A prefix reads up to the first byte that is no blank.
type prefix struct{ in io.Reader }

func (p *prefix) firstByte(b *[1]byte) error {
	for {
		n, err := p.in.Read(b[:])
		if n > 0 && !bytes.ContainsAny(b[:], " \t\r\n") {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// eachMember calls use with the members of an object in their order. Values are
// nil, string, json.Number, bool, or a map or slice that stands for anything else.
func eachMember(raw json.RawMessage, use func(key string, v any)) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		use(key, v)
	}
	return nil
}
