package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"gongxin"
)

// A bell lets followers wait for the log to grow, and wakes them in turns. To wake one
// costs the machine something (its answer, and its next request), so a thousand of them
// woken by each of fifty changes a second would keep everybody waiting, also those who
// decide. Those with news stand in a queue. A stroke wakes the first few, and the bell is
// still until most of those are back; what comes meanwhile travels with their next turn.
// It is still no longer than the machine would take for them, so that those far away, or
// gone, hold up nobody. One follower, or ten, are woken at once.
//
// Those woken together mostly stand at one place, and get the same bytes: the first that
// asks makes the answer, the others wait for it. The zero bell is ready.
type bell struct {
	mu       sync.Mutex
	queue    []*turn
	watching bool          // while somebody waits
	look     chan struct{} // tells the one who watches that something is to be seen
	next     time.Time     // no stroke before; of the network's time, not of any rule
	woken    int           // by the last stroke
	out      int           // of them, not back yet
	rung     uint64        // size of the log at the last stroke
	answers  map[uint64]*shared
}

// A turn is somebody's place in the queue.
type turn struct {
	after uint64
	rung  chan struct{} // closed when it has come
	err   error         // then
}

const (
	portion     = 64                     // are woken by one stroke
	wakeCost    = 200 * time.Microsecond // for each of them, at most
	longestStay = 250 * time.Millisecond // between two turns of the same, however many wait
	catchingUp  = 1000                   // who lacks more changes does not wait for news
)

// A growing log is what a bell listens to: store.DB.
type growing interface {
	News() (size uint64, changed <-chan struct{}, ended bool)
}

// wait returns once the bell has rung for a log of more than after events. Errors:
// ctx's; HUB_STOPPING when the log has ended.
func (b *bell) wait(ctx context.Context, l growing, after uint64) error {
	known, _, _ := l.News()
	if known > after+catchingUp {
		return nil
	}
	t := b.enqueue(l, known, after)
	select {
	case <-t.rung:
		return t.err
	case <-ctx.Done():
		b.leave(t)
		return ctx.Err()
	}
}

func (b *bell) enqueue(l growing, known, after uint64) *turn {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &turn{after: after, rung: make(chan struct{})}
	b.queue = append(b.queue, t)
	if b.out > 0 {
		if b.out--; b.out <= b.woken/8 {
			b.next, b.out = time.Time{}, 0
			b.tell()
		}
	}
	switch {
	case !b.watching:
		b.watching, b.look = true, make(chan struct{}, 1)
		go b.watch(l)
	case known > after:
		b.tell()
	}
	return t
}

// leave takes t, whose follower has gone, out of the queue.
func (b *bell) leave(t *turn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, t); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
	}
	if len(b.queue) == 0 {
		b.tell()
	}
}

// tell lets the one who watches look again; mu is held.
func (b *bell) tell() {
	if b.watching {
		select {
		case b.look <- struct{}{}:
		default:
		}
	}
}

// watch strikes as often as there is reason to, until nobody waits any more.
func (b *bell) watch(l growing) {
	for {
		known, changed, ended := l.News()
		stay, waiting := b.strike(known, ended)
		if !waiting {
			return
		}
		var due <-chan time.Time // never, if nobody waits for the bell alone
		if stay > 0 {
			due = time.After(stay)
		}
		select {
		case <-b.look:
		case <-changed:
		case <-due:
		}
	}
}

// strike wakes the first in the queue for whom there is news, if it is time. It tells
// how long the bell has to be still while others have news, 0 if none has, and whether
// anybody waits.
func (b *bell) strike(known uint64, ended bool) (stay time.Duration, waiting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	news := 0
	for _, t := range b.queue {
		if t.after < known || ended {
			news++
		}
	}
	if news > 0 && (ended || !now.Before(b.next)) {
		n := min(news, portion)
		if ended {
			n = news
		}
		stay := min(time.Duration(n-1)*wakeCost, longestStay*time.Duration(n)/time.Duration(len(b.queue)))
		b.woken, b.out, b.next = n, n, now.Add(stay)
		news -= n
		if known > b.rung {
			b.rung, b.answers = known, nil
		}
		b.queue = slices.DeleteFunc(b.queue, func(t *turn) bool {
			if n == 0 || t.after >= known && !ended {
				return false
			}
			if n--; ended {
				t.err = gongxin.Unavailable("HUB_STOPPING")
			}
			close(t.rung)
			return true
		})
	}
	if b.watching = len(b.queue) > 0; news > 0 {
		stay = max(b.next.Sub(now), 1)
	}
	return stay, b.watching
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
// first of them since a stroke found the log grown.
func (b *bell) share(after uint64, make func() answer) answer {
	b.mu.Lock()
	s := b.answers[after]
	if s == nil || time.Since(s.made) > longestStay {
		s = &shared{made: time.Now()}
		if b.answers == nil || len(b.answers) > maxShared {
			b.answers = map[uint64]*shared{}
		}
		b.answers[after] = s
	}
	b.mu.Unlock()
	s.once.Do(func() { s.answer = make() })
	return s.answer
}

// maxShared bounds the answers that are kept for others.
const maxShared = 64
