package admin

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

const (
	failuresBurst = 30 // of one address
	failuresRate  = 0.5
	addressesKept = 10_000
)

// failures limits how often one address is told that its token opens nothing. The
// zero value has seen nothing.
type failures struct {
	// Guarded by mu.
	mu        sync.Mutex
	addresses map[netip.Addr]*tries
}

type tries struct {
	left float64
	last time.Time
}

// wait returns how long an address has to wait; zero if it may try.
func (f *failures) wait(a netip.Addr, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.addresses[network(a)]
	if t == nil || t.fill(now) >= 1 {
		return 0
	}
	return time.Duration(math.Ceil((1-t.left)/failuresRate*1000)) * time.Millisecond
}

// count notes a failure.
func (f *failures) count(a netip.Addr, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a = network(a)
	t := f.addresses[a]
	if t == nil {
		f.forget(now)
		t = &tries{left: failuresBurst, last: now}
		f.addresses[a] = t
	}
	t.left = max(0, t.fill(now)-1)
}

// forget makes room for another address. It is called with mu held.
func (f *failures) forget(now time.Time) {
	if len(f.addresses) >= addressesKept {
		for a, t := range f.addresses {
			if t.fill(now) >= failuresBurst {
				delete(f.addresses, a)
			}
		}
	}
	if f.addresses == nil || len(f.addresses) >= addressesKept {
		f.addresses = make(map[netip.Addr]*tries)
	}
}

func (t *tries) fill(now time.Time) float64 {
	t.left = min(failuresBurst, t.left+max(0, now.Sub(t.last).Seconds())*failuresRate)
	t.last = now
	return t.left
}

// network is what one client has: an IPv4 address, or a /64 of IPv6.
func network(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is4() || !a.IsValid() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
