package access

import (
	"container/heap"
	"math"
	"sync"
	"time"

	"gongxin"
)

// A Limiter bounds how often something may be tried, for each key by itself, with a
// bucket of tokens that fills up again.
//
// It remembers a bounded number of keys. A bucket that is full says nothing and is
// forgotten; if all are in use, the one that would be full soonest is. So what
// forgetting gives away is the least there is, and to make the limiter forget one
// exhausted bucket an attacker must exhaust all others as far: size × burst attempts
// within the time in which that bucket fills up by itself.
type Limiter struct {
	burst    time.Duration // in which an empty bucket fills up
	interval time.Duration // in which one token comes
	size     int
	now      func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	soonest soonest
}

// A bucket is described by the instant at which it is full: it lacks one token for
// each interval until then.
type bucket struct {
	key   string
	full  time.Time
	index int // in soonest
}

// NewLimiter returns a limiter that lets burst attempts of a key pass at once, and
// one more each interval; it remembers at most size keys.
func NewLimiter(burst int, interval time.Duration, size int, now func() time.Time) *Limiter {
	return &Limiter{
		burst: time.Duration(burst) * interval, interval: interval, size: size, now: now,
		buckets: map[string]*bucket{},
	}
}

// Allow takes one attempt of key, such as an address or a listing. Error:
// RATE_LIMITED, of kind unavailable, whose first argument is the int of whole seconds to wait.
func (l *Limiter) Allow(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, ok := l.buckets[key]
	full := now
	if ok && b.full.After(now) {
		full = b.full
	}
	full = full.Add(l.interval)
	if wait := full.Sub(now) - l.burst; wait > 0 {
		return gongxin.Unavailable("RATE_LIMITED", int(math.Ceil(wait.Seconds())))
	}
	if ok {
		b.full = full
		heap.Fix(&l.soonest, b.index)
		return nil
	}
	for len(l.soonest) > 0 && (len(l.soonest) >= l.size || !l.soonest[0].full.After(now)) {
		delete(l.buckets, heap.Pop(&l.soonest).(*bucket).key)
	}
	b = &bucket{key: key, full: full}
	l.buckets[key] = b
	heap.Push(&l.soonest, b)
	return nil
}

// soonest is a heap.Interface of buckets by when they are full.
type soonest []*bucket

func (s soonest) Len() int           { return len(s) }
func (s soonest) Less(i, j int) bool { return s[i].full.Before(s[j].full) }
func (s soonest) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push implements heap.Interface.
func (s *soonest) Push(x any) {
	b := x.(*bucket)
	b.index = len(*s)
	*s = append(*s, b)
}

// Pop implements heap.Interface.
func (s *soonest) Pop() any {
	last := len(*s) - 1
	b := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return b
}
