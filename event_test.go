package gongxin

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func event(kind EventKind) Event {
	e := Event{Kind: kind, Listing: ListingID{1}, At: noon, Origin: FromCourtFile}
	if kind.SetsEntry() {
		e.Entry = admitted().Entry
	} else {
		e.Ground, e.Decision, e.On = GroundPerformed, "D1", MustDay("2017-03-01")
	}
	return e
}

func TestAListingIsFoldedFromItsEvents(t *testing.T) {
	for _, tt := range []struct {
		name            string
		kinds           []EventKind
		state           State
		origin          Origin
		content, forced uint64
		ended           bool
	}{
		{"notice", []EventKind{NoticeServed}, Noticed, FromCourtFile, 1, 0, false},
		{"decided", []EventKind{NoticeServed, ListingDecided}, Decided, FromCourtFile, 2, 0, false},
		{"published", []EventKind{NoticeServed, ListingDecided, ListingPublished}, InForce, FromCourtFile, 3, 3, false},
		{"admitted", []EventKind{ListingAdmitted}, InForce, FromCourtFile, 1, 1, false},
		{"corrected", []EventKind{ListingAdmitted, ListingCorrected}, InForce, FromCourtFile, 2, 2, false},
		{"withdrawn", []EventKind{ListingAdmitted, ListingWithdrawn}, Withdrawn, FromCourtFile, 1, 0, true},
		{"expired after a correction", []EventKind{ListingAdmitted, ListingCorrected, ListingExpired}, Expired, FromCourtFile, 2, 0, true},
		{"revoked", []EventKind{ListingAdmitted, ListingRevoked}, Revoked, FromCourtFile, 1, 0, true},
		{"revoked before it was in force", []EventKind{NoticeServed, ListingDecided, ListingRevoked}, Revoked, FromCourtFile, 2, 0, true},
	} {
		var l Listing
		var err error
		for i, kind := range tt.kinds {
			if l, err = l.Apply(event(kind), uint64(i+1)); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		last := uint64(len(tt.kinds))
		if l.ID != (ListingID{1}) || l.State != tt.state || l.Origin != tt.origin || l.Sequence != last || l.Content != tt.content || l.Forced != tt.forced {
			t.Errorf("%s: %s from %q, sequence %d, content %d, forced %d", tt.name, l.State, l.Origin, l.Sequence, l.Content, l.Forced)
		}
		exit := Exit{}
		if tt.ended {
			exit = Exit{Ground: GroundPerformed, Decision: "D1", On: MustDay("2017-03-01"), At: noon, Sequence: last}
		}
		if l.Exit != exit || l.State.Ended() != tt.ended || l.Entry.Case.IsZero() {
			t.Errorf("%s: exit %+v, entry %+v", tt.name, l.Exit, l.Entry)
		}
	}
}

func TestADamagedHistoryIsNoListing(t *testing.T) {
	l, err := Listing{}.Apply(event(ListingAdmitted), 5)
	if err != nil {
		t.Fatal(err)
	}
	other, noEntry, unknown := event(ListingCorrected), event(ListingCorrected), event(ListingWithdrawn)
	other.Listing, noEntry.Entry, unknown.Kind = ListingID{2}, nil, "listing_sold"
	for _, tt := range []struct {
		name     string
		e        Event
		sequence uint64
	}{
		{"the same sequence again", event(ListingWithdrawn), 5},
		{"an earlier sequence", event(ListingWithdrawn), 4},
		{"another listing's event", other, 6},
		{"a correction without entry", noEntry, 6},
		{"an unknown kind", unknown, 6},
		{"an event of the ledger itself", Event{Kind: SnapshotMade, Listing: l.ID}, 6},
	} {
		if got, err := l.Apply(tt.e, tt.sequence); err == nil || got.Sequence != 5 || got.State != InForce {
			t.Errorf("%s: taken as %+v", tt.name, got)
		}
	}
}

func TestApplyKeepsAListingInForceExactlyWhileItCounts(t *testing.T) {
	kinds := []EventKind{NoticeServed, ListingDecided, ListingPublished, ListingAdmitted, ListingCorrected, ListingWithdrawn, ListingExpired, ListingRevoked}
	rapid.Check(t, func(t *rapid.T) {
		var l Listing
		forced := uint64(0)
		for i, kind := range rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 8).Draw(t, "kinds") {
			sequence := uint64(i + 1)
			var err error
			if l, err = l.Apply(event(kind), sequence); err != nil {
				t.Fatal(err)
			}
			switch kind.Force() {
			case ForceEnters, ForceReplaces:
				forced = sequence
			case ForceLeaves:
				forced = 0
			}
			if l.Forced != forced || l.Sequence != sequence {
				t.Fatalf("after %s: forced %d, sequence %d; want %d, %d", kind, l.Forced, l.Sequence, forced, sequence)
			}
		}
	})
}

func TestEveryKindOfEventIsKnownWithItsForce(t *testing.T) {
	for _, tt := range []struct {
		kind  EventKind
		entry bool
		force Force
	}{
		{NoticeServed, true, ForceNone},
		{ListingDecided, true, ForceNone},
		{ListingPublished, true, ForceEnters},
		{ListingAdmitted, true, ForceEnters},
		{ListingCorrected, true, ForceReplaces},
		{ListingWithdrawn, false, ForceLeaves},
		{ListingExpired, false, ForceLeaves},
		{ListingRevoked, false, ForceLeaves},
		{SnapshotMade, false, ForceNone},
	} {
		if tt.kind.SetsEntry() != tt.entry || tt.kind.Force() != tt.force || !tt.kind.Known() {
			t.Errorf("%s: entry %t, force %d, known %t", tt.kind, tt.kind.SetsEntry(), tt.kind.Force(), tt.kind.Known())
		}
	}
	if k := EventKind("listing_sold"); k.Known() || k.SetsEntry() || k.Force() != ForceNone {
		t.Errorf("%s is known", k)
	}
}

