package packages

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
)

// A Schedule says when a department gets packages and has to confirm them.
type Schedule struct {
	Every  int           `json:"every"`  // so many days or workdays after the last; 0: when somebody makes one
	Unit   calendar.Unit `json:"unit"`   // calendar.Days or Workdays, of Every
	Full   bool          `json:"full"`   // each is a full one
	Within int           `json:"within"` // days within which the receipt is to come back
}

// receiptDays is how long a receipt may take where no schedule says it.
const receiptDays = 10

const longestPeriod = 366

func (s Schedule) check() error {
	if s.Every < 0 || s.Every > longestPeriod || s.Within < 1 || s.Within > longestPeriod ||
		s.Unit != calendar.Days && s.Unit != calendar.Workdays {
		return gongxin.Invalid("PACKAGE_SCHEDULE", s)
	}
	return nil
}

// next returns when the package after one of the day is due; zero if never.
func (s Schedule) next(day gongxin.Day, c *calendar.Calendar) (gongxin.Day, error) {
	switch {
	case s.Every == 0:
		return 0, nil
	case s.Unit == calendar.Workdays:
		return c.AddWorkdays(day, s.Every)
	}
	return day.Add(s.Every), nil
}

var gateName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// checkGate tells whether gate and department can be named in a package.
func checkGate(gate, department string) error {
	switch {
	case !gateName.MatchString(gate):
		return gongxin.Invalid("PACKAGE_GATE", gate)
	case strings.TrimSpace(department) == "":
		return gongxin.Invalid("PACKAGE_DEPARTMENT")
	}
	return nil
}

// SetSchedule says from now on when a department gets packages.
func (r *Room) SetSchedule(gate, department string, s Schedule) error {
	if err := checkGate(gate, department); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	return r.journal.change(func([]event) ([]event, error) {
		return []event{{At: gongxin.Millis(r.Now()), What: eventScheduled, Gate: gate, Department: department, Schedule: &s}}, nil
	})
}

// A Sent package, once more with what became of it.
type Sent struct {
	File      string      `json:"file"`
	Full      bool        `json:"full"`
	From      uint64      `json:"from"`
	To        uint64      `json:"to"`
	Made      time.Time   `json:"made"`
	Sent      time.Time   `json:"sent,omitzero"` // the last time; zero if it only lies here
	How       string      `json:"how,omitempty"`
	Due       gongxin.Day `json:"receipt_due"`
	Confirmed time.Time   `json:"confirmed,omitzero"` // by a receipt for it or for a later one
	OnPaper   string      `json:"on_paper,omitempty"` // what a receipt on paper is called
}

// A Standing is how far a department is.
type Standing struct {
	Gate       string      `json:"gate"`
	Department string      `json:"department"`
	Schedule   Schedule    `json:"schedule"`
	Next       gongxin.Day `json:"next,omitzero"`      // when the next package is due
	Confirmed  uint64      `json:"confirmed"`          // up to this event the department has the list
	Disagrees  string      `json:"disagrees,omitzero"` // what its latest receipt contradicts; "" if it agrees
	Packages   []Sent      `json:"packages"`           // oldest first

	since gongxin.Day // of Disagrees
}

// Standings tells how far each department is, by the name of its gate.
func (r *Room) Standings() ([]Standing, error) {
	events, err := r.journal.read()
	if err != nil {
		return nil, err
	}
	return fold(events), nil
}

func fold(events []event) []Standing {
	var all []*Standing
	for _, e := range events {
		i := slices.IndexFunc(all, func(s *Standing) bool { return s.Gate == e.Gate })
		if i < 0 {
			i, all = len(all), append(all, &Standing{Gate: e.Gate, Schedule: Schedule{Unit: calendar.Days, Within: receiptDays}})
		}
		all[i].take(e)
	}
	out := make([]Standing, len(all))
	for i, s := range all {
		out[i] = *s
	}
	slices.SortFunc(out, func(a, b Standing) int { return cmp.Compare(a.Gate, b.Gate) })
	return out
}

