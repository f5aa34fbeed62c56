package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// told says which duties they are, by the event that opened each.
func told(duties []gongxin.Duty) string {
	var s []string
	for _, d := range duties {
		s = append(s, fmt.Sprint(d.Opened))
	}
	return strings.Join(s, " ")
}

// board writes duties of which Opened tells them apart, in three courts.
func board(t *testing.T, db *store.DB) (listings [2]gongxin.ListingID) {
	t.Helper()
	listings = [2]gongxin.ListingID{newID(noon), newID(noon.Add(time.Second))}
	day := gongxin.MustDay("2017-03-01")
	own, other := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏0508")
	write(t, db, func(ctx context.Context, tx *store.Tx) error {
		for _, d := range []gongxin.Duty{
			{Opened: 1, Court: own, Kind: gongxin.DutyReview, Person: "zhao", Rule: "review", Since: day, Due: day.Add(3)},
			{Opened: 2, Court: own, Kind: gongxin.DutyWithdraw, Person: "zhao", Rule: "withdraw", Since: day, Due: day.Add(1)},
			{Opened: 3, Court: own, Kind: gongxin.DutyAnswerProposal, Person: "zhao"},                          // no time is set
			{Opened: 4, Court: own, Kind: gongxin.DutyDecide, Person: "qian", Rule: "decide", Since: day},      // the calendar did not know
			{Opened: 5, Court: own, Kind: gongxin.DutyReview, Due: day, Rule: "review", Met: day, MetBy: 9},    // met in time
			{Opened: 6, Court: own, Kind: gongxin.DutyReview, Due: day, Rule: "review", MetBy: 9, Lapsed: 8},   // met too late
			{Opened: 7, Court: other, Kind: gongxin.DutyReview, Due: day.Add(-1), Rule: "review", Lapsed: 8},   // open, lapse recorded
			{Opened: 8, Court: other, Kind: gongxin.DutyReview, Due: day.Add(-2), Rule: "review"},              // open, lapse not recorded
			{Opened: 10, Kind: gongxin.DutyReview, Due: day.Add(9), Rule: "review", Since: day, Person: "sun"}, // a court without a known code
		} {
			d.Listing = listings[d.Opened%2]
			if err := tx.PutDuty(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	return listings
}

func TestABoardShowsWhatIsAskedFor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		listings := board(t, db)
		day := gongxin.MustDay("2017-03-01")
		own, other := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏0508")
		many := []gongxin.CourtCode{own, other}
		for n := range 600 { // more than a list of which statements are kept
			many = append(many, gongxin.MustCourtCode(fmt.Sprintf("浙%04d", 1000+n)))
		}
		for _, tt := range []struct {
			name string
			f    store.DutyFilter
			want string
		}{
			{"all", store.DutyFilter{}, "8 7 2 1 10 4 3"},
			{"of a court", store.DutyFilter{Courts: []gongxin.CourtCode{own}}, "2 1 4 3"},
			{"of two courts", store.DutyFilter{Courts: []gongxin.CourtCode{own, other}}, "8 7 2 1 4 3"},
			{"of many courts", store.DutyFilter{Courts: many}, "8 7 2 1 4 3"},
			{"of no court", store.DutyFilter{Courts: []gongxin.CourtCode{}}, ""},
			{"of a person", store.DutyFilter{Person: "qian"}, "4"},
			{"of a person in a court", store.DutyFilter{Person: "zhao", Courts: []gongxin.CourtCode{own}}, "2 1 3"},
			{"of a listing", store.DutyFilter{Listing: listings[1]}, "7 1 3"},
			{"due today or before", store.DutyFilter{Before: day.Add(2)}, "8 7 2"},
			{"lapsed", store.DutyFilter{Lapsed: true}, "7 6"},
			{"lapsed in a court", store.DutyFilter{Lapsed: true, Courts: []gongxin.CourtCode{own}}, "6"},
			{"everything at once", store.DutyFilter{Courts: []gongxin.CourtCode{own}, Person: "zhao", Listing: listings[0], Before: day.Add(5)}, "2"},
		} {
			view(t, db, func(ctx context.Context, v *store.View) {
				got, err := v.OpenDuties(ctx, tt.f, 100)
				if err != nil || told(got) != tt.want {
					t.Errorf("%s: got %s, %v, want %s", tt.name, told(got), err, tt.want)
				}
				first, err := v.OpenDuties(ctx, tt.f, 1)
				if err != nil || len(first) != min(1, len(got)) || len(first) > 0 && first[0] != got[0] {
					t.Errorf("%s, the first: got %+v, %v", tt.name, first, err)
				}
			})
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.Overdue(ctx, day.Add(2), 10); err != nil || told(got) != "8 2" {
				t.Errorf("overdue: got %s, %v", told(got), err)
			}
			if got, err := v.Overdue(ctx, day.Add(2), 1); err != nil || told(got) != "8" {
				t.Errorf("overdue, one: got %s, %v", told(got), err)
			}
			if got, err := v.Uncounted(ctx, 10); err != nil || told(got) != "4" {
				t.Errorf("uncounted: got %s, %v", told(got), err)
			}
		})
	})
}