func TestAnActorSpeaksForItsOwnCourt(t *testing.T) {
	mine, other := MustCourtCode("苏0508"), MustCourtCode("苏0505")
	for _, tt := range []struct {
		name string
		by   Actor
		want bool // for 苏0508
	}{
		{"its judge", Actor{Role: RoleJudge, Court: mine}, true},
		{"its clerk", Actor{Role: RoleClerk, Court: mine}, true},
		{"its system", Actor{Role: RoleCourtSystem, Court: mine}, true},
		{"the province's system", Actor{Role: RoleCourtSystem}, true},
		{"another court's judge", Actor{Role: RoleJudge, Court: other}, false},
		{"another court's system", Actor{Role: RoleCourtSystem, Court: other}, false},
		{"a judge of no court", Actor{Role: RoleJudge}, false},
		{"a department", Actor{Role: RoleDepartment, Court: mine}, false},
		{"an operator", Actor{Role: RoleOperator}, false},
		{"the hub", Actor{Role: RoleHub}, false},
		{"nobody", Actor{}, false},
	} {
		if got := tt.by.ActsFor(mine); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
	if (Actor{Role: RoleClerk}).ActsFor(CourtCode{}) {
		t.Error("a clerk of no court speaks for no court")
	}
}

func TestListingIDsSortByAgeAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 1<<47).Draw(t, "ms")
		random := rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "random")
		id, err := NewListingID(time.UnixMilli(ms), &fixed{random})
		if err != nil {
			t.Fatal(err)
		}
		later, err := NewListingID(time.UnixMilli(ms+1), &fixed{random})
		if err != nil || later.String() <= id.String() {
			t.Fatalf("%s is not after %s (%v)", later, id, err)
		}
		if back, err := ParseListingID(id.String()); err != nil || back != id || len(id.String()) != 26 {
			t.Fatalf("%s reads as %s, %v", id, back, err)
		}
	})
	if _, err := NewListingID(noon, &fixed{[]byte{1, 2, 3}}); err == nil {
		t.Error("an ID was made of too little randomness")
	}
}

// fixed is randomness that a test knows.
type fixed struct{ left []byte }

func (f *fixed) Read(p []byte) (int, error) {
	if len(f.left) == 0 {
		return 0, errTest
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

func FuzzParseListingID(f *testing.F) {
	for _, s := range []string{"", "00000000000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzw", "0000000000000000000000000Z", "0000000000000000000000000i", "00000000000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseListingID(s)
		switch {
		case err == nil && id.String() != s:
			t.Fatalf("%q reads as %s", s, id)
		case err != nil && (CodeOf(err) != "LISTING_ID_FORMAT" || !id.IsZero()):
			t.Fatalf("%q: %s, %v", s, id, err)
		}
	})
}

func TestAgeIsInFullYears(t *testing.T) {
	for _, tt := range []struct {
		number, day string
		want        int
		ok          bool
	}{
		{"320000198001010018", "2017-12-31", 37, true},
		{"320000198001010018", "2018-01-01", 38, true},
		{"11000019640229018X", "2017-02-28", 52, true},
		{"11000019640229018X", "2017-03-01", 53, true},
		{"11000019640229018X", "2016-02-29", 52, true},
		{"320000198001010018", "", 0, false},
		{"91320000QQ00000129", "2017-01-01", 0, false},
		{"E00000000", "2017-01-01", 0, false},
	} {
		got, ok := Subject{Number: mustNumber(tt.number)}.AgeOn(MustDay(tt.day))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s on %s: %d %t, want %d %t", tt.number, tt.day, got, ok, tt.want, tt.ok)
		}
	}
}

func TestOneCourtCaseAndSubjectAreOneListing(t *testing.T) {
	base := *admitted().Entry
	with := func(change func(*Entry)) Entry {
		e := base
		change(&e)
		return e
	}
	org := with(func(e *Entry) { e.Subject.Number = mustNumber("QQ000001-2") })
	for _, tt := range []struct {
		name string
		a, b Entry
		want bool
	}{
		{"itself", base, base, true},
		{"other texts", base, with(func(e *Entry) { e.Obligation, e.Subject.Name = "x", "y" }), true},
		{"zeros in the case number", base, with(func(e *Entry) { e.Case = MustCaseNumber("（2016）苏0508执01234号") }), true},
		{"another case", base, with(func(e *Entry) { e.Case = MustCaseNumber("（2016）苏0508执1235号") }), false},
		{"another court", base, with(func(e *Entry) { e.Court = MustCourtCode("苏0505") }), false},
		{"another subject", base, with(func(e *Entry) { e.Subject.Number = mustNumber("320000199912310024") }), false},
		{"credit code and organisation code", org, with(func(e *Entry) { e.Subject.Number = mustNumber("91320000QQ00000129") }), true},
		{"courts without a code, by name", with(func(e *Entry) { e.Court = CourtCode{} }), with(func(e *Entry) { e.Court, e.CourtName = CourtCode{}, "另一法院" }), false},
	} {
		if got := tt.a.Key() == tt.b.Key(); got != tt.want {
			t.Errorf("%s: one listing %t, want %t", tt.name, got, tt.want)
		}
	}
}
