package register

import (
	"slices"
	"testing"
	"time"

	"gongxin"
)

// A story is one listing, a register, and a clock that the test moves.
type story struct {
	t  *testing.T
	m  *memory
	at time.Time
	r  *Register
	id gongxin.ListingID // of the latest listing that a step was about
}

func newStory(t *testing.T) *story {
	s := &story{t: t, m: newMemory(), at: noon}
	s.r = newRegister(s.m, &s.at)
	s.m.rerun = true
	return s
}

// on moves the clock to noon of a day.
func (s *story) on(d string) { s.at = day(d).Start().Add(12 * time.Hour) }

// do carries c out, and once more, which changes nothing.
func (s *story) do(c Command) Done {
	s.t.Helper()
	done, err := s.r.Carry(s.t.Context(), c)
	if err != nil {
		s.t.Fatalf("%T: %v", c, err)
	}
	s.id = done.Listing.ID
	events := len(s.m.events)
	if again, err := s.r.Carry(s.t.Context(), c); len(s.m.events) != events || err == nil && again.Listing != done.Listing {
		s.t.Errorf("%T again changed something (%v): %s", c, err, s.m.kinds(events))
	}
	return done
}

// refuse tells whether c is refused with the code.
func (s *story) refuse(c Command, code string) {
	s.t.Helper()
	events := len(s.m.events)
	if _, err := s.r.Do(s.t.Context(), c); gongxin.CodeOf(err) != code || len(s.m.events) != events {
		s.t.Errorf("%T: got %v and %d events, want %s and none", c, err, len(s.m.events)-events, code)
	}
}

func (s *story) listing() gongxin.Listing { return s.m.listings[s.id] }

// wayToForce are the steps of a procedure up to publication, each by whoever may.
var wayToForce = []func(e gongxin.Entry, id gongxin.ListingID) Command{
	func(e gongxin.Entry, _ gongxin.ListingID) Command { return DraftNotice{Entry: e, By: clerk} },
	func(_ gongxin.Entry, id gongxin.ListingID) Command {
		return DeliverNotice{Listing: id, Service: gongxin.ServedDirectly, By: clerk}
	},
	func(_ gongxin.Entry, id gongxin.ListingID) Command {
		return Initiate{Listing: id, Motion: gongxin.OnApplication, By: clerk}
	},
	func(_ gongxin.Entry, id gongxin.ListingID) Command { return Propose{Listing: id, By: clerk} },
	func(_ gongxin.Entry, id gongxin.ListingID) Command { return Decide{Listing: id, By: judge} },
	func(_ gongxin.Entry, id gongxin.ListingID) Command {
		return DeliverDecision{Listing: id, Service: gongxin.ServedByMail, By: clerk}
	},
	func(_ gongxin.Entry, id gongxin.ListingID) Command { return Publish{Listing: id, By: clerk} },
}

// until takes a listing of e so far that it is in state s, all on one day.
func (s *story) until(state gongxin.State, e gongxin.Entry) gongxin.ListingID {
	s.t.Helper()
	for _, step := range wayToForce {
		if s.do(step(e, s.id)); s.listing().State == state {
			return s.id
		}
	}
	s.t.Fatalf("the way does not lead through %s", state)
	return s.id
}

// history are the kinds of what happened to the listing, documents left out.
func (s *story) history() []gongxin.EventKind {
	var all []gongxin.EventKind
	for _, e := range s.m.events {
		if e.Listing == s.id && e.Kind != gongxin.DocumentIssued {
			all = append(all, e.Kind)
		}
	}
	return all
}

// duty returns the latest duty of the kind.
func (s *story) duty(kind gongxin.DutyKind) (latest gongxin.Duty) {
	for _, d := range s.m.duties {
		if d.Listing == s.id && d.Kind == kind && d.Opened > latest.Opened {
			latest = d
		}
	}
	return latest
}

func equalKinds(t *testing.T, got []gongxin.EventKind, want ...gongxin.EventKind) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("history %v, want %v", got, want)
	}
}

