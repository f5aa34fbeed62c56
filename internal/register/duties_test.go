package register

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
)

func TestTheTableOfDutiesIsSound(t *testing.T) {
	for i, o := range Obligations {
		if o.Kind == "" || o.Clause == "" || len(o.Opens) == 0 || o.owed == nil {
			t.Errorf("row %d, %s, lacks something", i, o.Kind)
		}
		if o.Rule != "" {
			if _, err := rules.Rule(o.Rule, day("2017-04-01")); err != nil {
				t.Errorf("%s: %v", o.Kind, err)
			}
		}
		for _, k := range append(slices.Clone(o.Opens), o.Meets...) {
			if byEvent[k] == nil {
				t.Errorf("%s hangs on %s, which never happens", o.Kind, k)
			}
		}
	}
}

// Too late is said before it is done, once, and stays.
func TestWhatIsDoneTooLateHasLapsed(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.do(RecordGround{Listing: s.id, Ground: gongxin.GroundPerformed, By: clerk}) // due on 4 April, a holiday: the 5th
	owed := s.duty(gongxin.DutyWithdraw)
	if owed.Due != day("2017-04-05") {
		t.Fatalf("owed %+v", owed)
	}
	s.on("2017-04-05")
	s.refuse(Lapse{Duty: owed, By: theHub}, "DUTY_NOT_OVERDUE")
	s.on("2017-04-06")
	s.refuse(Lapse{Duty: owed, By: judge}, "NOT_ENTITLED")
	s.do(Object{Listing: s.id, Reason: "不服", By: clerk})
	l := s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundPerformed, By: judge}).Listing
	if h := s.history(); !slices.Equal(h[len(h)-3:], []gongxin.EventKind{gongxin.ObjectionFiled, gongxin.DeadlineLapsed, gongxin.ListingWithdrawn}) {
		t.Errorf("history %v", h)
	}
	d := s.duty(gongxin.DutyWithdraw)
	lapse := s.m.events[d.Lapsed-1]
	if lapse.Kind != gongxin.DeadlineLapsed || lapse.Duty != gongxin.DutyWithdraw || lapse.Opened != d.Opened || lapse.On != day("2017-04-05") || lapse.By.Role != gongxin.RoleHub {
		t.Errorf("the lapse is %+v", lapse)
	}
	if d.Met != day("2017-04-06") || d.MetBy <= d.Lapsed || l.Procedure.Lapses != 1 {
		t.Errorf("met: %+v, %d lapses", d, l.Procedure.Lapses)
	}
	if review := s.duty(gongxin.DutyReview); review.Open() || review.MetBy != d.MetBy || review.Lapsed != 0 || l.Procedure.Step != gongxin.ObjectionClosed {
		t.Errorf("the exit left an objection open: %+v, %s", review, l.Procedure.Step)
	}
	if done := s.do(Lapse{Duty: owed, By: theHub}); done.Listing != l {
		t.Error("a duty that was met has lapsed anew")
	}
}

func TestTheHubRecordsALapseOnce(t *testing.T) {
	s := newStory(t)
	s.until(gongxin.InForce, entryOf(adult))
	s.do(Object{Listing: s.id, Reason: "不服", By: clerk})
	owed := s.duty(gongxin.DutyReview)
	s.on("2017-06-01")
	s.do(Lapse{Duty: owed, By: theHub})
	s.do(Lapse{Duty: owed, By: theHub})
	s.do(Review{Listing: s.id, Reason: "驳回", By: judge})
	if l, d := s.listing(), s.duty(gongxin.DutyReview); l.Procedure.Lapses != 1 || d.Lapsed == 0 || d.MetBy < d.Lapsed {
		t.Errorf("%d lapses, %+v", l.Procedure.Lapses, d)
	}
}

