package gongxin

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// bothWays opens body by either way and compares; fast tells whether the way
// without reflection took it.
func bothWays(t interface {
	Helper()
	Fatalf(string, ...any)
}, kind EventKind, body []byte) (fast bool) {
	t.Helper()
	e := Event{Kind: kind, Listing: ListingID{1}, At: noon}
	got, err := e.OpenPartner(body)
	want, wrong := e, error(nil)
	if string(body) != "{}" {
		want, wrong = e.openPartner(body)
	}
	if (err == nil) != (wrong == nil) || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot %+v %+v, %v\nwant %+v %+v, %v", body, got, got.Entry, err, want, want.Entry, wrong)
	}
	if kind.SetsEntry() {
		fast = readPartnerEntry(new(Entry), string(body))
	} else {
		_, fast = readExit(string(body))
	}
	return fast
}

func TestPartnerBodiesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, e.Kind, bodies[AudiencePartner])
	})
}

// A change of the wire form that made every body go the slow way would be noticed here.
func TestBodiesOfUsualTextAreReadWithoutReflection(t *testing.T) {
	long := admitted()
	long.Entry.Subject.LegalRep, long.Entry.Until, long.Entry.NonPublic = "王某", 0, true
	for _, e := range []Event{admitted(), long,
		{Kind: ListingWithdrawn, Ground: GroundPerformed, Decision: "（2017）苏0508执1号", On: MustDay("2017-03-01")},
		{Kind: ListingExpired, Ground: GroundTerm}} {
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		if !bothWays(t, e.Kind, bodies[AudiencePartner]) {
			t.Errorf("read by reflection: %s", bodies[AudiencePartner])
		}
	}
}

func FuzzPartnerBody(f *testing.F) {
	const entry = `{"case":"（2016）苏0508执1234号","court":"苏0508","court_name":"甲","name":"王某某","number":"320000198001010018","number_kind":"citizen_id","legal_rep":"乙","published":"2017-02-10","severity":"严重","until":"2019-02-09","nonpublic":true}`
	f.Add(entry, true)
	f.Add(strings.Replace(entry, `"court":"苏0508",`, "", 1), true)
	f.Add(strings.Replace(entry, `"苏0508"`, `"最高法"`, 1), true)
	f.Add(strings.Replace(entry, "苏0508执1234", "最高法执0001234", 1), true)
	f.Add(strings.Replace(entry, "苏0508执1234", "苏法执恢01", 1), true)
	f.Add(strings.Replace(entry, "甲", "\xff", 1), true)
	f.Add(strings.Replace(entry, `"甲",`, `"甲"}`, 1), true)
	f.Add(strings.Replace(entry, `}`, `,"case":""}`, 1), true)
	f.Add(`{"ground":"performed","decision":"（2017）苏0508执1号","on":"2017-03-01"}`, false)
	f.Add(`{"on":"2017-13-01"}`, false)
	f.Add(`{"ground":"a"}"on":"2017-03-01"}`, false)
	f.Fuzz(func(t *testing.T, body string, enters bool) {
		kind := ListingWithdrawn
		if enters {
			kind = ListingAdmitted
		}
		bothWays(t, kind, []byte(body))
	})
}

func FuzzReadDay(f *testing.F) {
	for _, s := range []string{"", "2017-04-01", "2017-02-29", "2016-02-29", "1899-12-31", "2999-12-31", "3000-01-01", "2017-00-01", "2017-13-01", "2017-04-00", "2017-04-31", "2017-4-001", "+017-04-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readDay(s)
		want, wrong := ParseDay(s)
		if got != want || (err == nil) != (wrong == nil) {
			t.Errorf("%q: got %v, %v, want %v, %v", s, got, err, want, wrong)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("{\"a\":\"苏\"}", "\x1f", uint8(3))
	f.Add("12345678", "\\", uint8(7))
	f.Add("苏苏苏", "\xff", uint8(1))
	f.Fuzz(func(t *testing.T, s, mark string, at uint8) {
		n := min(int(at), len(s))
		s = s[:n] + mark + s[n:]
		want := utf8.ValidString(s)
		for _, c := range []byte(s) {
			want = want && c >= ' ' && c != '\\'
		}
		if plain(s) != want {
			t.Errorf("%q: got %t", s, !want)
		}
	})
}

func FuzzReadCaseNumber(f *testing.F) {
	for _, s := range []string{"（2016）苏0508执1234号", "（2016）最高法执001号", "（2016）苏05民再99999999号", "（2016）苏字第1号", "（2016）苏050执1号", "（2016）执1号",
		"（2016）苏0508执号", "（2016）苏0508执000号", "（1916）苏0508执1号", "（2016）苏0508号之1号", "（2016）苏〇执1号", "（2016）苏0508执1号。"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, ok := readCaseNumber(s); ok {
			if want, err := ParseCaseNumber(s); err != nil || c != want {
				t.Errorf("%q: got %+v, want %+v, %v", s, c, want, err)
			}
		}
		want, err := ParseCourtCode(s)
		if courtOK(s) != (err == nil) || err == nil && want.code != s {
			t.Errorf("%q as a court: %t, %v", s, courtOK(s), err)
		}
	})
}

func BenchmarkOpenPartner(b *testing.B) {
	bodies, err := admitted().Bodies()
	if err != nil {
		b.Fatal(err)
	}
	body, e := bodies[AudiencePartner], Event{Kind: ListingAdmitted}
	text, into, room := string(body), Event{}, Entry{}
	for _, way := range []struct {
		name string
		open func([]byte) (Event, error)
	}{{"plain", e.OpenPartner}, {"encoding/json", e.openPartner}, {"into", func([]byte) (Event, error) {
		into, room = e, Entry{}
		return Event{}, OpenPartnerInto(&into, &room, text)
	}}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := way.open(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
