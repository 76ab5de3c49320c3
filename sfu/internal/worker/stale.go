package worker

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	// staleAfter is how long a datagram may wait in the socket's buffer before
	// video in it is not forwarded any more. Without that, a worker with more to
	// do than it can would send everything later and later, by as much as the
	// buffer holds: half a minute of one publisher.
	staleAfter = 500 * time.Millisecond
	// freshAfter is when it has caught up.
	freshAfter = 100 * time.Millisecond
)

// staleness tells datagrams that have waited for too long.
type staleness struct{ stale bool }

// check tells it of one, at a time on the wall clock in nanoseconds since 1970.
// What the kernel did not stamp is fresh.
func (s *staleness) check(d *udp.Datagram, now int64) bool {
	limit := staleAfter
	if s.stale {
		limit = freshAfter
	}
	s.stale = d.Arrived != 0 && time.Duration(now-d.Arrived) > limit
	return s.stale
}
