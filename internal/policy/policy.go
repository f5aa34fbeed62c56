// Package policy holds the rules that count something (windows, ages, numbers of
// checks) as dated data, each with its clause, so that a rule that changes is a
// new line and not a new release of the procedure.
//
//	opinion-2017-02   the Jiangsu Opinion of 4 February 2017: the default
//	spc-2017-03       the Supreme Court's rules as of 1 March 2017 (5.8)
//
// A Policy does not change once made and is safe for concurrent use.
package policy

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"gongxin"
	"gongxin/internal/calendar"
)

// A Profile is a body of rules.
type Profile string

// The profiles.
const (
	Opinion Profile = "opinion-2017-02"
	Supreme Profile = "spc-2017-03"
)

// The ids of rules. A window is counted from the day that its text names.
const (
	Objection             = "objection"                // the subject objects
	Review                = "review"                   // the court answers an objection
	WithdrawalWindow      = "withdrawal"               // the court withdraws once a ground is there
	QuarterlyReport       = "quarterly_report"         // departments report
	NoPropertyWithdrawal  = "no_property_withdrawal"   // the court deletes after fruitless checks
	NoPropertyChecks      = "no_property_checks"       // how many checks that takes
	MinorAge              = "minor_age"                // from this age on a person can be listed
	Reconsideration       = "reconsideration"          // the subject asks the next higher court
	ReconsiderationAnswer = "reconsideration_decision" // the next higher court answers
	CorrectionAfterUpheld = "correction"               // the court corrects after it upheld an objection
	Application           = "application"              // the court decides on a creditor's application
	Term                  = "term"                     // a listing lasts at most
	TermExtension         = "term_extension"           // what a decision can add to the term at most
	RelistingWait         = "relisting_wait"           // a creditor who asked for the deletion applies again
	Retention             = "retention"                // after the exit: then personal data are erased
)

// A Rule is one number with its meaning, clause and dates.
type Rule struct {
	ID      string
	Clause  string // of the mission's clauses, such as 2.3
	Profile Profile
	Text    gongxin.Text
	Count   int
	Unit    calendar.Unit // "" for what is no period: an age, a number of times
	From    gongxin.Day   // first day in force; zero: always was
	To      gongxin.Day   // last day in force; zero: still is
}

// A Policy is the rules that apply, with the profile that goes first.
type Policy struct {
	profile Profile
	rules   []Rule
}

//go:embed data/rules.csv
var embedded []byte

// Default returns the embedded rules with the document's profile first: a rule
// that it does not have is the Supreme Court's.
func Default() *Policy { return For(Opinion) }

// For returns the embedded rules with profile first.
func For(profile Profile) *Policy {
	p, err := Parse(bytes.NewReader(embedded), profile)
	if err != nil {
		panic(err)
	}
	return p
}

// Parse reads rules from CSV: columns id, profile, clause, count, unit, from, to,
// zh, en. Error: POLICY_FILE with the line and what is wrong.
func Parse(r io.Reader, first Profile) (*Policy, error) {
	p := &Policy{profile: first}
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 9
	for n := 0; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			return nil, gongxin.Invalid("POLICY_FILE", malformed.Line, malformed.Err.Error())
		}
		if err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		if n == 0 {
			continue
		}
		rule, err := parseRule(row)
		if err == nil {
			err = p.add(rule)
		}
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, gongxin.Invalid("POLICY_FILE", line, err.Error())
		}
	}
}

func parseRule(row []string) (Rule, error) {
	count, err := strconv.Atoi(row[3])
	if err != nil || count < 1 {
		return Rule{}, fmt.Errorf("the count %q is no whole number above 0", row[3])
	}
	unit := calendar.Unit(row[4])
	if !slices.Contains([]calendar.Unit{calendar.Days, calendar.Workdays, calendar.Months, calendar.Years, ""}, unit) {
		return Rule{}, fmt.Errorf("no such unit: %q", row[4])
	}
	from, err1 := gongxin.ParseDay(row[5])
	to, err2 := gongxin.ParseDay(row[6])
	if err := errors.Join(err1, err2); err != nil {
		return Rule{}, err
	}
	if slices.Contains([]string{row[0], row[1], row[2], row[7], row[8]}, "") {
		return Rule{}, errors.New("id, profile, clause and texts must be given")
	}
	return Rule{
		ID: row[0], Profile: Profile(row[1]), Clause: row[2], Count: count, Unit: unit,
		From: from, To: to, Text: gongxin.Text{ZH: row[7], EN: row[8]},
	}, nil
}

// add refuses a rule that is in force on a day on which another of the same id and profile is.
func (p *Policy) add(r Rule) error {
	if !r.To.IsZero() && r.To < r.From {
		return fmt.Errorf("%s ends before it begins", r.ID)
	}
	for _, o := range p.rules {
		if o.ID == r.ID && o.Profile == r.Profile && (o.To.IsZero() || o.To >= r.From) && (r.To.IsZero() || r.To >= o.From) {
			return fmt.Errorf("%s of %s is in force twice on one day", r.ID, r.Profile)
		}
	}
	p.rules = append(p.rules, r)
	return nil
}

// On tells whether r is in force on day.
func (r Rule) On(day gongxin.Day) bool { return r.From <= day && (r.To.IsZero() || day <= r.To) }

// Rule returns the rule id in force on the day on: that of the first profile, else
// of another. Error: POLICY_RULE_UNKNOWN.
func (p *Policy) Rule(id string, on gongxin.Day) (Rule, error) {
	var other *Rule
	for i := range p.rules {
		r := &p.rules[i]
		switch {
		case r.ID != id || !r.On(on):
		case r.Profile == p.profile:
			return *r, nil
		case other == nil:
			other = r
		}
	}
	if other != nil {
		return *other, nil
	}
	return Rule{}, gongxin.Missing("POLICY_RULE_UNKNOWN", id, on.String())
}

// Rules returns all rules of all profiles and times, for documents that list them.
func (p *Policy) Rules() []Rule { return slices.Clone(p.rules) }

// Deadline returns the last day of the window id, which the event on the day from
// sets going. Errors: POLICY_RULE_UNKNOWN, CALENDAR_YEAR_UNKNOWN.
func (p *Policy) Deadline(id string, from gongxin.Day, c *calendar.Calendar) (gongxin.Day, error) {
	r, err := p.Rule(id, from)
	if err != nil {
		return 0, err
	}
	return c.Deadline(from, r.Count, r.Unit)
}

// End returns the last day of the period id, which begins on the day from, worked
// or off: for terms. Error: POLICY_RULE_UNKNOWN.
func (p *Policy) End(id string, from gongxin.Day) (gongxin.Day, error) {
	r, err := p.Rule(id, from)
	if err != nil {
		return 0, err
	}
	return calendar.End(from, r.Count, r.Unit)
}
