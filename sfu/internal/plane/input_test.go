package plane

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

var encoderAddr = netip.MustParseAddrPort("192.0.2.1:4000")

// studio is a room with viewers of a publication that comes as plain RTP.
type studio struct {
	*room
	pub     *sender
	payload []byte
	batch   []Handover
	number  uint16
}

const studioTransport, studioPublication ID = 500, 501

func newStudio(t testing.TB, viewers int) *studio {
	s := &studio{room: newRoom(t), pub: &sender{
		pub:  studioPublication,
		spec: Publication{MID: "0", Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, ClockRate: 90000}}},
	}}
	s.apply(AddTransport{Transport: studioTransport, SSRC: 9, CNAME: "x", Plain: true})
	s.apply(AddPublication{Transport: studioTransport, Publication: studioPublication, Spec: s.pub.spec, Input: &Input{}})
	for i := range viewers {
		s.join(i, netem.Config{}).slot(false).show(s.pub)
	}
	s.payload = append(videoPayload(0, 0, 1, true), make([]byte, 900)...)
	s.batch = make([]Handover, 32)
	for i := range s.batch {
		s.batch[i] = Handover{Input: studioPublication, Path: Path{Remote: encoderAddr}, B: make([]byte, 0, packet.MaxSize)}
	}
	return s
}

// fill makes a batch of packets.
func (s *studio) fill() {
	for i := range s.batch {
		b := append(s.batch[i].B[:0], 0x80, 0x80|ptVP8)
		b = binary.BigEndian.AppendUint16(b, s.number)
		b = binary.BigEndian.AppendUint32(b, uint32(s.number)*60)
		b = binary.BigEndian.AppendUint32(b, 3)
		s.batch[i].B = append(b, s.payload...)
		s.number++
	}
}

func (s *studio) step() {
	s.now = s.now.Add(20 * time.Millisecond)
	for i := range s.batch {
		s.plane.Accept(s.now, &s.batch[i])
	}
	for s.plane.Deliver(s.now) {
		s.plane.Outbox().Done()
	}
	s.plane.Advance(s.now)
	s.plane.Outbox().Done()
	s.plane.Charge(Spent{Read: time.Microsecond, Work: 600 * time.Microsecond, Send: 300 * time.Microsecond})
}

// Plain RTP goes the way of any other packet, and allocates nothing on it.
func TestInputAllocatesNothing(t *testing.T) {
	s := newStudio(t, 10)
	for range 100 {
		s.fill()
		s.step()
	}
	before := s.plane.stats
	n := testing.AllocsPerRun(100, func() {
		s.fill()
		s.step()
	})
	if n != 0 {
		t.Errorf("%v allocations per batch, want 0", n)
	}
	if sent := s.plane.stats.PacketsSent - before.PacketsSent; sent < 100*32*10 {
		t.Errorf("%d packets sent, want at least %d", sent, 100*32*10)
	}
	if d := s.plane.publications[studioPublication].input.stats.Drops; d != [NumDropReasons]uint64{} {
		t.Errorf("dropped %v", d)
	}
}

// Whatever comes to the ports, from wherever, is taken or counted.
func FuzzInput(f *testing.F) {
	f.Add([]byte{0x80, ptVP8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0, 0, 0, 0x9d, 0x01, 0x2a}, uint8(0), uint16(30))
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint8(1), uint16(0))
	f.Add([]byte{0xb0, ptVP8, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 3, 0xbe, 0xde, 0, 1}, uint8(2), uint16(2000))
	f.Fuzz(func(t *testing.T, b []byte, way uint8, wait uint16) {
		if len(b) > packet.MaxSize-HandoverRoom {
			return
		}
		s := newStudio(t, 2)
		s.fill()
		s.step()
		s.run(time.Duration(wait) * time.Millisecond)
		h := Handover{
			Input: studioPublication + ID(way>>4&1), Aside: way&1 != 0, Path: Path{Remote: netip.AddrPortFrom(encoderAddr.Addr(), 4000+uint16(way>>1&3))},
			B: append(make([]byte, 0, packet.MaxSize), b...),
		}
		in := s.plane.publications[studioPublication].input
		count := func() (n uint64) {
			for _, d := range s.plane.stats.Drops {
				n += d
			}
			return n
		}
		taken, dropped, rtcp := in.heard, count(), in.rtcp
		s.now = s.now.Add(time.Millisecond)
		s.plane.Accept(s.now, &h)
		if count() == dropped && in.heard == taken && in.rtcp == rtcp {
			t.Errorf("% x was neither taken nor counted", b)
		}
		s.plane.Deliver(s.now)
		s.run(2 * time.Second)
		s.plane.Events(nil)
		if s.plane.transports[studioTransport] == nil {
			t.Error("the transport is gone")
		}
	})
}
