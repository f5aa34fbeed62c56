package calendar

import (
	"strings"
	"testing"

	"gongxin"

	"pgregory.net/rapid"
)

var day = gongxin.MustDay

func TestWorkdayFollowsTheAnnouncedHolidays(t *testing.T) {
	c := Embedded()
	// The announcements for Spring Festival and National Day 2017, copied by hand.
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"2017-01-20", "2017-01-20", true},  // Friday
		{"2017-01-21", "2017-01-21", false}, // Saturday
		{"2017-01-22", "2017-01-22", true},  // Sunday, worked for Spring Festival
		{"2017-01-23", "2017-01-26", true},
		{"2017-01-27", "2017-02-02", false}, // Spring Festival
		{"2017-02-03", "2017-02-04", true},  // Friday; Saturday, worked
		{"2017-02-05", "2017-02-05", false}, // Sunday
		{"2017-09-29", "2017-09-30", true},  // Friday; Saturday, worked for National Day
		{"2017-10-01", "2017-10-08", false}, // National Day and Mid-Autumn
		{"2017-10-09", "2017-10-13", true},
		{"2020-01-24", "2020-02-02", false}, // extended
		{"2020-02-03", "2020-02-03", true},
	} {
		for d := day(tt.from); d <= day(tt.to); d = d.Add(1) {
			got, err := c.Workday(d)
			if err != nil || got != tt.want {
				t.Errorf("Workday(%s) = %t, %v, want %t", d, got, err, tt.want)
			}
		}
	}
}

func TestDeadlineCountsFromTheDayAfterTheEvent(t *testing.T) {
	c := Embedded()
	for _, tt := range []struct {
		name string
		from string
		n    int
		unit Unit
		want string
	}{
		{"days within a week", "2017-03-06", 3, Days, "2017-03-09"},
		{"the last day a Saturday: Monday", "2017-03-08", 3, Days, "2017-03-13"},
		{"the last day in Spring Festival: the first day worked", "2017-01-24", 3, Days, "2017-02-03"},
		{"the last day a worked Saturday: that day", "2017-02-01", 3, Days, "2017-02-04"},
		{"ten days over Spring Festival end on a worked day", "2017-01-25", 10, Days, "2017-02-04"},
		{"ten days that end on the last day of National Day", "2017-09-28", 10, Days, "2017-10-09"},
		{"thirty days after a quarter", "2017-03-31", 30, Days, "2017-05-02"},
		{"working days within a week", "2017-03-06", 3, Workdays, "2017-03-09"},
		{"working days over a weekend", "2017-03-09", 3, Workdays, "2017-03-14"},
		{"working days count a worked Sunday", "2017-01-20", 3, Workdays, "2017-01-24"},
		{"working days over Spring Festival count the worked Saturday", "2017-01-26", 3, Workdays, "2017-02-06"},
		{"working days over National Day count the worked Saturday", "2017-09-29", 3, Workdays, "2017-10-10"},
		{"over New Year", "2016-12-30", 1, Workdays, "2017-01-03"},
		{"a month that ends on a Saturday: Monday", "2017-05-10", 1, Months, "2017-06-12"},
		{"a year that ends in National Day", "2016-10-02", 1, Years, "2017-10-09"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Deadline(day(tt.from), tt.n, tt.unit)
			if err != nil || got != day(tt.want) {
				t.Errorf("Deadline(%s, %d, %s) = %s, %v, want %s", tt.from, tt.n, tt.unit, got, err, tt.want)
			}
		})
	}
	if _, err := c.Deadline(day("2017-03-06"), 3, "weeks"); err == nil {
		t.Error("a period in weeks was computed")
	}
}

func TestAPeriodInMonthsOrYearsEndsOnTheDayThatCorresponds(t *testing.T) {
	for _, tt := range []struct {
		from string
		n    int
		unit Unit
		want string
	}{
		{"2017-03-20", 2, Years, "2019-03-20"},
		{"2017-03-20", 6, Months, "2017-09-20"},
		{"2017-08-31", 6, Months, "2018-02-28"},
		{"2015-08-31", 6, Months, "2016-02-29"},
		{"2016-02-29", 2, Years, "2018-02-28"},
		{"2016-02-29", 48, Months, "2020-02-29"},
		{"2017-01-31", 3, Months, "2017-04-30"},
		{"2017-12-15", 1, Months, "2018-01-15"},
		{"2017-10-01", 1, Years, "2018-10-01"}, // off, and a term ends when it ends
		{"2017-03-20", 10, Days, "2017-03-30"},
		{"2030-01-01", 5, Years, "2035-01-01"}, // no holidays need to be known
	} {
		if got, err := End(day(tt.from), tt.n, tt.unit); err != nil || got != day(tt.want) {
			t.Errorf("End(%s, %d, %s) = %s, %v, want %s", tt.from, tt.n, tt.unit, got, err, tt.want)
		}
	}
	for _, unit := range []Unit{Workdays, "weeks", ""} {
		if _, err := End(day("2017-03-06"), 3, unit); err == nil {
			t.Errorf("the end of a term in %q was computed", unit)
		}
	}
	if _, err := End(day("2999-01-01"), 1, Years); err == nil {
		t.Error("a day beyond all days was given")
	}
}

// Counted day by day: the nth month after begins with the nth first of a month,
// and the period goes on in it until the number of the day is reached, or the month is over.
func TestMonthsAndYearsAreCountedAsByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := day("2010-01-01").Add(rapid.IntRange(0, 12*366).Draw(t, "from"))
		n := rapid.IntRange(1, 24).Draw(t, "n")
		unit := rapid.SampledFrom([]Unit{Months, Years}).Draw(t, "unit")
		months := n
		if unit == Years {
			n, months = n%4+1, (n%4+1)*12
		}
		_, _, want := from.Date()
		x := from
		for months > 0 {
			if x = x.Add(1); x%100 == 1 {
				months--
			}
		}
		for int(x%100) < want && x.Add(1)%100 != 1 {
			x = x.Add(1)
		}
		if got, err := End(from, n, unit); err != nil || got != x {
			t.Fatalf("%d %s after %s end on %s, %v, by hand on %s", n, unit, from, got, err, x)
		}
	})
}

