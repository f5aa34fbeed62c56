package access

import "time"

// A Limiter bounds how often something may be tried, for each key by itself.
type Limiter struct{}

// NewLimiter returns a limiter that lets burst attempts of a key pass at once, and
// one more each interval; it remembers at most size keys.
func NewLimiter(burst int, interval time.Duration, size int, now func() time.Time) *Limiter {
	panic("to come")
}

// Allow takes one attempt of key, such as an address or a listing. Error:
// RATE_LIMITED, of kind unavailable, whose first argument is the int of whole seconds to wait.
func (l *Limiter) Allow(key string) error { panic("to come") }
