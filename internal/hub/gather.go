package hub

import (
	"context"
	"sync"
	"time"
)

// A bell wakes the followers that wait for the log to grow, together. To wake one
// costs the machine about wakeCost (its request, its answer, its next request), so
// a thousand of them are not woken for each of fifty changes a second: after it has
// rung for n the bell is still for n × wakeCost, and what comes meanwhile travels at
// the next stroke. One follower, or ten, are woken at once.
//
// All that were woken by one stroke stand at few places, and get the same bytes: the
// first that asks makes the answer, the others wait for it. The zero bell is ready.
type bell struct {
	mu      sync.Mutex
	rung    uint64    // size of the log at the last stroke
	next    time.Time // not before; of the network's time, not of any rule
	waiting int
	stroke  map[uint64]*shared // answers since the last stroke, by the sequence after which they begin
}

const (
	wakeCost    = 200 * time.Microsecond
	longestStay = 250 * time.Millisecond // between two strokes, however many wait
)

// A growing log is what a bell listens to: store.DB.
type growing interface {
	Known() uint64
	Wait(ctx context.Context, after uint64) (uint64, error)
}

// wait returns once the bell has rung for a log of more than after events. Error: ctx's.
func (b *bell) wait(ctx context.Context, l growing, after uint64) error {
	b.mu.Lock()
	b.waiting++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.waiting--
		b.mu.Unlock()
	}()
	for {
		rings, stay := b.ring(l.Known(), after)
		if rings {
			return nil
		}
		if stay > 0 {
			t := time.NewTimer(stay)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			}
			continue
		}
		if _, err := l.Wait(ctx, after); err != nil {
			return err
		}
	}
}

// ring tells whether it has rung beyond after, if need be by ringing now for a log of
// known events; else, where there is news, how long it has to stay still.
func (b *bell) ring(known, after uint64) (rings bool, stay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch now := time.Now(); {
	case b.rung > after:
		return true, 0
	case known <= after:
		return false, 0
	case now.Before(b.next):
		return false, b.next.Sub(now)
	default:
		b.rung, b.next = known, now.Add(min(time.Duration(b.waiting-1)*wakeCost, longestStay))
		b.stroke = nil
		return true, 0
	}
}

// shared is an answer that several followers get.
type shared struct {
	once sync.Once
	made time.Time
	answer
}

// An answer is changes as they travel, or where they are.
type answer struct {
	body  []byte
	size  uint64 // of the log at its end
	moved uint64 // not zero: the range that begins there ends here, and has an address of its own
	err   error
}

// share returns the answer for those who wait for what follows after, made by the
// first of them since the last stroke.
func (b *bell) share(after uint64, make func() answer) answer {
	b.mu.Lock()
	s := b.stroke[after]
	if s == nil || time.Since(s.made) > longestStay {
		s = &shared{made: time.Now()}
		if b.stroke == nil || len(b.stroke) > maxShared {
			b.stroke = map[uint64]*shared{}
		}
		b.stroke[after] = s
	}
	b.mu.Unlock()
	s.once.Do(func() { s.answer = make() })
	return s.answer
}

// maxShared bounds the answers that are kept for others.
const maxShared = 64
