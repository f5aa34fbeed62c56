// Package oversight reads what is owed in time and what was not done in time
// (2.3–2.5), and groups it for those who answer for it. It decides nothing about a
// listing and judges nobody but the bodies that handle one.
//
//	duties ──NewBoard──▶ overdue │ due today │ soon │ later │ no time set │ lapsed, by court and by person
//	an overdue duty ──Notes──▶ level 1: the next higher court at once; one level more each further 10 working days
//
// All of it is pure: the same duties on the same day give the same board and the
// same notes, however often and whenever somebody asks.
package oversight

import (
	"cmp"
	"slices"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
)

// A State says how a duty stands on a day.
type State string

// The states, in the order of the board.
const (
	Overdue  State = "overdue"   // owed, and its last day has passed
	DueToday State = "due_today" // owed, and today is its last day
	Soon     State = "soon"      // owed, and its last day lies within the next two working days
	Later    State = "later"     // owed, with more time than that
	NoTime   State = "no_time"   // owed; no time is set, or the calendar does not know the year yet
	Lapsed   State = "lapsed"    // done, but not in time: shown for ever (2.5)
)

// States are all states, in the order of the board.
var States = []State{Overdue, DueToday, Soon, Later, NoTime, Lapsed}

// soonWorkdays is how many working days ahead a last day counts as soon.
const soonWorkdays = 2

// soonDays stands in for soonWorkdays where the calendar does not know the days to
// come: two working days and a weekend. It moves a row of the board, no deadline.
const soonDays = 4

// A Row is one duty as it stands.
type Row struct {
	Duty  gongxin.Duty
	State State
	Days  int // overdue and lapsed: how late; due today, soon and later: how many days are left; else 0
}

// Uncounted tells whether a time is set for r that nobody could count yet, because
// the calendar does not know the year.
func (r Row) Uncounted() bool { return r.State == NoTime && r.Duty.Rule != "" }

// A Count is how many duties stand in each state.
type Count struct {
	Overdue  int `json:"overdue"`
	DueToday int `json:"due_today"`
	Soon     int `json:"soon"`
	Later    int `json:"later"`
	NoTime   int `json:"no_time"`
	Lapsed   int `json:"lapsed"`
}

// Of returns the number for s.
func (c Count) Of(s State) int {
	if n := c.of(s); n != nil {
		return *n
	}
	return 0
}

// Add counts one more in s.
func (c *Count) Add(s State) {
	if n := c.of(s); n != nil {
		*n++
	}
}

func (c *Count) of(s State) *int {
	switch s {
	case Overdue:
		return &c.Overdue
	case DueToday:
		return &c.DueToday
	case Soon:
		return &c.Soon
	case Later:
		return &c.Later
	case NoTime:
		return &c.NoTime
	case Lapsed:
		return &c.Lapsed
	}
	return nil
}

// A CourtCount is the duties of one court; the zero code stands for courts whose
// code is not known.
type CourtCount struct {
	Court gongxin.CourtCode
	Count Count
}

// A PersonCount is the duties of one person in charge; "" stands for nobody known.
type PersonCount struct {
	Person string
	Count  Count
}

// A Board is what is owed and what came late, on one day.
type Board struct {
	Today  gongxin.Day
	Rows   []Row         // by state in the order of States, and in each the most late, or the first due, first
	Total  Count         //
	Courts []CourtCount  // by code
	People []PersonCount // by name
}

// NewBoard reads duties on the day today. Those that were met in time do not show.
// The order is the same for the same duties, in whatever order they come.
func NewBoard(duties []gongxin.Duty, today gongxin.Day, c *calendar.Calendar) Board {
	b := Board{Today: today}
	soon := soonUntil(today, c)
	courts, people := map[gongxin.CourtCode]*Count{}, map[string]*Count{}
	for _, d := range duties {
		row, shown := read(d, today, soon)
		if !shown {
			continue
		}
		b.Rows = append(b.Rows, row)
		for _, count := range []*Count{&b.Total, of(courts, d.Court), of(people, d.Person)} {
			count.Add(row.State)
		}
	}
	slices.SortFunc(b.Rows, compare)
	for court, count := range courts {
		b.Courts = append(b.Courts, CourtCount{court, *count})
	}
	slices.SortFunc(b.Courts, func(x, y CourtCount) int { return cmp.Compare(x.Court.String(), y.Court.String()) })
	for person, count := range people {
		b.People = append(b.People, PersonCount{person, *count})
	}
	slices.SortFunc(b.People, func(x, y PersonCount) int { return cmp.Compare(x.Person, y.Person) })
	return b
}

func of[K comparable](counts map[K]*Count, key K) *Count {
	if counts[key] == nil {
		counts[key] = new(Count)
	}
	return counts[key]
}

// soonUntil is the last day that counts as soon.
func soonUntil(today gongxin.Day, c *calendar.Calendar) gongxin.Day {
	if day, err := c.AddWorkdays(today, soonWorkdays); err == nil {
		return day
	}
	return today.Add(soonDays)
}

// read tells how d stands; shown is false if it was met in time.
func read(d gongxin.Duty, today, soon gongxin.Day) (r Row, shown bool) {
	r.Duty = d
	switch {
	case !d.Open():
		// A lapse stands even where the act says that it was done in time and was entered late.
		r.State = Lapsed
		if !d.Due.IsZero() {
			r.Days = max(between(d.Due, d.Met), 0)
		}
		return r, d.Lapsed != 0 || r.Days > 0
	case d.Due.IsZero():
		r.State = NoTime
		return r, true
	case d.Due < today:
		r.State = Overdue
	case d.Due == today:
		r.State = DueToday
	case d.Due <= soon:
		r.State = Soon
	default:
		r.State = Later
	}
	r.Days = between(today, d.Due)
	if r.State == Overdue {
		r.Days = -r.Days
	}
	return r, true
}

// between is the number of days from a to b, negative if b comes first. If one is
// not known it is 0.
func between(a, b gongxin.Day) int {
	if a.IsZero() || b.IsZero() {
		return 0
	}
	return int(b.Start().Sub(a.Start()) / (24 * time.Hour))
}

func compare(x, y Row) int {
	late := func(r Row) int {
		if r.State == Lapsed {
			return -r.Days
		}
		return int(r.Duty.Due)
	}
	return cmp.Or(
		cmp.Compare(slices.Index(States, x.State), slices.Index(States, y.State)),
		cmp.Compare(late(x), late(y)),
		cmp.Compare(x.Duty.Since, y.Duty.Since),
		slices.Compare(x.Duty.Listing[:], y.Duty.Listing[:]),
		cmp.Compare(x.Duty.Kind, y.Duty.Kind),
		cmp.Compare(x.Duty.Opened, y.Duty.Opened),
	)
}

// Filter says which rows somebody wants to see; what is zero filters nothing.
type Filter struct {
	Court  gongxin.CourtCode
	Person string
	State  State
}

// Rows returns those of b that pass, in its order.
func (f Filter) Rows(b Board) []Row {
	return slices.DeleteFunc(slices.Clone(b.Rows), func(r Row) bool {
		return !f.Court.IsZero() && r.Duty.Court != f.Court || f.Person != "" && r.Duty.Person != f.Person || f.State != "" && r.State != f.State
	})
}
