package plane

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
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

// A bug in the handling of what another core handed over ends that publication
// alone.
func TestFailMirror(t *testing.T) {
	p := New(Config{})
	spec := Publication{Codecs: []Codec{{Codec: packet.VP8, PayloadType: 96, ClockRate: 90000}}}
	for id := ID(1); id <= 2; id++ {
		p.Apply(0, AddMirror{Publication: id, Spec: spec})
	}
	bad := &Handover{Publication: 1, Encoding: -1} // an index that no core gives
	func() {
		defer func() {
			if recover() == nil {
				t.Fatal("no panic: the test tests nothing")
			}
			if !p.Fail() {
				t.Error("Fail says false")
			}
		}()
		p.Accept(0, bad)
	}()
	if p.publications[1] != nil || p.publications[2] == nil {
		t.Error("the wrong publication was removed")
	}
	events := p.Events(nil)
	if len(events) != 1 || events[0].Kind != EventFailed || events[0].Publication != 1 {
		t.Errorf("events %+v", events)
	}
	if p.Fail() {
		t.Error("Fail says true a second time")
	}
}

// nonsense makes a datagram: empty, short, random, or media without a key.
func nonsense(random *rand.Rand, b []byte) []byte {
	switch random.IntN(4) {
	case 0:
		b = b[:0]
	case 1:
		b = b[:1+random.IntN(4)]
	default:
		b = b[:random.IntN(1501)]
	}
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	if len(b) > 1 && random.IntN(3) == 0 {
		b[0] = 0x80 | b[0]&0x3f
	}
	return b
}

// A hundred thousand datagrams of nonsense, from nowhere and from the addresses
// of peers, are counted one by one, and cost the media of others nothing.
func TestHostileDatagrams(t *testing.T) {
	r := full(t, 3, netem.Config{Delay: 5 * time.Millisecond})
	r.run(time.Second)
	random := rand.New(rand.NewPCG(100, 100))
	before := r.plane.stats
	control := 0
	buf := make([]byte, packet.MaxSize)
	n := 100_000
	if raceEnabled {
		n = 20_000
	}
	for i := range n {
		path := Path{Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i >> 9)}), uint16(i))}
		if i%4 == 0 {
			path.Remote = r.clients[i/4%3].addr
		}
		if r.plane.Receive(r.now, path, nonsense(random, buf)) {
			control++
		}
		if i%100 == 99 {
			r.run(10 * time.Millisecond)
		}
	}
	r.run(2 * time.Second)
	want := (3*time.Second + time.Duration(n)*100*time.Microsecond) / (time.Second / 30)
	dropped := 0
	for reason, k := range r.plane.stats.Drops {
		k -= before.Drops[reason]
		dropped += int(k)
		t.Logf("%v: %d", DropReason(reason), k)
	}
	if dropped+control != n {
		t.Errorf("%d dropped and %d for the control plane, want %d in all", dropped, control, n)
	}
	for _, c := range r.clients {
		for _, s := range c.sinks {
			checkGapless(t, s)
			if s.packets < int(want) {
				t.Errorf("slot %d got %d packets, want at least one per frame, %d", s.slot, s.packets, want)
			}
		}
	}
	if len(r.plane.transports) != 3 || len(r.plane.paths) != 3 {
		t.Errorf("%d transports, %d paths; want 3 and 3", len(r.plane.transports), len(r.plane.paths))
	}
}

// Media that comes before the keys waits for them.
func TestMediaBeforeTheKeys(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(true)
	s.show(a.audio)
	sender := r.plane.transports[a.id]
	opener, sealer := sender.opener, sender.sealer
	sender.opener, sender.sealer = nil, nil
	r.run(400 * time.Millisecond)
	if s.packets != 0 {
		t.Fatalf("%d packets were forwarded without keys", s.packets)
	}
	r.apply(SetKeys{Transport: a.id, Opener: opener, Sealer: sealer})
	r.deliver()
	r.run(2 * time.Second)
	checkGapless(t, s)
	if s.packets < 118 {
		t.Errorf("%d audio packets in 2.4 s, want 120", s.packets)
	}
}

// A second set of keys is ignored: it would start indices anew under the first.
func TestKeysAreForLife(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{})
	sender := r.plane.transports[a.id]
	sealer := sender.sealer
	r.apply(SetKeys{Transport: a.id, Opener: sender.opener, Sealer: a.sealer})
	if sender.sealer != sealer {
		t.Error("the keys were replaced")
	}
}

// Peers come, publish, watch and leave a thousand times; nothing of them stays.
func TestComingAndGoingLeavesNothing(t *testing.T) {
	cycles := 1000
	if raceEnabled {
		cycles = 200
	}
	r := newRoom(t)
	host := r.join(0, netem.Config{})
	watch := host.slot(false)
	for i := range cycles {
		c := r.join(1, netem.Config{})
		s := c.slot(false)
		s.show(host.video)
		watch.show(c.video)
		r.run(40 * time.Millisecond)
		r.apply(RemoveTransport{Transport: c.id})
		r.clients, c.sinks = r.clients[:1], nil
		delete(r.byAddr, c.addr)
		if i%100 == 0 && watch.packets == 0 {
			t.Error("the host saw nobody")
		}
	}
	p := r.plane
	got := [5]int{len(p.transports), len(p.paths), len(p.publications), len(p.slots), len(p.timers.heap)}
	if want := [5]int{1, 1, 2, 1, 1}; got != want {
		t.Errorf("transports, paths, publications, slots, timers: %v, want %v", got, want)
	}
	if p.slots[watch.slot].outbound != nil {
		t.Error("the host's slot still shows somebody")
	}
	for i := range p.slots[watch.slot].line.bindings {
		if in := p.slots[watch.slot].line.bindings[i].in; in != nil && in.history != nil {
			t.Error("the host's slot keeps the history of somebody who left")
		}
	}
}

// On another path there is a key frame for whoever moved, and from whoever did:
// more was lost than can be repaired.
func TestMovingAsksForKeyFrames(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(3 * time.Second)
	for _, c := range []*client{b, a} {
		before := len(a.asked)
		r.move(c)
		r.run(100 * time.Millisecond)
		if got := len(a.asked) - before; got != 1 {
			t.Errorf("client %d moved: asked for %d key frames, want 1", c.id, got)
		}
		r.run(3 * time.Second)
	}
	before := len(a.asked)
	b.bind() // where it is already
	r.run(3 * time.Second)
	if got := len(a.asked) - before; got != 0 {
		t.Errorf("nobody moved: asked for %d key frames", got)
	}
}
