package register

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// durable lets the register write through a real store; the hub does the same.
type durable struct{ db *store.DB }

func (d durable) Write(ctx context.Context, f func(ctx context.Context, j Journal) error) error {
	return d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return f(ctx, tx) })
}

// One story through Do and Take, on every engine, and once more with a new handle.
func TestTheRegisterOnEveryEngine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		at := noon
		now := func() time.Time { return at }
		db := open()
		config := Config{Writer: durable{db}, Policy: rules, Calendar: holidays, Courts: directory, Scribe: plain{}, Now: now, Random: rand.Reader}
		r := New(config)
		ctx := t.Context()
		take := func(want string, batch ...Submission) []Taken {
			t.Helper()
			taken, err := r.Take(ctx, judge, batch)
			if err != nil {
				t.Fatal(err)
			}
			if got := answers(taken); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return taken
		}
		do := func(c Command, want gongxin.State) gongxin.Listing {
			t.Helper()
			l, err := r.Do(ctx, c)
			if err != nil || l.State != want {
				t.Fatalf("%T: got %s, %v, want %s", c, l.State, err, want)
			}
			return l
		}

		e := entryOf(adult)
		second := with(entryOf(citizen("1975-05-05", 12)), func(e *gongxin.Entry) { e.Until = day("2017-04-02") })
		older := with(entryOf(credit), func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2015）虎执字第00232号") })
		anew := with(e, func(e *gongxin.Entry) { e.Published = day("2017-03-26") })

		// A file, its repetition, and withdrawals of rows that the same batch brought.
		first := take("changed changed changed MINOR", row(e, 1), row(second, 2), row(older, 3, "2017-03-30"), row(entryOf(citizen("2005-05-05", 11)), 4))
		take("ALREADY_LISTED ALREADY_LISTED ALREADY_ENDED", row(e, 1), row(second, 2), row(older, 3, "2017-03-30"))
		take("changed changed changed UNKNOWN_CASE SUBJECT_NOT_IN_CASE",
			out(e, "2017-03-25", gongxin.GroundPerformed), row(anew, 5), row(anew, 5, "2017-03-28"),
			out(with(e, func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2016）苏0505执99999号") }), "2017-03-25", gongxin.GroundPerformed),
			out(entryOf(passport), "2017-03-25", gongxin.GroundPerformed))
		take("ALREADY_ENDED", out(with(older, func(e *gongxin.Entry) { e.Subject.Number = organisation }), "2017-03-30", gongxin.GroundPerformed))

		// A procedure, by another handle on the same database.
		config.Writer = durable{open()}
		r = New(config)
		hidden := with(entryOf(organisation), func(e *gongxin.Entry) { e.NonPublic, e.Employer = true, "某公司" })
		l := do(DraftNotice{Entry: hidden, By: clerk}, gongxin.ToNotice)
		if again := do(DraftNotice{Entry: hidden, By: clerk}, gongxin.ToNotice); again != l {
			t.Errorf("the notice again gave %+v, want %+v", again, l)
		}
		for _, step := range wayToForce[1:] {
			l = do(step(hidden, l.ID), states[1+slices.Index(states, l.State)])
		}
		do(Correct{Listing: l.ID, Entry: with(l.Entry, func(e *gongxin.Entry) { e.Subject.Number = credit }), Decision: "更正1号", By: judge}, gongxin.InForce)
		do(TellEmployer{Listing: l.ID, Service: gongxin.ServedByMail, By: clerk}, gongxin.InForce)
		do(Object{Listing: l.ID, Reason: "不服", By: clerk}, gongxin.InForce)
		do(Review{Listing: l.ID, Reason: "驳回", By: judge}, gongxin.InForce)
		do(AskReconsideration{Listing: l.ID, Reason: "不服", By: clerk}, gongxin.InForce)
		do(RecordGround{Listing: l.ID, Ground: gongxin.GroundSettled, By: clerk}, gongxin.InForce)
		do(ProposeReview{Listing: l.ID, Reason: "疑似有误", By: department}, gongxin.InForce)
		if err := open().Read(ctx, func(ctx context.Context, v *store.View) error {
			owed, err := v.OpenDuties(ctx, store.DutyFilter{Listing: l.ID}, 10)
			if len(owed) != 3 {
				t.Errorf("owed are %+v, want to reconsider, to withdraw and to answer a proposal", owed)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		at = noon.AddDate(0, 0, 20)
		do(Withdraw{Listing: l.ID, Ground: gongxin.GroundSettled, Decision: "撤销1号", By: judge}, gongxin.Withdrawn)
		if _, err := r.Do(ctx, Withdraw{Listing: l.ID, Ground: gongxin.GroundSettled, Decision: "D3", By: judge}); gongxin.CodeOf(err) != "NOT_IN_FORCE" {
			t.Errorf("withdrawn by another decision: got %v, want NOT_IN_FORCE", err)
		}
		do(Expire{Listing: first[1].Listing, By: theHub}, gongxin.Expired)

		// What is stored is what folding the stored events gives.
		err := open().Read(ctx, func(ctx context.Context, v *store.View) error {
			for _, id := range []gongxin.ListingID{first[0].Listing, first[1].Listing, first[2].Listing, l.ID} {
				stored, err := v.Listing(ctx, id)
				if err != nil {
					return err
				}
				events, err := v.Events(ctx, id)
				if err != nil {
					return err
				}
				var folded gongxin.Listing
				for _, e := range events {
					if folded, err = folded.Apply(e.Event, e.Sequence); err != nil {
						return err
					}
				}
				if folded != stored {
					t.Errorf("folding gives %+v, stored is %+v", folded, stored)
				}
				if id == l.ID {
					examine(t, v, stored, events)
				}
				if len(events) == 0 || !stored.State.Ended() {
					t.Errorf("listing %s has %d events and is %s, want ended", id, len(events), stored.State)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// examine compares the papers and duties of a listing with its events.
func examine(t *testing.T, v *store.View, l gongxin.Listing, events []store.Sequenced) {
	t.Helper()
	papers, err := v.Documents(t.Context(), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Event.Kind != gongxin.DocumentIssued {
			continue
		}
		if len(papers) == 0 || papers[0].Sequence != e.Sequence || papers[0].Hash != e.Event.Hash || papers[0].Number != e.Event.Decision {
			t.Fatalf("event %d commits to %s, kept are %+v", e.Sequence, e.Event.Decision, papers)
		}
		papers = papers[1:]
	}
	owed, err := v.OpenDuties(t.Context(), store.DutyFilter{Listing: l.ID}, 10)
	if err != nil || len(owed) != 0 || l.Procedure.Lapses != 2 { // not reconsidered, and withdrawn too late
		t.Errorf("after the exit %+v are owed, %d have lapsed (%v)", owed, l.Procedure.Lapses, err)
	}
}

// Courts that act at once on one listing end it once; the others learn that it
// has ended. What one of them is refused does not undo what another did.
func TestConcurrentCourtsDecideOneAfterAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		at := noon
		r := New(Config{Writer: durable{open()}, Policy: rules, Calendar: holidays, Now: func() time.Time { return at }, Random: rand.Reader})
		e := entryOf(adult)
		taken, err := r.Take(t.Context(), judge, []Submission{row(e, 1)})
		if err != nil {
			t.Fatal(err)
		}
		const courts = 16
		codes := make(chan string, courts)
		for i := range courts {
			go func() {
				_, err := r.Do(t.Context(), Withdraw{Listing: taken[0].Listing, Ground: gongxin.GroundPerformed, Decision: fmt.Sprint("D", i), By: judge})
				codes <- gongxin.CodeOf(err)
			}()
		}
		count := map[string]int{}
		for range courts {
			count[<-codes]++
		}
		if count[""] != 1 || count["NOT_IN_FORCE"] != courts-1 {
			t.Errorf("got %v, want one withdrawal and %d times NOT_IN_FORCE", count, courts-1)
		}
	})
}
