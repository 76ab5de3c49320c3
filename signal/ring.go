package signal

import (
	"slices"
	"time"
)

// kept is an event that somebody may have missed.
type kept struct {
	number uint64
	to     Target
	packet Packet
	at     time.Time
}

// size is what it takes up, in bytes.
func (k kept) size() int {
	n := 0
	for _, m := range k.packet {
		n += len(m.Data)
	}
	return n
}

// ring holds the last events of a room. The zero value is empty.
type ring struct {
	all   []kept
	bytes int
	lost  uint64 // number of the newest that was dropped before its time
}

// push adds an event, and drops the oldest beyond the limits.
func (l *ring) push(k kept, limit Recovery, keep time.Duration) {
	l.expire(k.at.Add(-keep))
	l.all = append(l.all, k)
	l.bytes += k.size()
	n := 0
	for len(l.all)-n > limit.Packets || l.bytes > limit.Bytes && n < len(l.all) {
		l.lost = l.all[n].number
		l.bytes -= l.all[n].size()
		n++
	}
	l.all = slices.Delete(l.all, 0, n)
}

// expire drops what is older than t: nobody who may come back missed it.
func (l *ring) expire(t time.Time) {
	n := 0
	for n < len(l.all) && l.all[n].at.Before(t) {
		l.bytes -= l.all[n].size()
		n++
	}
	l.all = slices.Delete(l.all, 0, n)
}

// after returns the events later than a number that somebody in rooms should
// have got.
func (l *ring) after(last uint64, rooms map[string]uint64) []kept {
	var found []kept
	for _, k := range l.all {
		excepted := slices.ContainsFunc(k.to.Except, func(room string) bool {
			_, in := rooms[room]
			return in
		})
		if k.number > last && !excepted {
			found = append(found, k)
		}
	}
	return found
}
