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
		{"the whole way", []EventKind{NoticeDrafted, NoticeServed, ListingInitiated, DecisionDrafted, ListingDecided, DecisionServed, ListingPublished}, InForce, FromCourtFile, 7, 7, false},
		{"a draft returned", []EventKind{NoticeServed, ListingInitiated, DecisionDrafted, DraftReturned}, Initiated, FromCourtFile, 3, 0, false},
		{"proposed", []EventKind{NoticeDrafted, NoticeServed, ListingInitiated, DecisionDrafted}, Proposed, FromCourtFile, 4, 0, false},
		{"delivered", []EventKind{NoticeServed, ListingDecided, DecisionServed}, Delivered, FromCourtFile, 2, 0, false},
		{"dropped", []EventKind{NoticeDrafted, ListingDropped}, Dropped, FromCourtFile, 1, 0, true},
		{"suspended", []EventKind{ListingAdmitted, ListingSuspended}, Suspended, FromCourtFile, 1, 0, false},
		{"resumed", []EventKind{ListingAdmitted, ListingSuspended, SuspensionEnded}, InForce, FromCourtFile, 3, 3, false},
		{"extended", []EventKind{ListingAdmitted, TermExtended}, InForce, FromCourtFile, 2, 2, false},
		{"withdrawn while suspended", []EventKind{ListingAdmitted, ListingSuspended, ListingWithdrawn}, Withdrawn, FromCourtFile, 1, 0, true},
		{"what runs beside", []EventKind{ListingAdmitted, ObjectionFiled, ObjectionRejected, RejectionServed, ReconsiderationFiled, ReconsiderationRejected,
			RequestFiled, RequestRefused, RoundClosed, PropertyChecked, GroundRecorded, OrganisationNotified, ReviewProposed, ProposalAnswered,
			DocumentIssued, DeadlineLapsed}, InForce, FromCourtFile, 1, 1, false},
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
		{"a step that nobody named", Event{Kind: ProcedureStep, Listing: l.ID}, 6},
		{"an event of the ledger itself", Event{Kind: SnapshotMade, Listing: l.ID}, 6},
	} {
		if got, err := l.Apply(tt.e, tt.sequence); err == nil || got.Sequence != 5 || got.State != InForce {
			t.Errorf("%s: taken as %+v", tt.name, got)
		}
	}
}

