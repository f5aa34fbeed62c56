package gate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gongxin"
)

// A visit is one request of the walk. In its path and body, what stands in braces
// is filled in from answers before.
type visit struct {
	id     string // of the operation
	path   string // with its query
	body   string
	status int
	keep   string // name under which a field of the answer is kept
	field  string
}

// visits asks each operation at least once so that all is well, and once so that it is not.
var visits = []visit{
	{id: "screen", path: "/v1/screen", body: `{"scenario":"flight","number":"{number}","name":"{name}"}`, status: 200, keep: "reference", field: "reference"},
	{id: "screen", path: "/v1/screen", body: `{"scenario":"flight","number":"{free}","name":"{name}"}`, status: 200},
	{id: "screen", path: "/v1/screen", body: `{"scenario":"flight","number":"{number}","name":"李四"}`, status: 200},
	{id: "screen", path: "/v1/screen", body: `{"scenario":"flight","name":"{name}","born":1950,"sex":"男"}`, status: 200},
	{id: "screen", path: "/v1/screen", body: `{"scenario":"bus","name":"{name}"}`, status: 422},
	{id: "screen", path: "/v1/screen", body: `{"name":"` + strings.Repeat("x", maxQuery) + `"}`, status: 413},
	{id: "screen_bulk", path: "/v1/screen/bulk", body: `{"scenario":"flight","subjects":[{"id":"a","number":"{number}","name":"{name}"},{"number":"{free}"},{}]}`, status: 200},
	{id: "screen_bulk", path: "/v1/screen/bulk?only=touched", body: `{"scenario":"flight","subjects":[{"number":"{number}","name":"{name}"},{"number":"{free}"}]}`, status: 200},
	{id: "screen_bulk", path: "/v1/screen/bulk", body: `{}`, status: 422},
	{id: "screen_bulk", path: "/v1/screen/bulk", body: `{"scenario":"` + strings.Repeat("x", maxBulkBytes) + `"}`, status: 413},
	{id: "status", path: "/v1/status", status: 200},
	{id: "scenarios", path: "/v1/scenarios", status: 200},
	{id: "restrictions", path: "/v1/restrictions?state=in_force", status: 200},
	{id: "restrictions", path: "/v1/restrictions?state=kept", status: 200},
	{id: "restrictions", path: "/v1/restrictions?state=x", status: 422},
	{id: "restriction", path: "/v1/restrictions/{reference}", status: 200},
	{id: "restriction", path: "/v1/restrictions/x", status: 404},
	{id: "keep", path: "/v1/restrictions/{reference}/keep", body: `{"ground":"《中华人民共和国某法》第十条","until":"2017-05-01","by":"李科长"}`, status: 200},
	{id: "keep", path: "/v1/restrictions/{reference}/keep", body: `{}`, status: 422},
	{id: "review", path: "/v1/restrictions/{reference}/review", body: `{"reason":"已经全部履行","by":"王"}`, status: 200},
	{id: "review", path: "/v1/restrictions/{reference}/review", body: `{"reason":"另一个理由","by":"王"}`, status: 409},
	{id: "answer_review", path: "/v1/restrictions/{reference}/review/answer", body: `{"upheld":false,"reason":"法院未撤销","by":"李科长"}`, status: 200},
	{id: "answer_review", path: "/v1/restrictions/{reference}/review/answer", body: `{"reason":"x","by":"x"}`, status: 422},
	{id: "reviews", path: "/v1/reviews?state=answered", status: 200},
	{id: "reviews", path: "/v1/reviews?state=open", status: 200},
	{id: "reviews", path: "/v1/reviews", status: 422},
	{id: "propose", path: "/v1/proposals", body: `{"listing":"{listing}","reason":"当事人称已履行"}`, status: 202},
	{id: "propose", path: "/v1/proposals", body: `{"listing":"00000000000000000000000004","reason":"x"}`, status: 404},
	{id: "health", path: "/healthz", status: 200},
	{id: "openapi", path: "/openapi.json", status: 200},

	{id: "remember_difference", path: "/v1/differences", body: `{"listing":"{listing}","subject":"A-7","name":"{name}","reason":"身份证不同","by":"李科长"}`, status: 200, keep: "difference", field: "reference"},
	{id: "remember_difference", path: "/v1/differences", body: `{"listing":"00000000000000000000000004","subject":"A-7","name":"{name}","reason":"x","by":"x"}`, status: 404},
	{id: "differences", path: "/v1/differences", status: 200},
	{id: "difference", path: "/v1/differences/{difference}", status: 200},
	{id: "difference", path: "/v1/differences/x", status: 404},
	{id: "forget_difference", path: "/v1/differences/{difference}", body: `{"reason":"弄错了","by":"李科长"}`, status: 200},
	{id: "watch", path: "/v1/watch", body: `{"by":"李科长","subjects":[{"subject":"L-1","scenario":"licence","number":"{number}","name":"{name}"},{"subject":"L-2","scenario":"licence","number":"x"}]}`, status: 200},
	{id: "watch", path: "/v1/watch", body: `{"by":1}`, status: 422},
	{id: "watched", path: "/v1/watch", status: 200},
	{id: "alerts", path: "/v1/alerts?state=open", status: 200, keep: "alert", field: "alerts.0.reference"},
	{id: "alerts", path: "/v1/alerts?state=x", status: 422},
	{id: "alert", path: "/v1/alerts/{alert}", status: 200},
	{id: "alert", path: "/v1/alerts/x", status: 404},
	{id: "acknowledge_alert", path: "/v1/alerts/{alert}/acknowledge", body: `{"by":"李科长"}`, status: 200},
	{id: "unwatch", path: "/v1/watch/L-1", body: `{"by":"李科长"}`, status: 200},
	{id: "unwatch", path: "/v1/watch/nobody", body: `{"by":"李科长"}`, status: 404},
	{id: "alerts", path: "/v1/alerts?state=closed", status: 200},
}