func TestTheStoryOfOneListing(t *testing.T) {
	s := newStory(t)
	e := with(entryOf(adult), func(e *gongxin.Entry) { e.Published, e.Until = 0, day("2019-04-05") }) // as long as can be, from the draft on
	for _, step := range wayToForce {
		s.at = s.at.AddDate(0, 0, 1)
		s.do(step(e, s.id))
	}
	s.on("2017-04-20")
	s.do(RecordGround{Listing: s.id, Ground: gongxin.GroundPerformed, On: day("2017-04-19"), By: clerk})
	s.on("2017-04-21")
	s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundPerformed, Decision: "D2", By: judge})
	equalKinds(t, s.history(), gongxin.NoticeDrafted, gongxin.NoticeServed, gongxin.ListingInitiated, gongxin.DecisionDrafted, gongxin.ListingDecided,
		gongxin.DecisionServed, gongxin.ListingPublished, gongxin.GroundRecorded, gongxin.ListingWithdrawn)
	l := s.listing()
	exit := l.Exit
	exit.Sequence = 0
	if want := (gongxin.Exit{Ground: gongxin.GroundPerformed, Decision: "D2", On: day("2017-04-21"), At: s.at}); exit != want {
		t.Errorf("exit %+v, want %+v", exit, want)
	}
	p := l.Procedure
	if l.Origin != gongxin.FromProcedure || l.Entry.Published != day("2017-04-08") || p.Noticed != day("2017-04-03") || p.Moved != day("2017-04-04") ||
		p.Drafter != clerk.ID || p.Approver != judge.ID || p.Decided != day("2017-04-06") || p.Delivered != day("2017-04-07") || p.Lapses != 0 {
		t.Errorf("published %s by %s, procedure %+v", l.Entry.Published, l.Origin, p)
	}
	if decide := s.duty(gongxin.DutyDecide); decide.Since != day("2017-04-04") || decide.Due != day("2017-04-19") || decide.Met != day("2017-04-06") || decide.Person != clerk.ID {
		t.Errorf("the duty to decide on the application: %+v", decide)
	}
	if out := s.duty(gongxin.DutyWithdraw); out.Since != day("2017-04-19") || out.Due != day("2017-04-24") || out.Met != day("2017-04-21") || out.Lapsed != 0 {
		t.Errorf("the duty to withdraw, whose third day is a Saturday: %+v", out)
	}
	s.refuse(Publish{Listing: gongxin.ListingID{9}, By: clerk}, "UNKNOWN_LISTING")
}

func TestNobodyApprovesTheOwnDraft(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.Initiated, entryOf(adult))
	s.do(Propose{Listing: s.id, By: judge})
	s.refuse(Decide{Listing: s.id, By: judge}, "DRAFTED_BY_SAME_PERSON")
	s.refuse(Decide{Listing: s.id, By: gongxin.Actor{ID: judge.ID, Role: gongxin.RoleJudge, Court: court, Organisation: "other desk"}}, "DRAFTED_BY_SAME_PERSON")
	s.refuse(Decide{Listing: s.id, By: clerk}, "NOT_ENTITLED")
	s.refuse(Decide{Listing: s.id, By: system}, "NOT_ENTITLED")
	s.refuse(Return{Listing: s.id, Reason: " \n", By: judge2}, "MISSING_FIELD")
	s.do(Return{Listing: s.id, Reason: "被执行人已部分履行，请核实", By: judge2})
	s.refuse(Decide{Listing: s.id, By: judge2}, "NOT_PROPOSED")
	s.refuse(Propose{Listing: s.id, By: system}, "NOT_ENTITLED")
	graver := with(s.listing().Entry, func(e *gongxin.Entry) { e.Severity = "严重" })
	s.do(Propose{Listing: s.id, Entry: &graver, By: judge2})
	s.refuse(Decide{Listing: s.id, On: day("2017-03-31"), By: judge}, "DATE_ORDER") // before the notice was served
	s.do(Decide{Listing: s.id, By: judge})
	if l := s.listing(); l.Entry != graver || l.Procedure.Drafter != judge2.ID || l.Procedure.Approver != judge.ID {
		t.Errorf("drafted by %s, approved by %s: %+v", l.Procedure.Drafter, l.Procedure.Approver, l.Entry)
	}
}

