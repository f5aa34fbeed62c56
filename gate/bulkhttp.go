package gate

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"gongxin"
)

const maxBulkBytes = 8 << 20

// A buffer holds a request's body and then its answer, and of one query both forms.
type buffer struct {
	in, out  []byte
	query    Query
	decision gongxin.Decision
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// release forgets what was asked and answered.
func (b *buffer) release() {
	clear(b.in)
	clear(b.out)
	b.query, b.decision = Query{}, gongxin.Decision{}
	buffers.Put(b)
}

func (g *Gate) serveBulk(w http.ResponseWriter, r *http.Request) {
	only := r.URL.RawQuery != "" && r.URL.Query().Get("only") == "touched"
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind == ndjson {
		g.serveLines(w, r, only)
		return
	}
	text := buffers.Get().(*buffer)
	defer text.release()
	b := newBulk()
	defer b.release()
	var err error
	if text.in, err = readAll(http.MaxBytesReader(w, r.Body, maxBulkBytes), text.in[:0], r.ContentLength, maxBulkBytes); err == nil {
		err = b.read(text.in)
	}
	if err == nil {
		err = g.knows(b)
	}
	if err == nil {
		err = g.screenAll(r.Context(), b)
	}
	if err == nil {
		text.out, err = b.append(text.out[:0], only)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	send(w, text.out)
}

// knows holds that every subject of b has a scenario to be asked about in. Errors: SCENARIO_UNKNOWN.
func (g *Gate) knows(b *bulk) error {
	if g.config.Catalogue.Knows(b.scenario) {
		return nil
	}
	if b.scenario == "" {
		own := true
		for i := range b.asked {
			own = own && b.asked[i].whole != nil && b.asked[i].whole.Scenario != ""
		}
		if own {
			return nil
		}
	}
	return gongxin.Invalid("SCENARIO_UNKNOWN", b.scenario)
}

// readAll reads r to its end into b, with size the length announced, -1 if none
// was. Errors: QUERY_TOO_LARGE.
func readAll(r io.Reader, b []byte, size, limit int64) ([]byte, error) {
	if size > limit {
		return b, gongxin.Invalid("QUERY_TOO_LARGE", limit)
	}
	if need := int(size) + 1; size >= 0 && cap(b) < need { // one more, so that the end is seen without growing
		b = make([]byte, 0, need)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		var long *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case errors.As(err, &long):
			return b, gongxin.Invalid("QUERY_TOO_LARGE", limit)
		case err != nil:
			return b, gongxin.Invalid("QUERY_MALFORMED", "cut short")
		}
	}
}

var (
	jsonHeader    = []string{"application/json; charset=utf-8"}
	noStoreHeader = []string{"no-store"}
)

// send answers with a body that is JSON already.
func send(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonHeader, noStoreHeader
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body) // a reader that went away needs no answer
}

// append writes the BulkAnswer of b as JSON, as encoding/json would. With only, who
// is clear with nothing to tell is left out, and the others say which one they are.
func (b *bulk) append(out []byte, only bool) ([]byte, error) {
	out = append(out, `{"sequence":`...)
	out = strconv.AppendUint(out, b.view.sequence, 10)
	out = appendTimes(out, b.view.asOf, b.view.freshUntil)
	out = append(out, `,"subjects":`...)
	out = strconv.AppendInt(out, int64(len(b.asked)), 10)
	out = append(out, `,"clear":`...)
	out = strconv.AppendInt(out, int64(b.clear), 10)
	out = append(out, `,"answers":[`...)
	n := len(out)
	touched := b.touched
	for i := range b.asked {
		var err error
		switch {
		case len(touched) > 0 && touched[0].index == i:
			a := b.answer(&touched[0])
			touched = touched[1:]
			if only {
				if a.Outcome == gongxin.Clear && len(a.Reasons) == 0 {
					continue
				}
				index := i
				a.Index = &index
			}
			out, err = appendJSON(out, a)
			if err == nil {
				out = append(out, ',')
			}
		case only:
		case b.asked[i].id == "":
			out = append(out, `{"outcome":"clear"},`...)
		default:
			out = append(out, `{"id":`...)
			out, err = appendText(out, b.asked[i].id)
			out = append(out, `,"outcome":"clear"},`...)
		}
		if err != nil {
			return out, err
		}
	}
	if len(out) > n {
		out = out[:len(out)-1] // the last comma
	}
	return append(out, "]}\n"...), nil
}

// answer is what t is told, next to what the whole request has in common.
func (b *bulk) answer(t *touched) Answer {
	d := &t.decision
	a := Answer{ID: validText(b.asked[t.index].id), Outcome: d.Outcome, Reasons: d.Reasons, Hits: d.Hits, Reference: d.Reference, Remedy: d.Remedy}
	if d.Sequence != b.view.sequence && !unasked(d) {
		a.Sequence, a.AsOf, a.FreshUntil = d.Sequence, d.AsOf, d.FreshUntil
	}
	return a
}

// unasked tells whether d refers a subject that could not be asked about.
func unasked(d *gongxin.Decision) bool { return d.Outcome == gongxin.Refer && d.Reference == "" }

func appendTimes(out []byte, asOf, freshUntil time.Time) []byte {
	out = append(out, `,"as_of":"`...)
	out = asOf.AppendFormat(out, time.RFC3339Nano)
	out = append(out, `","fresh_until":"`...)
	out = freshUntil.AppendFormat(out, time.RFC3339Nano)
	return append(out, '"')
}

func appendJSON(out []byte, v any) ([]byte, error) {
	j, err := json.Marshal(v)
	return append(out, j...), err
}

// appendText appends s as a JSON string.
func appendText(out []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendJSON(out, validText(s))
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"'), nil
}
