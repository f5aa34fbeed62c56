package gate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"gongxin"
)

const (
	ndjson = "application/x-ndjson"
	// lineBuffer is how much of a body of lines is read before it is answered, and
	// how long a line may be.
	lineBuffer = 256 << 10
)

// A LineSummary ends the answer to a body of one subject a line. Without it the
// gate did not finish.
type LineSummary struct {
	Subjects int                     `json:"subjects"`
	Outcomes map[gongxin.Outcome]int `json:"outcomes"` // how many of each
}

// serveLines answers a body with one subject a line, of any length, line by line:
// as much as has come is answered as of one sequence, and each line says its own.
// The last line is a summary, or a problem.
func (g *Gate) serveLines(w http.ResponseWriter, r *http.Request, only bool) {
	scenario := r.URL.Query().Get("scenario")
	if scenario != "" && !g.config.Catalogue.Knows(scenario) {
		g.fail(w, r, gongxin.Invalid("SCENARIO_UNKNOWN", scenario))
		return
	}
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 has it anyhow
	w.Header()["Content-Type"], w.Header()["Cache-Control"] = []string{ndjson}, noStoreHeader
	text := buffers.Get().(*buffer)
	defer text.release()
	b := newBulk()
	defer b.release()
	in := bufio.NewReaderSize(r.Body, lineBuffer)
	sum := LineSummary{Outcomes: map[gongxin.Outcome]int{gongxin.Clear: 0, gongxin.Refer: 0, gongxin.Block: 0}}
	for end := false; !end; {
		b.reset()
		b.scenario = scenario
		read, err := b.readLines(in, sum.Subjects)
		if end = errors.Is(err, io.EOF); end {
			err = nil
		}
		if err == nil {
			err = g.knows(b)
		}
		if err == nil {
			err = g.screenAll(r.Context(), b)
		}
		text.out = text.out[:0]
		if err == nil {
			text.out, err = b.appendLines(text.out, only, sum.Subjects)
		}
		if err != nil {
			g.failLine(w, r, err, sum.Subjects > 0)
			return
		}
		b.count(&sum)
		sum.Subjects += read
		if _, err := w.Write(text.out); err != nil || control.Flush() != nil {
			return // the reader has gone
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]LineSummary{"summary": sum}) // a reader that went away needs no answer
}

// failLine answers with err: as a line if others went before, else as fail does.
func (g *Gate) failLine(w http.ResponseWriter, r *http.Request, err error, begun bool) {
	if !begun {
		g.fail(w, r, err)
		return
	}
	_, p := g.problemOf(r, err)
	_ = json.NewEncoder(w).Encode(map[string]problem{"problem": p}) // a reader that went away needs no answer
}

// readLines takes the lines that have come, at least one and at most MaxBulk; before
// of them were taken earlier. io.EOF says that there are no more after them.
func (b *bulk) readLines(in *bufio.Reader, before int) (read int, err error) {
	for read < MaxBulk && (read == 0 || bytes.IndexByte(peekAll(in), '\n') >= 0) {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return read, gongxin.Invalid("QUERY_TOO_LARGE", lineBuffer)
		case err != nil && !errors.Is(err, io.EOF):
			return read, gongxin.Invalid("BULK_MALFORMED", "cut short")
		}
		line = bytes.TrimSpace(line)
		if len(line) > 0 {
			if !unescaped(line) || b.readPlainLine(string(line)) != nil {
				if fault := b.readAnyLine(line); fault != nil {
					return read, gongxin.Invalid("BULK_MALFORMED", "line "+strconv.Itoa(before+read+1)+": "+queryFault(fault))
				}
			}
			read++
		}
		if err != nil {
			return read, err
		}
	}
	return read, nil
}

// peekAll returns what in has already read.
func peekAll(in *bufio.Reader) []byte {
	b, _ := in.Peek(in.Buffered()) // what is buffered can be peeked
	return b
}

// readAnyLine reads any JSON of a Subject.
func (b *bulk) readAnyLine(line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := b.decodeSubject(d); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		b.asked = b.asked[:len(b.asked)-1]
		return errSecondValue
	}
	return nil
}

// appendLines writes an answer a line; before of them were answered earlier.
func (b *bulk) appendLines(out []byte, only bool, before int) ([]byte, error) {
	since := append([]byte(`,"sequence":`), strconv.FormatUint(b.view.sequence, 10)...)
	since = append(appendTimes(since, b.view.asOf, b.view.freshUntil), "}\n"...)
	touched := b.touched
	for i := range b.asked {
		var err error
		switch {
		case len(touched) > 0 && touched[0].index == i:
			t := &touched[0]
			touched = touched[1:]
			a := b.answer(t)
			a.Sequence, a.AsOf, a.FreshUntil = t.decision.Sequence, t.decision.AsOf, t.decision.FreshUntil
			if only {
				if a.Outcome == gongxin.Clear && len(a.Reasons) == 0 {
					continue
				}
				index := before + i
				a.Index = &index
			}
			out, err = appendJSON(out, a)
			out = append(out, '\n')
		case only:
		case b.asked[i].id == "":
			out = append(append(out, `{"outcome":"clear"`...), since...)
		default:
			out = append(out, `{"id":`...)
			out, err = appendText(out, b.asked[i].id)
			out = append(append(out, `,"outcome":"clear"`...), since...)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// count adds the answers of b to s.
func (b *bulk) count(s *LineSummary) {
	s.Outcomes[gongxin.Clear] += b.clear
	for i := range b.touched {
		if o := b.touched[i].decision.Outcome; o != gongxin.Clear {
			s.Outcomes[o]++
		}
	}
}
