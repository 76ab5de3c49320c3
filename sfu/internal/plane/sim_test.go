package plane

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
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
)

// room is a plane with clients around it.
type room struct {
	t       testing.TB
	plane   *Plane
	now     mono.Time
	clients []*client
	byAddr  map[netip.AddrPort]*client
	buf     []byte
	trace   func(format string, args ...any) // nil: no trace
}

// client is a peer of the simulation: it publishes one audio and one video
// track and has slots for others.
type client struct {
	room     *room
	id       ID
	addr     netip.AddrPort
	up, down *netem.Link
	sealer   *srtp.Sealer
	opener   *srtp.Opener
	index    uint32 // of SRTCP
	video    *sender
	audio    *sender
	slots    map[uint32]*sink // by SSRC, RTX SSRCs too
	sinks    []*sink
	mute     bool // sends nothing, not even reports
	noRTX    bool
}

// sender is a track that a client publishes.
type sender struct {
	pub      ID
	ssrc     uint32
	rtx      uint32
	rtxNext  uint64
	next     uint64 // SRTP index
	ts       uint32
	frame    uint32
	due      mono.Time
	interval time.Duration
	wantKey  bool
	keys     int
	sent     map[uint16][]byte // for retransmission
	perFrame int
}

// sink is what a client got in one slot.
type sink struct {
	client   *client
	slot     ID
	ssrc     uint32
	repair   *nack.Generator
	got      map[uint32]int // packets by frame, of the publication shown
	packets  int
	rtx      int
	seen     map[uint16]bool // numbers of the last run of the test
	numbers  []uint16        // in order of arrival
	stamps   []uint32        // timestamps in order of arrival
	csrc     uint32
	plis     int
	audio    bool
	reports  []feedback.Item
	pictures []uint16
}

func newRoom(t testing.TB) *room {
	return &room{
		t:      t,
		plane:  New(Config{Epoch: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}),
		byAddr: make(map[netip.AddrPort]*client),
		buf:    make([]byte, packet.MaxSize),
		now:    mono.Time(time.Second),
	}
}

func (r *room) apply(c Command) {
	if r.trace != nil {
		r.trace("%s %T", stamp(r.now), c)
	}
	r.plane.Apply(r.now, c)
}

func stamp(t mono.Time) string { return fmt.Sprintf("%9.3f", time.Duration(t).Seconds()*1000) }

// join adds a client with its two publications, connected and keyed.
func (r *room) join(n int, net netem.Config) *client {
	r.t.Helper()
	id := ID(1000 * (n + 1))
	c := &client{
		room:  r,
		id:    id,
		addr:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n + 1)}), 5000),
		up:    netem.New(net, uint64(2*n+1)),
		down:  netem.New(net, uint64(2*n+2)),
		slots: make(map[uint32]*sink),
	}
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
	r.apply(AddTransport{Transport: id, SSRC: uint32(id) + 7, CNAME: "switchyard"})
	r.apply(SetKeys{Transport: id, Opener: opener, Sealer: back})
	r.apply(BindPath{Transport: id, Path: Path{Remote: c.addr}})
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

func (c *client) publish() {
	start := c.room.now.Add(time.Duration(c.id) * time.Microsecond)
	c.video = &sender{
		pub: c.id + 1, ssrc: uint32(c.id) + 1, rtx: uint32(c.id) + 2, ts: uint32(c.id) * 7919,
		due: start, interval: time.Second / 30, wantKey: true, sent: map[uint16][]byte{}, perFrame: 2,
		next: 65000, // wraps early
	}
	c.audio = &sender{
		pub: c.id + 2, ssrc: uint32(c.id) + 3, ts: uint32(c.id) * 104729,
		due: start, interval: 20 * time.Millisecond, sent: map[uint16][]byte{}, perFrame: 1,
	}
	c.room.apply(AddPublication{Transport: c.id, Publication: c.video.pub, Spec: Publication{
		MID: "1", NACK: true, Streams: []Stream{{SSRC: c.video.ssrc, RTX: c.video.rtx}},
		Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, RTX: ptVP8RTX, ClockRate: 90000}},
	}})
	var ids packet.ExtensionIDs
	ids[packet.ExtAudioLevel] = idLevelIn
	c.room.apply(AddPublication{Transport: c.id, Publication: c.audio.pub, Spec: Publication{
		MID: "0", Audio: true, NACK: true, Streams: []Stream{{SSRC: c.audio.ssrc}}, Extensions: ids,
		Codecs: []Codec{{Codec: packet.Opus, PayloadType: ptOpus, ClockRate: 48000}},
	}})
}

