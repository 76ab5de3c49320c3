package plane

import (
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// Whatever comes from the network, bound address or not, nothing panics, the
// transports stay, and every datagram that is not control is counted.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3}, true)
	f.Add([]byte{0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, false)
	f.Add([]byte{}, true)
	f.Add([]byte{0xff}, false)
	f.Fuzz(func(t *testing.T, b []byte, bound bool) {
		if len(b) > 1500 {
			return
		}
		r := newRoom(t)
		c := r.join(0, netem.Config{})
		path := Path{Remote: c.addr}
		if !bound {
			path.Remote = netip.AddrPortFrom(path.Remote.Addr(), 1)
		}
		control := r.plane.Receive(r.now, path, b)
		r.run(2 * time.Second)
		var dropped uint64
		for _, n := range r.plane.stats.Drops {
			dropped += n
		}
		if !control && dropped == 0 {
			t.Errorf("% x was neither control nor counted", b)
		}
		if len(r.plane.transports) != 1 {
			t.Error("the transport is gone")
		}
	})
}

// Authenticated nonsense: what a peer with keys can send. Nothing panics, and
// the numbers of what others are sent stay gapless.
func FuzzAuthenticated(f *testing.F) {
	f.Add([]byte{0x80, 120, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0xe9, 0x90, 0xe0, 0x80, 0, 0, 0x20, 0, 0, 0, 0x9d}, false)
	f.Add(report.AppendNACK(nil, 1, 2100, []uint16{0x7ff0, 0x7ff5}), true)
	f.Add(report.AppendPLI(nil, 1, 2100), true)
	f.Fuzz(func(t *testing.T, b []byte, rtcp bool) {
		if len(b) < 12 || len(b) > 1300 {
			return
		}
		r := newRoom(t)
		bad, good := r.join(0, netem.Config{}), r.join(1, netem.Config{})
		s := good.slot(false)
		s.show(bad.video)
		bad.slot(false).show(good.video)
		r.run(200 * time.Millisecond)
		if rtcp {
			if b[0]>>6 != 2 {
				return
			}
			bad.rtcp(r.now, b)
		} else {
			bad.seal(r.now, b[:12], nil, b[12:], uint64(b[2])<<8|uint64(b[3]), uint32(b[8])<<24|uint32(b[9])<<16|uint32(b[10])<<8|uint32(b[11]))
		}
		r.run(200 * time.Millisecond)
		if r.plane.transports[bad.id] == nil || r.plane.transports[good.id] == nil {
			t.Error("a transport is gone")
		}
	})
}

// Media that comes before its path is known waits for it.
func TestPendingIsReplayed(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(true)
	s.show(a.audio)
	r.run(time.Second)
	before := s.packets
	moved := netip.AddrPortFrom(a.addr.Addr(), 6000)
	delete(r.byAddr, a.addr)
	a.addr = moved
	r.byAddr[moved] = a
	r.run(400 * time.Millisecond)
	if s.packets != before {
		t.Fatalf("%d packets came from an address that is not bound", s.packets-before)
	}
	r.apply(BindPath{Transport: a.id, Path: Path{Remote: moved}})
	r.deliver()
	r.run(time.Second)
	checkGapless(t, s)
	if s.packets < before+65 {
		t.Errorf("%d packets in 1.4 s, want 70", s.packets-before)
	}
}

// What waits for an unknown address is bounded in number and age.
func TestPendingIsBounded(t *testing.T) {
	r := newRoom(t)
	b := []byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3}
	for i := range 10_000 {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 9)
		r.plane.Receive(r.now, Path{Remote: addr}, b)
	}
	if got, want := r.plane.stats.Drops[DropUnknownSource], uint64(10_000-pendingPackets); got != want {
		t.Errorf("dropped %d, want %d", got, want)
	}
	r.run(2 * time.Second)
	if got := r.plane.stats.Drops[DropUnknownSource]; got != 10_000 {
		t.Errorf("after 2 s: dropped %d, want all 10000", got)
	}
	if d := r.plane.Deadline(); d != mono.Never {
		t.Errorf("deadline %v with nothing left, want Never", d)
	}
}

// A NACK storm is answered at most once per number and round trip.
func TestStormIsAnsweredOnce(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(time.Second)
	slot := r.plane.slots[s.slot]
	newest := s.numbers[len(s.numbers)-1]
	for range 100 {
		slot.retransmit(r.now, newest-16, 0xffff)
	}
	if got := slot.stats.Retransmitted; got != 17 {
		t.Errorf("100 NACKs of 17 packets caused %d retransmissions, want 17", got)
	}
	slot.retransmit(r.now, newest-5000, 0xffff)
	if got := slot.stats.Retransmitted; got != 17 {
		t.Errorf("a NACK of old packets caused %d retransmissions", got-17)
	}
	r.plane.Outbox().Done()
}

// A bug in the handling of one transport ends that one alone.
func TestFail(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	if r.plane.Fail() {
		t.Error("Fail without a transport being handled says true")
	}
	r.plane.current = r.plane.transports[a.id]
	if !r.plane.Fail() {
		t.Error("Fail says false")
	}
	if r.plane.transports[a.id] != nil || r.plane.transports[b.id] == nil {
		t.Error("the wrong transport was removed")
	}
	events := r.plane.Events(nil)
	if len(events) != 1 || events[0].Kind != EventFailed || events[0].Transport != a.id {
		t.Errorf("events %+v", events)
	}
}

// Steady forwarding allocates nothing.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(map[int]string{1: "1", 10: "10", 100: "100"}[n], func(b *testing.B) { benchmarkForward(b, n) })
	}
}

func benchmarkForward(b *testing.B, n int) {
	r := newRoom(b)
	a := r.join(0, netem.Config{})
	for i := range n {
		r.join(i+1, netem.Config{}).slot(false).show(a.video)
	}
	r.run(time.Second)
	for _, c := range r.clients {
		c.mute = true
	}
	payload := append(videoPayload(a.video.frame, 1, 2, false), make([]byte, 900)...)
	const batch = 64
	sealed := make([][]byte, batch)
	for i := range sealed {
		sealed[i] = make([]byte, 0, 1500)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += batch {
		b.StopTimer()
		for j := range sealed {
			h := []byte{0x80, ptVP8, byte(a.video.next >> 8), byte(a.video.next), 0, 0, 0, 0, 0, 0, byte(a.video.ssrc >> 8), byte(a.video.ssrc)}
			sealed[j], _ = a.sealer.SealRTP(sealed[j][:0], h, nil, payload, a.video.next, a.video.ssrc)
			a.video.next++
		}
		for _, t := range r.plane.transports {
			t.heard, t.quiet = r.now, false
		}
		b.StartTimer()
		for _, s := range sealed {
			r.plane.Receive(r.now, Path{Remote: a.addr}, s)
			r.plane.Outbox().Done()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/packet")
	_ = feedback.PLI
}
