package gate

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"gongxin"
)

// A counter asks about one person after another, so one query takes a short way
// too: the usual form is read by hand, and who is clear is answered without
// reflection. Tests hold both against encoding/json.

func (g *Gate) serveScreen(w http.ResponseWriter, r *http.Request) {
	text := buffers.Get().(*buffer)
	defer text.release()
	body := r.Body
	if r.ContentLength < 0 {
		body = http.MaxBytesReader(w, body, maxQuery)
	}
	var err error
	if text.in, err = readAll(body, text.in[:0], r.ContentLength, maxQuery); err == nil {
		err = text.query.read(text.in)
	}
	if err == nil {
		text.decision, err = g.Screen(r.Context(), text.query)
	}
	if err == nil {
		text.out, err = appendDecision(text.out[:0], &text.decision)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonHeader, noStoreHeader
	_, _ = w.Write(text.out) // a reader that went away needs no answer
}

// read reads one query. Error: QUERY_MALFORMED.
func (q *Query) read(body []byte) error {
	if body = bytes.TrimRight(body, " \n\r\t"); unescaped(body) {
		s := scan{rest: string(body)}
		if a, ok := s.query(); ok && s.rest == "" {
			*q = Query{Scenario: validText(a.id), Number: validText(a.number), Name: validText(a.name)}
			return nil
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	return decodeOne(d, q, "QUERY_MALFORMED")
}

// query takes an object with strings named scenario, number and name; the scenario is
// given as id.
func (s *scan) query() (a asked, ok bool) {
	ok = s.texts(member{"number", &a.number}, member{"name", &a.name}, member{"scenario", &a.id})
	return a, ok
}

// appendDecision writes d as encoding/json does, and a line feed.
func appendDecision(out []byte, d *gongxin.Decision) ([]byte, error) {
	if d.Outcome != gongxin.Clear || d.Reasons != nil || d.Hits != nil || d.Reference != "" || d.Remedy != nil {
		out, err := appendJSON(out, d)
		return append(out, '\n'), err
	}
	out = append(out, `{"outcome":"clear","scenario":`...)
	out, err := appendText(out, d.Scenario)
	out = append(out, `,"sequence":`...)
	out = strconv.AppendUint(out, d.Sequence, 10)
	out = appendTimes(out, d.AsOf, d.FreshUntil)
	return append(out, "}\n"...), err
}
