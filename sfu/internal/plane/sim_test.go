package plane

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// A room in virtual time: real SRTP, RTP and RTCP bytes go between the plane
// and clients over seeded links. No socket, clock or goroutine is used.

const (
	ptVP8, ptVP8RTX, ptOpus = 120, 121, 109 // what clients send; unlike slots' numbers
	ptSlotVP8, ptSlotRTX    = 96, 97
	ptSlotOpus              = 111
	idLevelIn, idLevelOut   = 3, 10
	idTransportCC           = 5
	idWideOut               = 12
)

// room is one core or several, with clients around them.
type room struct {
	t       testing.TB
	plane   *Plane   // the first core
	cores   []*Plane // all
	arrived int      // datagrams that came to the cores, in turn
	now     mono.Time
	clients []*client
	events  []Event // of several cores
	byAddr  map[netip.AddrPort]*client
	buf     []byte
	sink    netip.Addr     // of who joins next, see AddTransport
	strays  map[stray]int  // messages to addresses that no client has
	trace   *trace         // nil: none is kept
	sent    func(b []byte) // nil: nobody looks

	meets        bool // events are looked at, see note
	letters      int  // between cores
	losesLetters bool
	full         func(h *Handover) bool // another core has no room for it; nil: it always has
	told         map[ID][]ID            // what slots that follow show, in order, by EventShown
	speakers     []Speaker              // by the last EventSpeakers
}

// stray is where a message went that no client received.
type stray struct {
	to   netip.AddrPort
	kind packet.Kind
}

// client is a peer of the simulation: it publishes one audio and one video
// track and has slots for others.
type client struct {
	room     *room
	core     int // that has the transport
	id       ID
	addr     netip.AddrPort
	up, down *netem.Link
	due      mono.Time // when step has something to do
	sealer   *srtp.Sealer
	opener   *srtp.Opener
	index    uint32 // of SRTCP
	out, msg []byte // scratch
	nonces   nonces // of what the plane sent
	video    *sender
	audio    *sender
	slots    map[uint32]*sink // by SSRC, RTX SSRCs too
	sinks    []*sink
	mute     bool        // sends nothing, not even reports
	deaf     bool        // overhears requests for key frames
	asked    []mono.Time // when a key frame was requested
	askedOf  []uint32    // and of which SSRC
	number   uint16      // transport-wide, of the next packet
	told     int         // packets that transport-wide feedback spoke of as received
	noRTX    bool
	stubborn bool // repeats nothing

	numbered bool                      // its slots made from now on have transport-wide numbers
	wide     []uint16                  // of the packets that it got
	heard    *report.TransportFeedback // of those; nil if it tells nothing
}

func newRoom(t testing.TB) *room { return newRoomOn(t, 1) }

// newRoomOn returns a room whose clients live on so many cores, in turn.
func newRoomOn(t testing.TB, cores int) *room {
	r := &room{
		t:      t,
		byAddr: make(map[netip.AddrPort]*client),
		strays: make(map[stray]int),
		buf:    make([]byte, packet.MaxSize),
		now:    mono.Time(time.Second),
	}
	for range cores {
		r.cores = append(r.cores, New(Config{Core: len(r.cores), Epoch: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}))
	}
	r.plane = r.cores[0]
	return r
}

func (r *room) apply(c Command) { r.applyTo(0, c) }

func (r *room) applyTo(core int, c Command) {
	r.trace.command(r.now, c)
	r.cores[core].Apply(r.now, c)
}

func (c *client) apply(cmd Command) { c.room.applyTo(c.core, cmd) }

func stamp(t mono.Time) string { return fmt.Sprintf("%9.3f", time.Duration(t).Seconds()*1000) }

