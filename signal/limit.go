package signal

import "time"

// Rate is how much a client may do. The zero value is no limit.
//
// What is beyond it is refused with the code "rate_limited" and the time to
// wait, and reaches no handler. A client of which, within 10 s, a burst and three
// times as much is refused as it may do, is disconnected with [ReasonRate].
type Rate struct {
	// PerSecond is how many events, connects and acknowledgements that nobody
	// waits for may come, on average.
	PerSecond float64
	// Burst is how many may come at once. If zero, four times PerSecond.
	Burst float64
}

const (
	floodFactor = 3
	floodTime   = 10 * time.Second
)

// limiter holds a client to its rate. One goroutine at a time.
type limiter struct {
	rate    Rate
	tokens  float64
	last    time.Time
	refused float64   // since began
	began   time.Time // of refusals
}

func newLimiter(r Rate, now time.Time) limiter {
	if r.Burst <= 0 {
		r.Burst = 4 * r.PerSecond
	}
	r.Burst = max(1, r.Burst)
	return limiter{rate: r, tokens: r.Burst, last: now, began: now}
}

// take returns how long to wait with one more, zero if not at all; and whether
// this goes too far.
func (l *limiter) take(now time.Time) (wait time.Duration, flood bool) {
	if l.rate.PerSecond <= 0 {
		return 0, false
	}
	l.tokens = min(l.rate.Burst, l.tokens+now.Sub(l.last).Seconds()*l.rate.PerSecond)
	l.last = now
	if now.Sub(l.began) >= floodTime {
		l.began, l.refused = now, 0
	}
	if l.tokens >= 1 {
		l.tokens--
		return 0, false
	}
	l.refused++
	wait = time.Duration((1-l.tokens)/l.rate.PerSecond*float64(time.Second)).Round(time.Millisecond) + time.Millisecond
	return wait, l.refused > l.rate.Burst+floodFactor*l.rate.PerSecond*floodTime.Seconds()
}
