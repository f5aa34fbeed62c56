package oversight

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
)

func notes(d gongxin.Duty, today gongxin.Day) []Note {
	return Notes(d, today, policy.Default(), calendar.Embedded(), courts.Embedded())
}

func TestAnOverdueDutyIsToldOneCourtHigherEachFurtherTenWorkingDays(t *testing.T) {
	const due = "2017-03-06"
	for _, tt := range []struct {
		name  string
		duty  gongxin.Duty
		today string
		want  string // level, court and first day of each note
	}{
		{"on its last day", gongxin.Duty{Court: court("苏0505"), Due: day(due)}, due, ""},
		{"on the day after", gongxin.Duty{Court: court("苏0505"), Due: day(due)}, "2017-03-07", "1 苏05 2017-03-07"},
		{"ten working days after", gongxin.Duty{Court: court("苏0505"), Due: day(due)}, "2017-03-20", "1 苏05 2017-03-07"},
		{"on the day after those", gongxin.Duty{Court: court("苏0505"), Due: day(due)}, "2017-03-21", "1 苏05 2017-03-07, 2 苏 2017-03-21"},
		{"a year later there is no higher court", gongxin.Duty{Court: court("苏0505"), Due: day(due)}, "2018-03-21", "1 苏05 2017-03-07, 2 苏 2017-03-21"},
		{"of an intermediate court", gongxin.Duty{Court: court("苏05"), Due: day(due)}, "2018-03-21", "1 苏 2017-03-07"},
		{"of the high court", gongxin.Duty{Court: court("苏"), Due: day(due)}, "2018-03-21", ""},
		{"of a court whose superior is not sure", gongxin.Duty{Court: court("苏8602"), Due: day(due)}, "2018-03-21", "1 苏 2017-03-07"},
		{"of a court of another province", gongxin.Duty{Court: court("浙0102"), Due: day(due)}, "2018-03-21", "1 浙 2017-03-07"},
		{"of the highest court", gongxin.Duty{Court: court("最高法"), Due: day(due)}, "2018-03-21", ""},
		{"of a court without a code", gongxin.Duty{Due: day(due)}, "2018-03-21", ""},
		{"without a time", gongxin.Duty{Court: court("苏0505")}, "2018-03-21", ""},
		{"done in time", gongxin.Duty{Court: court("苏0505"), Due: day(due), Met: day(due), MetBy: 4}, "2018-03-21", ""},
		{"done before the second was due", gongxin.Duty{Court: court("苏0505"), Due: day(due), Met: day("2017-03-20"), MetBy: 4}, "2018-03-21", "1 苏05 2017-03-07"},
		{"done on the day of the second", gongxin.Duty{Court: court("苏0505"), Due: day(due), Met: day("2017-03-21"), MetBy: 4}, "2018-03-21", "1 苏05 2017-03-07, 2 苏 2017-03-21"},
		{"across National Day, with a Saturday that is worked", gongxin.Duty{Court: court("苏0505"), Due: day("2017-09-29")}, "2017-12-01", "1 苏05 2017-09-30, 2 苏 2017-10-20"},
		{"across the Spring Festival, with a Sunday and a Saturday that are worked", gongxin.Duty{Court: court("苏0505"), Due: day("2017-01-20")}, "2017-12-01", "1 苏05 2017-01-21, 2 苏 2017-02-09"},
		{"in a year that the calendar does not know", gongxin.Duty{Court: court("苏0505"), Due: day("2031-03-06")}, "2031-12-01", "1 苏05 2031-03-07"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, n := range notes(tt.duty, day(tt.today)) {
				got = append(got, fmt.Sprint(n.Level, " ", n.To, " ", n.Since))
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestNotesDoNotDependOnWhenSomebodyAsks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDuty(t)
		last := day("2016-12-15").Add(rapid.IntRange(0, 150).Draw(t, "last day"))
		var daily []Note
		for today := d.Since; today <= last; today = today.Add(1) {
			if !d.Open() && today >= d.Met { // as it stood on that day
				break
			}
			open := d
			open.Met, open.MetBy = 0, 0
			for _, n := range notes(open, today) {
				n.Duty = d
				if !slices.Contains(daily, n) {
					daily = append(daily, n)
				}
				if n.Since > today {
					t.Fatalf("level %d is written on %s, before its day %s", n.Level, today, n.Since)
				}
			}
		}
		once := notes(d, last)
		if !d.Open() && len(once) > 0 && once[len(once)-1].Since == d.Met {
			once = once[:len(once)-1] // became due on the very day of the act
		}
		if !slices.Equal(daily, once) {
			t.Fatalf("asked every day: %+v\nasked once on %s: %+v", daily, last, once)
		}
	})
}
