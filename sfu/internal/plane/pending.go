package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	pendingPackets = 256         // held by a plane, from all addresses together
	pendingPerPath = 64          // held for one address
	pendingAge     = time.Second // after which a held packet is dropped
)

// pending holds media from addresses that are not bound to a transport yet. The
// memory is taken at the first such packet and is bounded: the oldest packet
// makes room for a new one.
type pending struct {
	ring  []held // nil until needed
	first int
	n     int
}

type held struct {
	at   mono.Time
	path Path
	used bool // false: taken out by take
	size int
	b    [packet.MaxSize]byte
}

func (q *pending) at(i int) *held { return &q.ring[(q.first+i)%pendingPackets] }

// push keeps a copy of b. It reports true if b or an older packet was dropped.
func (q *pending) push(now mono.Time, path Path, b []byte) (dropped bool) {
	if q.ring == nil {
		q.ring = make([]held, pendingPackets)
	}
	if len(b) > packet.MaxSize || q.count(path) >= pendingPerPath {
		return true
	}
	if q.n == pendingPackets {
		dropped = q.at(0).used
		q.first, q.n = (q.first+1)%pendingPackets, q.n-1
	}
	h := q.at(q.n)
	q.n++
	h.at, h.path, h.used, h.size = now, path, true, copy(h.b[:], b)
	return dropped
}

func (q *pending) count(path Path) (n int) {
	for i := range q.n {
		if h := q.at(i); h.used && h.path == path {
			n++
		}
	}
	return n
}

// take calls f for each packet held for path, oldest first, and lets go of it.
func (q *pending) take(path Path, f func(at mono.Time, b []byte)) {
	for i := range q.n {
		if h := q.at(i); h.used && h.path == path {
			h.used = false
			f(h.at, h.b[:h.size])
		}
	}
}

// deadline returns when the oldest packet is too old.
func (q *pending) deadline() mono.Time {
	if q.n == 0 {
		return mono.Never
	}
	return q.at(0).at.Add(pendingAge)
}

// expire drops what is too old and returns how many packets that were.
func (q *pending) expire(now mono.Time) (dropped int) {
	for q.n > 0 && q.at(0).at.Add(pendingAge) <= now {
		if q.at(0).used {
			dropped++
		}
		q.first, q.n = (q.first+1)%pendingPackets, q.n-1
	}
	return dropped
}
