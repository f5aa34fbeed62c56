package register

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gongxin"
)

// row is a list row of e whose digest is d; the day, if given, is 撤销时间.
func row(e gongxin.Entry, d byte, withdrawn ...string) Submission {
	s := Submission{Entry: &e, Digest: digestOf(d)}
	if len(withdrawn) > 0 {
		s.Withdrawn = day(withdrawn[0])
	}
	return s
}

func out(e gongxin.Entry, on string, ground gongxin.Ground) Submission {
	return Submission{Withdrawal: &Withdrawal{Case: e.Case, Number: e.Subject.Number, On: day(on), Ground: ground, Reason: string(ground)}}
}

// answers is what Take said of each row, for tables: changed, a note or a code.
func answers(taken []Taken) string {
	var s []string
	for _, a := range taken {
		switch {
		case a.Err != nil:
			s = append(s, gongxin.CodeOf(a.Err))
		case a.Changed:
			s = append(s, "changed")
		default:
			s = append(s, a.Note)
		}
	}
	return strings.Join(s, " ")
}

func TestTake(t *testing.T) {
	const admitted, withdrawn, revoked = "listing_admitted", "listing_withdrawn", "listing_revoked"
	e := entryOf(adult)
	graver := with(e, func(e *gongxin.Entry) { e.Severity = "严重" })
	anew := with(e, func(e *gongxin.Entry) { e.Published = day("2017-03-26") })
	second := with(e, func(e *gongxin.Entry) { e.Subject.Number = citizen("1975-05-05", 12) })
	child := with(e, func(e *gongxin.Entry) { e.Subject.Number = citizen("2005-05-05", 12) })
	older := with(e, func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2015）虎执字第00232号") })
	elsewhere := with(e, func(e *gongxin.Entry) { e.Court = otherCourt })
	performed, settled := gongxin.GroundPerformed, gongxin.GroundSettled
	was := []Submission{row(e, 1)} // taken before, where the case says so
	gone := []Submission{row(e, 1), out(e, "2017-03-25", performed)}
	for _, tt := range []struct {
		name   string
		before []Submission // by the centre
		by     gongxin.Actor
		batch  []Submission
		want   string // answers
		events string
	}{
		{"a list row", nil, judge, []Submission{row(e, 1)}, "changed", admitted},
		{"by the court's system", nil, system, []Submission{row(e, 1)}, "changed", admitted},
		{"by the high court's centre", nil, centre, []Submission{row(e, 1), row(elsewhere, 2)}, "changed changed", admitted + " " + admitted},
		{"by a clerk", nil, clerk, []Submission{row(e, 1)}, "NOT_ENTITLED", ""},
		{"by another court's judge", nil, stranger, []Submission{row(e, 1)}, "NOT_ENTITLED", ""},
		{"by the operator", nil, operator, []Submission{row(e, 1)}, "NOT_ENTITLED", ""},
		{"by the hub", nil, theHub, []Submission{row(e, 1)}, "NOT_ENTITLED", ""},
		{"a row of another court among good ones", nil, judge, []Submission{row(elsewhere, 1), row(e, 2)}, "NOT_ENTITLED changed", admitted},
		{"a minor among good ones", nil, judge, []Submission{row(child, 1), row(e, 2)}, "MINOR changed", admitted},
		{"without a day of publication", nil, judge, []Submission{row(with(e, func(e *gongxin.Entry) { e.Published = 0 }), 1)}, "MISSING_FIELD", ""},
		{"published tomorrow", nil, judge, []Submission{row(with(e, func(e *gongxin.Entry) { e.Published = day("2017-04-02") }), 1)}, "DATE_FUTURE", ""},
		{"a term that is over: admitted, and left to the expiry job", nil, judge, []Submission{row(with(e, func(e *gongxin.Entry) { e.Until = day("2017-03-31") }), 1)}, "changed", admitted},
		{"already withdrawn", nil, judge, []Submission{row(e, 1, "2017-03-25")}, "changed", admitted + " " + withdrawn},
		{"withdrawn before published", nil, judge, []Submission{row(e, 1, "2017-03-19")}, "DATE_ORDER", ""},
		{"withdrawn tomorrow", nil, judge, []Submission{row(e, 1, "2017-04-02")}, "DATE_FUTURE", ""},
		{"a minor already withdrawn", nil, judge, []Submission{row(child, 1, "2017-03-25")}, "MINOR", ""},
		{"two subjects of a case", nil, judge, []Submission{row(e, 1), row(second, 2)}, "changed changed", admitted + " " + admitted},

		{"the same row again", was, judge, []Submission{row(e, 1)}, "ALREADY_LISTED", ""},
		{"the same content under another digest", was, judge, []Submission{row(e, 2)}, "ALREADY_LISTED", ""},
		{"another content", was, judge, []Submission{row(graver, 2)}, "LISTING_DIFFERS", ""},
		{"another content without a digest", was, judge, []Submission{row(graver, 0)}, "LISTING_DIFFERS", ""},
		{"the same row, withdrawn since", was, judge, []Submission{row(e, 1, "2017-03-25")}, "changed", withdrawn},
		{"the same row, withdrawn before published", was, judge, []Submission{row(e, 1, "2017-03-19")}, "DATE_ORDER", ""},
		{"another content, withdrawn", was, judge, []Submission{row(graver, 2, "2017-03-25")}, "LISTING_DIFFERS", ""},
		{"the same row by a clerk", was, clerk, []Submission{row(e, 1)}, "NOT_ENTITLED", ""},
		{"twice in a batch", nil, judge, []Submission{row(e, 1), row(e, 1)}, "changed ALREADY_LISTED", admitted},
		{"twice in a batch, differing", nil, judge, []Submission{row(e, 1), row(graver, 2)}, "changed LISTING_DIFFERS", admitted},
		{"twice in a batch, the second withdrawn", nil, judge, []Submission{row(e, 1), row(e, 1, "2017-03-25")}, "changed changed", admitted + " " + withdrawn},
		{"zeros of a case number do not distinguish", nil, judge, []Submission{row(older, 1), row(with(older, func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2015）虎执字第232号") }), 1)}, "changed ALREADY_LISTED", admitted},
		{"credit code and the organisation code inside it are one subject", nil, judge, []Submission{row(entryOf(credit), 1), row(entryOf(organisation), 2)}, "changed LISTING_DIFFERS", admitted},

		{"the same row after its end", gone, judge, []Submission{row(e, 1)}, "ALREADY_ENDED", ""},
		{"the same row with 撤销时间 after its end", gone, judge, []Submission{row(e, 1, "2017-03-25")}, "ALREADY_ENDED", ""},
		{"another row published before the end", gone, judge, []Submission{row(graver, 2)}, "LISTING_ENDED", ""},
		{"a new decision published after the end: the next round", gone, judge, []Submission{row(anew, 2)}, "changed", admitted},
		{"another row published on the day of the end", gone, judge, []Submission{row(with(e, func(e *gongxin.Entry) { e.Published = day("2017-03-25") }), 2)}, "LISTING_ENDED", ""},
		{"the old row again in the next round", append(gone, row(anew, 2)), judge, []Submission{row(e, 1)}, "LISTING_DIFFERS", ""},
		{"the old withdrawal again in the next round", append(gone, row(anew, 2)), judge, []Submission{out(e, "2017-03-25", performed)}, "DATE_ORDER", ""},

		{"a withdrawal", was, judge, []Submission{out(e, "2017-03-25", performed)}, "changed", withdrawn},
		{"a withdrawal of a wrong listing", was, judge, []Submission{out(e, "2017-03-25", gongxin.GroundWrong)}, "changed", revoked},
		{"a withdrawal by a clerk", was, clerk, []Submission{out(e, "2017-03-25", performed)}, "NOT_ENTITLED", ""},
		{"a withdrawal by another court", was, stranger, []Submission{out(e, "2017-03-25", performed)}, "NOT_ENTITLED", ""},
		{"a withdrawal by another court, of an older case number", []Submission{row(older, 1)}, stranger, []Submission{out(older, "2017-03-25", performed)}, "NOT_ENTITLED", ""},
		{"another court learns nothing of cases that are not there", nil, stranger, []Submission{out(e, "2017-03-25", performed)}, "NOT_ENTITLED", ""},
		{"a withdrawal of an unknown case", nil, judge, []Submission{out(e, "2017-03-25", performed)}, "UNKNOWN_CASE", ""},
		{"a withdrawal of another subject", was, judge, []Submission{out(second, "2017-03-25", performed)}, "SUBJECT_NOT_IN_CASE", ""},
		{"a withdrawal before publication", was, judge, []Submission{out(e, "2017-03-19", performed)}, "DATE_ORDER", ""},
		{"a withdrawal tomorrow", was, judge, []Submission{out(e, "2017-04-02", performed)}, "DATE_FUTURE", ""},
		{"a withdrawal without a ground", was, judge, []Submission{out(e, "2017-03-25", "")}, "GROUND_UNKNOWN", ""},
		{"a withdrawal again", gone, judge, []Submission{out(e, "2017-03-25", performed)}, "ALREADY_ENDED", ""},
		{"a withdrawal again on another ground", gone, judge, []Submission{out(e, "2017-03-25", settled)}, "NOT_IN_FORCE", ""},
		{"a withdrawal again on another day", gone, judge, []Submission{out(e, "2017-03-26", performed)}, "NOT_IN_FORCE", ""},
		{"the ground of a withdrawal that a list row gave", []Submission{row(e, 1, "2017-03-25")}, judge, []Submission{out(e, "2017-03-25", performed)}, "ALREADY_ENDED", ""},
		{"by organisation code of one listed by credit code", []Submission{row(entryOf(credit), 1)}, judge, []Submission{out(entryOf(organisation), "2017-03-25", performed)}, "changed", withdrawn},

		{"listed and withdrawn in a batch", nil, judge, []Submission{row(e, 1), out(e, "2017-03-25", performed)}, "changed changed", admitted + " " + withdrawn},
		{"withdrawn and listed anew in a batch", was, judge, []Submission{out(e, "2017-03-25", performed), row(anew, 2)}, "changed changed", withdrawn + " " + admitted},
		{"withdrawn and sent again in a batch", was, judge, []Submission{out(e, "2017-03-25", performed), row(e, 1)}, "changed ALREADY_ENDED", withdrawn},
		{"withdrawn before listed in a batch", nil, judge, []Submission{out(e, "2017-03-25", performed), row(e, 1)}, "UNKNOWN_CASE changed", admitted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, at := newMemory(), noon
			r := newRegister(m, &at)
			if _, err := r.Take(t.Context(), centre, tt.before); err != nil {
				t.Fatal(err)
			}
			from := len(m.events)
			m.finds, m.rerun = 0, true
			taken, err := r.Take(t.Context(), tt.by, tt.batch)
			if err != nil {
				t.Fatal(err)
			}
			if got := answers(taken); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := m.kinds(from); got != tt.events {
				t.Errorf("events %q, want %q", got, tt.events)
			}
			if m.finds > 1 {
				t.Errorf("Find was asked %d times for one batch", m.finds)
			}
			for i, a := range taken {
				l, there := m.listings[a.Listing]
				if a.Changed && (!there || a.Sequence == 0) {
					t.Errorf("row %d changed listing %s at %d, which is not there", i, a.Listing, a.Sequence)
				}
				if gongxin.CodeOf(a.Err) == "NOT_ENTITLED" && a.Listing != (gongxin.ListingID{}) {
					t.Errorf("row %d: a refused stranger learned of listing %s, %s", i, a.Listing, l.State)
				}
			}
		})
	}
}

func TestAnAdmittedListingSaysWhereItComesFromAndWhoActed(t *testing.T) {
	m, at := newMemory(), noon.Add(1234567)
	e := entryOf(adult)
	taken, err := newRegister(m, &at).Take(t.Context(), judge, []Submission{row(e, 1)})
	if err != nil {
		t.Fatal(err)
	}
	l := m.listings[taken[0].Listing]
	if l.Origin != gongxin.FromCourtFile || l.State != gongxin.InForce || l.Entry != e || taken[0].Sequence != l.Sequence {
		t.Errorf("got %s from %s at %d, want in force from the court's file at %d", l.State, l.Origin, l.Sequence, taken[0].Sequence)
	}
	got := m.events[0]
	if got.By != judge || !got.At.Equal(noon.Add(1000000)) || got.At.Location().String() != "UTC" {
		t.Errorf("by %v at %s, want the judge at whole milliseconds in UTC", got.By, got.At)
	}
	if m.submissions[l.ID] != digestOf(1) {
		t.Error("the digest of the row was not kept")
	}
}

func TestACourtsFileDoesNotOvertakeAProcedureHere(t *testing.T) {
	s := newStory(t)
	graver := with(entryOf(adult), func(e *gongxin.Entry) { e.Severity = "严重" })
	take := func(want string, rows ...Submission) {
		t.Helper()
		taken, err := s.r.Take(t.Context(), judge, rows)
		if err != nil || answers(taken) != want {
			t.Errorf("in state %s: got %q, %v, want %q", s.listing().State, answers(taken), err, want)
		}
	}
	for _, step := range wayToForce {
		s.do(step(entryOf(adult), s.id))
		if s.listing().State != gongxin.InForce {
			take("LISTING_IN_PROCEDURE", row(graver, 1))
		}
	}
	take("LISTING_DIFFERS", row(graver, 1))
	s.do(Suspend{Listing: s.id, Reason: "提供担保", By: judge})
	take("ALREADY_LISTED", row(s.listing().Entry, 1))
	take("LISTING_DIFFERS", row(graver, 1))
	s.do(Revoke{Listing: s.id, By: judge})
	take("LISTING_ENDED", row(graver, 1))
}

// The day after the term is the first that belongs to the next round, whether the
// entry of the expired listing is still there or has been erased.
func TestListedAnewAfterItsTerm(t *testing.T) {
	for _, erased := range []bool{false, true} {
		for _, tt := range []struct{ published, want string }{
			{"2017-03-29", "LISTING_ENDED"},
			{"2017-03-30", "LISTING_ENDED"}, // the last day of the term
			{"2017-03-31", "changed"},
		} {
			m, at := newMemory(), noon
			r := newRegister(m, &at)
			e := with(entryOf(adult), func(e *gongxin.Entry) { e.Until = day("2017-03-30") })
			taken, err := r.Take(t.Context(), judge, []Submission{row(e, 1)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Do(t.Context(), Expire{Listing: taken[0].Listing, By: theHub}); err != nil {
				t.Fatal(err)
			}
			if erased {
				m.erase(taken[0].Listing)
			}
			next := with(e, func(e *gongxin.Entry) { e.Published, e.Until = day(tt.published), 0 })
			taken, err = r.Take(t.Context(), judge, []Submission{row(e, 1), row(next, 2), out(entryOf(passport), "2017-03-31", gongxin.GroundPerformed)})
			if want := "ALREADY_ENDED " + tt.want + " SUBJECT_NOT_IN_CASE"; err != nil || answers(taken) != want {
				t.Errorf("published %s, erased %t: got %q, %v, want %q", tt.published, erased, answers(taken), err, want)
			}
		}
	}
}

func TestAWithdrawalOfAnErasedListingFindsNobody(t *testing.T) {
	m, at := newMemory(), noon
	r := newRegister(m, &at)
	e := entryOf(adult)
	taken, err := r.Take(t.Context(), judge, []Submission{row(e, 1, "2017-03-25")})
	if err != nil {
		t.Fatal(err)
	}
	m.erase(taken[0].Listing)
	taken, err = r.Take(t.Context(), judge, []Submission{out(e, "2017-03-25", gongxin.GroundPerformed)})
	if err != nil || answers(taken) != "SUBJECT_NOT_IN_CASE" || !taken[0].Listing.IsZero() {
		t.Errorf("got %+v, %v, want SUBJECT_NOT_IN_CASE", taken, err)
	}
}

// staleFirst runs a transaction against an older state of things, which is given
// up, and then against the real one.
type staleFirst struct{ old, now *memory }

func (w staleFirst) Write(ctx context.Context, f func(context.Context, Journal) error) error {
	if err := f(ctx, w.old); err != nil {
		return err
	}
	return w.now.Write(ctx, f)
}

func TestATransactionThatRunsAgainForgetsTheFirstRun(t *testing.T) {
	e := entryOf(adult)
	world := func(before ...Submission) *memory {
		m, at := newMemory(), noon
		if _, err := newRegister(m, &at).Take(t.Context(), judge, before); err != nil {
			t.Fatal(err)
		}
		return m
	}
	refused := world(row(with(e, func(e *gongxin.Entry) { e.Severity = "严重" }), 9))
	listed := world(row(e, 1))
	for _, tt := range []struct {
		name     string
		old, now *memory
		want     string
	}{
		{"refused, then taken", refused, world(), "changed"},
		{"there, then taken", listed, world(), "changed"},
		{"taken, then refused", world(), refused, "LISTING_DIFFERS"},
		{"taken, then there", world(), listed, "ALREADY_LISTED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := noon
			r := newRegister(tt.now, &at)
			r.writer = staleFirst{tt.old, tt.now}
			taken, err := r.Take(t.Context(), judge, []Submission{row(e, 1)})
			if err != nil || answers(taken) != tt.want || taken[0].Changed != (tt.want == "changed") || (taken[0].Note != "") != (tt.want == NoteAlreadyListed) {
				t.Errorf("got %+v, %v, want %s alone", taken, err, tt.want)
			}
		})
	}
}

func TestTakeWantsAListRowOrAWithdrawal(t *testing.T) {
	m, at := newMemory(), noon
	r := newRegister(m, &at)
	both := row(entryOf(adult), 1)
	both.Withdrawal = &Withdrawal{}
	for _, s := range []Submission{{}, both} {
		if _, err := r.Take(t.Context(), judge, []Submission{row(entryOf(credit), 2), s}); err == nil || len(m.events) != 0 {
			t.Errorf("%+v: got %v and %d events, want an error and none", s, err, len(m.events))
		}
	}
	if taken, err := r.Take(t.Context(), judge, nil); taken != nil || err != nil {
		t.Errorf("an empty batch: got %v, %v", taken, err)
	}
}

// Every code that the register gives has its texts, and they name no whole number.
func TestEveryRefusalIsToldInBothLanguages(t *testing.T) {
	m, at := newMemory(), noon
	r := newRegister(m, &at)
	e := entryOf(adult)
	secret := e.Subject.Number.Full()
	taken, err := r.Take(t.Context(), judge, []Submission{
		row(e, 1), row(with(e, func(e *gongxin.Entry) { e.Severity = "x" }), 2), out(with(e, func(e *gongxin.Entry) { e.Subject.Number = citizen("1970-01-01", 10) }), "2017-03-25", "performed"),
		row(entryOf(citizen("2010-01-01", 11)), 3), row(with(entryOf(passport), func(*gongxin.Entry) {}), 4),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range taken[1:] {
		e, ok := a.Err.(*gongxin.Error)
		if !ok {
			t.Fatalf("got %v, want a gongxin.Error", a.Err)
		}
		what := e.What()
		if what.ZH == e.Code || what.EN == "" || strings.Contains(fmt.Sprint(what, e.Mend()), "%!") {
			t.Errorf("%s is told as %q", e.Code, what)
		}
		if strings.Contains(fmt.Sprint(what, e.Mend(), e), secret) {
			t.Errorf("%s gives a whole number away", e.Code)
		}
	}
	codes := []string{"UNKNOWN_LISTING", "LISTING_ENDED", "LISTING_IN_PROCEDURE", "KEY_CHANGED", "TERM_NOT_OVER", "AGE_UNKNOWN", "NOT_ENTITLED",
		"MISSING_FIELD", "DATE_FUTURE", "DATE_ORDER", "MINOR", "UNKNOWN_CASE", "SUBJECT_NOT_IN_CASE", "GROUND_UNKNOWN", NoteAlreadyListed, NoteAlreadyEnded}
	for _, c := range refusals {
		codes = append(codes, c)
	}
	for _, c := range codes {
		if _, _, ok := gongxin.Message(c); !ok {
			t.Errorf("the catalogue lacks %s", c)
		}
	}
}
