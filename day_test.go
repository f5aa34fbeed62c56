package gongxin

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestADayIsReadInOneFormOnly(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Day
		ok   bool
	}{
		{"2017-04-01", 20170401, true},
		{"2016-02-29", 20160229, true},
		{"1900-01-01", 19000101, true},
		{"2999-12-31", 29991231, true},
		{"", 0, true},
		{"2017-02-29", 0, false},
		{"2017-04-31", 0, false},
		{"2017-13-01", 0, false},
		{"2017-00-01", 0, false},
		{"2017-01-00", 0, false},
		{"1899-12-31", 0, false},
		{"3000-01-01", 0, false},
		{"2017-4-1", 0, false},
		{"2017/04/01", 0, false},
		{"20170401", 0, false},
		{"+017-04-01", 0, false},
		{"2017-+4-01", 0, false},
		{" 2017-04-01", 0, false},
		{"２017-04-01", 0, false},
	} {
		d, err := ParseDay(tt.in)
		if d != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: %d, %v; want %d, ok %t", tt.in, d, err, tt.want, tt.ok)
		}
	}
}

func TestADayBeginsAtMidnightInShanghai(t *testing.T) {
	for _, tt := range []struct{ instant, day string }{
		{"2017-03-31T15:59:59.999Z", "2017-03-31"},
		{"2017-03-31T16:00:00Z", "2017-04-01"},
		{"2017-04-01T15:59:59Z", "2017-04-01"},
		{"2016-12-31T16:00:00Z", "2017-01-01"},
	} {
		at, err := time.Parse(time.RFC3339Nano, tt.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayOf(at); got != MustDay(tt.day) {
			t.Errorf("%s lies in %s, want %s", tt.instant, got, tt.day)
		}
	}
	if got, want := MustDay("2017-04-01").Start(), time.Date(2017, 3, 31, 16, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("2017-04-01 begins at %s, want %s", got, want)
	}
}

func TestDaysAddAndPrint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := MustDay("1900-01-01").Add(rapid.IntRange(0, 401000).Draw(t, "days since 1900"))
		n := rapid.IntRange(-400, 400).Draw(t, "n")
		if back, err := ParseDay(d.String()); err != nil || back != d {
			t.Fatalf("%d prints %s, which reads as %d, %v", d, d, back, err)
		}
		if later := d.Add(n); later.Add(-n) != d || (later > d) != (n > 0) {
			t.Fatalf("%s + %d = %s", d, n, later)
		}
		if DayOf(d.Start()) != d || DayOf(d.Start().Add(-time.Millisecond)) != d.Add(-1) {
			t.Fatalf("%s does not begin at its start", d)
		}
		y, m, n2 := d.Date()
		if again, err := NewDay(y, m, n2); err != nil || again != d {
			t.Fatalf("%s has the parts %d %d %d", d, y, m, n2)
		}
	})
	if got := Day(0).String(); got != "" {
		t.Errorf("the zero Day prints %q", got)
	}
}

func TestMillisCutsToWholeMillisecondsInUTC(t *testing.T) {
	at := time.Date(2017, 4, 1, 0, 0, 0, 123_999_999, Shanghai)
	if got, want := Millis(at), time.Date(2017, 3, 31, 16, 0, 0, 123_000_000, time.UTC); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
