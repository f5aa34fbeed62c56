package gate

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"gongxin"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		`{"scenario":"flight","number":"320000198001010018","name":"张三"}`, ` { "name" : "张三" , "scenario" : "flight" } `, `{}`, `{"name":"\u0041"}`, `{"name":"` + "\xff" + `"}`,
		`{"name":"a","name":"b"}`, `{"Name":"a"}`, `{"born":1980}`, `{"name":null}`, `null`, `{} x`, `{"name":"a",}`, `{,"name":"a"}`, `"`, `{"name`, "{\"name\":\"a\nb\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fast, slow Query
		err, want := fast.read(body), decodeOne(json.NewDecoder(bytes.NewReader(body)), &slow, "QUERY_MALFORMED")
		if (err == nil) != (want == nil) || gongxin.CodeOf(err) != gongxin.CodeOf(want) {
			t.Fatalf("%q: %v, by encoding/json %v", body, err, want)
		}
		if err == nil && fast != slow {
			t.Errorf("%q: %+v, by encoding/json %+v", body, fast, slow)
		}
	})
}

func TestADecisionIsWrittenAsEncodingJSONWould(t *testing.T) {
	for _, d := range []gongxin.Decision{
		{Outcome: gongxin.Clear, Scenario: "flight", Sequence: 4711, AsOf: noon, FreshUntil: noon.Add(time.Hour + time.Millisecond)},
		{Outcome: gongxin.Clear, Scenario: "<乘机>"},
		{Outcome: gongxin.Clear, Reasons: []gongxin.Reason{{Code: "TERM_PASSED"}}},
		{Outcome: gongxin.Block, Reference: "R-1", Remedy: &gongxin.Text{ZH: "<救济>"}},
	} {
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := appendDecision(nil, &d); err != nil || string(got) != string(want)+"\n" {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}