// slot gives the client one more slot.
func (c *client) slot(audio bool) *sink {
	id := c.id + 100 + ID(2*len(c.sinks))
	s := &sink{
		client: c, slot: id, ssrc: uint32(id), repair: nack.New(nack.Config{}),
		got: map[uint32]int{}, seen: map[uint16]bool{}, audio: audio,
	}
	spec := SlotSpec{MID: fmt.Sprint("s", id), Audio: audio, SSRC: uint32(id), RTX: uint32(id) + 500_000}
	if c.noRTX {
		spec.RTX = 0
	}
	c.room.apply(AddSlot{Transport: c.id, Slot: id, Spec: spec, Sequence: 0x7ff0, Repair: 5, Timestamp: 0xfffff000})
	c.sinks = append(c.sinks, s)
	c.slots[spec.SSRC] = s
	c.slots[uint32(id)+500_000] = s
	return s
}

// show binds a track to the slot and forgets what the slot got before.
func (s *sink) show(pub *sender) {
	r := &Route{Extensions: []ExtensionPair{{In: idLevelIn, Out: idLevelOut}}}
	if s.audio {
		r.PayloadTypes[ptOpus], r.Repairs[ptSlotOpus] = ptSlotOpus, ptSlotRTX
	} else {
		r.PayloadTypes[ptVP8], r.Repairs[ptSlotVP8] = ptSlotVP8, ptSlotRTX
	}
	clear(s.got)
	s.client.room.apply(Bind{Slot: s.slot, Publication: pub.pub, Route: r})
}

// run lets the room live for d.
func (r *room) run(d time.Duration) {
	end := r.now.Add(d)
	for {
		next := r.plane.Deadline()
		for _, c := range r.clients {
			next = min(next, c.deadline())
		}
		if next > end {
			r.now = end
			return
		}
		r.now = max(r.now, next)
		for _, c := range r.clients {
			c.step(r.now)
		}
		r.plane.Advance(r.now)
		r.deliver()
	}
}

// deliver moves the plane's outbox onto the links.
func (r *room) deliver() {
	box := r.plane.Outbox()
	for _, d := range box.Datagrams() {
		if c := r.byAddr[d.Path.Remote]; c != nil {
			c.down.Send(r.now, d.B)
		}
	}
	box.Done()
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
		c.room.plane.Receive(now, Path{Remote: c.addr}, c.room.buf[:n])
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

// produce sends the frames that are due.
func (c *client) produce(now mono.Time, s *sender) {
	for s.due <= now {
		s.due = s.due.Add(s.interval)
		if s == c.video {
			c.frame(now, s)
			s.ts += 3000
		} else {
			c.rtp(now, s, audioPayload(s.frame), true)
			s.frame++
			s.ts += 960
		}
		if s.frame%50 == 1 {
			c.rtcp(now, report.AppendSenderReport(nil, report.SenderInfo{
				SSRC: s.ssrc, NTP: report.NTPOf(time.Unix(1e9, int64(now))), RTP: s.ts,
			}))
		}
	}
}

func (c *client) frame(now mono.Time, s *sender) {
	for i := range s.perFrame {
		c.rtp(now, s, videoPayload(s.frame, i, s.perFrame, s.wantKey), i == s.perFrame-1)
	}
	if s.wantKey {
		s.keys++
	}
	s.wantKey = false
	s.frame++
}

// videoPayload makes a VP8 payload (RFC 7741) that carries its frame number.
func videoPayload(frame uint32, part, parts int, key bool) []byte {
	b := make([]byte, 0, 300)
	first := byte(0x80)
	if part == 0 {
		first |= 0x10
	}
	b = append(b, first, 0xe0, 0x80|byte(frame>>8&0x7f), byte(frame), byte(frame), 0x20)
	tag := byte(1)
	if key {
		tag = 0
	}
	b = append(b, tag, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00)
	b = binary.BigEndian.AppendUint32(b, frame)
	b = append(b, byte(part), byte(parts))
	return append(b, make([]byte, 200)...)
}

func audioPayload(frame uint32) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 80), frame), make([]byte, 60)...)
}

