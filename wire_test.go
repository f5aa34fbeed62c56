package gongxin

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestBodiesAreWrittenAsTheirTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		for a := range Audience(Audiences) {
			var v any
			switch {
			case !e.reaches(a):
				continue
			case a == AudienceCourt:
				v = newCourtBody(e)
			case e.Entry == nil:
				v = exitBody{Ground: e.Ground, Decision: e.Decision, On: e.On}
			case a == AudiencePartner:
				v = newPartnerEntry(e)
			default:
				v = newPublicEntry(e)
			}
			want, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if string(bodies[a]) != string(want) {
				t.Fatalf("%s body of %s\n got %s\nwant %s", a, e.Kind, bodies[a], want)
			}
		}
	})
}

func FuzzAppendQuotedWritesWhatEncodingJSONWrites(f *testing.F) {
	f.Add("王某某 <a href=\"x\">&\\\u2028\u2029\x00\x1f\x7f\b\f\n\r\t")
	f.Add("\xff\xfe某\xe6\x9f\xed\xa0\x80\ufffd")
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendQuoted(nil, s)); got != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestAppendIntWritesDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32().Draw(t, "n")
		want, _ := json.Marshal(n)
		if got := string(appendInt(nil, int(n))); got != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}
