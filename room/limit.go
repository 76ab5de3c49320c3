package room

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

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
	if wait = b.ready(now); wait == 0 {
		b.tokens--
	}
	return wait
}

// ready returns how long to wait for a token; zero if there is one.
func (b *bucket) ready(now time.Time) (wait time.Duration) {
	if !b.last.IsZero() {
		b.tokens = min(b.burst, b.tokens+max(0, now.Sub(b.last).Seconds())*b.rate)
	}
	b.last = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
	}
	return 0
}

// lacks returns how long to wait until there are so many tokens.
func (b *bucket) lacks(now time.Time, tokens float64) (wait time.Duration) {
	b.ready(now)
	return max(0, time.Duration((tokens-b.tokens)/b.rate*float64(time.Second)))
}

// full tells whether nothing was taken for long.
func (b *bucket) full(now time.Time) bool {
	b.ready(now)
	return b.tokens >= b.burst
}

// limited returns ErrRateLimited with the time to wait.
func limited(wait time.Duration) *Error {
	e := *ErrRateLimited
	e.retry = wait.Round(time.Millisecond) + time.Millisecond
	return &e
}

const (
	floodFactor  = 3 // times the rate of events
	floodSeconds = 10
)

// flood recognises a client that sends far more than it may for long. The zero
// value has seen nothing. One goroutine at a time.
type flood struct {
	began   time.Time // of the present second
	events  int       // in it
	seconds int       // in a row before it, each with too many
}

// event notes one, and tells whether it is too much: more than three times
// eventRate in each of ten seconds.
func (f *flood) event(now time.Time) bool {
	const most = floodFactor * eventRate
	if f.began.IsZero() {
		f.began = now
	}
	if passed := int(now.Sub(f.began) / time.Second); passed > 0 {
		if passed == 1 && f.events > most {
			f.seconds++
		} else {
			f.seconds = 0
		}
		f.began, f.events = f.began.Add(time.Duration(passed)*time.Second), 0
	}
	f.events++
	return f.seconds >= floodSeconds
}

const (
	joinRate, joinBurst       = 50, 500   // per address
	failureRate, failureBurst = 0.5, 30   // of joins, per address
	askRate, askBurst         = 200, 1000 // of other requests by HTTP, per address
	addressesKept             = 10_000
)

// joinLimits limits how often one address may join, how often in vain, and how
// often it may ask for something else. The zero value has seen nothing.
type joinLimits struct {
	// Guarded by mu.
	mu        sync.Mutex
	addresses map[string]*joiner
}

type joiner struct{ joins, failures, asks bucket }

// take refuses a join of an address that joins too often.
func (l *joinLimits) take(remote string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.of(remote, now)
	if wait := j.failures.ready(now); wait > 0 {
		return limited(wait)
	}
	if wait := j.joins.take(now); wait > 0 {
		return limited(wait)
	}
	return nil
}

// ask refuses a request that is no join of an address that asks too often.
func (l *joinLimits) ask(remote string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := l.of(remote, now).asks.take(now); wait > 0 {
		return limited(wait)
	}
	return nil
}

// failed counts a join whose client is to blame for its refusal.
func (l *joinLimits) failed(remote string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(remote, now).failures.take(now)
}

// ready refuses an address that tried in vain too often.
func (l *joinLimits) ready(remote string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := l.of(remote, now).failures.ready(now); wait > 0 {
		return limited(wait)
	}
	return nil
}

// of is called with mu held.
func (l *joinLimits) of(remote string, now time.Time) *joiner {
	remote = network(remote)
	if j := l.addresses[remote]; j != nil {
		return j
	}
	if len(l.addresses) >= addressesKept {
		for a, j := range l.addresses {
			if j.joins.full(now) && j.failures.full(now) && j.asks.full(now) {
				delete(l.addresses, a)
			}
		}
	}
	if l.addresses == nil || len(l.addresses) >= addressesKept {
		l.addresses = make(map[string]*joiner)
	}
	j := &joiner{newBucket(joinRate, joinBurst), newBucket(failureRate, failureBurst), newBucket(askRate, askBurst)}
	l.addresses[remote] = j
	return j
}

// Of one address, a second: files that it sends and fetches, questions about
// rooms, and checks of the connection.
const (
	uploadRate, uploadBurst     = 1, 20
	fetchRate, fetchBurst       = 50, 500
	questionRate, questionBurst = 5, 50
	trialRate, trialBurst       = 1, 30
)

// addressLimit limits how often one address may do something.
type addressLimit struct {
	rate, burst float64

	// Guarded by mu.
	mu        sync.Mutex
	addresses map[string]*bucket
}

// take refuses an address that comes too often.
func (l *addressLimit) take(remote string, now time.Time) error {
	remote = network(remote)
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.addresses[remote]
	if b == nil {
		if len(l.addresses) >= addressesKept {
			maps.DeleteFunc(l.addresses, func(_ string, b *bucket) bool { return b.full(now) })
		}
		if l.addresses == nil || len(l.addresses) >= addressesKept {
			l.addresses = make(map[string]*bucket)
		}
		b = &bucket{rate: l.rate, burst: l.burst, tokens: l.burst}
		l.addresses[remote] = b
	}
	if wait := b.take(now); wait > 0 {
		return limited(wait)
	}
	return nil
}

// network is what one client has: an IPv4 address, or a /64 of IPv6.
func network(remote string) string {
	a, err := netip.ParseAddr(remote)
	if err != nil {
		return remote
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return remote
	}
	return p.String()
}
