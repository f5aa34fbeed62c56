package hub

import (
	"math"
	"testing"
	"time"

	"gongxin"
)

func TestTooManyAtOnceAreAbnormal(t *testing.T) {
	g := DefaultGuard()
	for _, tt := range []struct {
		name                  string
		guard                 Guard
		listings, withdrawals int
		inForce               uint64
		want                  string
	}{
		{"a first load", g, 1_000_000, 0, 0, ""},
		{"a surge", g, 20_001, 0, 100_000, Surge},
		{"the count alone", g, 20_001, 0, 200_000, ""},
		{"the share alone", g, 20_000, 0, 1000, ""},
		{"a drop", g, 0, 201, 1000, Drop},
		{"few of few", g, 0, 200, 200, ""},
		{"many of very many", g, 0, 50_000, 1_000_000, ""},
		{"a drop among a surge is told as what harms more", g, 50_000, 300, 1000, Drop},
		{"without a share the count decides", Guard{DropCount: 10, SurgeCount: 10}, 0, 11, 1_000_000, Drop},
		{"without a count the share decides", Guard{SurgeShare: 0.1}, 101, 0, 1000, Surge},
		{"as many as there can be", g, math.MaxInt32, 0, math.MaxUint64, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.guard.exceeds(tally{tt.listings, tt.withdrawals}, tt.inForce); got != tt.want {
				t.Errorf("%d new and %d ending of %d: got %q, want %q", tt.listings, tt.withdrawals, tt.inForce, got, tt.want)
			}
		})
	}
}

// What a court submits within one hour counts together, whatever the pieces; what
// is older does not, and nor do other courts.
func TestSubmissionsOfAnHourCountTogether(t *testing.T) {
	var w window
	g := Guard{SurgeCount: 100, SurgeShare: 0.1, DropCount: 10}
	court, other := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏0506")
	inForce := uint64(1000)
	submit := func(court gongxin.CourtCode, after time.Duration, n int) (possible bool) {
		t.Helper()
		p, rest, base, possible := w.enter(court, today.Add(after), inForce, n, g)
		if possible {
			p.count(tally{listings: n})
			if g.exceeds(rest.plus(tally{listings: n}), base) != "" {
				p.leave(tally{})
				return true
			}
		}
		p.leave(tally{listings: n})
		inForce += uint64(n)
		return false
	}
	g.DropCount = math.MaxInt32
	for i := range 100 {
		if submit(court, time.Duration(i)*30*time.Second, 1) {
			t.Fatalf("submission %d of one row is abnormal", i+1)
		}
	}
	if !submit(court, 51*time.Minute, 1) {
		t.Error("the 101st row within the hour is not abnormal")
	}
	if submit(other, 51*time.Minute, 100) {
		t.Error("another court's rows count with this one's")
	}
	if n := len(w.courts[court].minutes); n > 60 {
		t.Errorf("the hour is kept in %d pieces", n)
	}
	if submit(court, 80*time.Minute, 40) {
		t.Error("what is older than an hour still counts")
	}
	if !submit(court, 81*time.Minute, 80) {
		t.Error("what is younger than an hour does not count")
	}
}

// Two submissions at once do not slip past each other, and one that was refused, or
// did less than its size allowed, does not stand in the way of the next.
func TestSubmissionsAtOnceKnowOfEachOther(t *testing.T) {
	var w window
	g := Guard{SurgeCount: 100, DropCount: math.MaxInt32}
	court := gongxin.MustCourtCode("苏0505")
	first, _, _, possible := w.enter(court, today, 1000, 60, g)
	if possible {
		t.Fatal("60 rows may be abnormal")
	}
	second, rest, _, possible := w.enter(court, today, 1000, 60, g)
	if !possible {
		t.Fatal("60 rows beside 60 that are on their way cannot be abnormal")
	}
	if rest != (tally{}) {
		t.Errorf("rows that nobody has counted count as %v", rest)
	}
	second.count(tally{listings: 60})
	if _, rest, _, _ := w.enter(court, today, 1000, 60, g); rest.listings != 60 {
		t.Errorf("what was counted and is on its way counts as %v", rest)
	}
	first.leave(tally{listings: 1})
	second.leave(tally{})
	if _, rest, _, _ := w.enter(court, today, 1000, 1, g); rest.listings != 1 {
		t.Errorf("afterwards %v count, want the one that was taken", rest)
	}
}
