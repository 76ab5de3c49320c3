// Package netem is a network link as a value: it loses, delays, reorders,
// duplicates and limits datagrams in virtual time, the same way for the same
// seed.
package netem

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// Config describes a [Link]. The zero value delivers everything at once.
type Config struct {
	Loss      float64       // fraction of datagrams that are lost, 0 to 1
	Duplicate float64       // fraction that arrive twice
	Reorder   float64       // fraction that may overtake earlier ones by Jitter
	Delay     time.Duration // of every datagram
	Jitter    time.Duration // at most so much more, evenly distributed
	Rate      int           // bit/s; 0 = no limit
	Queue     int           // bytes that may wait for the rate; 0 = no limit
}

// Link carries datagrams one way.
type Link struct {
	cfg    Config
	random uint64
	queue  []datagram // heap by due, then number
	free   [][]byte   // of datagrams that arrived
	number uint64
	latest mono.Time // due time of the newest datagram in order
	busy   mono.Time // until when the line is occupied
}

type datagram struct {
	due    mono.Time
	number uint64
	b      []byte
}

// New returns an empty link.
func New(c Config, seed uint64) *Link { return &Link{cfg: c, random: seed} }

// Send puts a copy of b on the link.
func (l *Link) Send(now mono.Time, b []byte) {
	if l.chance() < l.cfg.Loss {
		return
	}
	due, ok := l.transmit(now, len(b))
	if !ok {
		return
	}
	due = due.Add(l.cfg.Delay)
	late := due.Add(time.Duration(l.chance() * float64(l.cfg.Jitter)))
	if l.chance() >= l.cfg.Reorder {
		late = max(late, l.latest)
		l.latest = late
	}
	l.push(late, b)
	if l.chance() < l.cfg.Duplicate {
		l.push(late, b)
	}
}

// transmit returns when the last bit has left, or false if the queue is full.
func (l *Link) transmit(now mono.Time, size int) (mono.Time, bool) {
	if l.cfg.Rate == 0 {
		return now, true
	}
	start := max(now, l.busy)
	waiting := int64(start.Sub(now)) * int64(l.cfg.Rate) / int64(8*time.Second)
	if l.cfg.Queue > 0 && waiting > int64(l.cfg.Queue) {
		return 0, false
	}
	l.busy = start.Add(time.Duration(int64(size) * 8 * int64(time.Second) / int64(l.cfg.Rate)))
	return l.busy, true
}

// Deadline returns when Receive has something.
func (l *Link) Deadline() mono.Time {
	if len(l.queue) == 0 {
		return mono.Never
	}
	return l.queue[0].due
}

// Receive copies the next datagram that is due into b and returns its length.
func (l *Link) Receive(now mono.Time, b []byte) (n int, ok bool) {
	if len(l.queue) == 0 || l.queue[0].due > now {
		return 0, false
	}
	d := l.pop()
	l.free = append(l.free, d)
	return copy(b, d), true
}

// chance returns a number in [0, 1) by splitmix64.
func (l *Link) chance() float64 {
	l.random += 0x9e3779b97f4a7c15
	z := l.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

func (l *Link) push(due mono.Time, b []byte) {
	l.number++
	var room []byte
	if n := len(l.free); n > 0 {
		room, l.free = l.free[n-1], l.free[:n-1]
	}
	l.queue = append(l.queue, datagram{due: due, number: l.number, b: append(room[:0], b...)})
	for i := len(l.queue) - 1; i > 0; {
		parent := (i - 1) / 2
		if !l.less(i, parent) {
			return
		}
		l.queue[i], l.queue[parent] = l.queue[parent], l.queue[i]
		i = parent
	}
}

func (l *Link) pop() []byte {
	first, last := l.queue[0], len(l.queue)-1
	l.queue[0] = l.queue[last]
	l.queue[last] = datagram{}
	l.queue = l.queue[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && l.less(child+1, child) {
			child++
		}
		if !l.less(child, i) {
			break
		}
		l.queue[i], l.queue[child] = l.queue[child], l.queue[i]
		i = child
	}
	return first.b
}

func (l *Link) less(i, j int) bool {
	a, b := &l.queue[i], &l.queue[j]
	return a.due < b.due || a.due == b.due && a.number < b.number
}
