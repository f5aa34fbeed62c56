package hub

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCodeHoldsOnceAndForItsOwnListingAlone(t *testing.T) {
	s := newStory(t, "2017-09-01")
	decision := s.listed(1)
	first := s.code(decision)
	second := s.code(decision) // a newer print ends the older code
	in := func(status int, code, listing, typed string) {
		t.Helper()
		s.want(status, code, "nobody", "POST", "/v1/subject/session", map[string]any{"listing": listing, "code": typed})
	}
	in(401, "CODE_USED", s.listing, first)
	in(401, "CODE_UNKNOWN", s.listing, "0000-0000-0000-0000")
	in(422, "CODE_FORMAT", s.listing, "0000")
	mine := s.listing
	s.listed(2)
	other := s.listing
	in(401, "CODE_UNKNOWN", other, second) // and it is not used up by that
	s.listing = mine
	next := s.signIn(strings.ToLower(second))
	s.refused(404, "UNKNOWN_LISTING", "subject", "../"+other+"/objection", reason("x"))
	for _, path := range []string{"/v1/listings/" + other + "/documents"} {
		s.want(404, "UNKNOWN_LISTING", "subject", "GET", path, nil)
	}
	s.clock.Add((31 * time.Minute).Milliseconds())
	s.want(401, "SESSION_EXPIRED", "subject", "GET", "/v1/subject/listing", nil)
	s.signIn(next)
	if got := s.refusals("CODE_UNKNOWN") + s.refusals("CODE_USED") + s.refusals("CODE_FORMAT"); got != 4 {
		t.Errorf("%d wrong codes were recorded, want 4", got)
	}
}

func TestCodesCannotBeTriedWithoutEnd(t *testing.T) {
	s := newStory(t, "2017-09-01")
	code := s.code(s.listed(1))
	try := func(typed string) (int, string) {
		status, b := s.do("nobody", "POST", "/v1/subject/session", map[string]any{"listing": s.listing, "code": typed})
		var p problem
		_ = json.Unmarshal(b, &p)
		return status, p.Code
	}
	for i := range codeBurst {
		if _, got := try("0000-0000-0000-0000"); got != "CODE_UNKNOWN" {
			t.Fatalf("try %d: %s", i, got)
		}
	}
	if status, got := try(code); got != "RATE_LIMITED" || status != http.StatusTooManyRequests {
		t.Errorf("after %d wrong codes: %d %s", codeBurst, status, got)
	}
	s.clock.Add(codeInterval.Milliseconds())
	if status, got := try(code); status != 200 {
		t.Errorf("after a wait: %d %s", status, got)
	}
}
