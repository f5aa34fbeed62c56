package hub

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gongxin"
)

// A problem is an RFC 9457 answer: the status that follows from the error's kind,
// its stable code, and in both languages what is wrong and how to mend it.
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	Code      string       `json:"code"`
	Message   gongxin.Text `json:"message"`
	Mend      gongxin.Text `json:"mend"`
	Errors    []string     `json:"errors,omitempty"`    // of a request that has not the form asked for
	Reference string       `json:"reference,omitempty"` // of a fault of ours, for finding it in the log

	wait int // seconds until trying again can help; 0 if not known
}

// Error gives code and detail.
func (p *problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus gives the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders gives what stands beside the body.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if p.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(p.wait))
	}
	return h
}

// ContentType is that of RFC 9457.
func (p *problem) ContentType(string) string { return "application/problem+json" }

var statusOf = map[gongxin.Kind]int{
	gongxin.KindInvalid:     http.StatusUnprocessableEntity,
	gongxin.KindForbidden:   http.StatusForbidden,
	gongxin.KindMissing:     http.StatusNotFound,
	gongxin.KindConflict:    http.StatusConflict,
	gongxin.KindUnavailable: http.StatusServiceUnavailable,
}

// newProblem turns err into the answer for a person. What is no gongxin.Error is
// a fault of ours: it is told by a reference alone, under which the caller logs it.
func newProblem(err error) *problem {
	var e *gongxin.Error
	if !errors.As(err, &e) {
		reference := strings.ToLower(rand.Text()[:10])
		e = gongxin.Unavailable("INTERNAL", reference)
		p := newProblem(e)
		p.Status, p.Reference = http.StatusInternalServerError, reference
		return p
	}
	status := statusOf[e.Kind]
	if unauthenticated[e.Code] {
		status = http.StatusUnauthorized
	}
	wait := 0
	if e.Code == "RATE_LIMITED" {
		status = http.StatusTooManyRequests
		if len(e.Args) > 0 {
			wait, _ = e.Args[0].(int)
		}
	}
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.What().EN,
		Code: e.Code, Message: e.What(), Mend: e.Mend(), wait: wait,
	}
}

// unauthenticated holds the codes that mean "who are you?" rather than "you may not".
var unauthenticated = map[string]bool{
	"UNAUTHENTICATED": true, "TOKEN_EXPIRED": true, "TOKEN_REVOKED": true, "TOKEN_ROTATED": true, "TOKEN_CERTIFICATE": true,
	"SESSION_EXPIRED": true, "SIGN_IN_FAILED": true, "SECOND_NEEDED": true, "PERSON_DISABLED": true, "OIDC_FAILED": true, "OIDC_UNKNOWN": true, "OIDC_SECOND_NEEDED": true,
	"CODE_UNKNOWN": true, "CODE_USED": true, "CODE_EXPIRED": true,
}

// huma asks this variable for the form of its own errors: a body that is no JSON,
// a missing field, a body too large.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := newProblem(gongxin.Invalid("REQUEST_INVALID", message))
		p.Status, p.Title = status, http.StatusText(status)
		for _, err := range errs {
			p.Errors = append(p.Errors, err.Error())
		}
		return p
	}
}

// fail writes err as a problem for handlers outside huma.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	noteRefusal(r.Context(), err)
	p := a.problem(r, err)
	w.Header().Set("Content-Type", "application/problem+json")
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a reader that went away needs no answer
}

func (a *api) problem(r *http.Request, err error) *problem {
	p := newProblem(err)
	if p.Reference != "" {
		a.hub.Log.ErrorContext(r.Context(), "request failed", "reference", p.Reference, "path", r.URL.Path, "err", err)
	}
	return p
}