func TestAnObjectionGoesItsWayAndSuspendsNothing(t *testing.T) {
	me := func(id gongxin.ListingID) gongxin.Actor {
		return gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: id}
	}
	s := newStory(t)
	id := s.until(gongxin.InForce, entryOf(adult)) // served on 1 April 2017
	file := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	s.on("2017-04-10")
	s.refuse(Object{Listing: id, By: me(id)}, "MISSING_FIELD")
	s.refuse(Object{Listing: id, Reason: "不服", Evidence: []string{"a.pdf"}, By: me(id)}, "EVIDENCE_HASH")
	s.refuse(Object{Listing: id, Reason: "不服", By: me(gongxin.ListingID{2})}, "NOT_ENTITLED")
	s.refuse(Object{Listing: id, Reason: "不服", On: day("2017-03-31"), By: clerk}, "DATE_ORDER")
	s.do(Object{Listing: id, Reason: "已经履行", Evidence: []string{file, file}, On: day("2016-01-01"), By: me(id)}) // the person's own day does not count
	s.refuse(Object{Listing: id, Reason: "再说一次", By: clerk}, "OBJECTION_OPEN")
	if l, d := s.listing(), s.duty(gongxin.DutyReview); l.Procedure.Objected != day("2017-04-10") || l.Procedure.Late || l.State != gongxin.InForce || d.Due != day("2017-04-13") {
		t.Errorf("objected on %s (late %t), %s, review due on %s", l.Procedure.Objected, l.Procedure.Late, l.State, d.Due)
	}
	s.on("2017-04-12")
	s.refuse(Review{Listing: id, By: judge}, "MISSING_FIELD")
	s.refuse(Review{Listing: id, Reason: "理由", By: clerk}, "NOT_ENTITLED")
	s.refuse(AskReconsideration{Listing: id, Reason: "不服", By: me(id)}, "NOT_REJECTED")
	review := s.do(Review{Listing: id, Reason: "履行部分不足", By: judge})
	if len(review.Documents) != 1 || review.Listing.Procedure.Review != review.Documents[0].Number || review.Documents[0].Kind != gongxin.DocReview {
		t.Errorf("documents %+v, number %q", review.Documents, review.Listing.Procedure.Review)
	}
	s.do(DeliverRejection{Listing: id, Service: gongxin.ServedByMail, On: day("2017-04-12"), By: clerk})
	s.on("2017-04-25") // the tenth day, the 22nd, is a Saturday, and the 24th the last
	s.refuse(AskReconsideration{Listing: id, Reason: "不服", By: elsewhere}, "NOT_ENTITLED")
	s.do(AskReconsideration{Listing: id, Reason: "不服", By: above})
	if p, d := s.listing().Procedure, s.duty(gongxin.DutyReconsider); !p.ReconsiderLate || p.Higher != above.Court || d.Court != above.Court || d.Due != day("2017-05-10") || d.Person != "" {
		t.Errorf("late %t, before %s; owed: %+v", p.ReconsiderLate, p.Higher, d)
	}
	s.refuse(AskReconsideration{Listing: id, Reason: "不服", By: clerk}, "RECONSIDERATION_OPEN")
	s.refuse(Reconsider{Listing: id, Upheld: true, Reason: "理由", Decision: "H1", By: judge}, "NOT_ENTITLED")
	s.refuse(Reconsider{Listing: id, Upheld: true, Reason: "理由", Decision: "H1", By: elsewhere}, "NOT_ENTITLED")
	s.refuse(Reconsider{Listing: id, Upheld: true, Reason: "理由", By: above}, "MISSING_FIELD")
	upheld := s.do(Reconsider{Listing: id, Upheld: true, Reason: "认定有误", Decision: "（2017）苏05执复1号", By: above})
	l := upheld.Listing
	if l.State != gongxin.Revoked || l.Exit.Ground != gongxin.GroundWrong || l.Procedure.Step != gongxin.ObjectionClosed || l.Procedure.HigherDecision != "（2017）苏05执复1号" {
		t.Errorf("upheld above: %s, %+v, %+v", l.State, l.Exit, l.Procedure)
	}
	if docs := upheld.Documents; len(docs) != 2 || docs[0].Kind != gongxin.DocReconsideration || docs[0].Court != above.Court || docs[1].Kind != gongxin.DocWithdrawal || docs[1].Court != court {
		t.Errorf("documents %+v", docs)
	}
}

