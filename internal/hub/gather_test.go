package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A grown log grows when it is told to.
type grown struct {
	mu   sync.Mutex
	size uint64
	more chan struct{}
}

func (g *grown) Known() uint64 { g.mu.Lock(); defer g.mu.Unlock(); return g.size }

func (g *grown) grow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size++
	if g.more != nil {
		close(g.more)
		g.more = nil
	}
}

func (g *grown) Wait(ctx context.Context, after uint64) (uint64, error) {
	for {
		g.mu.Lock()
		if g.size > after {
			defer g.mu.Unlock()
			return g.size, nil
		}
		if g.more == nil {
			g.more = make(chan struct{})
		}
		more := g.more
		g.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// follow asks again and again until it has size events, and counts how often it asked
// and how often an answer was made for it.
func follow(t *testing.T, b *bell, g *grown, size uint64, asked, made *atomic.Int64) {
	for at := uint64(0); at < size; asked.Add(1) {
		if err := b.wait(t.Context(), g, at); err != nil {
			t.Error(err)
			return
		}
		a := b.share(at, func() answer { made.Add(1); return answer{size: g.Known()} })
		if a.size <= at {
			t.Errorf("asked after %d and got up to %d", at, a.size)
			return
		}
		at = a.size
	}
}

// Fifty changes a second wake a thousand followers some five times, and each time
// one answer is made; a single follower is woken by each.
func TestManyFollowersAreWokenTogetherAndOneAtOnce(t *testing.T) {
	for _, tt := range []struct {
		followers          int
		leastAsks, mostAsk int64 // of each follower
	}{{1, 50, 50}, {1000, 4, 8}} {
		synctest.Test(t, func(t *testing.T) {
			var b bell
			var asked, made atomic.Int64
			g := &grown{}
			var all sync.WaitGroup
			for range tt.followers {
				all.Go(func() { follow(t, &b, g, 50, &asked, &made) })
			}
			for range 50 {
				synctest.Wait()
				time.Sleep(20 * time.Millisecond)
				g.grow()
			}
			all.Wait()
			each := asked.Load() / int64(tt.followers)
			if each < tt.leastAsks || each > tt.mostAsk {
				t.Errorf("%d followers asked %d times each, want %d to %d", tt.followers, each, tt.leastAsks, tt.mostAsk)
			}
			if made.Load() > 2*each {
				t.Errorf("%d followers: %d answers were made for %d requests of each", tt.followers, made.Load(), each)
			}
		})
	}
}

// Who waits is let go when the time is over, whether the bell is still or not.
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
	})
}

// An answer is for one stroke: what was made before it is not given after it.
func TestAnAnswerIsSharedWithinAStroke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bell
		g := &grown{}
		made := 0
		ask := func() answer { return b.share(0, func() answer { made++; return answer{size: g.Known()} }) }
		for want := 1; want <= 3; want++ {
			g.grow()
			if rings, _ := b.ring(g.Known(), uint64(want-1)); !rings {
				t.Fatal("it does not ring")
			}
			for range 3 {
				if a := ask(); a.size != uint64(want) || made != want {
					t.Errorf("got up to %d, made %d, want %d", a.size, made, want)
				}
			}
		}
		time.Sleep(longestStay + time.Millisecond)
		if ask(); made != 4 {
			t.Errorf("an answer lives on without a stroke")
		}
	})
}