// join adds a client with its two publications, connected and keyed.
func (r *room) join(n int, net netem.Config) *client {
	r.t.Helper()
	id := ID(1000 * (n + 1))
	c := &client{
		room:  r,
		core:  n % len(r.cores),
		id:    id,
		addr:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n + 1)}), 5000),
		up:    netem.New(net, uint64(2*n+1)),
		down:  netem.New(net, uint64(2*n+2)),
		slots: make(map[uint32]*sink),
	}
	c.nonces.rtp = make(map[uint32]*used)
	key, salt := make([]byte, 16), make([]byte, 12)
	key[0], salt[0] = byte(n), byte(n)
	opener, err := srtp.NewOpener(srtp.AEADAES128GCM, key, salt)
	check(r.t, err)
	sealer, err := srtp.NewSealer(srtp.AEADAES128GCM, key, salt)
	check(r.t, err)
	c.sealer = sealer
	key[1] = 1 // the other direction has its own key
	c.opener, err = srtp.NewOpener(srtp.AEADAES128GCM, key, salt)
	check(r.t, err)
	back, err := srtp.NewSealer(srtp.AEADAES128GCM, key, salt)
	check(r.t, err)
	c.apply(AddTransport{Transport: id, SSRC: uint32(id) + 7, CNAME: "switchyard", Sink: r.sink})
	c.apply(SetKeys{Transport: id, Opener: opener, Sealer: back})
	c.bind()
	c.publish()
	r.clients = append(r.clients, c)
	r.byAddr[c.addr] = c
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is check for what happens with every packet.
func (r *room) must(err error) {
	if err != nil {
		r.t.Fatal(err)
	}
}

func (c *client) publish() {
	start := c.room.now.Add(time.Duration(c.id) * time.Microsecond)
	c.video = &sender{
		pub: c.id + 1, ssrc: uint32(c.id) + 1, rtx: uint32(c.id) + 2, ts: uint32(c.id) * 7919,
		due: start, interval: time.Second / 30, wantKey: true, perFrame: 2,
		next: 65000, // wraps early
	}
	c.audio = &sender{
		pub: c.id + 2, ssrc: uint32(c.id) + 3, ts: uint32(c.id) * 104729,
		due: start, interval: 20 * time.Millisecond, perFrame: 1,
	}
	var ids packet.ExtensionIDs
	ids[packet.ExtAudioLevel], ids[packet.ExtTransportCC] = idLevelIn, idTransportCC
	c.video.spec = Publication{
		MID: "1", NACK: true, Feedback: true, Extensions: ids, Streams: []Stream{{SSRC: c.video.ssrc, RTX: c.video.rtx}},
		Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, RTX: ptVP8RTX, ClockRate: 90000}},
	}
	c.audio.spec = Publication{
		MID: "0", Audio: true, NACK: true, Streams: []Stream{{SSRC: c.audio.ssrc}}, Extensions: ids,
		Codecs: []Codec{{Codec: packet.Opus, PayloadType: ptOpus, ClockRate: 48000}},
	}
	for _, s := range []*sender{c.video, c.audio} {
		s.core = c.core
		c.apply(AddPublication{Transport: c.id, Publication: s.pub, Spec: s.spec})
	}
}

// slot gives the client one more slot.
func (c *client) slot(audio bool) *sink {
	id := c.id + 100 + ID(2*len(c.sinks))
	s := &sink{
		client: c, slot: id, ssrc: uint32(id), repair: nack.New(nack.Config{}),
		audio: audio,
	}
	s.add()
	c.sinks = append(c.sinks, s)
	c.slots[s.ssrc] = s
	c.slots[s.ssrc+500_000] = s
	return s
}

// add makes the slot known to the plane.
func (s *sink) add() {
	spec := SlotSpec{MID: fmt.Sprint("s", s.slot), Audio: s.audio, SSRC: s.ssrc, RTX: s.ssrc + 500_000}
	if s.client.noRTX {
		spec.RTX = 0
	}
	if s.client.numbered {
		spec.TransportCC = idWideOut
	}
	s.client.apply(AddSlot{
		Transport: s.client.id, Slot: s.slot, Spec: spec, Sequence: 0x7ff0, Repair: 5, Timestamp: 0xfffff000,
	})
}

