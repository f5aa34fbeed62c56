package oversight

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/internal/calendar"
)

var day = gongxin.MustDay

func court(code string) (c gongxin.CourtCode) {
	if err := c.UnmarshalText([]byte(code)); err != nil {
		panic(err)
	}
	return c
}

func TestADutyStandsByItsLastDay(t *testing.T) {
	// 2017-01-26 is the Thursday before the Spring Festival; 2 February is the last day off.
	const today = "2017-01-26"
	for _, tt := range []struct {
		name  string
		duty  gongxin.Duty
		today string
		want  string // state and days, "" if it does not show
	}{
		{"yesterday was the last day", gongxin.Duty{Due: day("2017-01-25")}, today, "overdue 1"},
		{"long ago", gongxin.Duty{Due: day("2016-12-26"), Lapsed: 7}, today, "overdue 31"},
		{"today", gongxin.Duty{Due: day(today)}, today, "due_today 0"},
		{"the first working day after the festival", gongxin.Duty{Due: day("2017-02-03")}, today, "soon 8"},
		{"a Saturday that is worked", gongxin.Duty{Due: day("2017-02-04")}, today, "soon 9"},
		{"the third working day", gongxin.Duty{Due: day("2017-02-06")}, today, "later 11"},
		{"tomorrow, on an ordinary Monday", gongxin.Duty{Due: day("2017-03-07")}, "2017-03-06", "soon 1"},
		{"Thursday, on an ordinary Monday", gongxin.Duty{Due: day("2017-03-09")}, "2017-03-06", "later 3"},
		{"Tuesday, on a Friday", gongxin.Duty{Due: day("2017-03-14")}, "2017-03-10", "soon 4"},
		{"Wednesday, on a Friday", gongxin.Duty{Due: day("2017-03-15")}, "2017-03-10", "later 5"},
		{"in a year that the calendar does not know", gongxin.Duty{Due: day("2031-03-14")}, "2031-03-10", "soon 4"},
		{"later in such a year", gongxin.Duty{Due: day("2031-03-15")}, "2031-03-10", "later 5"},
		{"overdue in such a year", gongxin.Duty{Due: day("2031-03-09")}, "2031-03-10", "overdue 1"},
		{"no time is set", gongxin.Duty{}, today, "no_time 0"},
		{"a time that nobody could count", gongxin.Duty{Rule: "review"}, today, "no_time 0"},
		{"done in time", gongxin.Duty{Due: day("2017-01-20"), Met: day("2017-01-20"), MetBy: 3}, today, ""},
		{"done without a time", gongxin.Duty{Met: day("2017-01-20"), MetBy: 3}, today, ""},
		{"done late", gongxin.Duty{Due: day("2017-01-20"), Met: day("2017-01-24"), MetBy: 3, Lapsed: 2}, today, "lapsed 4"},
		{"done late before anybody recorded the lapse", gongxin.Duty{Due: day("2017-01-20"), Met: day("2017-01-21"), MetBy: 3}, today, "lapsed 1"},
		{"said to be done in time, entered late", gongxin.Duty{Due: day("2017-01-20"), Met: day("2017-01-19"), MetBy: 3, Lapsed: 2}, today, "lapsed 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBoard([]gongxin.Duty{tt.duty}, day(tt.today), calendar.Embedded())
			got := ""
			for _, r := range b.Rows {
				got = fmt.Sprint(r.State, " ", r.Days)
				if n := b.Total.Of(r.State); n != 1 {
					t.Errorf("the total for %s is %d", r.State, n)
				}
				if r.Uncounted() != (tt.duty.Rule != "" && tt.duty.Due.IsZero()) {
					t.Errorf("uncounted: %t", r.Uncounted())
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheMostLateComesFirstAndGroupsAddUp(t *testing.T) {
	a, b := court("苏0505"), court("苏0506")
	duties := []gongxin.Duty{
		{Opened: 1, Court: a, Person: "wang@苏0505", Due: day("2017-03-20")},
		{Opened: 2, Court: b, Person: "li@苏0506"},
		{Opened: 3, Court: a, Person: "wang@苏0505", Due: day("2017-03-01"), Met: day("2017-03-04"), MetBy: 9, Lapsed: 8},
		{Opened: 4, Court: a, Due: day("2017-03-06")},
		{Opened: 5, Court: b, Person: "li@苏0506", Due: day("2017-03-03")},
		{Opened: 6, Court: a, Person: "wang@苏0505", Due: day("2017-02-24")},
		{Opened: 7, Court: b, Due: day("2017-03-01"), Met: day("2017-03-05"), MetBy: 9, Lapsed: 8},
		{Opened: 8, Court: a, Person: "wang@苏0505", Due: day("2017-03-07")},
		{Opened: 9, Court: a, Person: "wang@苏0505", Due: day("2017-03-07"), Met: day("2017-03-06"), MetBy: 10},
	}
	board := NewBoard(duties, day("2017-03-06"), calendar.Embedded())
	order := func(rows []Row) string {
		var s []string
		for _, r := range rows {
			s = append(s, fmt.Sprint(r.Duty.Opened))
		}
		return strings.Join(s, " ")
	}
	if got, want := order(board.Rows), "6 5 4 8 1 2 7 3"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if want := (Count{Overdue: 2, DueToday: 1, Soon: 1, Later: 1, NoTime: 1, Lapsed: 2}); board.Total != want {
		t.Errorf("total %+v, want %+v", board.Total, want)
	}
	if want := []CourtCount{{a, Count{Overdue: 1, DueToday: 1, Soon: 1, Later: 1, Lapsed: 1}}, {b, Count{Overdue: 1, NoTime: 1, Lapsed: 1}}}; !slices.Equal(board.Courts, want) {
		t.Errorf("courts %+v, want %+v", board.Courts, want)
	}
	if want := []PersonCount{{"", Count{DueToday: 1, Lapsed: 1}}, {"li@苏0506", Count{Overdue: 1, NoTime: 1}}, {"wang@苏0505", Count{Overdue: 1, Soon: 1, Later: 1, Lapsed: 1}}}; !slices.Equal(board.People, want) {
		t.Errorf("people %+v, want %+v", board.People, want)
	}
	for _, tt := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "6 5 4 8 1 2 7 3"},
		{Filter{Court: b}, "5 2 7"},
		{Filter{Person: "wang@苏0505"}, "6 8 1 3"},
		{Filter{State: Lapsed}, "7 3"},
		{Filter{Court: a, State: Overdue}, "6"},
		{Filter{Court: a, Person: "li@苏0506"}, ""},
	} {
		if got := order(tt.f.Rows(board)); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.f, got, tt.want)
		}
	}
	if len(board.Rows) != 8 {
		t.Error("a filter changed the board")
	}
}

// anyDuty draws a duty around the turn of the years 2016 and 2017.
func anyDuty(t *rapid.T) gongxin.Duty {
	since := day("2016-12-15").Add(rapid.IntRange(0, 60).Draw(t, "since"))
	d := gongxin.Duty{
		Opened: rapid.Uint64Range(1, 9).Draw(t, "opened"), Kind: gongxin.DutyReview, Since: since,
		Court:  court(rapid.SampledFrom([]string{"苏0505", "苏0506", "苏05", "苏", "苏8602", ""}).Draw(t, "court")),
		Person: rapid.SampledFrom([]string{"", "wang", "li"}).Draw(t, "person"),
	}
	if rapid.Bool().Draw(t, "timed") {
		d.Due = since.Add(rapid.IntRange(0, 20).Draw(t, "days"))
	}
	if rapid.Bool().Draw(t, "met") {
		d.Met, d.MetBy = since.Add(rapid.IntRange(0, 60).Draw(t, "met after")), d.Opened+1
	}
	return d
}

func TestEveryOpenDutyStandsOnTheBoardOnceInAnyOrder(t *testing.T) {
	c := calendar.Embedded()
	rapid.Check(t, func(t *rapid.T) {
		duties := rapid.SliceOfN(rapid.Custom(anyDuty), 0, 12).Draw(t, "duties")
		today := day("2016-12-15").Add(rapid.IntRange(0, 90).Draw(t, "today"))
		b := NewBoard(duties, today, c)
		owed, late, sum := 0, 0, 0
		for _, d := range duties {
			if d.Open() {
				owed++
			} else if !d.Due.IsZero() && d.Met > d.Due {
				late++
			}
		}
		for _, s := range States {
			sum += b.Total.Of(s)
		}
		if len(b.Rows) != owed+late || sum != owed+late || b.Total.Lapsed != late {
			t.Fatalf("%d rows and a total of %+v for %d owed and %d late", len(b.Rows), b.Total, owed, late)
		}
		slices.Reverse(duties)
		if again := NewBoard(duties, today, c); !reflect.DeepEqual(again.Courts, b.Courts) || !reflect.DeepEqual(again.People, b.People) || len(again.Rows) != len(b.Rows) {
			t.Fatalf("another order of the duties gives another board")
		}
		if !slices.IsSortedFunc(b.Rows, compare) {
			t.Fatal("the rows are out of order")
		}
	})
}

func TestEveryKindAndStateIsTold(t *testing.T) {
	for _, k := range []gongxin.DutyKind{
		gongxin.DutyDecide, gongxin.DutyReview, gongxin.DutyReconsider, gongxin.DutyWithdraw,
		gongxin.DutyNoProperty, gongxin.DutyAnswerRequest, gongxin.DutyAnswerProposal, gongxin.DutyTellEmployer,
	} {
		if w := KindTerm(k); w.Text.ZH == string(k) || w.Text.ZH == "" || w.Text.EN == "" || w.Clause == "" {
			t.Errorf("the kind %s is told as %+v", k, w)
		}
	}
	if w := KindTerm("of_tomorrow"); w.Text.ZH != "of_tomorrow" || w.Text.EN != "of_tomorrow" {
		t.Errorf("an unknown kind is told as %+v", w)
	}
	for _, s := range States {
		if w := StateTerm(s); w.Text.ZH == "" || w.Text.EN == "" || w.Clause == "" {
			t.Errorf("the state %s is told as %+v", s, w)
		}
	}
}
