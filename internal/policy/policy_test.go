package policy

import (
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/calendar"
)

var day = gongxin.MustDay

func TestDefaultFollowsTheDocumentAndElseTheSupremeCourt(t *testing.T) {
	for _, tt := range []struct {
		id      string
		profile Profile
		on      string
		from    Profile
		count   int
		unit    calendar.Unit
		clause  string
	}{
		{Objection, Opinion, "2017-04-01", Opinion, 10, calendar.Days, "2.3"},
		{Review, Opinion, "2017-04-01", Opinion, 3, calendar.Days, "2.3"},
		{Review, Supreme, "2017-04-01", Supreme, 15, calendar.Days, "5.8"},
		{WithdrawalWindow, Opinion, "2017-04-01", Opinion, 3, calendar.Days, "2.4"},
		{WithdrawalWindow, Supreme, "2017-04-01", Supreme, 3, calendar.Workdays, "5.8"},
		{WithdrawalWindow, Supreme, "2017-02-28", Opinion, 3, calendar.Days, "2.4"}, // before the Supreme Court's rules
		{QuarterlyReport, Opinion, "2017-04-01", Opinion, 30, calendar.Days, "4.4"},
		{QuarterlyReport, Supreme, "2017-04-01", Opinion, 30, calendar.Days, "4.4"},
		{NoPropertyWithdrawal, Opinion, "2017-03-01", Supreme, 3, calendar.Workdays, "5.8"},
		{NoPropertyChecks, Opinion, "2017-03-01", Supreme, 2, "", "5.8"},
		{Application, Opinion, "2017-04-01", Supreme, 15, calendar.Days, "5.8"},
		{Term, Opinion, "2017-04-01", Supreme, 2, calendar.Years, "5.8"},
		{TermExtension, Opinion, "2017-04-01", Supreme, 3, calendar.Years, "5.8"},
		{RelistingWait, Opinion, "2017-04-01", Supreme, 6, calendar.Months, "5.8"},
		{MinorAge, Opinion, "1999-01-01", Supreme, 18, "", "5.8"}, // no day is exempt
	} {
		t.Run(tt.id+" of "+string(tt.profile)+" on "+tt.on, func(t *testing.T) {
			r, err := For(tt.profile).Rule(tt.id, day(tt.on))
			if err != nil {
				t.Fatal(err)
			}
			if r.Profile != tt.from || r.Count != tt.count || r.Unit != tt.unit || r.Clause != tt.clause {
				t.Errorf("got %d %q of %s, clause %s, want %d %q of %s, clause %s", r.Count, r.Unit, r.Profile, r.Clause, tt.count, tt.unit, tt.from, tt.clause)
			}
		})
	}
}

func TestARuleThatIsNotInForceIsMissing(t *testing.T) {
	for _, tt := range []struct{ id, on string }{
		{Objection, "2017-02-03"}, {NoPropertyWithdrawal, "2017-02-28"}, {"no such rule", "2017-04-01"},
	} {
		if _, err := Default().Rule(tt.id, day(tt.on)); gongxin.CodeOf(err) != "POLICY_RULE_UNKNOWN" {
			t.Errorf("%s on %s: got %v, want POLICY_RULE_UNKNOWN", tt.id, tt.on, err)
		}
	}
}

func TestDeadlineIsTheWindowByTheCalendar(t *testing.T) {
	c := calendar.Embedded()
	for _, tt := range []struct {
		id         string
		profile    Profile
		from, want string // the deadline, or the error's code
	}{
		{Objection, Opinion, "2017-04-10", "2017-04-20"},
		{Objection, Opinion, "2017-09-28", "2017-10-09"}, // the tenth day is in National Day
		{Review, Opinion, "2017-04-10", "2017-04-13"},
		{WithdrawalWindow, Opinion, "2017-04-06", "2017-04-10"}, // the third day is a Sunday
		{WithdrawalWindow, Supreme, "2017-04-06", "2017-04-11"},
		{NoPropertyWithdrawal, Opinion, "2017-09-29", "2017-10-10"},
		{QuarterlyReport, Opinion, "2017-06-30", "2017-07-31"}, // 30 July is a Sunday
		{Objection, Opinion, "2026-12-28", "CALENDAR_YEAR_UNKNOWN"},
		{Objection, Opinion, "2016-12-28", "POLICY_RULE_UNKNOWN"},
	} {
		t.Run(tt.id+" from "+tt.from+" by "+string(tt.profile), func(t *testing.T) {
			d, err := For(tt.profile).Deadline(tt.id, day(tt.from), c)
			got := d.String()
			if err != nil {
				got = gongxin.CodeOf(err)
			}
			if got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
	if _, err := Default().Deadline(MinorAge, day("2017-04-10"), c); err == nil {
		t.Error("an age was taken for a window")
	}
}

func TestATermEndsWhenItEnds(t *testing.T) {
	if d, err := Default().End(Term, day("2017-10-01")); err != nil || d != day("2019-10-01") {
		t.Errorf("a term from 1 October 2017 ends on %s, %v, want 1 October 2019, off or not", d, err)
	}
	if _, err := Default().End(Term, day("2017-02-28")); gongxin.CodeOf(err) != "POLICY_RULE_UNKNOWN" {
		t.Errorf("before the rule: got %v, want POLICY_RULE_UNKNOWN", err)
	}
}

func TestEveryRuleHasTextsInBothLanguages(t *testing.T) {
	for _, r := range Default().Rules() {
		if r.Text.ZH == "" || r.Text.EN == "" || r.Clause == "" {
			t.Errorf("%s of %s lacks a text or its clause", r.ID, r.Profile)
		}
	}
}

func TestParseRefusesRulesThatAreWrong(t *testing.T) {
	const head = "id,profile,clause,count,unit,from,to,zh,en\n"
	const good = "objection,p,2.3,10,days,2017-02-04,2018-02-03,十日,ten days\n"
	for _, tt := range []struct{ name, in string }{
		{"no number", head + strings.Replace(good, "10", "ten", 1)},
		{"none", head + strings.Replace(good, "10", "0", 1)},
		{"another unit", head + strings.Replace(good, "days", "weeks", 1)},
		{"no such day", head + strings.Replace(good, "2017-02-04", "2017-02-30", 1)},
		{"ends before it begins", head + strings.Replace(good, "2018", "2016", 1)},
		{"no text", head + strings.Replace(good, "十日", "", 1)},
		{"in force twice", head + good + strings.Replace(good, "2017-02-04,2018-02-03", "2018-02-03,", 1)},
		{"a column too few", head + "objection,p\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(strings.NewReader(tt.in), "p"); gongxin.CodeOf(err) != "POLICY_FILE" {
				t.Errorf("got %v, want POLICY_FILE", err)
			}
		})
	}
	p, err := Parse(strings.NewReader(head+good+strings.Replace(good, "2017-02-04,2018-02-03", "2018-02-04,", 1)), "p")
	if err != nil || len(p.Rules()) != 2 {
		t.Errorf("a rule that follows its predecessor: %v", err)
	}
}