// rtp sends one packet of a track.
func (c *client) rtp(now mono.Time, s *sender, payload []byte, marker bool) {
	pt := byte(ptVP8)
	h := make([]byte, 12, 20)
	h[0] = 0x80
	if s == c.audio {
		pt = ptOpus
		h[0] |= 0x10
		h = append(h, 0xbe, 0xde, 0, 1, idLevelIn<<4, 0x80|30, 0, 0)
	}
	if marker {
		pt |= 0x80
	}
	h[1] = pt
	binary.BigEndian.PutUint16(h[2:], uint16(s.next))
	binary.BigEndian.PutUint32(h[4:], s.ts)
	binary.BigEndian.PutUint32(h[8:], s.ssrc)
	s.sent[uint16(s.next)] = append(slices.Clone(h), payload...)
	delete(s.sent, uint16(s.next)-2000)
	c.seal(now, h, nil, payload, s.next, s.ssrc)
	s.next++
}

func (c *client) seal(now mono.Time, header, prefix, payload []byte, index uint64, ssrc uint32) {
	b, err := c.sealer.SealRTP(make([]byte, 0, packet.MaxSize), header, prefix, payload, index, ssrc)
	check(c.room.t, err)
	c.up.Send(now, b)
}

func (c *client) rtcp(now mono.Time, b []byte) {
	sealed, err := c.sealer.SealRTCP(make([]byte, 0, packet.MaxSize), b, c.index)
	check(c.room.t, err)
	c.index++
	c.up.Send(now, sealed)
}

// repair asks for what is missing in the slots.
func (c *client) repair(now mono.Time) {
	for _, s := range c.sinks {
		if s.repair.Deadline() > now || c.noRTX {
			continue
		}
		if lost := s.repair.Poll(now, 120*time.Millisecond, nil); len(lost) > 0 {
			c.rtcp(now, report.AppendNACK(nil, uint32(c.id), s.ssrc, lost))
		}
		if s.repair.Lost() > 0 && !s.audio {
			c.rtcp(now, report.AppendPLI(nil, uint32(c.id), s.ssrc))
		}
	}
}

func (c *client) receive(now mono.Time, b []byte) {
	if packet.Classify(b) == packet.RTCP {
		n, err := c.opener.OpenRTCP(b)
		check(c.room.t, err)
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
	check(c.room.t, err)
	if s := c.slots[v.SSRC]; s != nil {
		s.receive(now, v, b[:n])
		return
	}
	c.room.t.Fatalf("%s: client %d got unknown SSRC %d", stamp(now), c.id, v.SSRC)
}

func (s *sink) receive(now mono.Time, v packet.View, b []byte) {
	payload, number := v.Payload(b), v.Sequence
	if v.SSRC != s.ssrc {
		number = binary.BigEndian.Uint16(payload)
		payload = payload[2:]
		s.rtx++
	}
	if !s.repair.Push(now, number) {
		return // asked for, and then it came by itself; SRTP knows no replay here
	}
	s.packets++
	s.csrc = binary.BigEndian.Uint32(b[12:])
	s.numbers, s.stamps = append(s.numbers, number), append(s.stamps, v.Timestamp)
	if s.audio {
		s.got[binary.BigEndian.Uint32(payload)]++
		return
	}
	s.pictures = append(s.pictures, binary.BigEndian.Uint16(payload[2:])&0x7fff)
	s.got[binary.BigEndian.Uint32(payload[16:])]++
}

// feedback is what the plane asks of the client or tells it.
func (c *client) feedback(now mono.Time, b []byte) {
	items, err := feedback.Parse(b, nil)
	check(c.room.t, err)
	for _, it := range items {
		switch it.Kind {
		case feedback.NACK:
			eachLost(it.PID, it.BLP, func(n uint16) { c.resend(now, it.SSRC, n) })
		case feedback.PLI:
			c.video.wantKey = true
		case feedback.SenderReport:
			if s := c.slots[it.Sender]; s != nil {
				s.reports = append(s.reports, it)
			}
		}
	}
}

func (c *client) resend(now mono.Time, ssrc uint32, number uint16) {
	b := c.video.sent[number]
	if ssrc != c.video.ssrc || b == nil {
		return // audio has no RTX here: Chromium's has none either
	}
	h := slices.Clone(b[:12])
	h[1] = h[1]&0x80 | ptVP8RTX
	binary.BigEndian.PutUint16(h[2:], uint16(c.video.rtxNext))
	binary.BigEndian.PutUint32(h[8:], c.video.rtx)
	c.seal(now, h, binary.BigEndian.AppendUint16(nil, number), b[12:], c.video.rtxNext, c.video.rtx)
	c.video.rtxNext++
}
