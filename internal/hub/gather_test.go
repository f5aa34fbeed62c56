package hub

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A grown log grows when it is told to.
type grown struct {
	mu    sync.Mutex
	times []time.Time // when it grew
	more  chan struct{}
	ended bool
}

func (g *grown) News() (uint64, <-chan struct{}, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.more == nil {
		g.more = make(chan struct{})
	}
	return uint64(len(g.times)), g.more, g.ended
}

func (g *grown) size() uint64 { size, _, _ := g.News(); return size }

func (g *grown) grow() { g.change(func() { g.times = append(g.times, time.Now()) }) }

func (g *grown) end() { g.change(func() { g.ended = true }) }

func (g *grown) change(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	if g.more != nil {
		close(g.more)
		g.more = nil
	}
}

// Followers ask again and again until they have so many events, and count how often.
type followers struct {
	bell    bell
	log     grown
	machine chan struct{} // what they all work on, workTime for each answer
	asked   atomic.Int64
	made    atomic.Int64 // answers
	mu      sync.Mutex
	took    []time.Duration // until a follower was given an event
}

const workTime = 120 * time.Microsecond

func (f *followers) follow(t *testing.T, size uint64) {
	for at := uint64(0); at < size; f.asked.Add(1) {
		if err := f.bell.wait(t.Context(), &f.log, at); err != nil {
			t.Error(err)
			return
		}
		a := f.bell.share(at, func() answer { f.made.Add(1); return answer{size: f.log.size()} })
		if a.size <= at {
			t.Errorf("asked after %d and got up to %d", at, a.size)
			return
		}
		f.note(at, a.size)
		at = a.size
		f.machine <- struct{}{}
		time.Sleep(workTime)
		<-f.machine
	}
}

// note notes how old the events from one size to another are.
func (f *followers) note(from, to uint64) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, grew := range f.log.times[from:to] {
		f.took = append(f.took, time.Since(grew))
	}
}

// Fifty changes a second reach a single follower at once, and each of a thousand about as
// soon as the machine has been round all of them, for whom few answers are made.
func TestManyFollowersAreWokenInTurnsAndOneAtOnce(t *testing.T) {
	const changes = 50
	for _, tt := range []struct {
		followers     int
		least, most   int64 // askings of each
		half, longest time.Duration
		answers       int64
	}{{1, changes, changes, 0, 0, changes}, {1000, 6, 10, 80 * time.Millisecond, 160 * time.Millisecond, 4 * changes}} {
		synctest.Test(t, func(t *testing.T) {
			f := followers{machine: make(chan struct{}, 1)}
			var all sync.WaitGroup
			for range tt.followers {
				all.Go(func() { f.follow(t, changes) })
			}
			for range changes {
				synctest.Wait()
				time.Sleep(20 * time.Millisecond)
				f.log.grow()
			}
			all.Wait()
			if each := f.asked.Load() / int64(tt.followers); each < tt.least || each > tt.most {
				t.Errorf("%d followers asked %d times each, want %d to %d", tt.followers, each, tt.least, tt.most)
			}
			if f.made.Load() > tt.answers {
				t.Errorf("%d followers: %d answers were made, want %d at most", tt.followers, f.made.Load(), tt.answers)
			}
			slices.Sort(f.took)
			if n := len(f.took); n != changes*tt.followers || f.took[n/2] > tt.half || f.took[n-1] > tt.longest {
				t.Errorf("%d followers: %d times, half of them more than %v, the longest %v", tt.followers, n, f.took[n/2], f.took[n-1])
			}
		})
	}
}

// Those who do not come back hold up the others no longer than they may.
func TestWhoIsGoneHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bell
		g := &grown{}
		const n = 400
		woken := make(chan struct{}, 2*n)
		wait := func(after uint64) {
			if err := b.wait(t.Context(), g, after); err == nil {
				woken <- struct{}{}
			}
		}
		for range n {
			go wait(0)
		}
		synctest.Wait()
		began := time.Now()
		g.grow()
		for range n {
			<-woken // none of them comes back
		}
		if took := time.Since(began); took > n*wakeCost {
			t.Errorf("the last was woken after %v", took)
		}
		for range n {
			go wait(1)
		}
		synctest.Wait()
		g.grow()
		for range n {
			<-woken
		}
		if took := time.Since(began); took > 2*n*wakeCost {
			t.Errorf("the last was woken again after %v", took)
		}
	})
}

// Who lacks much is not a matter of turns.
func TestWhoCatchesUpDoesNotWait(t *testing.T) {
	var b bell
	g := &grown{times: make([]time.Time, catchingUp+2)}
	b.next = time.Now().Add(time.Hour)
	if err := b.wait(t.Context(), g, 1); err != nil {
		t.Error(err)
	}
}

// Who waits is let go when the time is over, whether the bell is still or not, and
// when the log ends; nothing goes on for nobody (synctest sees to that).
func TestTheBellLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bell
		g := &grown{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.wait(ctx, g, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing happened: %v", err)
		}
		g.grow()
		b.next = time.Now().Add(time.Hour)
		still, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.wait(still, g, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the bell is still: %v", err)
		}
		b.next = time.Time{}
		var all sync.WaitGroup
		for range 3 * portion {
			all.Go(func() {
				if err := b.wait(t.Context(), g, 1); err == nil {
					t.Error("woken by the end of the log")
				}
			})
		}
		synctest.Wait()
		g.end()
		all.Wait()
	})
}

// An answer is good until a stroke finds the log grown, and not for long.
func TestAnAnswerIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bell
		g := &grown{}
		made := 0
		ask := func(after uint64) answer {
			return b.share(after, func() answer { made++; return answer{size: g.size()} })
		}
		for want := 1; want <= 3; want++ {
			g.grow()
			for range 3 {
				if err := b.wait(t.Context(), g, uint64(want-1)); err != nil {
					t.Fatal(err)
				}
				if a := ask(uint64(want - 1)); a.size != uint64(want) || made != want {
					t.Errorf("got up to %d, made %d, want %d", a.size, made, want)
				}
			}
		}
		time.Sleep(longestStay + time.Millisecond)
		if ask(2); made != 4 {
			t.Errorf("an answer lives on without a stroke")
		}
	})
}
