package gongxin

import (
	"fmt"
	"strconv"
	"time"
)

// Shanghai is the time zone in which days begin and end: UTC+8 without
// daylight saving, as in force since 1992.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// A Day is a calendar day in Asia/Shanghai, written as the number yyyymmdd, so
// that days compare with < and are readable in a database. The zero Day means
// that no day was given; it prints as the empty string.
type Day int32

// NewDay returns the day y-m-d. Errors: an error if there is no such day, or the
// year is outside 1900–2999.
func NewDay(y, m, d int) (Day, error) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1900 || y > 2999 || t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return 0, fmt.Errorf("no such day: %04d-%02d-%02d", y, m, d)
	}
	return Day(y*10000 + m*100 + d), nil
}

// ParseDay reads the form 2017-04-01 and no other; the empty string is the zero Day.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return 0, nil
	}
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		y, err1 := strconv.ParseUint(s[:4], 10, 16)
		m, err2 := strconv.ParseUint(s[5:7], 10, 8)
		d, err3 := strconv.ParseUint(s[8:], 10, 8)
		if err1 == nil && err2 == nil && err3 == nil {
			return NewDay(int(y), int(m), int(d))
		}
	}
	return 0, fmt.Errorf("not a day of the form 2017-04-01: %q", s)
}

// MustDay is ParseDay for constants; it panics on a mistake.
func MustDay(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// DayOf returns the day in Asia/Shanghai in which the instant t lies.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Shanghai).Date()
	return Day(y*10000 + int(m)*100 + d)
}

// Date returns the parts of d.
func (d Day) Date() (year, month, day int) {
	return int(d) / 10000, int(d) / 100 % 100, int(d) % 100
}

// Start returns the instant at which d begins, in UTC.
func (d Day) Start() time.Time {
	y, m, n := d.Date()
	return time.Date(y, time.Month(m), n, 0, 0, 0, 0, Shanghai).UTC()
}

// Add returns the day n days after d (before, if n is negative).
func (d Day) Add(n int) Day { return DayOf(d.Start().AddDate(0, 0, n)) }

// IsZero tells whether no day was given.
func (d Day) IsZero() bool { return d == 0 }

// String returns the form 2017-04-01, or "" for the zero Day.
func (d Day) String() string {
	var b [10]byte
	return string(d.append(b[:0]))
}

func (d Day) append(b []byte) []byte {
	if d == 0 {
		return b
	}
	y, m, n := d.Date()
	digit := func(v int) byte { return byte('0' + v%10) }
	return append(b, digit(y/1000), digit(y/100), digit(y/10), digit(y), '-', digit(m/10), digit(m), '-', digit(n/10), digit(n))
}

// MarshalText gives the form of String.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of ParseDay.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := ParseDay(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// Millis cuts t to the resolution in which instants are stored: whole
// milliseconds, UTC.
func Millis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
