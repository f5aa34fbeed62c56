package gongxin

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/identity"
)

var noon = time.Date(2017, 3, 1, 4, 0, 0, 0, time.UTC)

const fullNumber = "320000198001010018"

func mustNumber(s string) identity.Number {
	n, _, err := identity.Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

// admitted is an event as a court's file gives it, with texts of usual length.
func admitted() Event {
	return Event{
		Kind: ListingAdmitted, Listing: ListingID{1, 2, 3}, At: noon, Origin: FromCourtFile,
		By: Actor{ID: "system@苏0508", Role: RoleCourtSystem, Court: MustCourtCode("苏0508"), Organisation: "苏州市姑苏区人民法院"},
		Entry: &Entry{
			Court: MustCourtCode("苏0508"), CourtName: "苏州市姑苏区人民法院", Case: MustCaseNumber("（2016）苏0508执1234号"),
			Subject: Subject{Name: "王某某", Number: mustNumber(fullNumber), Sex: identity.Male, Age: 37},
			Basis:   "（2016）苏0508民初4321号民事判决书", BasisBody: "苏州市姑苏区人民法院",
			Obligation:  "被告应于判决生效之日起十日内归还原告借款本金人民币350000元及利息。",
			Performance: "全部未履行", Conduct: "有履行能力而拒不履行生效法律文书确定义务",
			Published: MustDay("2017-02-10"), Filed: MustDay("2016-05-03"), Performed: "0", Unperformed: "350000",
			Severity: "严重", Until: MustDay("2019-02-09"),
		},
	}
}

// allKinds are the kinds of events that concern a listing.
var allKinds = append([]EventKind{
	ListingPublished, ListingAdmitted, ListingCorrected, TermExtended, ListingSuspended, SuspensionEnded, ListingWithdrawn, ListingExpired, ListingRevoked,
}, Steps...)

// anyEvent draws an event as the register could make it.
func anyEvent(t *rapid.T) Event {
	text := rapid.StringOf(rapid.RuneFrom([]rune("某王&<>\"\\/\n\t\u2028·𠮷é\x00 ，。A1")))
	day := rapid.Map(rapid.IntRange(0, 20000), func(n int) Day {
		if n == 0 {
			return 0
		}
		return MustDay("1990-01-01").Add(n)
	})
	court := rapid.SampledFrom([]CourtCode{{}, MustCourtCode("苏0508"), MustCourtCode("苏"), MustCourtCode("最高法")})
	e := Event{
		Kind: rapid.SampledFrom(allKinds).Draw(t, "kind"), At: noon,
		By: Actor{ID: text.Draw(t, "by"), Role: rapid.SampledFrom(append(slices.Clone(Roles), RoleHub)).Draw(t, "role"),
			Court: court.Draw(t, "by court"), Organisation: text.Draw(t, "organisation")},
		Ground:   rapid.SampledFrom([]Ground{"", GroundPerformed, GroundWrong, GroundUnstated, GroundCreditor}).Draw(t, "ground"),
		Decision: text.Draw(t, "decision"), On: day.Draw(t, "on"),
		Motion:  rapid.SampledFrom([]Motion{"", OnApplication, OnOwnMotion}).Draw(t, "motion"),
		Service: rapid.SampledFrom(append(slices.Clone(Services), "")).Draw(t, "service"),
		Reason:  text.Draw(t, "reason"), Late: rapid.Bool().Draw(t, "late"), Found: rapid.Bool().Draw(t, "found"), Lead: rapid.Bool().Draw(t, "lead"),
		Request:  rapid.SampledFrom([]RequestKind{"", RequestCorrection, RequestWithdrawal}).Draw(t, "request"),
		Evidence: text.Draw(t, "evidence"), Higher: court.Draw(t, "higher"), Was: day.Draw(t, "was"), Barred: day.Draw(t, "barred"),
		Document: rapid.SampledFrom(append(slices.Clone(DocumentKinds), "")).Draw(t, "document"),
		Duty:     rapid.SampledFrom([]DutyKind{"", DutyReview, DutyWithdraw}).Draw(t, "duty"), Opened: rapid.Uint64Range(0, 1<<40).Draw(t, "opened"),
		Previous: rapid.Uint64Range(0, 1<<40).Draw(t, "previous"),
	}
	copy(e.Hash[:], rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "hash"))
	if !e.Kind.SetsEntry() {
		e.NonPublic = rapid.Bool().Draw(t, "nonpublic exit")
		return e
	}
	e.Origin = rapid.SampledFrom([]Origin{"", FromProcedure, FromCourtFile}).Draw(t, "origin")
	cases := []string{"（2016）苏0508执1234号", "（2013）姑苏执字第0123号", "（2016）苏0508执0012号"}
	numbers := []string{fullNumber, "320000650704127", "91320000QQ00000129", "QQ000001-2", "H0000000001", "00000001", "0000000000(A)",
		"810000188001010015", "XXX320080010100", "932840188001010019", "E00000000"}
	e.Entry = &Entry{
		Court: court.Draw(t, "court"), CourtName: text.Draw(t, "court name"), Case: MustCaseNumber(rapid.SampledFrom(cases).Draw(t, "case")),
		Subject: Subject{Name: text.Draw(t, "name"), Number: mustNumber(rapid.SampledFrom(numbers).Draw(t, "number")),
			Sex: rapid.SampledFrom([]identity.Sex{"", identity.Male, identity.Female}).Draw(t, "sex"),
			Age: rapid.IntRange(0, 120).Draw(t, "age"), LegalRep: text.Draw(t, "legal representative")},
		Basis: text.Draw(t, "basis"), BasisBody: text.Draw(t, "basis body"), Obligation: text.Draw(t, "obligation"),
		Performance: text.Draw(t, "performance"), Conduct: text.Draw(t, "conduct"), Published: day.Draw(t, "published"),
		Filed: day.Draw(t, "filed"), Performed: text.Draw(t, "performed"), Unperformed: text.Draw(t, "unperformed"),
		Severity: Severity(text.Draw(t, "severity")), Until: day.Draw(t, "until"), NonPublic: rapid.Bool().Draw(t, "nonpublic"),
		Employer: text.Draw(t, "employer"),
	}
	return e
}

