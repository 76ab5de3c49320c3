package bench

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	longestDelay = int64(10 * time.Second)
	// lateAfter is when a packet is of no use to a conversation any more.
	lateAfter = int64(100 * time.Millisecond)
)

// window is the steady part of a run, in nanoseconds since 1970. A packet
// counts if it was sent in it, whenever it comes. Zero bounds: not yet known.
type window struct{ start, end atomic.Int64 }

func (w *window) has(sent int64) bool {
	start := w.start.Load()
	return start != 0 && sent >= start && sent < w.end.Load()
}

// meter counts what all subscribers of a network receive. It is owned by the
// network's reader; others may read it when that has ended, and the atomic
// fields at any time.
type meter struct {
	window    *window
	delay     *hdrhistogram.Histogram // nanoseconds, in the window
	received  atomic.Uint64           // unique packets, in the window
	bytes     uint64                  // of UDP payload, in the window
	duplicate uint64
	reordered uint64
	late      uint64
	refused   uint64 // authentication failed
	foreign   uint64 // without a stamp
}

func newMeter(w *window) *meter {
	return &meter{window: w, delay: hdrhistogram.New(1000, longestDelay, 3)}
}

// inbox is the receiving half of one client.
type inbox struct {
	meter  *meter
	opener *srtp.Opener
	tracks map[uint32]*arrivals // by track number
	first  atomic.Int64         // when the first media came
}

func newInbox(m *meter, keys srtp.Keys) (*inbox, error) {
	o, err := srtp.NewOpener(keys.Profile, keys.RemoteKey, keys.RemoteSalt)
	if err != nil {
		return nil, err
	}
	return &inbox{meter: m, opener: o, tracks: make(map[uint32]*arrivals)}, nil
}

// receive implements receiver. Every packet is authenticated and opened.
func (i *inbox) receive(b []byte, arrived int64) {
	size, ok := headerSize(b)
	if !ok || isRTCP(b) {
		return // reports need no answer to be measured
	}
	wire := len(b)
	n, err := i.opener.OpenRTP(b, binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]), size)
	if err != nil {
		i.meter.refused++
		return
	}
	if b[0]&0x20 != 0 && n > size { // padding (RFC 3550, section 5.1)
		n = max(size, n-int(b[n-1]))
	}
	s, ok := readStamp(b[size:n])
	if !ok {
		i.meter.foreign++
		return
	}
	if i.first.Load() == 0 {
		i.first.Store(arrived)
	}
	a := i.tracks[s.track]
	if a == nil {
		a = &arrivals{}
		i.tracks[s.track] = a
	}
	i.meter.count(a.push(s.serial), s, arrived, wire)
}

func (m *meter) count(k arrival, s stamp, arrived int64, wire int) {
	if k == seen {
		m.duplicate++
		return
	}
	if !m.window.has(s.sent) {
		return
	}
	m.received.Add(1)
	m.bytes += uint64(wire)
	delay := max(0, arrived-s.sent)
	_ = m.delay.RecordValue(min(delay, longestDelay)) // in range by construction
	if k == older {
		m.reordered++
	}
	if delay > lateAfter {
		m.late++
	}
}

// arrival is how a packet came.
type arrival uint8

const (
	newest arrival = iota // after all that came before
	older                 // after one that was sent later
	seen                  // again
)

// arrivals remembers the newest serials of one track at one subscriber.
type arrivals struct {
	next uint32               // the newest serial plus 1
	bits [arrivalsKept]uint64 // whether a serial of the last 2,048 came
}

const arrivalsKept = 32

func (a *arrivals) push(serial uint32) arrival {
	const kept = arrivalsKept * 64
	if serial >= a.next {
		for s := max(a.next, serial-min(serial, kept-1)); s < serial; s++ {
			a.bits[s/64%arrivalsKept] &^= 1 << (s % 64)
		}
		a.set(serial)
		a.next = serial + 1
		return newest
	}
	if a.next-serial > kept {
		return older // nobody knows whether it came; it counts as late by its delay
	}
	if a.bits[serial/64%arrivalsKept]>>(serial%64)&1 != 0 {
		return seen
	}
	a.set(serial)
	return older
}

func (a *arrivals) set(serial uint32) { a.bits[serial/64%arrivalsKept] |= 1 << (serial % 64) }

// headerSize returns the length of an RTP header with its extension (RFC 3550,
// section 5.1), which SRTP leaves in the clear.
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