func TestAnObjectionAfterItsWindowIsLateAndReviewedAllTheSame(t *testing.T) {
	for _, tt := range []struct {
		on   string
		late bool
	}{
		{"2017-04-11", false}, // the tenth day after 1 April
		{"2017-04-12", true},
	} {
		s := newStory(t)
		s.until(gongxin.Delivered, entryOf(adult))
		s.on("2017-04-20")
		if p := s.do(Object{Listing: s.id, Reason: "不服", On: day(tt.on), By: clerk}).Listing.Procedure; p.Late != tt.late || p.Step != gongxin.Objected {
			t.Errorf("filed on %s: late %t, want %t", tt.on, p.Late, tt.late)
		}
	}
	s := newStory(t)
	e := entryOf(adult)
	taken, err := s.r.Take(t.Context(), judge, []Submission{row(e, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.on("2019-03-01")
	if p := s.do(Object{Listing: taken[0].Listing, Reason: "不服", By: clerk}).Listing.Procedure; p.Late {
		t.Error("late, though nobody knows here when the decision was served")
	}
}

func TestAnUpheldObjectionRevokesOrCorrects(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Object{Listing: s.id, Reason: "金额有误", By: clerk})
	same := s.listing().Entry
	s.refuse(Review{Listing: s.id, Upheld: true, Correction: &same, Reason: "更正", By: judge}, "NOTHING_CORRECTED")
	right := with(same, func(e *gongxin.Entry) { e.Performed, e.Unperformed = "40000元", "5000元" })
	done := s.do(Review{Listing: s.id, Upheld: true, Correction: &right, Reason: "更正", By: judge})
	if l := done.Listing; l.Entry != right || l.State != gongxin.InForce || l.Procedure.Step != gongxin.ObjectionClosed || len(done.Documents) != 2 {
		t.Errorf("corrected: %s, %+v, %d documents", l.State, l.Procedure, len(done.Documents))
	}
	s.do(Object{Listing: s.id, Reason: "全部有误", By: clerk}) // a second, after the first is closed
	if l := s.do(Review{Listing: s.id, Upheld: true, Reason: "撤销", By: judge}).Listing; l.State != gongxin.Revoked || l.Procedure.Step != gongxin.ObjectionClosed {
		t.Errorf("upheld: %s, %s", l.State, l.Procedure.Step)
	}
}

func TestACourtWithoutAKnownSuperiorCannotBeAskedAbove(t *testing.T) {
	s := newStory(t)
	s.r.courts = nil
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Object{Listing: s.id, Reason: "不服", By: clerk})
	s.do(Review{Listing: s.id, Reason: "驳回", By: judge})
	s.refuse(AskReconsideration{Listing: s.id, Reason: "不服", By: clerk}, "SUPERIOR_UNKNOWN")
	s.refuse(AskReconsideration{Listing: s.id, Reason: "不服", By: above}, "NOT_ENTITLED")
}

func TestARequestIsAnsweredWithReasonsOrCarriedOut(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.refuse(Request{Listing: s.id, Kind: "mercy", Reason: "x", By: clerk}, "REQUEST_UNKNOWN")
	s.refuse(Request{Listing: s.id, Kind: gongxin.RequestWithdrawal, Reason: "x", By: clerk}, "GROUND_UNKNOWN")
	s.refuse(Request{Listing: s.id, Kind: gongxin.RequestCorrection, Ground: gongxin.GroundPerformed, Reason: "x", By: clerk}, "GROUND_UNKNOWN")
	s.do(Request{Listing: s.id, Kind: gongxin.RequestCorrection, Reason: "姓名有误", By: clerk})
	if d := s.duty(gongxin.DutyAnswerRequest); d.Rule != "review" || d.Due != day("2017-04-05") { // the third day lies in the holiday of Qingming
		t.Errorf("an answer on correction is owed by %s until %s", d.Rule, d.Due)
	}
	s.refuse(Request{Listing: s.id, Kind: gongxin.RequestCorrection, Reason: "再说", By: clerk}, "REQUEST_OPEN")
	s.refuse(Answer{Listing: s.id, By: judge}, "MISSING_FIELD")
	s.refuse(Answer{Listing: s.id, Granted: true, By: judge}, "NOTHING_CORRECTED")
	if done := s.do(Answer{Listing: s.id, Reason: "与户籍一致", By: judge}); len(done.Documents) != 1 || done.Documents[0].Kind != gongxin.DocAnswer {
		t.Errorf("documents %+v", done.Documents)
	}
	s.do(Request{Listing: s.id, Kind: gongxin.RequestCorrection, Reason: "金额有误", By: clerk})
	right := with(s.listing().Entry, func(e *gongxin.Entry) { e.Performed = "100元" })
	if l := s.do(Answer{Listing: s.id, Granted: true, Correction: &right, By: judge}).Listing; l.Entry != right || l.Procedure.LastRequest != "granted" {
		t.Errorf("granted: %+v", l)
	}
	s.do(Request{Listing: s.id, Kind: gongxin.RequestWithdrawal, Ground: gongxin.GroundNoProperty, Reason: "没有财产", By: clerk})
	if d := s.duty(gongxin.DutyAnswerRequest); d.Rule != "withdrawal" {
		t.Errorf("an answer on withdrawal is owed by %s", d.Rule)
	}
	s.refuse(Answer{Listing: s.id, Granted: true, By: judge}, "NO_PROPERTY_UNPROVEN")
	s.do(Answer{Listing: s.id, Reason: "尚未查控", By: judge})
	s.do(Request{Listing: s.id, Kind: gongxin.RequestWithdrawal, Ground: gongxin.GroundPerformed, Reason: "已履行", By: clerk})
	if l := s.do(Answer{Listing: s.id, Granted: true, By: judge}).Listing; l.State != gongxin.Withdrawn || l.Exit.Ground != gongxin.GroundPerformed {
		t.Errorf("granted: %s, %+v", l.State, l.Exit)
	}
}

func TestASuspendedListingHasNoEffectUntilItsTermEnds(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, with(entryOf(adult), func(e *gongxin.Entry) { e.Until = day("2017-06-30") }))
	s.refuse(Suspend{Listing: s.id, By: judge}, "MISSING_FIELD")
	l := s.do(Suspend{Listing: s.id, Reason: "提供担保", By: judge}).Listing
	if l.State != gongxin.Suspended || l.Forced != 0 || l.Procedure.Suspended != day("2017-04-01") {
		t.Errorf("suspended: %s, forced %d", l.State, l.Forced)
	}
	s.on("2017-05-02")
	if l = s.do(Resume{Listing: s.id, Reason: "担保解除", By: judge}).Listing; l.State != gongxin.InForce || l.Forced == 0 || !l.Procedure.Suspended.IsZero() {
		t.Errorf("resumed: %s, forced %d", l.State, l.Forced)
	}
	s.do(Suspend{Listing: s.id, Reason: "再次担保", By: system})
	s.on("2017-07-01")
	s.refuse(Resume{Listing: s.id, Reason: "担保解除", By: judge}, "TERM_OVER")
	if l = s.do(Expire{Listing: s.id, By: theHub}).Listing; l.State != gongxin.Expired {
		t.Errorf("after its term: %s", l.State)
	}
}