// take folds e into s.
func (s *Standing) take(e event) {
	if e.Department != "" {
		s.Department = e.Department
	}
	switch e.What {
	case eventScheduled:
		s.Schedule = *e.Schedule
		if s.Schedule.Every == 0 {
			s.Next = 0
		} else if s.Next.IsZero() {
			s.Next = gongxin.DayOf(e.At)
		}
	case eventMade:
		s.Next = e.Next
		s.Packages = append(s.Packages, Sent{File: e.File, Full: e.Full, From: e.From, To: e.To, Made: e.Made, Due: e.Due})
	case eventSent:
		for i := range s.Packages {
			if s.Packages[i].Made.Equal(e.Made) && s.Packages[i].To == e.To {
				s.Packages[i].Sent, s.Packages[i].How = e.At, e.How
			}
		}
	case eventReceived:
		if e.To < s.Confirmed {
			return // an older one that came late
		}
		s.Confirmed, s.Disagrees, s.since = e.To, "", 0
		for i := range s.Packages {
			if p := &s.Packages[i]; p.To <= e.To && p.Confirmed.IsZero() {
				p.Confirmed, p.OnPaper = e.At, e.How
			}
		}
	case eventDisagreed:
		s.Disagrees, s.since = e.How, gongxin.DayOf(e.At)
	}
}

// What can be late, or wrong.
const (
	LatePackage = "package" // the next one should have been made
	LateReceipt = "receipt" // one was made and never confirmed
	Disagrees   = "disagrees"
)

// An Overdue names what a department, or the hub towards it, is late with.
type Overdue struct {
	Gate       string      `json:"gate"`
	Department string      `json:"department"`
	What       string      `json:"what"`
	Since      gongxin.Day `json:"since"`          // its last day; of a disagreement, the day it came
	To         uint64      `json:"to,omitempty"`   // of the package that was not confirmed
	Why        string      `json:"why,omitempty"`  // of a disagreement
	Sent       bool        `json:"sent,omitempty"` // the package did leave
}

// Overdue lists what is late on the day, the longest first: for the board, and for
// whoever makes the round of the departments.
func (r *Room) Overdue(day gongxin.Day) ([]Overdue, error) {
	all, err := r.Standings()
	if err != nil {
		return nil, err
	}
	var late []Overdue
	for _, s := range all {
		late = append(late, s.Overdue(day)...)
	}
	slices.SortStableFunc(late, func(a, b Overdue) int { return cmp.Compare(a.Since, b.Since) })
	return late, nil
}

// Overdue lists what is late for one department on the day.
func (s Standing) Overdue(day gongxin.Day) (late []Overdue) {
	if s.Disagrees != "" {
		late = append(late, Overdue{Gate: s.Gate, Department: s.Department, What: Disagrees, Since: s.since, Why: s.Disagrees})
	}
	for _, p := range s.Packages {
		if p.Confirmed.IsZero() && p.Due < day { // the first tells the most: later ones hold what it does
			late = append(late, Overdue{Gate: s.Gate, Department: s.Department, What: LateReceipt, Since: p.Due, To: p.To, Sent: !p.Sent.IsZero()})
			break
		}
	}
	if !s.Next.IsZero() && s.Next < day {
		late = append(late, Overdue{Gate: s.Gate, Department: s.Department, What: LatePackage, Since: s.Next})
	}
	return late
}

// Due lists the departments whose next package is to be made on the day or before.
func (r *Room) Due(day gongxin.Day) ([]Standing, error) {
	all, err := r.Standings()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(s Standing) bool { return s.Next.IsZero() || s.Next > day }), nil
}

// standing returns how far one department is; ok is false if nothing is known of it.
func standing(events []event, gate string) (s Standing, ok bool) {
	for _, s := range fold(events) {
		if s.Gate == gate {
			return s, true
		}
	}
	return Standing{Gate: gate, Schedule: Schedule{Unit: calendar.Days, Within: receiptDays}}, false
}
