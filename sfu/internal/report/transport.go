package report

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	feedbackEvery   = 50 * time.Millisecond
	feedbackUnit    = 250 * time.Microsecond
	referenceUnit   = 64 * time.Millisecond
	arrivalsKept    = 4096
	mostStatuses    = 1000 // packets that one feedback message speaks of
	mostDeltas      = 700  // bytes
	formatTransport = 15
)

// Statuses of a packet, which are also the size of its delta in bytes.
const (
	notReceived = iota
	smallDelta
	largeDelta
)

// TransportFeedback tells a sender when its packets arrived, by their
// transport-wide number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
// A message goes out 50 ms after the first packet that it speaks of.
type TransportFeedback struct {
	sender   uint32
	arrivals [arrivalsKept]arrival // by number
	started  bool
	newest   uint64 // unwrapped
	base     uint64 // first number that was not reported
	due      mono.Time
	count    uint8 // of messages

	statuses [mostStatuses]uint8
	deltas   [mostDeltas + 2]byte
}

type arrival struct {
	number uint64
	at     mono.Time
}

// NewTransportFeedback returns a recorder that names sender as the sender of
// its messages.
func NewTransportFeedback(sender uint32) *TransportFeedback {
	return &TransportFeedback{sender: sender, due: mono.Never}
}

// Deadline returns when Append has something to say.
func (f *TransportFeedback) Deadline() mono.Time { return f.due }

// Push notes that the packet with a transport-wide number arrived.
func (f *TransportFeedback) Push(now mono.Time, number uint16) {
	if !f.started {
		f.started = true
		f.newest = 1<<32 | uint64(number)
		f.base = f.newest
	}
	x := f.newest + uint64(int64(int16(number-uint16(f.newest))))
	if x+arrivalsKept/2 < f.newest || f.has(x) {
		return
	}
	f.arrivals[x%arrivalsKept] = arrival{x, now}
	f.newest = max(f.newest, x)
	f.base = min(f.base, x) // late: what follows is said again
	if f.due == mono.Never {
		f.due = now.Add(feedbackEvery)
	}
}

func (f *TransportFeedback) has(x uint64) bool {
	return f.arrivals[x%arrivalsKept].number == x // never 0, which is the number of an empty place
}

// Append appends messages about everything that was not reported yet to b.
// media is the SSRC that they name as their subject.
func (f *TransportFeedback) Append(_ mono.Time, media uint32, b []byte) []byte {
	f.due = mono.Never
	if !f.started {
		return b
	}
	f.base = max(f.base, f.newest-min(f.newest, arrivalsKept-1))
	for f.base <= f.newest {
		f.skip()
		b = f.message(media, b)
	}
	return b
}

// skip leaves out the beginning of a gap that is so long that a message could
// not reach its end: without an arrival there is no time to refer to.
func (f *TransportFeedback) skip() {
	next := f.base
	for next < f.newest && !f.has(next) {
		next++
	}
	f.base = max(f.base, next-(mostStatuses-1))
}

// message appends one message that starts at base, and moves base on.
func (f *TransportFeedback) message(media uint32, b []byte) []byte {
	reference, n, size := f.collect()
	start := len(b)
	b = order.AppendUint32(begin(b, formatTransport, typeRTPFB), f.sender)
	b = order.AppendUint32(b, media)
	b = order.AppendUint16(b, uint16(f.base))
	b = order.AppendUint16(b, uint16(n))
	b = order.AppendUint32(b, uint32(reference)<<8|uint32(f.count))
	b = appendChunks(b, f.statuses[:n])
	b = append(b, f.deltas[:size]...)
	f.count++
	f.base += uint64(n)
	return finish(b, start)
}

// collect fills statuses and deltas from base on, as far as they fit, and
// returns the reference time in units of 64 ms.
func (f *TransportFeedback) collect() (reference int64, n, size int) {
	var last mono.Time
	known := false
	for x := f.base; x <= f.newest && n < mostStatuses && size < mostDeltas; x++ {
		f.statuses[n] = notReceived
		if f.has(x) {
			at := f.arrivals[x%arrivalsKept].at
			if !known {
				reference, known = int64(at)/int64(referenceUnit), true
				last = mono.Time(reference * int64(referenceUnit))
			}
			units := int64(at.Sub(last)) / int64(feedbackUnit)
			if units != int64(int16(units)) {
				return reference & 0xffffff, n, size
			}
			last = last.Add(time.Duration(units) * feedbackUnit)
			size += f.delta(n, size, units)
		}
		n++
	}
	return reference & 0xffffff, n, size
}

// delta writes one delta and its status, and returns its size.
func (f *TransportFeedback) delta(n, at int, units int64) int {
	if units >= 0 && units <= 255 {
		f.statuses[n], f.deltas[at] = smallDelta, byte(units)
		return 1
	}
	f.statuses[n] = largeDelta
	order.PutUint16(f.deltas[at:], uint16(units))
	return 2
}

// appendChunks writes statuses as runs of at least seven, and as vectors of
// seven where they change more often.
func appendChunks(b []byte, statuses []uint8) []byte {
	for len(statuses) > 0 {
		run := 1
		for run < len(statuses) && statuses[run] == statuses[0] {
			run++
		}
		if run >= 7 || run == len(statuses) {
			b = order.AppendUint16(b, uint16(statuses[0])<<13|uint16(run))
			statuses = statuses[run:]
			continue
		}
		chunk, n := uint16(0xc000), min(7, len(statuses))
		for i, s := range statuses[:n] {
			chunk |= uint16(s) << (12 - 2*i)
		}
		b = order.AppendUint16(b, chunk)
		statuses = statuses[n:]
	}
	return b
}
