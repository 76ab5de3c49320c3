package plane

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// steady is a room in which nothing but media happens: client 0 publishes, the
// others watch. Its packets are made outside of what is measured.
type steady struct {
	*room
	from    *client
	video   [][]byte // sealed RTP, a batch
	nacks   [][]byte // sealed RTCP, of each subscriber
	payload []byte
	rtcp    []byte
	header  [20]byte
	numbers [3]uint16
}

const steadyBatch = 64

func newSteady(t testing.TB, subscribers int) *steady {
	s := &steady{room: newRoom(t)}
	s.from = s.join(0, netem.Config{})
	for i := range subscribers {
		c := s.join(i+1, netem.Config{})
		c.slot(false).show(s.from.video)
		c.slot(true).show(s.from.audio)
	}
	s.run(time.Second)
	s.payload = append(videoPayload(s.from.video.frame, 1, 2, false), make([]byte, 900)...)
	s.video, s.nacks = make([][]byte, steadyBatch), make([][]byte, subscribers)
	s.rtcp = make([]byte, 0, 200)
	return s
}

// fill seals the next batch: video with transport-wide numbers, of which one in
// 32 is missing, and from each subscriber a NACK of what it was sent and a
// receiver report.
func (s *steady) fill() {
	v := s.from.video
	for i := range s.video {
		if i%32 == 17 {
			v.next++
		}
		h := &s.header
		*h = [20]byte{0x90, ptVP8, byte(v.next >> 8), byte(v.next), 12: 0xbe, 13: 0xde, 15: 1, 16: idTransportCC<<4 | 1}
		binary.BigEndian.PutUint32(h[4:], v.ts)
		binary.BigEndian.PutUint32(h[8:], v.ssrc)
		binary.BigEndian.PutUint16(h[17:], s.from.number)
		s.from.number++
		s.video[i], _ = s.from.sealer.SealRTP(s.video[i][:0], h[:], nil, s.payload, v.next, v.ssrc)
		v.next++
	}
	v.ts += 3000
	for i := range s.nacks {
		c := s.clients[i+1]
		newest := uint16(s.plane.slots[c.sinks[0].slot].line.sequence.Next() - 1)
		s.rtcp = report.AppendReceiverReport(s.rtcp[:0], uint32(c.id), nil)
		s.numbers = [3]uint16{newest - 9, newest - 7, newest}
		s.rtcp = report.AppendNACK(s.rtcp, uint32(c.id), c.sinks[0].ssrc, s.numbers[:])
		s.nacks[i], _ = c.sealer.SealRTCP(s.nacks[i][:0], s.rtcp, c.index)
		c.index++
	}
}

// number has all that is sent carry transport-wide numbers.
func (s *steady) number() {
	for _, slot := range s.plane.slots {
		slot.spec.TransportCC = idWideOut
	}
}

// step is what a worker does with a batch.
func (s *steady) step() {
	s.now = s.now.Add(20 * time.Millisecond)
	for _, b := range s.video {
		s.plane.Receive(s.now, Path{Remote: s.from.addr}, b)
	}
	for s.plane.Deliver(s.now) {
		s.plane.Outbox().Done()
	}
	for i, b := range s.nacks {
		s.plane.Receive(s.now, Path{Remote: s.clients[i+1].addr}, b)
	}
	s.plane.Advance(s.now)
	s.plane.Outbox().Done()
	s.plane.Charge(Spent{Read: 100 * time.Microsecond, Work: 600 * time.Microsecond, Send: 300 * time.Microsecond})
}

// The whole way of a packet allocates nothing: opening, parsing, history,
// forwarding, sealing, NACK and RTX both ways, transport-wide feedback, reports.
func TestForwardAllocatesNothing(t *testing.T) {
	s := newSteady(t, 10)
	for range 100 { // a second and more, so that every timer was due once
		s.fill()
		s.step()
	}
	before := s.plane.stats
	n := testing.AllocsPerRun(200, func() {
		s.fill()
		s.step()
	})
	if n != 0 {
		t.Errorf("%v allocations per batch of %d packets for 10 subscribers, want 0", n, steadyBatch)
	}
	sent := s.plane.stats.PacketsSent - before.PacketsSent
	if sent < 200*steadyBatch*10 {
		t.Errorf("%d packets sent, want at least %d", sent, 200*steadyBatch*10)
	}
	if r := s.plane.slots[s.clients[1].sinks[0].slot].stats.Retransmitted; r < 200 {
		t.Errorf("%d retransmissions, want at least 200", r)
	}
	if k := s.plane.publications[s.from.video.pub].encodings[0].stats.NACKs; k < 200 {
		t.Errorf("%d numbers were asked for, want at least 200", k)
	}
}

// BenchmarkForward is the cost of a packet for each subscriber, without the
// system calls.
func BenchmarkForward(b *testing.B) {
	for _, bm := range []struct {
		name     string
		n        int
		numbered bool // with transport-wide numbers
	}{{"1", 1, false}, {"10", 10, false}, {"10-numbered", 10, true}, {"100", 100, false}} {
		b.Run(bm.name, func(b *testing.B) {
			s := newSteady(b, bm.n)
			if bm.numbered {
				s.number()
			}
			for range 100 {
				s.fill()
				s.step()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				s.fill()
				b.StartTimer()
				s.step()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bm.n*steadyBatch), "ns/packet")
		})
	}
}
