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
	place  int64  // last timestamp of the present source
	newest int64  // newest timestamp sent
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
	if t.rate != rate && t.rate != 0 {
		t.base += ticks(captured.Sub(t.epoch), t.rate)
		t.epoch = captured
	}
	t.rate = rate
	out := t.base + ticks(captured.Sub(t.epoch), rate)
	if t.sent && out <= t.newest {
		out = t.newest + int64(rate/1000)
	}
	t.offset, t.place = uint32(out)-in, out
}

// Map returns the timestamp to send for one of the present source.
func (t *Timestamp) Map(in uint32) uint32 {
	out := in + t.offset
	t.place += int64(int32(out - uint32(t.place)))
	if !t.sent || t.place > t.newest {
		t.newest, t.sent = t.place, true
	}
	return out
}

// Offset returns what Map adds.
func (t *Timestamp) Offset() uint32 { return t.offset }

// ticks splits seconds off first: the product of nanoseconds and a 90 kHz clock
// leaves 64 bits after 28 hours.
func ticks(d time.Duration, rate uint32) int64 {
	s, ns := int64(d/time.Second), int64(d%time.Second)
	return s*int64(rate) + ns*int64(rate)/int64(time.Second)
}
