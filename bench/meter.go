package bench

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longestDelay = int64(10 * time.Second)
	// lateAfter is when a packet is of no use to a conversation any more.
	lateAfter = int64(100 * time.Millisecond)
)

// meter counts what all subscribers of a network receive. It is written by who
// holds the network's media; others may read it when the network has ended, and
// the atomic fields at any time.
type meter struct {
	received  atomic.Uint64 // unique packets, in the window
	bytes     uint64        // of UDP payload, in the window
	reordered uint64        // in the window
	duplicate uint64
	refused   uint64 // authentication failed
	foreign   uint64 // without a stamp
	dropped   uint64 // on purpose
	reports   uint64 // receiver reports sent
	repair    RepairFigures
	wide      FeedbackFigures

	// Of the packets of the window that were opened, each with the weight of
	// those that it stands for.
	delay   *hdrhistogram.Histogram // nanoseconds
	early   *hdrhistogram.Histogram // of what was sent before its receiver settled
	late    uint64
	samples uint64 // without weight
}

func newMeter() *meter {
	return &meter{delay: hdrhistogram.New(1000, longestDelay, 3), early: hdrhistogram.New(1000, longestDelay, 3)}
}

// measure notes how long a packet of the window took, which stands for so many.
func (m *meter) measure(sent, arrived int64, weight uint64) {
	record(m.delay, arrived-sent, weight)
	m.samples++
	if arrived-sent > lateAfter {
		m.late += weight
	}
}

func record(h *hdrhistogram.Histogram, delay int64, weight uint64) {
	_ = h.RecordValues(min(max(0, delay), longestDelay), int64(weight)) // in range by construction
}

// rtpHeader is what SRTP leaves in the clear of a packet.
type rtpHeader struct {
	ssrc, ts uint32
	source   uint32 // first contributing source (CSRC); 0 for none
	number   uint16
	pt       uint8
	header   int // bytes, with the extension
	padded   bool
}

// readHeader reads an RTP header (RFC 3550, section 5.1); false if b is none.
func readHeader(b []byte) (w rtpHeader, ok bool) {
	if w.header, ok = headerSize(b); !ok {
		return w, false
	}
	w.padded, w.pt = b[0]&0x20 != 0, b[1]&0x7f
	w.number = binary.BigEndian.Uint16(b[2:])
	w.ts = binary.BigEndian.Uint32(b[4:])
	w.ssrc = binary.BigEndian.Uint32(b[8:])
	if b[0]&0x0f != 0 {
		w.source = binary.BigEndian.Uint32(b[12:])
	}
	return w, true
}

// headerSize returns the length of an RTP header with its extension.
func headerSize(b []byte) (int, bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return 0, false
	}
	size := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < size+4 {
			return 0, false
		}
		size += 4 + 4*int(binary.BigEndian.Uint16(b[size+2:]))
	}
	return size, size <= len(b)
}

// isRTCP tells RTCP from RTP on one port (RFC 5761, section 4).
func isRTCP(b []byte) bool { return b[1] >= 192 && b[1] <= 223 }
