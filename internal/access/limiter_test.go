package access

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
)

// wait is how many seconds the limiter tells to wait, 0 if it lets key pass.
func wait(t interface{ Fatalf(string, ...any) }, l *Limiter, key string) int {
	err := l.Allow(key)
	if err == nil {
		return 0
	}
	var e *gongxin.Error
	if !errors.As(err, &e) || e.Code != "RATE_LIMITED" || e.Kind != gongxin.KindUnavailable || len(e.Args) != 1 {
		t.Fatalf("got %v, want RATE_LIMITED with the seconds", err)
	}
	seconds, ok := e.Args[0].(int)
	if !ok || seconds < 1 {
		t.Fatalf("got %v to wait", e.Args[0])
	}
	return seconds
}

func TestAttemptsAreBoundedForEachKeyByItself(t *testing.T) {
	now := noon
	l := NewLimiter(3, 10*time.Second, 100, func() time.Time { return now })
	for _, tt := range []struct {
		after time.Duration
		key   string
		want  int // seconds to wait
	}{
		{0, "a", 0}, {0, "a", 0}, {0, "a", 0},
		{0, "a", 10}, {0, "a", 10}, // what is refused costs nothing
		{0, "b", 0},
		{9500 * time.Millisecond, "a", 1},
		{500 * time.Millisecond, "a", 0},
		{0, "a", 10},
		{time.Hour, "a", 0}, {0, "a", 0}, {0, "a", 0},
		{0, "a", 10}, // no more than a full bucket
		{-time.Hour, "a", 3610},
	} {
		now = now.Add(tt.after)
		if got := wait(t, l, tt.key); got != tt.want {
			t.Errorf("%s after %v: wait %d s, want %d", tt.key, tt.after, got, tt.want)
		}
	}
}

func TestNobodyFlushesAnothersBucketCheaply(t *testing.T) {
	now := noon
	const size, burst = 100, 5
	l := NewLimiter(burst, time.Minute, size, func() time.Time { return now })
	for range burst {
		wait(t, l, "victim")
	}
	tries := 0
	for n := range 10 * size { // ten times as many addresses as it remembers, one attempt each
		tries++
		if wait(t, l, fmt.Sprint(n)) > 0 {
			t.Fatal("a new key was refused")
		}
		if wait(t, l, "victim") == 0 {
			t.Fatalf("forgotten after %d attempts", tries)
		}
	}
	if len(l.buckets) != size || len(l.soonest) != size {
		t.Errorf("it remembers %d keys, %d in order, at most %d", len(l.buckets), len(l.soonest), size)
	}
	now = now.Add(burst * time.Minute)
	wait(t, l, "new")
	if len(l.buckets) != 1 {
		t.Errorf("%d full buckets are remembered", len(l.buckets)-1)
	}
}

// The limiter against a model that remembers every attempt.
func TestTheLimiterAgainstAllThatWasTried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		burst := rapid.IntRange(1, 4).Draw(t, "burst")
		l := NewLimiter(burst, time.Minute, 1000, func() time.Time { return now })
		passed := map[string][]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "attempts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			seconds := wait(t, l, key)
			if seconds == 0 {
				passed[key] = append(passed[key], now)
			}
			for from := range passed[key] { // in any stretch of time no more than burst and one a minute
				stretch := now.Sub(passed[key][from])
				if n, most := len(passed[key])-from, burst+int(stretch/time.Minute); n > most {
					t.Fatalf("%d attempts in %v, at most %d", n, stretch, most)
				}
			}
			if seconds > 0 {
				now = now.Add(time.Duration(seconds) * time.Second)
				if again := wait(t, l, key); again > 0 {
					t.Fatalf("told to wait %d s, and after that %d s more", seconds, again)
				}
				passed[key] = append(passed[key], now)
			}
		}
	})
}

func TestManyMayAskAtOnce(t *testing.T) {
	l := NewLimiter(10, time.Minute, 50, func() time.Time { return noon })
	var all sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for range 8 {
		all.Go(func() {
			for range 100 {
				if l.Allow("one") == nil {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	if passed != 10 {
		t.Errorf("%d passed, want 10", passed)
	}
}
