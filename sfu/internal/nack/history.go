package nack

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Entry is what is known of a packet in a [History].
type Entry struct {
	View     packet.View
	Frame    packet.Frame
	Arrived  mono.Time
	Captured mono.Time
	Sequence uint16
}

// History keeps the received packets of one stream so that they can be sent
// again: a ring of bytes and a ring of entries, both of fixed size. The oldest
// packets make room for new ones.
type History struct {
	keep    time.Duration
	records []record
	bytes   []byte
	written uint64 // bytes written so far; the ring position modulo len(bytes)
}

type record struct {
	entry Entry
	at    uint64 // value of written at its first byte
	size  int    // 0 = empty
}

// NewHistory returns a history of at most that many packets and bytes, each
// kept for at most keep. packets must divide 65,536, so that a number always
// has the same place. All memory is taken here.
func NewHistory(packets, bytes int, keep time.Duration) *History {
	return &History{keep: keep, records: make([]record, packets), bytes: make([]byte, bytes)}
}

// Insert copies the RTP packet b, which is in the clear. It returns false, and
// keeps nothing, if a packet of the same number is there, or if b is empty or
// does not fit.
func (h *History) Insert(e Entry, b []byte) bool {
	r := h.place(e.Sequence)
	if len(b) == 0 || len(b) > len(h.bytes) || h.holds(r, e.Arrived, e.Sequence) {
		return false
	}
	at := h.written % uint64(len(h.bytes))
	if room := uint64(len(h.bytes)) - at; uint64(len(b)) > room {
		h.written += room // packets do not wrap around
		at = 0
	}
	copy(h.bytes[at:], b)
	*r = record{entry: e, at: h.written, size: len(b)}
	h.written += uint64(len(b))
	return true
}

// Lookup returns the packet with a number, or nil if it was never there, is
// older than the history keeps, or has made room for others. Entry and bytes
// are the history's own, and valid until the next Insert.
func (h *History) Lookup(now mono.Time, number uint16) (*Entry, []byte) {
	r := h.place(number)
	if !h.holds(r, now, number) {
		return nil, nil
	}
	at := r.at % uint64(len(h.bytes))
	return &r.entry, h.bytes[at : at+uint64(r.size)]
}

// Find is Lookup without regard to age.
func (h *History) Find(number uint16) (*Entry, []byte) {
	r := h.place(number)
	if r.size == 0 || r.entry.Sequence != number || !h.whole(r) {
		return nil, nil
	}
	at := r.at % uint64(len(h.bytes))
	return &r.entry, h.bytes[at : at+uint64(r.size)]
}

// Written returns how many bytes were written so far, those that stayed empty at
// the end of the ring included.
func (h *History) Written() uint64 { return h.written }

// Gone tells whether the packet with a number has made room for others, or would
// have by now.
func (h *History) Gone(number uint16) bool {
	r := h.place(number)
	return r.size > 0 && (packet.Newer(r.entry.Sequence, number) || r.entry.Sequence == number && !h.whole(r))
}

func (h *History) place(number uint16) *record { return &h.records[int(number)%len(h.records)] }

func (h *History) holds(r *record, now mono.Time, number uint16) bool {
	return r.size > 0 && r.entry.Sequence == number && now.Sub(r.entry.Arrived) <= h.keep && h.whole(r)
}

// whole tells whether the bytes of a record are still there.
func (h *History) whole(r *record) bool { return h.written-r.at <= uint64(len(h.bytes)) }
