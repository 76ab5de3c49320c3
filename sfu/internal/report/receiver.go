package report

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// largestGap is the jump beyond which a stream is taken to have started anew.
const largestGap = 3000

const longestDelay = 1<<16*time.Second - 1 // that a block can tell

// Receiver keeps the statistics of one received stream (RFC 3550 section 6.4.1,
// appendix A).
type Receiver struct {
	ssrc, rate uint32
	started    bool
	base       uint32 // first number
	highest    uint32 // with rollovers in the upper half
	received   uint32
	wasMissing uint32 // expected and received at the last block
	wasHere    uint32
	transit    uint32 // of the last packet, ticks
	jitter     uint32 // 1/16 ticks

	sender   NTP // newest sender report
	senderTS uint32
	senderAt mono.Time
	reported bool // there is one
}

// NewReceiver returns the statistics of a stream whose clock has rate Hz.
func NewReceiver(ssrc, rate uint32) *Receiver { return &Receiver{ssrc: ssrc, rate: rate} }

// Rate returns the RTP clock in Hz.
func (r *Receiver) Rate() uint32 { return r.rate }

// Started tells whether a packet came yet.
func (r *Receiver) Started() bool { return r.started }

// Jitter returns the interarrival jitter in ticks.
func (r *Receiver) Jitter() uint32 { return r.jitter >> 4 }

// Lost returns how many packets never came; duplicates can make it negative.
func (r *Receiver) Lost() int32 {
	if !r.started {
		return 0
	}
	return int32(r.highest - r.base + 1 - r.received)
}

// Push notes a packet that arrived.
func (r *Receiver) Push(now mono.Time, number uint16, ts uint32) {
	arrival := r.ticks(now)
	ahead := int16(number - uint16(r.highest))
	if !r.started || ahead > largestGap || ahead < -largestGap {
		r.started, r.base, r.highest, r.received = true, uint32(number), uint32(number), 1
		r.wasMissing, r.wasHere, r.transit = 0, 0, arrival-ts
		return
	}
	if ahead > 0 {
		r.highest += uint32(ahead)
	}
	r.received++
	transit := arrival - ts
	d := int32(transit - r.transit)
	r.transit = transit
	r.jitter += uint32(max(d, -d)) - (r.jitter+8)>>4
}

// ticks splits seconds off first: the product of nanoseconds and a 90 kHz clock
// leaves 64 bits after 28 hours.
func (r *Receiver) ticks(t mono.Time) uint32 {
	s, ns := int64(t)/int64(time.Second), int64(t)%int64(time.Second)
	return uint32(s*int64(r.rate) + ns*int64(r.rate)/int64(time.Second))
}

// SenderReport notes the pair of times in a sender report about the stream.
func (r *Receiver) SenderReport(now mono.Time, n NTP, ts uint32) {
	r.sender, r.senderTS, r.senderAt, r.reported = n, ts, now, true
}

// Captured returns when the sample with a timestamp was captured, on the
// server's clock: by the newest sender report, and what o knows of the
// publisher's clock. It is false before the first.
func (r *Receiver) Captured(ts uint32, o *Offset) (mono.Time, bool) {
	if !r.reported || r.rate == 0 {
		return 0, false
	}
	at, ok := o.At(r.sender)
	after := int64(int32(ts-r.senderTS)) * int64(time.Second) / int64(r.rate)
	return at.Add(time.Duration(after)), ok
}

// Block is one reception report block (RFC 3550 section 6.4.1).
type Block struct {
	SSRC         uint32
	FractionLost uint8  // of 256, since the last block
	Lost         int32  // in all, 24 bits signed
	Highest      uint32 // number, with rollovers
	Jitter       uint32 // ticks
	LastSR       uint32 // middle 32 bits of the last sender report
	Delay        uint32 // since it came, in 1/65536 s; at most 18 hours
}

// Block returns the block to report now, and starts the next interval. Before
// the first packet there is nothing to report, and the block is empty.
func (r *Receiver) Block(now mono.Time) Block {
	if !r.started {
		return Block{SSRC: r.ssrc}
	}
	expected := r.highest - r.base + 1
	lost := int32(expected-r.wasMissing) - int32(r.received-r.wasHere)
	b := Block{
		SSRC:    r.ssrc,
		Lost:    min(max(r.Lost(), -1<<23), 1<<23-1),
		Highest: r.highest,
		Jitter:  r.Jitter(),
	}
	if interval := int32(expected - r.wasMissing); interval > 0 && lost > 0 {
		b.FractionLost = uint8(min(int64(lost)<<8/int64(interval), 255))
	}
	r.wasMissing, r.wasHere = expected, r.received
	if r.reported {
		b.LastSR = uint32(r.sender >> 16)
		b.Delay = uint32(int64(min(now.Sub(r.senderAt), longestDelay)) << 16 / int64(time.Second))
	}
	return b
}
