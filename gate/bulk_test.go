package gate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// crowd returns subjects of whom some are listed, in forms of all sorts.
func crowd(n int, random *rand.Rand) []Subject {
	subjects := make([]Subject, n)
	for i := range subjects {
		who := random.IntN(40)
		if random.IntN(4) > 0 {
			who = 900 + random.IntN(50) // not listed
		}
		s := Subject{Query: Query{Number: citizen(who), Name: nameOf(who)}}
		switch random.IntN(12) {
		case 0:
			s.Name = ""
		case 1:
			s.Number = ""
		case 2:
			s.Number, s.Name = "", " "
		case 3:
			s.Name = "李四"
		case 4:
			s.Number = s.Number[:6] + " " + s.Number[6:]
		case 5:
			s.Number = s.Number[:17] + "*"
		case 6:
			s.Name = `"王` + "\u2028" + `<\`
		case 7:
			s.Scenario = []string{"bus", "credit", "flight"}[random.IntN(3)]
		case 8:
			s.Born = 1700 + random.IntN(300)
		}
		if random.IntN(2) == 0 {
			s.ID = fmt.Sprintf("行%d", i)
		}
		subjects[i] = s
	}
	return subjects
}

// bare is d without what differs each time that the same is asked.
func bare(d gongxin.Decision) string {
	if d.Reference != "" {
		d.Reference = "given"
	}
	if d.Remedy != nil {
		d.Remedy = &gongxin.Text{}
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// listed opens a gate that holds the first 40 persons.
func listed(t *testing.T) (*hub, *Gate) {
	h := newHub(t)
	for i := range 40 {
		h.admit(entry(t, i))
	}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	return h, g
}

func TestManyAreAnsweredAsOneIs(t *testing.T) {
	h, g := listed(t)
	for _, stale := range []bool{false, true} {
		if stale {
			h.clock.move(2 * time.Hour)
		}
		random := rand.New(rand.NewPCG(1, 2))
		var queries []Query
		for _, s := range crowd(150, random) {
			if s.Scenario == "" {
				s.Scenario = "flight"
			}
			queries = append(queries, s.Query)
		}
		got, err := g.ScreenAll(t.Context(), queries)
		if err != nil || len(got) != len(queries) {
			t.Fatalf("%d answers to %d queries: %v", len(got), len(queries), err)
		}
		outcomes := map[gongxin.Outcome]int{}
		for i, q := range queries {
			outcomes[got[i].Outcome]++
			want, err := g.Screen(t.Context(), q)
			if err != nil {
				d := got[i]
				if d.Outcome != gongxin.Refer || d.Reference != "" || len(d.Reasons) != 1 || d.Reasons[0].Code != gongxin.CodeOf(err) {
					t.Errorf("%+v: got %s, and alone %v", q, bare(d), err)
				}
			} else if bare(got[i]) != bare(want) {
				t.Errorf("%+v:\n got %s\nwant %s", q, bare(got[i]), bare(want))
			}
		}
		if outcomes[gongxin.Refer] == 0 || stale == (outcomes[gongxin.Clear] > 0) || stale == (outcomes[gongxin.Block] > 0) {
			t.Errorf("stale %v: %v", stale, outcomes)
		}
	}
}

// TestManyAreAsOfTheSequenceTheySay asks about two persons of whom always one is
// listed, while that changes.
func TestManyAreAsOfTheSequenceTheySay(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0)) // at odd sequences the first one, at even ones the second
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	stop := run(t, g)
	queries := make([]Query, 2)
	for i := range queries {
		queries[i] = Query{Scenario: "flight", Number: citizen(i), Name: nameOf(i)}
	}
	var seen [2]int
	for n := 0; n < 100 || n < 10_000 && min(seen[0], seen[1]) < 3; n++ {
		if n%5 == 0 {
			h.correct(id, entry(t, int(h.size()%2)))
		}
		decisions, err := g.ScreenAll(t.Context(), queries)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range decisions {
			listed := int(d.Sequence+1) % 2
			if seen[listed]++; (d.Outcome == gongxin.Block) != (i == listed) {
				t.Fatalf("as of %d: person %d is %s", d.Sequence, i, d.Outcome)
			}
		}
	}
	stop()
	if min(seen[0], seen[1]) < 3 {
		t.Errorf("the list did not move: %v", seen)
	}
}

func TestManyOverHTTP(t *testing.T) {
	_, g := listed(t)
	url := serve(t, g)
	query := BulkQuery{"flight", crowd(200, rand.New(rand.NewPCG(3, 4)))}
	ask := func(query BulkQuery, more string) BulkAnswer {
		b, err := json.Marshal(query)
		if err != nil {
			t.Fatal(err)
		}
		status, kind, answer := call(t, "POST", url+"/v1/screen/bulk"+more, string(b))
		if status != 200 || kind != "application/json; charset=utf-8" {
			t.Fatalf("%d %s %s", status, kind, answer)
		}
		return decode[BulkAnswer](t, answer)
	}
	all := ask(query, "")
	if len(all.Answers) != 200 || all.Subjects != 200 || all.Sequence != 40 || !all.AsOf.Equal(noon) || !all.FreshUntil.Equal(noon.Add(time.Hour)) {
		t.Errorf("as of %d, %s, until %s, %d answers", all.Sequence, all.AsOf, all.FreshUntil, len(all.Answers))
	}
	free := 0
	for i, a := range all.Answers {
		s := query.Subjects[i]
		if s.Scenario == "" {
			s.Scenario = "flight"
		}
		if a.Outcome == gongxin.Clear {
			free++
		}
		if a.ID != s.ID || a.Index != nil {
			t.Errorf("subject %d: id %q, index %v", i, a.ID, a.Index)
		}
		want, err := g.Screen(t.Context(), s.Query)
		if err == nil && (a.Outcome != want.Outcome || !reflect.DeepEqual(a.Reasons, want.Reasons) || !reflect.DeepEqual(a.Hits, want.Hits) || (a.Reference == "") != (want.Reference == "")) {
			t.Errorf("subject %d %+v: %+v, want %+v", i, s, a, want)
		}
	}
	if all.Clear != free || free == 0 {
		t.Errorf("%d said to be clear, %d are", all.Clear, free)
	}

	some := ask(query, "?only=touched")
	var want []int
	for i, a := range all.Answers {
		if a.Outcome != gongxin.Clear || len(a.Reasons) > 0 {
			want = append(want, i)
		}
	}
	var got []int
	for _, a := range some.Answers {
		got = append(got, *a.Index)
		if b := all.Answers[*a.Index]; a.ID != b.ID || a.Outcome != b.Outcome {
			t.Errorf("%+v, and among all %+v", a, b)
		}
	}
	if !slices.Equal(got, want) || some.Clear != free || some.Subjects != 200 {
		t.Errorf("only those touched: %v, want %v", got, want)
	}
	if empty := ask(BulkQuery{"flight", []Subject{}}, ""); empty.Subjects != 0 || empty.Answers == nil || len(empty.Answers) != 0 {
		t.Errorf("nobody: %+v", empty)
	}
	for i := range query.Subjects {
		query.Subjects[i].Scenario = "g_train"
	}
	if own := ask(BulkQuery{"", query.Subjects}, ""); own.Subjects != 200 {
		t.Errorf("each with a scenario of its own: %+v", own)
	}
}

func TestMoreSubjectsThanOneRequestMayHold(t *testing.T) {
	_, g := listed(t)
	url := serve(t, g)
	many := func(n int, one string) string {
		return `{"scenario":"flight","subjects":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
	}
	plain, escaped := `{"number":"`+citizen(900)+`","name":"李四"}`, `{"number":"`+citizen(900)+`","name":"\u674e"}`
	for _, one := range []string{plain, escaped} {
		if status, _, b := call(t, "POST", url+"/v1/screen/bulk", many(MaxBulk, one)); status != 200 || decode[BulkAnswer](t, b).Clear != MaxBulk {
			t.Errorf("as many as may be: %d %.200s", status, b)
		}
		if status, _, b := call(t, "POST", url+"/v1/screen/bulk", many(MaxBulk+1, one)); status != 422 || decode[problem](t, b).Code != "BULK_TOO_MANY" {
			t.Errorf("one more: %d %.200s", status, b)
		}
	}
	if status, _, b := call(t, "POST", url+"/v1/screen/bulk", many(MaxBulk, `{"name":"`+strings.Repeat("x", 900)+`"}`)); status != 413 || decode[problem](t, b).Code != "QUERY_TOO_LARGE" {
		t.Errorf("too long: %d %.200s", status, b)
	}
}

func TestFaultyBulkRequestsAreProblems(t *testing.T) {
	_, g := listed(t)
	url := serve(t, g)
	for _, tt := range []struct{ why, body, code string }{
		{"nothing", ``, "BULK_MALFORMED"},
		{"a list", `[]`, "BULK_MALFORMED"},
		{"no subjects", `{"scenario":"flight"}`, "BULK_MALFORMED"},
		{"subjects that are none", `{"scenario":"flight","subjects":{}}`, "BULK_MALFORMED"},
		{"a subject that is none", `{"scenario":"flight","subjects":["x"]}`, "BULK_MALFORMED"},
		{"a field of a child", `{"scenario":"flight","subjects":[{"number":"x","child":"x"}]}`, "BULK_MALFORMED"},
		{"a field too many", `{"scenario":"flight","subjects":[],"then":1}`, "BULK_MALFORMED"},
		{"subjects twice", `{"scenario":"flight","subjects":[],"subjects":[]}`, "BULK_MALFORMED"},
		{"a number as a JSON number", `{"scenario":"flight","subjects":[{"number":320000198001010018}]}`, "BULK_MALFORMED"},
		{"cut short", `{"scenario":"flight","subjects":[{"number":"x"}`, "BULK_MALFORMED"},
		{"two values", `{"scenario":"flight","subjects":[]}{}`, "BULK_MALFORMED"},
		{"an unknown scenario", `{"scenario":"bus","subjects":[]}`, "SCENARIO_UNKNOWN"},
		{"no scenario", `{"subjects":[{"name":"王"}]}`, "SCENARIO_UNKNOWN"},
	} {
		status, kind, b := call(t, "POST", url+"/v1/screen/bulk", tt.body)
		p := decode[problem](t, b)
		if status != 422 || p.Code != tt.code || kind != "application/problem+json" || p.Message.EN == "" || p.Mend.ZH == "" {
			t.Errorf("%s: %d %s", tt.why, status, b)
		}
		if strings.Contains(string(b), "320000198001010018") {
			t.Errorf("%s: the number is repeated: %s", tt.why, b)
		}
	}
	if n := g.Status().Outbox; n != 0 {
		t.Errorf("%d outcomes of mistakes", n)
	}
}

// lines posts body as one subject a line.
func lines(t *testing.T, url, body string) (status int, found []map[string]any) {
	t.Helper()
	answer, err := http.Post(url, "application/x-ndjson", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	in := bufio.NewScanner(answer.Body)
	for in.Scan() {
		found = append(found, decode[map[string]any](t, in.Bytes()))
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, found
}

func TestOneSubjectALine(t *testing.T) {
	_, g := listed(t)
	url := serve(t, g) + "/v1/screen/bulk?scenario=flight"
	subjects := crowd(3*MaxBulk/2, rand.New(rand.NewPCG(5, 6)))
	var body strings.Builder
	for i, s := range subjects {
		if i%50 != 0 { // not thousands of answers on disk
			s.Query = Query{Number: citizen(901), Name: "李四"}
		}
		if err := json.NewEncoder(&body).Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	status, found := lines(t, url, body.String()+"\n \n")
	if status != 200 || len(found) != len(subjects)+1 {
		t.Fatalf("%d with %d lines: %v", status, len(found), found[max(0, len(found)-1):])
	}
	outcomes := map[string]float64{}
	for i, line := range found[:len(subjects)] {
		outcomes[line["outcome"].(string)]++
		if id, _ := line["id"].(string); id != subjects[i].ID {
			t.Fatalf("line %d is about %q, want %q", i+1, id, subjects[i].ID)
		}
		if line["outcome"] == "clear" && (line["sequence"] != 40.0 || line["as_of"] == nil) {
			t.Errorf("line %d: %v", i+1, line)
		}
	}
	sum := found[len(subjects)]["summary"].(map[string]any)
	if sum["subjects"] != float64(len(subjects)) {
		t.Errorf("summary: %v", sum)
	}
	for outcome, n := range sum["outcomes"].(map[string]any) {
		if outcomes[outcome] != n || n == 0.0 {
			t.Errorf("%v are said to be %s, %v are", n, outcome, outcomes[outcome])
		}
	}

	_, some := lines(t, url+"&only=touched", body.String())
	if last := some[len(some)-1]["summary"].(map[string]any); last["subjects"] != float64(len(subjects)) {
		t.Errorf("summary: %v", last)
	}
	for _, line := range some[:len(some)-1] {
		if whole := found[int(line["index"].(float64))]; whole["outcome"] != line["outcome"] || whole["id"] != line["id"] {
			t.Errorf("%v, and among all %v", line, whole)
		}
	}
}

func TestFaultyLinesAreNamed(t *testing.T) {
	_, g := listed(t)
	url := serve(t, g) + "/v1/screen/bulk"
	if status, found := lines(t, url+"?scenario=bus", "{}\n"); status != 422 || found[0]["code"] != "SCENARIO_UNKNOWN" {
		t.Errorf("unknown scenario: %d %v", status, found)
	}
	if status, found := lines(t, url, `{"name":"王"}`); status != 422 || found[0]["code"] != "SCENARIO_UNKNOWN" {
		t.Errorf("no scenario: %d %v", status, found)
	}
	if status, found := lines(t, url, `{"name":"李四","scenario":"flight"}`); status != 200 || len(found) != 2 || found[0]["outcome"] != "clear" {
		t.Errorf("a scenario of its own: %d %v", status, found)
	}
	for _, bad := range []string{`{"number":1}`, `{"child":"x"}`, `{} {}`, `{`, `x`} {
		status, found := lines(t, url+"?scenario=flight", `{"name":"李四"}`+"\n"+bad)
		// What comes at once is answered at once: the fault may come before the first answer.
		last := found[len(found)-1]
		if p, ok := last["problem"].(map[string]any); ok {
			last = p
		} else if status != 422 {
			t.Errorf("%s: %d %v", bad, status, found)
		}
		if m, _ := last["message"].(map[string]any); last["code"] != "BULK_MALFORMED" || !strings.Contains(fmt.Sprint(m["en"]), "line 2") {
			t.Errorf("%s: %v", bad, last)
		}
	}
}

func TestTheUsualFormIsReadAsAnyJSON(t *testing.T) {
	for body, usual := range map[string]bool{
		`{"scenario":"flight","subjects":[{"number":"1","name":"王"},{"name":"王","id":"a"}]}`:                          true,
		` { "subjects" : [ { "id" : "" } , {} ] , "scenario" : "x" } `:                                                true,
		`{"scenario": "flight", "subjects": [{"id": "a", "number": "1", "name": "王"}, {"number": "1", "name": "王"}]}`: true,
		`{"subjects":[{"id":"a","number":"1","name":"王"},{"id":"a","number":"1","name":"王"}]}`:                        true,
		`{"subjects":[{"number":"1","name":"王","id":"a"}]}`:                                                           true,
		`{"subjects":[{"id":"a" ,"number":"1","name":"王"}]}`:                                                          true,
		`{"subjects":[]}` + "\n": true,
		`{"scenario":"flight","subjects":[{"number":"1","number":"2"}]}`: false,
		`{"scenario":"flight","subjects":[{"Number":"1"}]}`:              false,
		`{"scenario":"flight","subjects":[{"name":"\u738b"}]}`:           false,
		`{"scenario":"flight","subjects":[{"born":1980}]}`:               false,
		"{\"scenario\":\"flight\",\n\"subjects\":[]}":                    false,
	} {
		plain := bulk{}
		trimmed := strings.TrimSpace(body)
		if got := unescaped([]byte(trimmed)) && plain.readPlain(trimmed) == nil; got != usual {
			t.Errorf("%s: usual %v, want %v", body, got, usual)
		}
		sameReading(t, []byte(body))
	}
}

// sameReading holds that b is read by hand as it is by encoding/json.
func sameReading(t *testing.T, body []byte) {
	t.Helper()
	var fast, slow bulk
	err, want := fast.read(body), slow.readAny(body)
	if gongxin.CodeOf(err) != gongxin.CodeOf(want) {
		t.Fatalf("%q: %v, by encoding/json %v", body, err, want)
	}
	if err != nil {
		return
	}
	if fast.scenario != slow.scenario || len(fast.asked) != len(slow.asked) {
		t.Fatalf("%q: %q with %d, by encoding/json %q with %d", body, fast.scenario, len(fast.asked), slow.scenario, len(slow.asked))
	}
	for i := range fast.asked {
		got, want := fast.query(i), slow.query(i)
		got.Number = validText(got.Number) // one that is no UTF-8 is no number either way
		if got != want || validText(fast.asked[i].id) != slow.asked[i].id {
			t.Errorf("%q: %+v %q, by encoding/json %+v %q", body, got, fast.asked[i].id, want, slow.asked[i].id)
		}
	}
}

func FuzzBulk(f *testing.F) {
	for _, s := range []string{
		`{"scenario":"flight","subjects":[{"number":"320000198001010018","name":"张三"},{"id":"a","number":"","name":""}]}`,
		`{"subjects":[{}],"scenario":""}`, `{"scenario":"f","subjects":[{"name":"\u0041"}]}`, `{"subjects":[{"name":"` + "\xff" + `","id":"` + "\xe4\xb8" + `"}]}`,
		`{"scenario":"f","subjects":[{"born":1980,"sex":"男"}]}`, `{"subjects":null}`, `{"subjects":[null]}`, `{"subjects":[{}],}`, `{"subjects":[{},]}`, `{,"subjects":[]}`,
		`{"subjects":[{"number":"1","number":"2"}]}`, `{"scenario":null,"subjects":[]}`, `{"subjects":[]} x`, `{"subjects":[{"name":null}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(sameReading)
}

func FuzzBulkLine(f *testing.F) {
	for _, s := range []string{`{"number":"1","name":"张三"}`, `{}`, `{"id":"x"} `, `{"born":1}`, `{"name":"\u0041"}`, `{"name":"` + "\xff" + `"}`, `{} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, slow bulk
		if !unescaped(line) || fast.readPlainLine(string(line)) != nil {
			return
		}
		if err := slow.readAnyLine(line); err != nil {
			t.Fatalf("%q: read by hand, by encoding/json %v", line, err)
		}
		got := fast.query(0)
		got.Number = validText(got.Number)
		if got != slow.query(0) || validText(fast.asked[0].id) != slow.asked[0].id {
			t.Errorf("%q: %+v, by encoding/json %+v", line, got, slow.query(0))
		}
	})
}

func TestAnswersAreWrittenAsEncodingJSONWould(t *testing.T) {
	b := &bulk{view: &view{sequence: 7, asOf: noon, freshUntil: noon.Add(time.Hour)}, clear: 3, asked: []asked{{}, {id: "a\"<\xff王"}, {id: "b"}, {id: "c"}}}
	b.touched = []touched{{2, gongxin.Decision{Outcome: gongxin.Block, Reference: "R-1", Sequence: 8, AsOf: noon, Reasons: []gongxin.Reason{{Code: "LISTED"}}}}}
	want := BulkAnswer{Sequence: 7, AsOf: noon, FreshUntil: noon.Add(time.Hour), Subjects: 4, Clear: 3, Answers: []Answer{{Outcome: gongxin.Clear}, {ID: "a\"<\uFFFD王", Outcome: gongxin.Clear},
		{ID: "b", Outcome: gongxin.Block, Reference: "R-1", Sequence: 8, AsOf: noon, Reasons: []gongxin.Reason{{Code: "LISTED"}}}, {ID: "c", Outcome: gongxin.Clear}}}
	for _, only := range []bool{false, true} {
		if only {
			place := 2
			want.Answers = want.Answers[2:3]
			want.Answers[0].Index = &place
		}
		got, err := b.append(nil, only)
		j, marshalling := json.Marshal(want)
		if err != nil || marshalling != nil || string(got) != string(j)+"\n" {
			t.Errorf("only %v:\n got %s\nwant %s", only, got, j)
		}
	}
}

func BenchmarkBulkRead(b *testing.B) {
	body := bulkBody(b, 1000)
	b.Run("by-hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := newBulk()
			if err := r.read(body); err != nil {
				b.Fatal(err)
			}
			r.release()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/subject")
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := newBulk()
			if err := r.readAny(body); err != nil {
				b.Fatal(err)
			}
			r.release()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/subject")
	})
}

// bulkBody is a request about n who are not listed.
func bulkBody(tb testing.TB, n int) []byte {
	q := BulkQuery{Scenario: "flight"}
	for i := range n {
		q.Subjects = append(q.Subjects, Subject{Query: Query{Number: citizen(50 + i%900), Name: nameOf(i)}})
	}
	body, err := json.Marshal(q)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}