// A year whose holidays nobody has announced keeps nobody on the list: acts go
// through, and the last day is counted once it can be.
func TestAYearThatTheCalendarDoesNotKnowStopsNothing(t *testing.T) {
	s := newStory(t)
	s.on("2026-12-28")
	s.until(gongxin.InForce, with(entryOf(adult), func(e *gongxin.Entry) { e.Until = 0 }))
	s.do(Object{Listing: s.id, Reason: "不服", By: clerk})
	owed := s.duty(gongxin.DutyReview)
	if owed.Rule != "review" || owed.Due != day("2026-12-31") {
		t.Fatalf("within the year: %+v", owed)
	}
	s.do(Review{Listing: s.id, Reason: "驳回", By: judge})
	s.do(AskReconsideration{Listing: s.id, Reason: "不服", By: clerk})
	if owed = s.duty(gongxin.DutyReconsider); owed.Rule != "reconsideration_decision" || !owed.Due.IsZero() || !owed.Open() {
		t.Fatalf("beyond the year: %+v", owed)
	}
	s.on("2027-02-20")
	s.refuse(Lapse{Duty: owed, By: theHub}, "DUTY_NOT_OVERDUE")
	if d, err := s.r.Recount(t.Context(), owed); err != nil || d != owed {
		t.Errorf("counted without holidays: %+v, %v", d, err)
	}
	more, err := calendar.Parse(strings.NewReader("date,name,kind\n2027-01-01,元旦节,off\n2027-05-01,劳动节,off\n2027-10-01,国庆节,off\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.r.calendar = holidays.With(more)
	for range 2 {
		if d, err := s.r.Recount(t.Context(), owed); err != nil || d.Due != day("2027-01-12") || s.duty(gongxin.DutyReconsider) != d {
			t.Errorf("counted anew: %+v, %v", d, err)
		}
	}
	s.do(Lapse{Duty: owed, By: theHub})
	l := s.do(Reconsider{Listing: s.id, Reason: "维持", Decision: "H1", By: above}).Listing
	if l.State != gongxin.InForce || l.Procedure.Lapses != 1 {
		t.Errorf("%s after %d lapses", l.State, l.Procedure.Lapses)
	}
	if d, err := s.r.Recount(t.Context(), owed); err != nil || d != owed {
		t.Errorf("a duty that was met: %+v, %v", d, err)
	}
}

// What happened before a rule was in force is owed without a last day, and nobody waits for one.
func TestBeforeItsRuleADutyHasNoLastDay(t *testing.T) {
	s := newStory(t)
	e := with(entryOf(adult), func(e *gongxin.Entry) { e.Published, e.Until = day("2016-12-01"), 0 })
	taken, err := s.r.Take(t.Context(), judge, []Submission{row(e, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.do(RecordGround{Listing: taken[0].Listing, Ground: gongxin.GroundClosed, On: day("2017-01-10"), By: clerk})
	if d := s.duty(gongxin.DutyWithdraw); d.Rule != "" || !d.Due.IsZero() || !d.Open() {
		t.Errorf("owed %+v", d)
	}
}

// The organisation of a subject is told: a duty, and a letter, when a listing that is
// not public, or names an employer, comes into force or becomes such.
func TestAnOrganisationIsToldOfWhatIsNotPublic(t *testing.T) {
	hidden := func(e *gongxin.Entry) { e.NonPublic = true }
	named := func(e *gongxin.Entry) { e.Employer = "某公司" }
	letters := func(s *story) (n int) {
		for _, d := range s.m.documents {
			if d.Kind == gongxin.DocEmployer {
				n++
			}
		}
		return n
	}
	for _, change := range []func(*gongxin.Entry){hidden, named} {
		s := newStory(t)
		s.until(gongxin.InForce, with(entryOf(adult), change))
		if d := s.duty(gongxin.DutyTellEmployer); !d.Open() || d.Opened == 0 || d.Rule != "" || letters(s) != 1 {
			t.Errorf("published: owed %+v, %d letters", d, letters(s))
		}
		s.refuse(TellEmployer{Listing: s.id, By: clerk}, "SERVICE_UNKNOWN")
		s.do(TellEmployer{Listing: s.id, Service: gongxin.ServedByMail, By: system})
		if d := s.duty(gongxin.DutyTellEmployer); d.Open() {
			t.Errorf("told, and owed: %+v", d)
		}
		s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundPerformed, By: judge})
		if letters(s) != 2 {
			t.Errorf("who was told of the listing is not told of its end: %d letters", letters(s))
		}

		s = newStory(t)
		s.until(gongxin.InForce, with(entryOf(adult), change))
		s.do(Withdraw{Listing: s.id, Ground: gongxin.GroundPerformed, By: judge})
		if letters(s) != 1 {
			t.Errorf("who never heard of the listing hears of its end: %d letters", letters(s))
		}

		s = newStory(t)
		public, e := with(entryOf(credit), func(*gongxin.Entry) {}), with(entryOf(adult), change)
		second := with(entryOf(passport), func(e *gongxin.Entry) { change(e); e.Subject.Age = 40 })
		taken, err := s.r.Take(t.Context(), judge, []Submission{row(public, 1), row(e, 2), row(second, 3, "2017-03-25")})
		if err != nil || answers(taken) != "changed changed changed" {
			t.Fatal(answers(taken), err)
		}
		s.id = taken[1].Listing
		if d := s.duty(gongxin.DutyTellEmployer); !d.Open() || d.Opened == 0 || letters(s) != 1 || len(s.m.duties) != 1 {
			t.Errorf("from a file: owed %+v of %d, %d letters", d, len(s.m.duties), letters(s))
		}
		s.id = taken[0].Listing
		s.refuse(TellEmployer{Listing: s.id, Service: gongxin.ServedByMail, By: clerk}, "NO_EMPLOYER")
		now := with(public, change)
		s.do(Correct{Listing: s.id, Entry: now, By: judge})
		if d := s.duty(gongxin.DutyTellEmployer); !d.Open() || d.Opened == 0 || letters(s) != 2 {
			t.Errorf("corrected: owed %+v, %d letters", d, letters(s))
		}
		s.do(Correct{Listing: s.id, Entry: public, By: judge})
		if d := s.duty(gongxin.DutyTellEmployer); d.Open() {
			t.Errorf("corrected back, and owed: %+v", d)
		}
	}
}

// A file of public listings asks for no duties and keeps none (30 000 rows/s).
func TestAFileOfPublicListingsTouchesNoDuties(t *testing.T) {
	s := newStory(t)
	e := entryOf(adult)
	other := with(entryOf(credit), func(*gongxin.Entry) {})
	taken, err := s.r.Take(t.Context(), judge, []Submission{row(e, 1), row(other, 2), out(e, "2017-03-25", gongxin.GroundNoProperty)})
	if err != nil || answers(taken) != "changed changed changed" {
		t.Fatal(answers(taken), err)
	}
	if s.m.asked != 0 || len(s.m.duties) != 0 || len(s.m.documents) != 0 {
		t.Errorf("duties were asked for %d times, %d kept, with %d documents", s.m.asked, len(s.m.duties), len(s.m.documents))
	}
}

// A row of a file that ends what is owed meets it, late or not.
func TestAFileMeetsWhatIsOwed(t *testing.T) {
	s := newStory(t)
	e := entryOf(adult)
	taken, err := s.r.Take(t.Context(), system, []Submission{row(e, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.do(RecordGround{Listing: taken[0].Listing, Ground: gongxin.GroundPerformed, By: clerk})
	s.at = s.at.Add(30 * 24 * time.Hour)
	if taken, err = s.r.Take(t.Context(), system, []Submission{out(e, "2017-04-03", gongxin.GroundPerformed)}); err != nil || answers(taken) != "changed" {
		t.Fatal(answers(taken), err)
	}
	if l, d := s.listing(), s.duty(gongxin.DutyWithdraw); d.Open() || d.Lapsed == 0 || l.Procedure.Lapses != 1 || l.State != gongxin.Withdrawn || taken[0].Sequence != l.Sequence {
		t.Errorf("%s, %+v", l.State, d)
	}
}
