// Package calendar counts working days and deadlines by China's statutory
// holidays, which are embedded data that a newer file can extend.
//
//	Fri 2017-01-20 + 3 working days:  Sat 21 –  Sun 22 work  Mon 23  Tue 24 ◀ deadline
//
// A day of a year that no data is known for is an error, never a guess. A Calendar
// does not change once made and is safe for concurrent use.
package calendar

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"gongxin"
)

// A Unit is what a period is counted in.
type Unit string

// The units of periods.
const (
	Days     Unit = "days"     // calendar days 日
	Workdays Unit = "workdays" // working days 工作日
	Months   Unit = "months"   // calendar months 月
	Years    Unit = "years"    // calendar years 年
)

// A Calendar knows the holidays, and the weekend days worked instead, of some years.
type Calendar struct {
	worked map[gongxin.Day]bool // days that differ from an ordinary week: true work, false off
	years  map[int]bool
}

//go:embed data/holidays-cn.csv
var embedded []byte

// Embedded returns the calendar that comes with the program: 2010 to 2026.
func Embedded() *Calendar {
	c, err := Parse(bytes.NewReader(embedded))
	if err != nil {
		panic(err)
	}
	return c
}

// Parse reads a calendar from CSV: columns date, name, kind ("off" or "work"), as
// data/README.md describes. A file may hold single days of neighbouring years;
// known is a year of which it names 1 January, 1 May and 1 October as off. Error:
// CALENDAR_FILE with the line and what is wrong.
func Parse(r io.Reader) (*Calendar, error) {
	c := &Calendar{worked: map[gongxin.Day]bool{}, years: map[int]bool{}}
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 3
	fault := func(format string, args ...any) error {
		line, _ := rows.FieldPos(0)
		return gongxin.Invalid("CALENDAR_FILE", line, fmt.Sprintf(format, args...))
	}
	for first := true; ; first = false {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			return nil, gongxin.Invalid("CALENDAR_FILE", malformed.Line, malformed.Err.Error())
		}
		if err != nil {
			return nil, fmt.Errorf("read calendar: %w", err)
		}
		if first {
			if string(bytes.TrimPrefix([]byte(row[0]), []byte("\ufeff"))) != "date" || row[2] != "kind" {
				return nil, fault("the header must be date,name,kind")
			}
			continue
		}
		d, err := gongxin.ParseDay(row[0])
		if err != nil || d.IsZero() {
			return nil, fault("%q is no day", row[0])
		}
		if row[2] != "off" && row[2] != "work" {
			return nil, fault("the kind %q is neither off nor work", row[2])
		}
		work := row[2] == "work"
		if work && !weekend(d) {
			return nil, fault("%s is no weekend day and needs no work line", d)
		}
		if _, twice := c.worked[d]; twice {
			return nil, fault("%s stands twice", d)
		}
		c.worked[d] = work
	}
	c.learnYears()
	return c, nil
}

// learnYears marks the years whose fixed holidays are all there.
func (c *Calendar) learnYears() {
	for d := range c.worked {
		y, _, _ := d.Date()
		off := func(m, day int) bool {
			work, named := c.worked[gongxin.Day(y*10000+m*100+day)]
			return named && !work
		}
		if off(1, 1) && off(5, 1) && off(10, 1) {
			c.years[y] = true
		}
	}
}

// With returns a calendar that knows what c and more know; where both name a day, more holds.
func (c *Calendar) With(more *Calendar) *Calendar {
	both := &Calendar{worked: maps.Clone(c.worked), years: maps.Clone(c.years)}
	maps.Copy(both.worked, more.worked)
	maps.Copy(both.years, more.years)
	return both
}

// LastYear returns the last year that c knows, 0 if it knows none.
func (c *Calendar) LastYear() int {
	last := 0
	for y := range c.years {
		last = max(last, y)
	}
	return last
}

// Workday tells whether d is a working day: Monday to Friday and not off, or a
// weekend day worked instead. Error: CALENDAR_YEAR_UNKNOWN.
func (c *Calendar) Workday(d gongxin.Day) (bool, error) {
	if y, _, _ := d.Date(); !c.years[y] {
		return false, gongxin.Unavailable("CALENDAR_YEAR_UNKNOWN", y)
	}
	if work, named := c.worked[d]; named {
		return work, nil
	}
	return !weekend(d), nil
}

// AddWorkdays returns the nth working day after d; d itself is not counted, and n
// is not negative. For 0 it is d. Error: CALENDAR_YEAR_UNKNOWN.
func (c *Calendar) AddWorkdays(d gongxin.Day, n int) (gongxin.Day, error) {
	for n > 0 {
		d = d.Add(1)
		work, err := c.Workday(d)
		if err != nil {
			return 0, err
		}
		if work {
			n--
		}
	}
	return d, nil
}

// Deadline returns the last day of a period of n units that an event on the day
// from sets going. The day of the event is not counted, and a period in days,
// months or years whose last day is off ends on the next working day (Civil
// Procedure Law, on periods). Error: CALENDAR_YEAR_UNKNOWN.
func (c *Calendar) Deadline(from gongxin.Day, n int, unit Unit) (gongxin.Day, error) {
	if unit == Workdays {
		return c.AddWorkdays(from, n)
	}
	last, err := End(from, n, unit)
	if err != nil {
		return 0, err
	}
	return c.AddWorkdays(last.Add(-1), 1) // last itself, if it is worked
}

// End returns the last day of a period of n days, months or years that an event
// on the day from sets going, worked or off: for a term, which ends when it ends.
// A period in months or years ends on the day that corresponds to from, or on the
// last of a month that has no such day:
//
//	31 August + 6 months: 28 February, or the 29th in a leap year
//
// Error: one that says that the unit is none of these.
func End(from gongxin.Day, n int, unit Unit) (gongxin.Day, error) {
	y, m, d := from.Date()
	switch unit {
	case Days:
		return from.Add(n), nil
	case Months:
		m += n
	case Years:
		y += n
	default:
		return 0, fmt.Errorf("no unit of periods: %q", unit)
	}
	first := time.Date(y, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
	lastOfMonth := first.AddDate(0, 1, -1).Day()
	return gongxin.NewDay(first.Year(), int(first.Month()), min(d, lastOfMonth))
}

func weekend(d gongxin.Day) bool {
	w := d.Start().In(gongxin.Shanghai).Weekday()
	return w == time.Saturday || w == time.Sunday
}