func TestOpenAllGivesTheEventThatBodiesGot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Event{Kind: e.Kind, Listing: e.Listing, At: e.At}.OpenAll(bodies[AudiencePublic], bodies[AudienceCourt])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("got %+v %+v, want %+v %+v\ncourt body %s", got, got.Entry, e, e.Entry, bodies[AudienceCourt])
		}
		again, err := got.Bodies()
		if err != nil || !reflect.DeepEqual(again, bodies) {
			t.Fatalf("the same event has other bytes the second time (%v)", err)
		}
	})
}

func TestOpenPartnerGivesWhatDepartmentsGetAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Event{Kind: e.Kind, Listing: e.Listing, At: e.At}.OpenPartner(bodies[AudiencePartner])
		if err != nil {
			t.Fatal(err)
		}
		want := Event{Kind: e.Kind, Listing: e.Listing, At: e.At}
		switch {
		case slices.Contains(Steps, e.Kind):
		case e.Entry == nil:
			want.Ground, want.Decision, want.On = e.Ground, e.Decision, e.On
		default:
			n := e.Entry
			want.Entry = &Entry{
				Court: n.Court, CourtName: n.CourtName, Case: n.Case, Published: n.Published, Severity: n.Severity, Until: n.Until, NonPublic: n.NonPublic,
				Subject: Subject{Name: n.Subject.Name, Number: n.Subject.Number, LegalRep: n.Subject.LegalRep},
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v %+v, want %+v %+v", got, got.Entry, want, want.Entry)
		}
	})
}

// allowed are the fields that each audience may read, whatever happened.
var allowed = [Audiences][]string{
	AudiencePublic: {"case", "court", "court_name", "name", "number", "sex", "age", "legal_rep", "basis", "basis_body", "obligation", "performance",
		"conduct", "published", "filed", "performed", "unperformed", "severity", "until", "origin", "ground", "decision", "on"},
	AudiencePartner: {"case", "court", "court_name", "name", "number", "number_kind", "legal_rep", "published", "severity", "until", "nonpublic",
		"ground", "decision", "on"},
}

func TestNoBodyHoldsMoreThanItsAudienceMayRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		for a, fields := range allowed[:AudienceCourt] {
			var got map[string]any
			if err := json.Unmarshal(bodies[a], &got); err != nil {
				t.Fatalf("%s body: %v", Audience(a), err)
			}
			for field := range got {
				if !slices.Contains(fields, field) {
					t.Fatalf("%s body of %s has the field %q", Audience(a), e.Kind, field)
				}
			}
		}
		if e.Entry != nil && !e.Entry.Subject.IsOrganisation() && bytes.Contains(bodies[AudiencePublic], []byte(e.Entry.Subject.Number.Full())) {
			t.Fatalf("the public body holds the whole number: %s", bodies[AudiencePublic])
		}
	})
}