func TestATermIsExtendedByWhatPolicyAllowsAndNoMore(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, with(entryOf(adult), func(e *gongxin.Entry) { e.Until = day("2018-03-31") }))
	s.refuse(Extend{Listing: s.id, Until: day("2019-03-31"), By: judge}, "MISSING_FIELD")
	s.refuse(Extend{Listing: s.id, Reason: "暴力抗拒执行", By: judge}, "MISSING_FIELD")
	s.refuse(Extend{Listing: s.id, Until: day("2018-03-30"), Reason: "暴力抗拒执行", By: judge}, "DATE_ORDER")
	s.refuse(Extend{Listing: s.id, Until: day("2021-04-01"), Reason: "暴力抗拒执行", By: judge}, "TERM_TOO_LONG")
	l := s.do(Extend{Listing: s.id, Until: day("2019-03-31"), Reason: "暴力抗拒执行", By: judge}).Listing
	if l.Entry.Until != day("2019-03-31") || l.Procedure.Term != day("2018-03-31") {
		t.Errorf("until %s, first until %s", l.Entry.Until, l.Procedure.Term)
	}
	s.refuse(Extend{Listing: s.id, Until: day("2021-04-01"), Reason: "多项失信行为", By: judge}, "TERM_TOO_LONG") // counted from the first term
	s.do(Extend{Listing: s.id, Until: day("2021-03-31"), Reason: "多项失信行为", By: judge})
	s.refuse(Correct{Listing: s.id, Entry: with(s.listing().Entry, func(e *gongxin.Entry) { e.Until = day("2021-04-01") }), By: judge}, "TERM_TOO_LONG")
	s.do(Correct{Listing: s.id, Entry: with(s.listing().Entry, func(e *gongxin.Entry) { e.Severity = "严重" }), By: judge})
	s.on("2021-04-01")
	s.refuse(Extend{Listing: s.id, Until: day("2021-04-02"), Reason: "多项失信行为", By: judge}, "TERM_OVER")

	s = newStory(t)
	s.until(gongxin.InForce, with(entryOf(adult), func(e *gongxin.Entry) { e.Until = 0 }))
	s.refuse(Extend{Listing: s.id, Until: day("2019-03-31"), Reason: "多项失信行为", By: judge}, "TERM_UNSET")
}

