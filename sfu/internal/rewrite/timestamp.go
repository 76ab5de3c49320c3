package rewrite

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// Timestamp keeps the timestamps of a slot on one line, whatever it shows:
//
//	out = base + rate × (captured − epoch)
//
// A source is put on the line when it is bound and keeps its distance then.
// Clock rates are in Hz, timestamps in ticks of them, modulo 2^32. The line
// itself does not wrap: a slot may be idle for longer than the 6.6 hours after
// which 2^31 ticks of 90 kHz have passed.
type Timestamp struct {
	base   int64
	epoch  mono.Time
	rate   uint32 // of the line since epoch; 0 before the first source
	offset uint32 // out − in, of the present source
	chase  Chase
	place  int64 // last timestamp of the present source
	newest int64 // newest timestamp sent
	sent   bool
}

// NewTimestamp returns a line that passes base at epoch.
func NewTimestamp(base uint32, epoch mono.Time) *Timestamp {
	return &Timestamp{base: int64(base), epoch: epoch}
}

// Bind puts a source on the line: its timestamp in was captured at the given
// time. A line that would go back goes on 1 ms after what was sent last. A
// source of another rate bends the line at the time of its capture.
func (t *Timestamp) Bind(in, rate uint32, captured mono.Time) {
	out := t.line(rate, captured)
	if t.sent && out <= t.newest {
		out = t.newest + int64(rate/1000)
	}
	t.offset, t.place, t.chase = uint32(out)-in, out, Chase{}
}

// Behind says how a source catches up.
type Behind struct {
	Now   mono.Time // when it begins
	Speed float64   // against that of its capture; more than 1
}

// BindBehind puts a source on the line that is behind: its timestamp in was
// captured a while ago, and what follows comes faster than it was captured until
// it has caught up. So it begins where the line is now, or 1 ms after what was
// sent last, and goes on at the rate at which it comes until it is on the line.
// A receiver sees it played fast and not late.
func (t *Timestamp) BindBehind(in, rate uint32, captured mono.Time, b Behind) {
	out := t.line(rate, captured)
	begin := out + max(0, ticks(b.Now.Sub(captured), rate))
	if t.sent {
		begin = max(begin, t.newest+int64(rate/1000))
	}
	ahead := uint32(begin - out)
	t.offset, t.place = uint32(out)-in, begin
	t.chase = Chase{first: in, ahead: ahead, closing: uint32(unit * (1 - 1/max(b.Speed, leastSpeed)))}
}

// Chase says how far the timestamps of a source that catches up are ahead of the
// line. The zero value is that of a source on the line.
type Chase struct {
	first uint32 // timestamp of the source
	ahead uint32 // of the line, then; ticks
	// closing is by how much of its own progress the source comes closer to the
	// line, in 1/unit.
	closing uint32
}

const (
	unit       = 1 << 16
	leastSpeed = 1.25
)

// Ahead returns what a timestamp of the source is ahead of the line, in ticks.
func (c Chase) Ahead(in uint32) uint32 {
	if c.ahead == 0 {
		return 0
	}
	d := int64(max(0, int32(in-c.first)))
	return uint32(max(0, int64(c.ahead)-d*int64(c.closing)/unit))
}

// line returns the timestamp of a moment on the line, which may bend there.
func (t *Timestamp) line(rate uint32, captured mono.Time) int64 {
	if t.rate != rate && t.rate != 0 {
		t.base += ticks(captured.Sub(t.epoch), t.rate)
		t.epoch = captured
	}
	t.rate = rate
	return t.base + ticks(captured.Sub(t.epoch), rate)
}

// Map returns the timestamp to send for one of the present source.
func (t *Timestamp) Map(in uint32) uint32 {
	out := in + t.offset + t.chase.Ahead(in)
	t.place += int64(int32(out - uint32(t.place)))
	if !t.sent || t.place > t.newest {
		t.newest, t.sent = t.place, true
	}
	return out
}

// Offset returns what Map adds to timestamps of a source that is on the line.
func (t *Timestamp) Offset() uint32 { return t.offset }

// Chase returns what Map adds besides.
func (t *Timestamp) Chase() Chase { return t.chase }

// ticks splits seconds off first: the product of nanoseconds and a 90 kHz clock
// leaves 64 bits after 28 hours.
func ticks(d time.Duration, rate uint32) int64 {
	s, ns := int64(d/time.Second), int64(d%time.Second)
	return s*int64(rate) + ns*int64(rate)/int64(time.Second)
}