func TestApplyKeepsAListingInForceExactlyWhileItCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Listing
		forced := uint64(0)
		for i, kind := range rapid.SliceOfN(rapid.SampledFrom(allKinds), 1, 12).Draw(t, "kinds") {
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
		{NoticeDrafted, true, ForceNone},
		{NoticeServed, true, ForceNone},
		{DecisionDrafted, true, ForceNone},
		{DraftReturned, false, ForceNone},
		{DecisionServed, false, ForceNone},
		{ListingDropped, false, ForceNone},
		{ObjectionUpheld, false, ForceNone},
		{DocumentIssued, false, ForceNone},
		{DeadlineLapsed, false, ForceNone},
		{TermExtended, true, ForceReplaces},
		{ListingSuspended, false, ForceLeaves},
		{SuspensionEnded, true, ForceEnters},
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

// What due process has seen is folded from the steps, and an exit closes what runs beside.
func TestTheProcedureIsFoldedFromItsSteps(t *testing.T) {
	on := func(d int) Day { return MustDay("2017-03-01").Add(d) }
	clerk := Actor{ID: "clerk.wang", Role: RoleClerk}
	judge := Actor{ID: "judge.li", Role: RoleJudge}
	above := MustCourtCode("苏05")
	var l Listing
	take := func(events ...Event) {
		t.Helper()
		for _, e := range events {
			e.Listing = ListingID{1}
			if e.Kind.SetsEntry() {
				e.Entry = admitted().Entry
			}
			var err error
			if l, err = l.Apply(e, l.Sequence+1); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal := func(want Procedure) {
		t.Helper()
		if l.Procedure != want {
			t.Fatalf("after %d\n got %+v\nwant %+v", l.Sequence, l.Procedure, want)
		}
	}
	take(Event{Kind: NoticeDrafted, By: clerk, Barred: on(90)}, Event{Kind: NoticeServed, By: clerk, On: on(1)}, Event{Kind: ListingInitiated, By: clerk, Motion: OnApplication, On: on(2)},
		Event{Kind: DecisionDrafted, By: clerk}, Event{Kind: DraftReturned, By: judge})
	p := Procedure{Barred: on(90), Noticed: on(1), Motion: OnApplication, Moved: on(2), Handler: judge.ID}
	equal(p)
	take(Event{Kind: DecisionDrafted, By: clerk}, Event{Kind: ListingDecided, By: judge, Decision: "D1", On: on(3)}, Event{Kind: DecisionServed, By: clerk, On: on(4)}, Event{Kind: ListingPublished, By: clerk})
	p.Drafter, p.Approver, p.Decision, p.Decided, p.Delivered, p.Handler = clerk.ID, judge.ID, "D1", on(3), on(4), clerk.ID
	equal(p)
	take(Event{Kind: ObjectionFiled, On: on(5), Late: true}, Event{Kind: ObjectionRejected, By: judge, On: on(6), Decision: "D2"}, Event{Kind: RejectionServed, On: on(7)},
		Event{Kind: ReconsiderationFiled, On: on(8), Late: true, Higher: above}, Event{Kind: ReconsiderationRejected, By: Actor{ID: "judge.chen", Role: RoleHigherCourt}, Decision: "H1"})
	p.Step, p.Objected, p.Late, p.Reviewed, p.Review, p.RejectedServed, p.Reconsidered, p.ReconsiderLate, p.Higher, p.HigherDecision, p.Handler =
		ObjectionClosed, on(5), true, on(6), "D2", on(7), on(8), true, above, "H1", judge.ID
	equal(p)
	take(Event{Kind: ObjectionFiled, On: on(9)})
	p.Step, p.Objected, p.Late, p.Reviewed, p.Review, p.RejectedServed, p.Reconsidered, p.ReconsiderLate, p.Higher, p.HigherDecision =
		Objected, on(9), false, 0, "", 0, 0, false, CourtCode{}, ""
	equal(p)
	take(Event{Kind: RequestFiled, Request: RequestWithdrawal, Ground: GroundSettled, On: on(10)}, Event{Kind: RequestRefused}, Event{Kind: RequestFiled, Request: RequestCorrection, On: on(11)})
	p.Request, p.RequestOn, p.Answered, p.LastRequest = RequestCorrection, on(11), 1, "refused"
	equal(p)
	take(Event{Kind: RoundClosed, On: on(12)}, Event{Kind: PropertyChecked, On: on(13)}, Event{Kind: PropertyChecked, On: on(14), Lead: true}, Event{Kind: PropertyChecked, On: on(15)},
		Event{Kind: GroundRecorded, Ground: GroundClosed, On: on(16)}, Event{Kind: OrganisationNotified, On: on(17)}, Event{Kind: DeadlineLapsed}, Event{Kind: DocumentIssued},
		Event{Kind: ReviewProposed, By: Actor{ID: "gate.rail", Role: RoleDepartment}}, Event{Kind: ReviewProposed, By: Actor{ID: "officer.qian", Role: RoleOfficer}})
	p.RoundClosed, p.Checks, p.Checked, p.Ground, p.GroundOn, p.Notified, p.Lapses, p.Proposals, p.Proposers = on(12), 1, on(15), GroundClosed, on(16), on(17), 1, 2, "gate.rail officer.qian"
	equal(p)
	take(Event{Kind: TermExtended, Was: on(700)}, Event{Kind: TermExtended, Was: on(800)}, Event{Kind: ListingSuspended, On: on(18)})
	p.Term, p.Suspended = on(700), on(18)
	equal(p)
	take(Event{Kind: ListingWithdrawn, On: on(19)})
	p.Step, p.Request, p.RequestOn, p.Proposals, p.Proposers, p.Suspended = ObjectionClosed, "", 0, 0, "", 0
	equal(p)
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
		if !id.Made().Equal(time.UnixMilli(ms)) {
			t.Fatalf("made at %d ms, says %s", ms, id.Made())
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