// move gives a client another port, which the plane is told of.
func (r *room) move(c *client) {
	delete(r.byAddr, c.addr)
	c.addr = netip.AddrPortFrom(c.addr.Addr(), c.addr.Port()^1)
	r.byAddr[c.addr] = c
	c.bind()
}

// show binds a track to the slot and forgets what the slot got before.
func (s *sink) show(pub *sender) {
	r := &Route{Extensions: []ExtensionPair{{In: idLevelIn, Out: idLevelOut}}}
	if s.audio {
		r.PayloadTypes[ptOpus], r.Repairs[ptSlotOpus] = ptSlotOpus, ptSlotRTX
	} else {
		r.PayloadTypes[ptVP8], r.Repairs[ptSlotVP8] = ptSlotVP8, ptSlotRTX
	}
	s.got = s.got[:0]
	s.reach(pub)
	s.client.apply(Bind{Slot: s.slot, Publication: pub.pub, Route: r, Demand: s.demand})
}

// run lets the room live for d.
func (r *room) run(d time.Duration) {
	end := r.now.Add(d)
	for _, c := range r.clients {
		c.due = c.deadline()
	}
	for {
		next := mono.Never
		for _, p := range r.cores {
			next = min(next, p.Deadline())
		}
		for _, c := range r.clients {
			next = min(next, c.due)
		}
		if next > end {
			r.now = end
			return
		}
		r.now = max(r.now, next)
		for _, c := range r.clients {
			if c.due <= r.now {
				c.step(r.now)
				c.due = c.deadline()
			}
		}
		for _, p := range r.cores {
			p.Advance(r.now)
		}
		r.deliver()
	}
}

func (c *client) deadline() mono.Time {
	next := min(c.up.Deadline(), c.down.Deadline())
	if c.mute {
		return next
	}
	next = min(next, c.video.due, c.audio.due)
	for _, s := range c.sinks {
		if !c.noRTX {
			next = min(next, s.repair.Deadline())
		}
	}
	return next
}

func (c *client) step(now mono.Time) {
	if !c.mute {
		c.produce(now, c.video)
		c.produce(now, c.audio)
		c.repair(now)
	}
	for {
		n, ok := c.up.Receive(now, c.room.buf)
		if !ok {
			break
		}
		core := c.room.cores[c.room.arrived%len(c.room.cores)]
		c.room.arrived++
		core.Receive(now, Path{Remote: c.addr}, c.room.buf[:n])
		c.room.deliver()
	}
	for {
		n, ok := c.down.Receive(now, c.room.buf)
		if !ok {
			break
		}
		c.receive(now, c.room.buf[:n])
	}
}

func (c *client) receive(now mono.Time, b []byte) {
	if packet.Classify(b) == packet.RTCP {
		n, err := c.opener.OpenRTCP(b)
		c.room.must(err)
		c.room.trace.rtcp(now, c, '<', b[:n])
		c.feedback(now, b[:n])
		return
	}
	size, ok := packet.HeaderSize(b)
	if !ok {
		c.room.t.Fatalf("%s: not RTP: % x", stamp(now), b[:12])
	}
	n, err := c.opener.OpenRTP(b, binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]), size)
	if err != nil {
		c.room.t.Fatalf("%s: client %d cannot open: %v", stamp(now), c.id, err)
	}
	v, err := packet.Parse(b[:n])
	c.room.must(err)
	c.room.trace.rtp(now, c, '<', b[:n])
	c.hear(now, v, b[:n])
	if s := c.slots[v.SSRC]; s != nil {
		s.receive(now, v, b[:n])
		return
	}
	c.room.t.Fatalf("%s: client %d got unknown SSRC %d", stamp(now), c.id, v.SSRC)
}