func TestADutyIsSeenByLaterSharesAndUndoneWithItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		id := newID(noon)
		duty := func(opened uint64, met uint64) gongxin.Duty {
			return gongxin.Duty{Listing: id, Kind: gongxin.DutyReview, Opened: opened, Met: gongxin.Day(20170301 * min(met, 1)), MetBy: met}
		}
		expect := func(ctx context.Context, tx *store.Tx, want string) {
			t.Helper()
			if got, err := tx.Duties(ctx, id); err != nil || told(got) != want {
				t.Errorf("got %s, %v, want %s", told(got), err, want)
			}
		}
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error {
				expect(ctx, tx, "")
				err := tx.PutDuty(ctx, duty(7, 0))
				if err == nil {
					err = tx.PutDuty(ctx, duty(3, 0))
				}
				expect(ctx, tx, "3 7")
				return err
			},
			func(ctx context.Context, tx *store.Tx) error {
				if err := tx.PutDuty(ctx, duty(3, 9)); err != nil { // met
					return err
				}
				expect(ctx, tx, "7")
				return errRefused
			},
			func(ctx context.Context, tx *store.Tx) error {
				expect(ctx, tx, "3 7")
				return tx.PutDuty(ctx, duty(7, 9))
			},
		)
		if errs[0] != nil || errs[1] != errRefused || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			expect(ctx, tx, "3")
			return nil
		})
	})
}

func TestTheFirstAcknowledgementStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		e := store.Escalation{
			Listing: newID(noon), Kind: gongxin.DutyReview, Opened: 4, Level: 1, Court: gongxin.MustCourtCode("苏0505"), To: gongxin.MustCourtCode("苏05"), At: noon,
		}
		noted := e
		noted.Acknowledged, noted.By, noted.Note = noon.Add(time.Hour), "qian", "已督办"
		later := e
		later.Acknowledged, later.By, later.Note = noon.Add(2*time.Hour), "sun", "另行说明"
		for _, step := range []struct{ save, want store.Escalation }{{e, e}, {e, e}, {noted, noted}, {e, noted}, {later, noted}} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.SaveEscalation(ctx, step.save); err != nil {
					return err
				}
				if got, err := tx.Escalation(ctx, e.ID()); err != nil || got != step.want {
					t.Errorf("got %+v, %v, want %+v", got, err, step.want)
				}
				return nil
			})
		}
		open1, open2 := e, e
		open1.Level, open1.To, open1.At = 2, gongxin.MustCourtCode("苏"), noon.Add(time.Minute)
		open2.Opened, open2.Court, open2.To = 5, gongxin.CourtCode{}, gongxin.CourtCode{}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveEscalation(ctx, open1); err != nil {
				return err
			}
			return tx.SaveEscalation(ctx, open2)
		})
		view(t, db, func(ctx context.Context, v *store.View) {
			for _, tt := range []struct {
				courts []gongxin.CourtCode
				limit  int
				want   []store.Escalation
			}{
				{nil, 10, []store.Escalation{open1, open2, noted}},
				{nil, 1, []store.Escalation{open1}},
				{[]gongxin.CourtCode{}, 10, nil},
				{[]gongxin.CourtCode{e.Court}, 10, []store.Escalation{open1, noted}},
				{[]gongxin.CourtCode{e.To}, 10, []store.Escalation{noted}},
				{[]gongxin.CourtCode{open1.To, e.Court}, 10, []store.Escalation{open1, noted}},
			} {
				got, err := v.Escalations(ctx, tt.courts, tt.limit)
				if err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("%v: got %v, %v, want %v", tt.courts, got, err, tt.want)
				}
			}
			for _, id := range []string{"", "x", e.ID() + "0", strings.Replace(e.ID(), ".1", ".3", 1), strings.ToUpper(e.ID())} {
				if _, err := v.Escalation(ctx, id); gongxin.CodeOf(err) != "ESCALATION_UNKNOWN" {
					t.Errorf("%q: got %v", id, err)
				}
			}
		})
	})
}

func FuzzEscalationID(f *testing.F) {
	f.Add(store.Escalation{Listing: gongxin.ListingID{1}, Kind: gongxin.DutyReview, Opened: 4, Level: 1}.ID())
	f.Add("....")
	f.Add("00000000000000000000000000.review.+1.01")
	f.Add("00000000000000000000000000..18446744073709551615.-1")
	f.Fuzz(func(t *testing.T, id string) {
		if e, ok := store.EscalationKey(id); ok && e.ID() != id {
			t.Errorf("%q reads as %q", id, e.ID())
		}
	})
}
