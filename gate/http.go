package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/measure"
)

// maxQuery bounds the body of a query: identifier, name and scenario fit many times over.
const maxQuery = 16 << 10

// Handler serves the gate to the department's own systems, as the table of routes
// says. It authenticates nobody: let it listen where only they reach it. What the
// page of another site lets an officer's browser send is refused, GATE_CROSS_SITE.
func (g *Gate) Handler() http.Handler {
	m := http.NewServeMux()
	g.pages(m)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.fail(w, r, gongxin.Forbidden("GATE_CROSS_SITE"))
	}))
	for _, r := range routes {
		m.Handle(r.method+" "+r.path, guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.serve(g, w, q) })))
	}
	return m
}

// readBody reads one JSON object with known fields and nothing after it. Errors:
// QUERY_TOO_LARGE, malformed.
func readBody(w http.ResponseWriter, r *http.Request, to any, malformed string) error {
	return readBodyUpTo(w, r, to, malformed, maxQuery)
}

// readBodyUpTo is readBody for a body of at most limit bytes.
func readBodyUpTo(w http.ResponseWriter, r *http.Request, to any, malformed string, limit int64) error {
	err := decodeOne(json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)), to, malformed)
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return gongxin.Invalid("QUERY_TOO_LARGE", limit)
	}
	return err
}

// decodeOne reads one JSON object with known fields and nothing after it. Error:
// malformed; what the reader failed with is told as well.
func decodeOne(d *json.Decoder, to any, malformed string) error {
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errSecondValue
		}
	}
	fault := gongxin.Invalid(malformed, queryFault(err))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return fmt.Errorf("%w: %w", fault, err)
	}
	return fault
}

// queryFault says what is wrong without repeating what was sent.
func queryFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var field fieldFault
	switch {
	case errors.As(err, &field):
		return field.Error()
	case errors.As(err, &syntax):
		return "JSON, byte " + strconv.FormatInt(syntax.Offset, 10)
	case errors.As(err, &kind):
		return "field " + kind.Field
	case errors.Is(err, io.EOF):
		return "empty"
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return "unknown field"
	}
	return "JSON"
}

func (g *Gate) serveScenarios(w http.ResponseWriter, _ *http.Request) {
	var out scenarioList
	for _, s := range g.config.Catalogue.Scenarios() {
		out.Scenarios = append(out.Scenarios, scenarioMeasures{s, g.config.Catalogue.For(s.ID)})
	}
	answer(w, http.StatusOK, out)
}

// A scenarioList is the answer of GET /v1/scenarios.
type scenarioList struct {
	Scenarios []scenarioMeasures `json:"scenarios"`
}

type scenarioMeasures struct {
	measure.Scenario
	Measures []gongxin.Measure `json:"measures"` // what the scenario meets
}

func (g *Gate) serveRestriction(w http.ResponseWriter, r *http.Request) {
	s, err := g.Restriction(r.Context(), r.PathValue("reference"))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, s)
}

func (g *Gate) serveStatus(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, g.Status())
}

// A health is the answer of GET /healthz.
type health struct {
	Fresh bool `json:"fresh"` // whether the gate also knows
}

func (g *Gate) serveHealth(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, health{g.Status().Fresh})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a reader that went away needs no answer
}

// A problem is an RFC 9457 answer, in the form that the hub gives as well.
type problem struct {
	Type    string       `json:"type"`
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail"`
	Code    string       `json:"code"`
	Message gongxin.Text `json:"message"`
	Mend    gongxin.Text `json:"mend"`
}

var statusOf = map[gongxin.Kind]int{
	gongxin.KindInvalid:     http.StatusUnprocessableEntity,
	gongxin.KindForbidden:   http.StatusForbidden,
	gongxin.KindMissing:     http.StatusNotFound,
	gongxin.KindConflict:    http.StatusConflict,
	gongxin.KindUnavailable: http.StatusServiceUnavailable,
}

// fail answers with err.
func (g *Gate) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, p := g.problemOf(r, err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p) // a reader that went away needs no answer
}

// problemOf says err to r; what is no gongxin.Error is a fault of ours and is logged.
func (g *Gate) problemOf(r *http.Request, err error) (status int, p problem) {
	var e *gongxin.Error
	status = http.StatusInternalServerError
	if errors.As(err, &e) {
		status = statusOf[e.Kind]
		if e.Code == "QUERY_TOO_LARGE" {
			status = http.StatusRequestEntityTooLarge
		}
	} else {
		if r.Context().Err() == nil {
			g.config.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
		}
		e = gongxin.Unavailable("GATE_FAULT")
	}
	what := e.What()
	return status, problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: what.ZH + " / " + what.EN, Code: e.Code, Message: what, Mend: e.Mend()}
}