func TestAfterTwoFruitlessChecksTheListingIsDeletedInTime(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	check := func(on string, found, lead bool) gongxin.Listing {
		t.Helper()
		s.on(on)
		return s.do(Check{Listing: s.id, Found: found, Lead: lead, By: clerk}).Listing
	}
	s.refuse(Check{Listing: s.id, By: clerk}, "ROUND_NOT_CLOSED")
	s.do(CloseRound{Listing: s.id, By: clerk})
	s.refuse(Check{Listing: s.id, On: day("2017-03-31"), By: clerk}, "DATE_ORDER")
	check("2017-04-10", false, false)
	s.refuse(Withdraw{Listing: s.id, Ground: gongxin.GroundNoProperty, By: judge}, "NO_PROPERTY_UNPROVEN")
	check("2017-05-08", false, false)
	if d := s.duty(gongxin.DutyNoProperty); d.Since != day("2017-05-08") || d.Due != day("2017-05-11") || !d.Open() {
		t.Errorf("after two checks the deletion is owed: %+v", d)
	}
	check("2017-05-09", false, true) // somebody gave a lead
	if d := s.duty(gongxin.DutyNoProperty); d.Open() || d.Met != day("2017-05-09") || s.listing().Procedure.Checks != 0 {
		t.Errorf("a lead, and the deletion is still owed: %+v", d)
	}
	s.refuse(Check{Listing: s.id, By: clerk}, "DATE_ORDER") // on the day of the lead
	s.refuse(Withdraw{Listing: s.id, Ground: gongxin.GroundNoProperty, By: judge}, "NO_PROPERTY_UNPROVEN")
	check("2017-06-01", false, false)
	check("2017-07-03", false, false)
	check("2017-08-01", false, false) // more checks move nothing
	if d := s.duty(gongxin.DutyNoProperty); d.Due != day("2017-07-06") {
		t.Errorf("a third check moved the last day to %s", d.Due)
	}
	if l := s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundNoProperty, By: judge}).Listing; l.State != gongxin.Withdrawn || l.Procedure.Lapses != 1 {
		t.Errorf("%s after %d lapses, want withdrawn, too late", l.State, l.Procedure.Lapses)
	}
}

func TestWhoHadAListingDeletedWaitsBeforeApplyingAgain(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundCreditor, By: judge})
	s.refuse(DraftNotice{Entry: entryOf(adult), By: clerk}, "LISTING_ENDED") // on the day of the exit
	s.on("2017-05-02")
	s.refuse(ServeNotice{Entry: entryOf(adult), Served: day("2017-04-01"), By: clerk}, "LISTING_ENDED")
	id := s.until(gongxin.Noticed, entryOf(adult))
	s.refuse(Initiate{Listing: id, Motion: gongxin.OnApplication, By: clerk}, "RELISTING_TOO_EARLY")
	s.do(Drop{Listing: id, Reason: "尚在六个月内", By: judge}) // a round that comes to nothing shortens nothing
	s.on("2017-09-29")
	id = s.until(gongxin.Noticed, entryOf(adult))
	s.on("2017-10-02")
	s.refuse(Initiate{Listing: id, Motion: gongxin.OnApplication, On: day("2017-10-01"), By: clerk}, "RELISTING_TOO_EARLY")
	s.do(Initiate{Listing: id, Motion: gongxin.OnApplication, By: clerk})

	s = newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundCreditor, By: judge})
	s.on("2017-05-02")
	id = s.until(gongxin.Noticed, entryOf(adult))
	s.do(Initiate{Listing: id, Motion: gongxin.OnOwnMotion, By: judge})
}