// Nobody but the court learns that somebody had notice, objected or asked: a step
// is a step, with nothing in it, and says so in the log (2.3).
func TestNoStepReachesAnybodyButTheCourt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		if !slices.Contains(Steps, e.Kind) {
			e.Kind = rapid.SampledFrom(Steps).Draw(t, "step")
			if e.Kind.SetsEntry() != (e.Entry != nil) {
				t.Skip("another entry")
			}
		}
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		if string(bodies[AudiencePublic]) != "{}" || string(bodies[AudiencePartner]) != "{}" || string(bodies[AudienceCourt]) == "{}" {
			t.Fatalf("%s: %s", e.Kind, bodies)
		}
		if e.Kind.LeafKind() != ProcedureStep || !e.Kind.Step() || e.Kind.Force() != ForceNone {
			t.Fatalf("%s stands in the log as %s, force %d", e.Kind, e.Kind.LeafKind(), e.Kind.Force())
		}
	})
	for _, k := range allKinds {
		if !slices.Contains(Steps, k) && (k.LeafKind() != k || k.Step()) {
			t.Errorf("%s, which binds or releases somebody, stands in the log as %s", k, k.LeafKind())
		}
	}
}

// The words of the procedure, and where a subject works, are the court's alone.
func TestWordsOfTheProcedureStayInTheCourtBody(t *testing.T) {
	const secret = "某公司的秘密"
	for _, k := range allKinds {
		e := admitted()
		e.Kind, e.Reason, e.Evidence, e.By.ID = k, secret+"1", secret+"2", secret+"3"
		e.Entry.Employer = secret + "4"
		if !k.SetsEntry() {
			e.Entry = nil
		}
		bodies, err := e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(bodies[AudiencePublic], []byte(secret)) || bytes.Contains(bodies[AudiencePartner], []byte(secret)) {
			t.Errorf("%s gives the court's words away: %s", k, bodies[:AudienceCourt])
		}
		want := 3
		if k.SetsEntry() {
			want++
		}
		if got := bytes.Count(bodies[AudienceCourt], []byte(secret)); got != want {
			t.Errorf("%s: the court reads %d of %d texts: %s", k, got, want, bodies[AudienceCourt])
		}
	}
}

func TestWhoGetsABody(t *testing.T) {
	entry := func(kind EventKind, nonPublic bool) Event {
		e := admitted()
		e.Kind, e.Entry.NonPublic = kind, nonPublic
		return e
	}
	exit := func(kind EventKind, nonPublic bool) Event {
		return Event{Kind: kind, At: noon, Ground: GroundPerformed, Decision: "（2017）苏0508执1234号之一", NonPublic: nonPublic}
	}
	for _, tt := range []struct {
		name            string
		e               Event
		public, partner bool
	}{
		{"notice served", entry(NoticeServed, false), false, false},
		{"decided, not in force", entry(ListingDecided, false), false, false},
		{"published", entry(ListingPublished, false), true, true},
		{"admitted", entry(ListingAdmitted, false), true, true},
		{"corrected", entry(ListingCorrected, false), true, true},
		{"admitted, non-public", entry(ListingAdmitted, true), false, true},
		{"corrected to non-public", entry(ListingCorrected, true), false, true},
		{"withdrawn", exit(ListingWithdrawn, false), true, true},
		{"withdrawn, non-public", exit(ListingWithdrawn, true), false, true},
		{"revoked, non-public", exit(ListingRevoked, true), false, true},
		{"notice drafted", entry(NoticeDrafted, false), false, false},
		{"decision drafted", entry(DecisionDrafted, false), false, false},
		{"extended", entry(TermExtended, false), true, true},
		{"resumed, non-public", entry(SuspensionEnded, true), false, true},
		{"suspended", exit(ListingSuspended, false), true, true},
		{"suspended, non-public", exit(ListingSuspended, true), false, true},
		{"dropped", exit(ListingDropped, false), false, false},
		{"objection filed", exit(ObjectionFiled, false), false, false},
		{"document issued", exit(DocumentIssued, false), false, false},
	} {
		bodies, err := tt.e.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		public, partner := string(bodies[AudiencePublic]) != "{}", string(bodies[AudiencePartner]) != "{}"
		if public != tt.public || partner != tt.partner || string(bodies[AudienceCourt]) == "{}" {
			t.Errorf("%s: public %t, partner %t, want %t, %t; %s", tt.name, public, partner, tt.public, tt.partner, bodies)
		}
	}
}

