package gate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gongxin"
)

func (h *hub) serve(t *testing.T) (*Gate, string) {
	t.Helper()
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	return g, serve(t, g)
}

// serve answers for g until the test ends.
func serve(tb testing.TB, g *Gate) string {
	s := httptest.NewServer(g.Handler())
	tb.Cleanup(s.Close)
	return s.URL
}

func call(t *testing.T, method, url, body string) (int, string, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Content-Type"), b
}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

func TestScreenOverHTTP(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g, url := h.serve(t)
	query := func(number, name string) string {
		b, err := json.Marshal(Query{Scenario: "g_train", Number: number, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	status, _, b := call(t, "POST", url+"/v1/screen", query(citizen(0), nameOf(0)))
	d := decode[gongxin.Decision](t, b)
	if status != 200 || d.Outcome != gongxin.Block || d.Hits[0].Listing != id || d.Reference == "" {
		t.Errorf("listed: %d %s", status, b)
	}
	if strings.Contains(string(b), citizen(0)) {
		t.Errorf("the number stands whole in %s", b)
	}
	status, _, b = call(t, "POST", url+"/v1/screen", query(citizen(900), "李四"))
	if c := decode[gongxin.Decision](t, b); status != 200 || c.Outcome != gongxin.Clear || c.Reference != "" {
		t.Errorf("nobody: %d %s", status, b)
	}
	status, _, b = call(t, "GET", url+"/v1/restrictions/"+d.Reference, "")
	if r := decode[Restriction](t, b); status != 200 || r.State != stateInForce || r.Scenario != "g_train" || r.Parts[0].Clause != "3.6" {
		t.Errorf("restriction: %d %s", status, b)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	_, _, b = call(t, "GET", url+"/v1/restrictions/"+d.Reference, "")
	if r := decode[Restriction](t, b); r.State != stateLifted || r.LiftedBy != 2 || r.LiftedAt.IsZero() {
		t.Errorf("restriction after the withdrawal: %s", b)
	}
	status, _, b = call(t, "GET", url+"/v1/status", "")
	s := decode[map[string]any](t, b)
	for _, field := range []string{"department", "gate", "sequence", "as_of", "fresh_until", "listings", "restrictions_open", "lifted", "outbox", "hub_reachable"} {
		if _, ok := s[field]; !ok {
			t.Errorf("the status lacks %s: %s", field, b)
		}
	}
	if status != 200 || s["sequence"] != 2.0 || s["lifted"] != 1.0 {
		t.Errorf("status: %d %s", status, b)
	}
	status, _, b = call(t, "GET", url+"/v1/scenarios", "")
	if status != 200 || !strings.Contains(string(b), `"3.6.flight"`) || !strings.Contains(string(b), `"private_school"`) {
		t.Errorf("scenarios: %d %s", status, b)
	}
	if status, _, b := call(t, "GET", url+"/healthz", ""); status != 200 || !strings.Contains(string(b), `"fresh":true`) {
		t.Errorf("health: %d %s", status, b)
	}
}

func TestFaultyRequestsAreProblems(t *testing.T) {
	h := newHub(t)
	_, url := h.serve(t)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"unknown scenario", "POST", "/v1/screen", `{"scenario":"bus","number":"320000198001010018","name":"王"}`, 422, "SCENARIO_UNKNOWN"},
		{"nobody named", "POST", "/v1/screen", `{"scenario":"flight"}`, 422, "SUBJECT_NEEDED"},
		{"no JSON", "POST", "/v1/screen", `scenario=flight`, 422, "QUERY_MALFORMED"},
		{"nothing", "POST", "/v1/screen", ``, 422, "QUERY_MALFORMED"},
		{"cut short", "POST", "/v1/screen", `{"scenario":"flight"`, 422, "QUERY_MALFORMED"},
		{"two values", "POST", "/v1/screen", `{"scenario":"flight","name":"王"}{}`, 422, "QUERY_MALFORMED"},
		{"a number as a JSON number", "POST", "/v1/screen", `{"scenario":"flight","number":320000198001010018}`, 422, "QUERY_MALFORMED"},
		{"an unknown field", "POST", "/v1/screen", `{"scenario":"flight","number":"x","child":"x"}`, 422, "QUERY_MALFORMED"},
		{"too long", "POST", "/v1/screen", `{"scenario":"flight","name":"` + strings.Repeat("王", maxQuery) + `"}`, 413, "QUERY_TOO_LARGE"},
		{"unknown reference", "GET", "/v1/restrictions/R-railway-20170401-AAAAAAAA", "", 404, "UNKNOWN_REFERENCE"},
		{"no state to list", "GET", "/v1/restrictions", "", 422, "GATE_STATE_UNKNOWN"},
		{"no state of reviews", "GET", "/v1/reviews?state=kept", "", 422, "GATE_STATE_UNKNOWN"},
		{"keep with an unknown field", "POST", "/v1/restrictions/R-1/keep", `{"ground":"x","number":"x"}`, 422, "GATE_BODY_MALFORMED"},
		{"keep until no day", "POST", "/v1/restrictions/R-1/keep", `{"ground":"x","until":"2017-02-30","by":"x"}`, 422, "GATE_BODY_MALFORMED"},
		{"keep of nothing", "POST", "/v1/restrictions/R-1/keep", `{"ground":"x","until":"2017-05-01","by":"x"}`, 404, "UNKNOWN_REFERENCE"},
		{"review of nothing", "POST", "/v1/restrictions/R-1/review", `{"reason":"x","by":"x"}`, 404, "UNKNOWN_REFERENCE"},
		{"an answer that does not say which", "POST", "/v1/restrictions/R-1/review/answer", `{"reason":"x","by":"x"}`, 422, "GATE_BODY_MALFORMED"},
		{"a proposal for no listing", "POST", "/v1/proposals", `{"listing":"x","reason":"x"}`, 422, "LISTING_ID_FORMAT"},
		{"a proposal for a listing that is not there", "POST", "/v1/proposals", `{"listing":"00000000000000000000000004","reason":"x"}`, 404, "PROPOSAL_NOT_LISTED"},
	} {
		status, kind, b := call(t, tt.method, url+tt.path, tt.body)
		p := decode[problem](t, b)
		if status != tt.status || p.Code != tt.code || p.Status != tt.status || kind != "application/problem+json" || p.Type == "" || p.Title == "" {
			t.Errorf("%s: got %d %s %s", tt.name, status, kind, b)
		}
		if p.Message.ZH == tt.code || p.Message.EN == "" || p.Mend.ZH == "" || !strings.Contains(p.Detail, p.Message.ZH) {
			t.Errorf("%s: texts: %s", tt.name, b)
		}
		if strings.Contains(string(b), "320000198001010018") {
			t.Errorf("%s: the number is repeated: %s", tt.name, b)
		}
	}
	if status, _, _ := call(t, "GET", url+"/v1/screen", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET of the query: %d", status)
	}
}

func TestTheDeskOverHTTP(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g, url := h.serve(t)
	reference := g.person(t, 0).Reference
	at := url + "/v1/restrictions/" + reference
	status, _, b := call(t, "POST", at+"/keep", `{"ground":"`+law+`","until":"2017-05-01","by":"李科长"}`)
	if r := decode[Restriction](t, b); status != 200 || r.State != stateInForce || r.Parts[0].Kept == nil || r.Parts[0].Kept.Ground != law {
		t.Errorf("keep: %d %s", status, b)
	}
	status, _, b = call(t, "POST", at+"/review", `{"reason":"已经全部履行","by":"王"}`)
	if r := decode[Review](t, b); status != 200 || r.State != stateOpen || r.Reference != reference {
		t.Errorf("review: %d %s", status, b)
	}
	status, _, b = call(t, "GET", url+"/v1/reviews?state=open", "")
	if r := decode[struct{ Reviews []Review }](t, b); status != 200 || len(r.Reviews) != 1 || r.Reviews[0].Reason != "已经全部履行" {
		t.Errorf("reviews: %d %s", status, b)
	}
	status, _, b = call(t, "POST", url+"/v1/proposals", `{"listing":"`+id.String()+`","reason":"当事人出示了结案通知书"}`)
	if p := decode[Proposal](t, b); status != 202 || p.State != "waiting" || p.Listing != id || p.Reference == "" {
		t.Errorf("proposal: %d %s", status, b)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	status, _, b = call(t, "GET", url+"/v1/restrictions?state=kept", "")
	kept := decode[struct{ Restrictions []Restriction }](t, b)
	if status != 200 || len(kept.Restrictions) != 1 || kept.Restrictions[0].Parts[0].Because.Code != endedWithdrawn || !strings.Contains(string(b), `"until":"2017-05-01"`) {
		t.Errorf("kept: %d %s", status, b)
	}
	status, _, b = call(t, "POST", at+"/review/answer", `{"upheld":true,"reason":"情况属实","by":"赵"}`)
	if r := decode[Review](t, b); status != 200 || r.State != stateUpheld {
		t.Errorf("answer: %d %s", status, b)
	}
	status, _, b = call(t, "GET", at, "")
	if r := decode[Restriction](t, b); status != 200 || r.State != stateLifted || r.Review == nil || r.Review.Answer != "情况属实" {
		t.Errorf("in the end: %d %s", status, b)
	}
	if _, _, b := call(t, "GET", url+"/v1/restrictions?state=kept", ""); string(b) != "{\"restrictions\":[]}\n" {
		t.Errorf("kept in the end: %s", b)
	}
}
