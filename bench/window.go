package bench

import "sync/atomic"

// window is the steady part of a run, in nanoseconds since 1970. A packet
// counts if it was sent in it, whenever it comes. Zero bounds: not yet known.
type window struct{ start, end atomic.Int64 }

func (w *window) has(sent int64) bool {
	start := w.start.Load()
	return start != 0 && sent >= start && sent < w.end.Load()
}

// place is where a packet lies.
type place uint8

const (
	before place = iota
	inside
	after
)

// bounds is where the window begins and ends in the serials of one track. The
// sender moves them before it sends what lies behind, so a receiver always finds
// them up to date.
type bounds struct {
	opens, closes atomic.Uint64 // serial plus 1; 0 if not yet known
	next          atomic.Uint32 // serial of the next packet
}

// sent notes a packet that is about to be sent at a time.
func (b *bounds) sent(serial uint32, now int64, w *window) (counts bool) {
	counts = w.has(now)
	b.next.Store(serial + 1)
	switch {
	case counts && b.opens.Load() == 0:
		b.opens.Store(uint64(serial) + 1)
	case !counts && b.opens.Load() != 0 && b.closes.Load() == 0:
		b.closes.Store(uint64(serial) + 1)
	}
	return counts
}

// place tells where a serial lies.
func (b *bounds) place(serial uint32) place {
	opens, at := b.opens.Load(), uint64(serial)+1
	if opens == 0 || at < opens {
		return before
	}
	if closes := b.closes.Load(); closes != 0 && at >= closes {
		return after
	}
	return inside
}

// end notes that the next serial will not be sent.
func (b *bounds) end(serial uint32) {
	if b.opens.Load() != 0 && b.closes.Load() == 0 {
		b.closes.Store(uint64(serial) + 1)
	}
}

// serials returns the first serial of the window and the one behind its last,
// which is known when the window or the track has ended.
func (b *bounds) serials() (opens, closes uint32) {
	return uint32(max(b.opens.Load(), 1) - 1), uint32(max(b.closes.Load(), 1) - 1)
}