func TestADamagedBodyIsAnErrorAndNeverAnEntry(t *testing.T) {
	bodies, err := admitted().Bodies()
	if err != nil {
		t.Fatal(err)
	}
	start := Event{Kind: ListingAdmitted}
	public, partner, court := string(bodies[AudiencePublic]), string(bodies[AudiencePartner]), string(bodies[AudienceCourt])
	for _, tt := range []struct {
		name string
		open func() (Event, error)
	}{
		{"partner cut off", func() (Event, error) { return start.OpenPartner([]byte(partner[:len(partner)-1])) }},
		{"partner with a wrong number", func() (Event, error) {
			return start.OpenPartner([]byte(strings.Replace(partner, fullNumber, "320000198001010010", 1)))
		}},
		{"partner with a wrong case", func() (Event, error) {
			return start.OpenPartner([]byte(strings.Replace(partner, "执1234号", "1234", 1)))
		}},
		{"partner with an unknown kind of number", func() (Event, error) {
			return start.OpenPartner([]byte(strings.Replace(partner, "citizen_id", "phone", 1)))
		}},
		{"exit cut off", func() (Event, error) { return Event{Kind: ListingWithdrawn}.OpenPartner([]byte("{")) }},
		{"court cut off", func() (Event, error) { return start.OpenAll(bodies[AudiencePublic], []byte(court[:len(court)-1])) }},
		{"court without a number", func() (Event, error) { return start.OpenAll(bodies[AudiencePublic], []byte("{}")) }},
		{"court with a hash that is none", func() (Event, error) {
			return Event{Kind: DocumentIssued}.OpenAll(nil, []byte(`{"by":"x","role":"judge","hash":"00ff"}`))
		}},
		{"public cut off", func() (Event, error) { return start.OpenAll([]byte(public[:len(public)-1]), bodies[AudienceCourt]) }},
		{"public with a wrong day", func() (Event, error) {
			return start.OpenAll([]byte(strings.Replace(public, "2017-02-10", "2017-02-30", 1)), bodies[AudienceCourt])
		}},
	} {
		if e, err := tt.open(); err == nil || e.Entry != nil {
			t.Errorf("%s: entry %+v, error %v", tt.name, e.Entry, err)
		}
	}
}

func TestBodiesAreTheDocumentsOfTheWire(t *testing.T) {
	bodies, err := admitted().Bodies()
	if err != nil {
		t.Fatal(err)
	}
	const (
		public = `{"case":"（2016）苏0508执1234号","court":"苏0508","court_name":"苏州市姑苏区人民法院","name":"王某某","number":"320000********0018",` +
			`"sex":"男","age":37,"basis":"（2016）苏0508民初4321号民事判决书","basis_body":"苏州市姑苏区人民法院",` +
			`"obligation":"被告应于判决生效之日起十日内归还原告借款本金人民币350000元及利息。","performance":"全部未履行",` +
			`"conduct":"有履行能力而拒不履行生效法律文书确定义务","published":"2017-02-10","filed":"2016-05-03","performed":"0","unperformed":"350000",` +
			`"severity":"严重","until":"2019-02-09","origin":"court_file"}`
		partner = `{"case":"（2016）苏0508执1234号","court":"苏0508","court_name":"苏州市姑苏区人民法院","name":"王某某","number":"320000198001010018",` +
			`"number_kind":"citizen_id","published":"2017-02-10","severity":"严重","until":"2019-02-09"}`
		court = `{"by":"system@苏0508","role":"court_system","by_court":"苏0508","organisation":"苏州市姑苏区人民法院","number":"320000198001010018","number_kind":"citizen_id"}`
	)
	for a, want := range [Audiences]string{public, partner, court} {
		if string(bodies[a]) != want {
			t.Errorf("%s body\n got %s\nwant %s", Audience(a), bodies[a], want)
		}
	}
}

func BenchmarkBodies(b *testing.B) {
	for _, bb := range []struct {
		name string
		e    Event
	}{{"admitted", admitted()}, {"withdrawn", Event{Kind: ListingWithdrawn, Ground: GroundPerformed, On: MustDay("2017-03-01")}}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.e.Bodies(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	bodies, err := admitted().Bodies()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("partner", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (Event{Kind: ListingAdmitted}).OpenPartner(bodies[AudiencePartner]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (Event{Kind: ListingAdmitted}).OpenAll(bodies[AudiencePublic], bodies[AudienceCourt]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
