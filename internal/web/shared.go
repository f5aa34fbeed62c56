package web

import (
	"context"
	"sync"
	"time"
)

// sharedFor is how long one Status serves all readers: well below the two seconds
// after which each asks again.
const sharedFor = 500 * time.Millisecond

// shared asks source once for all who read at the same time, so that a thousand
// open pages cost the hub no more than one.
type shared struct {
	source Source
	mu     sync.Mutex
	status Status
	asked  time.Time // zero before the first success
}

// Status implements Source. A failure is not remembered.
func (s *shared) Status(ctx context.Context) (Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked.IsZero() && time.Since(s.asked) < sharedFor {
		return s.status, nil
	}
	status, err := s.source.Status(ctx)
	if err != nil {
		return Status{}, err
	}
	s.status, s.asked = status.shown(), time.Now()
	return s.status, nil
}