func TestAnUnknownYearIsAnErrorAndNoGuess(t *testing.T) {
	c := Embedded()
	if got := c.LastYear(); got != 2026 {
		t.Errorf("LastYear = %d, want 2026", got)
	}
	for _, tt := range []struct {
		name string
		f    func() error
	}{
		{"a day before the first year", func() error { _, err := c.Workday(day("2009-12-31")); return err }},
		{"a day after the last year", func() error { _, err := c.Workday(day("2027-01-01")); return err }},
		{"a deadline across the end", func() error { _, err := c.Deadline(day("2026-12-29"), 10, Days); return err }},
		{"working days across the end", func() error { _, err := c.AddWorkdays(day("2026-12-30"), 3); return err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.f()
			if gongxin.CodeOf(err) != "CALENDAR_YEAR_UNKNOWN" || gongxin.KindOf(err) != gongxin.KindUnavailable {
				t.Errorf("got %v, want CALENDAR_YEAR_UNKNOWN", err)
			}
		})
	}
}

func TestANewYearIsTakenWithoutARelease(t *testing.T) {
	// Not the real announcement: an example.
	more, err := Parse(strings.NewReader("\ufeffdate,name,kind\n2026-12-31,元旦节,off\n2027-01-01,元旦节,off\n2027-01-03,元旦节,work\n2027-05-01,劳动节,off\n2027-10-01,国庆节,off\n"))
	if err != nil {
		t.Fatal(err)
	}
	old := Embedded()
	c := old.With(more)
	if got := c.LastYear(); got != 2027 {
		t.Errorf("LastYear = %d, want 2027", got)
	}
	if got, err := c.Deadline(day("2026-12-30"), 1, Days); err != nil || got != day("2027-01-03") {
		t.Errorf("deadline across the new year is %s, %v, want the worked Sunday 2027-01-03", got, err)
	}
	if old.LastYear() != 2026 {
		t.Error("With changed the calendar that it extends")
	}
	if more.years[2026] {
		t.Error("one day of 2026 made the whole year known")
	}
}

func TestParseRefusesAFileThatIsWrong(t *testing.T) {
	const head = "date,name,kind\n"
	for _, tt := range []struct{ name, in string }{
		{"another header", "day,name,kind\n"},
		{"a day that does not exist", head + "2027-02-30,春节,off\n"},
		{"no day", head + ",春节,off\n"},
		{"another kind", head + "2027-02-05,春节,rest\n"},
		{"a weekday worked", head + "2027-02-05,春节,work\n"},
		{"a day twice", head + "2027-02-05,春节,off\n2027-02-05,春节,off\n"},
		{"a column too few", head + "2027-02-05,off\n"},
		{"an open quote", head + "\"2027-02-05,春节,off\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(strings.NewReader(tt.in)); gongxin.CodeOf(err) != "CALENDAR_FILE" {
				t.Errorf("got %v, want CALENDAR_FILE", err)
			}
		})
	}
}

func TestEveryEmbeddedYearIsKnown(t *testing.T) {
	c := Embedded()
	for y := 2010; y <= 2026; y++ {
		if !c.years[y] {
			t.Errorf("%d is not known", y)
		}
	}
	if len(c.years) != 17 {
		t.Errorf("%d years are known, want 17", len(c.years))
	}
}

// Deadlines end on working days, never come before the full period, and a longer
// period never ends earlier.
func TestDeadlinesEndOnWorkingDaysAndGrow(t *testing.T) {
	c := Embedded()
	rapid.Check(t, func(t *rapid.T) {
		from := day("2010-01-01").Add(rapid.IntRange(0, 16*365).Draw(t, "from"))
		n := rapid.IntRange(1, 60).Draw(t, "n")
		unit := rapid.SampledFrom([]Unit{Days, Workdays, Months}).Draw(t, "unit")
		if unit == Months { // such periods end on the first worked day from the corresponding one on
			n = n%6 + 1
		}
		d, err := c.Deadline(from, n, unit)
		if err != nil {
			t.Fatal(err)
		}
		if work, _ := c.Workday(d); !work {
			t.Errorf("%d %s after %s end on %s, which is off", n, unit, from, d)
		}
		if d < from.Add(n) {
			t.Errorf("%d %s after %s end on %s, before the period is over", n, unit, from, d)
		}
		if next, _ := c.Deadline(from, n+1, unit); next < d || unit == Workdays && next == d {
			t.Errorf("%d %s after %s end on %s, but %d on %s", n, unit, from, d, n+1, next)
		}
		worked := 0
		for x := from.Add(1); x <= d; x = x.Add(1) {
			if work, _ := c.Workday(x); work {
				worked++
			}
		}
		if unit == Workdays && worked != n {
			t.Errorf("from %s to %s there are %d working days, want %d", from, d, worked, n)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("date,name,kind\n2027-01-01,元旦节,off\n")
	f.Add("date,name,kind\n2027-01-02,元旦节,work\n")
	f.Add("\ufeffdate,name,kind\r\n\"2027-05-01\",,off")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := Parse(strings.NewReader(in))
		if err != nil {
			return
		}
		for d := range c.worked {
			if _, err := gongxin.ParseDay(d.String()); err != nil {
				t.Errorf("%d is no day", d)
			}
		}
	})
}