func TestEveryOperationAnswersAsDescribed(t *testing.T) {
	h := newHub(t)
	listing := h.admit(entry(t, 0))
	_, url := h.serve(t)
	_, _, b := call(t, "GET", url+"/openapi.json", "")
	document := decode[object](t, b)
	method, visited := map[string]string{}, map[string]bool{}
	operations := map[string]object{}
	for _, at := range document["paths"].(object) {
		for m, o := range at.(object) {
			id := o.(object)["operationId"].(string)
			method[id], operations[id] = strings.ToUpper(m), o.(object)
		}
	}
	known := []string{"{number}", citizen(0), "{name}", nameOf(0), "{free}", citizen(900), "{listing}", listing.String()}
	for _, v := range visits {
		operation, ok := operations[v.id]
		if !ok {
			t.Errorf("%s is not described", v.id)
			continue
		}
		fill := strings.NewReplacer(known...)
		path, body := fill.Replace(v.path), fill.Replace(v.body)
		status, kind, b := call(t, method[v.id], url+path, body)
		what := fmt.Sprintf("%s %s %.80s", method[v.id], path, body)
		if status != v.status {
			t.Errorf("%s: %d, want %d: %s", what, status, v.status, b)
			continue
		}
		if sent, ok := operation["requestBody"].(object); ok && status < 300 {
			faults := conform(document, sent["content"].(object)["application/json"].(object)["schema"].(object), decode[any](t, []byte(body)), "body")
			if len(faults) > 0 {
				t.Errorf("%s: what is sent: %s", what, strings.Join(faults, "\n"))
			}
		}
		response, ok := operation["responses"].(object)[fmt.Sprint(status)].(object)
		if !ok {
			t.Errorf("%s: the status %d is not described", what, status)
			continue
		}
		kind, _, _ = strings.Cut(kind, ";")
		content, ok := response["content"].(object)[kind].(object)
		if !ok {
			t.Errorf("%s: the form %s of %d is not described", what, kind, status)
			continue
		}
		value := decode[any](t, b)
		if faults := conform(document, content["schema"].(object), value, "answer"); len(faults) > 0 {
			t.Errorf("%s: %s\n%s", what, strings.Join(faults, "\n"), b)
		}
		visited[v.id] = visited[v.id] || status < 300
		if v.keep != "" {
			known = append(known, "{"+v.keep+"}", dig(t, value, v.field))
		}
		if code, _ := value.(object)["code"].(string); status >= 400 {
			if _, _, ok := gongxin.Message(code); !ok {
				t.Errorf("%s: the code %q has no text", what, code)
			}
		}
	}
	for id := range operations {
		if !visited[id] {
			t.Errorf("%s is described and was not visited", id)
		}
	}
	if document["openapi"] != "3.1.0" {
		t.Errorf("version %v", document["openapi"])
	}
}

// dig takes a value such as alerts.0.reference out of an answer.
func dig(t *testing.T, value any, path string) string {
	t.Helper()
	for step := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case object:
			value = v[step]
		case []any:
			if len(v) == 0 {
				t.Fatalf("%s: an empty list", path)
			}
			value = v[0]
		}
	}
	s, ok := value.(string)
	if !ok {
		b, _ := json.Marshal(value) // for the message alone
		t.Fatalf("%s is %s", path, b)
	}
	return s
}

func TestAMethodThatIsNotServedIsRefused(t *testing.T) {
	_, url := newHub(t).serve(t)
	if status, _, _ := call(t, "PUT", url+"/v1/status", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("%d", status)
	}
}

func TestAnotherSitesPageCannotAskTheGate(t *testing.T) {
	_, url := newHub(t).serve(t)
	for _, path := range []string{"/v1/screen", "/v1/screen/bulk", "/v1/proposals"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+path, strings.NewReader(`{"scenario":"flight","name":"王"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "text/plain")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var p problem
		if err := json.NewDecoder(answer.Body).Decode(&p); err != nil || answer.StatusCode != http.StatusForbidden || p.Code != "GATE_CROSS_SITE" {
			t.Errorf("%s: %d %+v %v", path, answer.StatusCode, p, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}