func TestANoticeIsServedOnceAndNotBeforeItWasWritten(t *testing.T) {
	s := newStory(t)
	id := s.do(DraftNotice{Entry: entryOf(adult), By: system}).Listing.ID
	s.refuse(DraftNotice{Entry: with(entryOf(adult), func(e *gongxin.Entry) { e.Severity = "严重" }), By: clerk}, "ALREADY_ON_REGISTER")
	s.on("2017-04-10")
	s.refuse(DeliverNotice{Listing: id, Service: gongxin.ServedByNotice, On: day("2017-03-31"), By: clerk}, "DATE_ORDER")
	s.refuse(DeliverNotice{Listing: id, Service: "pigeon", By: clerk}, "SERVICE_UNKNOWN")
	s.do(DeliverNotice{Listing: id, Service: gongxin.ServedByNotice, On: day("2017-04-05"), By: clerk})
	s.refuse(DeliverNotice{Listing: id, Service: gongxin.ServedByNotice, On: day("2017-04-06"), By: clerk}, "NOTICE_SERVED")
	s.refuse(Initiate{Listing: id, Motion: "whim", By: clerk}, "MOTION_UNKNOWN")
	s.refuse(Drop{Listing: id, By: judge}, "MISSING_FIELD")
	s.refuse(Drop{Listing: id, Ground: gongxin.GroundSecurity, By: judge}, "GROUND_UNKNOWN")
	if done := s.do(Drop{Listing: id, Ground: gongxin.GroundPerformed, By: judge}); done.Listing.State != gongxin.Dropped || len(done.Documents) != 0 {
		t.Errorf("dropped: %s, %+v", done.Listing.State, done.Documents)
	}
}

func TestDepartmentsProposeAndTheCourtAnswers(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.refuse(ProposeReview{Listing: s.id, By: department}, "MISSING_FIELD")
	s.do(ProposeReview{Listing: s.id, Reason: "同名不同人", By: department})
	s.refuse(ProposeReview{Listing: s.id, Reason: "同名不同人", By: department}, "PROPOSAL_OPEN")
	first := s.duty(gongxin.DutyAnswerProposal)
	s.do(ProposeReview{Listing: s.id, Reason: "已经履行", By: officer})
	s.refuse(ProposeReview{Listing: s.id, Reason: "x", By: clerk}, "NOT_ENTITLED")
	if p, d := s.listing().Procedure, s.duty(gongxin.DutyAnswerProposal); p.Proposals != 2 || d != first || d.Rule != "" || !d.Due.IsZero() || s.listing().State != gongxin.InForce {
		t.Errorf("%d proposals, owed %+v", p.Proposals, d)
	}
	s.refuse(AnswerProposal{Listing: s.id, By: judge}, "MISSING_FIELD")
	s.do(AnswerProposal{Listing: s.id, Reason: "经核实无误", By: judge})
	if s.duty(gongxin.DutyAnswerProposal).Open() || s.listing().Procedure.Proposals != 0 {
		t.Error("answered, and still owed")
	}
	s.refuse(AnswerProposal{Listing: s.id, Reason: "经核实无误", By: judge}, "NO_PROPOSAL")
}

func TestTextsAreBounded(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	long := string(slices.Repeat([]rune("长"), longestReason))
	s.refuse(ProposeReview{Listing: s.id, Reason: long + "长", By: department}, "ACT_TEXT_TOO_LONG")
	s.refuse(ProposeReview{Listing: s.id, Reason: "\xff", By: department}, "TEXT_BROKEN")
	s.refuse(Suspend{Listing: s.id, Reason: "担保", Decision: long[:3*longestDecision+3], By: judge}, "ACT_TEXT_TOO_LONG")
	s.refuse(Object{Listing: s.id, Reason: "不服", Evidence: slices.Repeat([]string{string(slices.Repeat([]byte("0"), 64))}, mostEvidence+1), By: clerk}, "EVIDENCE_HASH")
	s.do(ProposeReview{Listing: s.id, Reason: long, By: department})
}
