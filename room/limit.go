package room

import "time"

// bucket limits a rate: it holds up to burst tokens and gets rate of them a
// second. One goroutine at a time.
type bucket struct {
	rate, burst float64
	tokens      float64
	last        time.Time
}

func newBucket(rate, burst float64) bucket { return bucket{rate: rate, burst: burst, tokens: burst} }

// take takes a token, or returns how long to wait for one.
func (b *bucket) take(now time.Time) (wait time.Duration) {
	if !b.last.IsZero() {
		b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	}
	b.last = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
	}
	b.tokens--
	return 0
}

// limited returns ErrRateLimited with the time to wait.
func limited(wait time.Duration) *Error {
	e := *ErrRateLimited
	e.retry = wait.Round(time.Millisecond) + time.Millisecond
	return &e
}
