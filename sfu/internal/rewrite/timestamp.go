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
// Clock rates are in Hz, timestamps in ticks of them, modulo 2^32.
type Timestamp struct {
	base   uint32
	epoch  mono.Time
	offset uint32 // out − in, of the present source
	newest uint32 // newest timestamp sent
	sent   bool
}

// NewTimestamp returns a line that passes base at epoch.
func NewTimestamp(base uint32, epoch mono.Time) *Timestamp {
	return &Timestamp{base: base, epoch: epoch}
}

// Bind puts a source on the line: its timestamp in was captured at the given
// time. A line that would go back goes on 1 ms after what was sent last.
func (t *Timestamp) Bind(in, rate uint32, captured mono.Time) {
	out := t.base + ticks(captured.Sub(t.epoch), rate)
	if t.sent && int32(out-t.newest) <= 0 {
		out = t.newest + rate/1000
	}
	t.offset = out - in
}

// Map returns the timestamp to send for one of the present source.
func (t *Timestamp) Map(in uint32) uint32 {
	out := in + t.offset
	if !t.sent || int32(out-t.newest) > 0 {
		t.newest, t.sent = out, true
	}
	return out
}

// Offset returns what Map adds.
func (t *Timestamp) Offset() uint32 { return t.offset }

// ticks splits seconds off first: the product of nanoseconds and a 90 kHz clock
// leaves 64 bits after 28 hours.
func ticks(d time.Duration, rate uint32) uint32 {
	s, ns := int64(d/time.Second), int64(d%time.Second)
	return uint32(s*int64(rate) + ns*int64(rate)/int64(time.Second))
}
