package gate

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/measure"
)

// maxQuery bounds the body of a query: identifier, name and scenario fit many times over.
const maxQuery = 16 << 10

// Handler serves the gate to the department's own systems. It authenticates
// nobody: let it listen where only they reach it.
//
//	POST /v1/screen                                  Query → gongxin.Decision
//	GET  /v1/status                                  Status
//	GET  /v1/scenarios                               scenarios with their measures
//	GET  /v1/restrictions?state=…                    those in_force or kept on
//	GET  /v1/restrictions/{reference}                whether a restriction stands
//	POST /v1/restrictions/{reference}/keep           keep it on after its listing ends (3.13)
//	POST /v1/restrictions/{reference}/review         the person asks for review (3.12)
//	POST /v1/restrictions/{reference}/review/answer  the department answers
//	GET  /v1/reviews?state=…                         those open or answered
//	POST /v1/proposals                               propose that the court look again (2.4.1)
//	GET  /healthz                                    the process answers
func (g *Gate) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /v1/screen", g.serveScreen)
	m.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, g.Status()) })
	m.HandleFunc("GET /v1/scenarios", g.serveScenarios)
	m.HandleFunc("GET /v1/restrictions", g.serveRestrictions)
	m.HandleFunc("GET /v1/restrictions/{reference}", g.serveRestriction)
	m.HandleFunc("POST /v1/restrictions/{reference}/keep", g.serveKeep)
	m.HandleFunc("POST /v1/restrictions/{reference}/review", g.serveReview)
	m.HandleFunc("POST /v1/restrictions/{reference}/review/answer", g.serveAnswer)
	m.HandleFunc("GET /v1/reviews", g.serveReviews)
	m.HandleFunc("POST /v1/proposals", g.serveProposal)
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]bool{"fresh": g.Status().Fresh})
	})
	return m
}

func (g *Gate) serveScreen(w http.ResponseWriter, r *http.Request) {
	var q Query
	if err := readBody(w, r, &q, "QUERY_MALFORMED"); err != nil {
		g.fail(w, r, err)
		return
	}
	d, err := g.Screen(r.Context(), q)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, d)
}

// readBody reads one JSON object with known fields and nothing after it. Errors:
// QUERY_TOO_LARGE, malformed.
func readBody(w http.ResponseWriter, r *http.Request, to any, malformed string) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxQuery))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return gongxin.Invalid("QUERY_TOO_LARGE", maxQuery)
	}
	return gongxin.Invalid(malformed, queryFault(err))
}

// queryFault says what is wrong without repeating what was sent.
func queryFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
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
	type scenario struct {
		measure.Scenario
		Measures []gongxin.Measure `json:"measures"`
	}
	var out struct {
		Scenarios []scenario `json:"scenarios"`
	}
	for _, s := range g.config.Catalogue.Scenarios() {
		out.Scenarios = append(out.Scenarios, scenario{s, g.config.Catalogue.For(s.ID)})
	}
	answer(w, http.StatusOK, out)
}

func (g *Gate) serveRestriction(w http.ResponseWriter, r *http.Request) {
	s, err := g.Restriction(r.Context(), r.PathValue("reference"))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, s)
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

// fail answers with err; what is no gongxin.Error is a fault of ours and is logged.
func (g *Gate) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *gongxin.Error
	status := http.StatusInternalServerError
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
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: what.ZH + " / " + what.EN, Code: e.Code, Message: what, Mend: e.Mend()}) // a reader that went away needs no answer
}
