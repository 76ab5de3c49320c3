package plane

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// A request for a key frame that is lost is repeated while somebody waits, the
// first time soon, then once a second, and the next one after an answer comes at
// once again.
func TestLostKeyFrameRequestIsRepeated(t *testing.T) {
	r := newRoom(t)
	a, b, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{})
	r.run(2 * time.Second) // the first key frame is too old to be replayed
	a.deaf = true
	s := b.slot(false)
	s.show(a.video)
	r.run(5 * time.Second)
	want := []time.Duration{320 * time.Millisecond, 680 * time.Millisecond, time.Second, time.Second}
	if len(a.asked) < 5 {
		t.Fatalf("%d requests in 5 s without an answer, want 5", len(a.asked))
	}
	for i, d := range want {
		if got := a.asked[i+1].Sub(a.asked[i]); got != d {
			t.Errorf("request %d came %v after the one before, want %v", i+1, got, d)
		}
	}
	if s.packets != 0 {
		t.Errorf("%d packets without a key frame", s.packets)
	}
	a.deaf = false
	r.run(1100 * time.Millisecond)
	if s.packets == 0 {
		t.Fatal("nothing came although the last request was answered")
	}
	n, last := len(a.asked), a.asked[len(a.asked)-1]
	r.run(2 * time.Second)
	if len(a.asked) != n {
		t.Errorf("%d requests although nobody waits", len(a.asked)-n)
	}
	c.slot(false).show(a.video)
	r.run(100 * time.Millisecond)
	if len(a.asked) != n+1 {
		t.Errorf("%d requests for a new viewer %v after the last one, want 1", len(a.asked)-n, r.now.Sub(last))
	}
}

// Whoever waits starts with the same key frame.
func TestAllWaitForOneKeyFrame(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{Delay: 5 * time.Millisecond})
	r.run(time.Second)
	var sinks []*sink
	for i := range 20 {
		s := r.join(i+1, netem.Config{Delay: time.Duration(i) * time.Millisecond}).slot(false)
		s.show(a.video)
		sinks = append(sinks, s)
	}
	r.run(time.Second)
	first := func(s *sink) (frame int) {
		for frame < len(s.got) && s.got[frame] == 0 {
			frame++
		}
		return frame
	}
	for _, s := range sinks {
		if first(s) != first(sinks[0]) {
			t.Errorf("slot %d starts with frame %d, slot %d with %d", s.slot, first(s), sinks[0].slot, first(sinks[0]))
		}
	}
}

// A publisher that starts anew with another SSRC, number and timestamp is the
// same stream for who watches. One that alternates is not followed each time.
func TestPublisherRestarts(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	video, audio := b.slot(false), b.slot(true)
	video.show(a.video)
	audio.show(a.audio)
	r.run(2 * time.Second)
	for i := range 3 {
		a.video.ssrc += 10
		a.video.rtx += 10
		a.video.next, a.video.ts, a.video.wantKey = uint64(9000*i), uint32(1e9*i), true
		before := video.packets
		r.run(2 * time.Second)
		if got := video.packets - before; got < 110 {
			t.Fatalf("restart %d: %d packets in 2 s, want 120", i, got)
		}
	}
	checkGapless(t, video)
	for i := 1; i < len(video.stamps); i++ {
		if d := int32(video.stamps[i] - video.stamps[i-1]); d < 0 || d > 90000 {
			t.Fatalf("timestamp step %d at packet %d", d, i)
		}
	}
	serial, heard := r.plane.serial, len(audio.numbers)
	for i := range 100 {
		a.video.ssrc = 70_000 + uint32(i%2)
		a.video.next = uint64(1000 + i)
		r.run(33 * time.Millisecond)
	}
	if n := r.plane.serial - serial; n > 6 {
		t.Errorf("%d streams made for 100 changes in 3.3 s, want at most one a second", n)
	}
	if n := len(audio.numbers) - heard; n < 160 {
		t.Errorf("%d audio packets meanwhile, want 165", n)
	}
	if n := len(r.plane.transports[a.id].inbounds); n > 3 {
		t.Errorf("%d streams are known, want at most 3", n)
	}
}

// encoding sends one simulcast stream of a publication by hand.
type encoding struct {
	c     *client
	ssrc  uint32
	rid   string
	size  int
	next  uint64
	frame uint32
}

// send sends a frame of one packet with MID and RID.
func (e *encoding) send(now mono.Time, key bool) {
	h := []byte{0x90, 0x80 | ptVP8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 7 << 4, '1', 8 << 4, e.rid[0]}
	binary.BigEndian.PutUint16(h[2:], uint16(e.next))
	binary.BigEndian.PutUint32(h[4:], 3000*e.frame+e.ssrc)
	binary.BigEndian.PutUint32(h[8:], e.ssrc)
	b := append(videoPayload(e.frame, 0, 1, key), make([]byte, e.size)...)
	e.c.seal(now, h, nil, b, e.next, e.ssrc)
	e.next++
	e.frame++
}

// simulcast makes a publication of a client one with the RIDs f, h and q, of
// which f is the largest.
func simulcast(c *client) (pub *sender, f, h, q *encoding) {
	pub = &sender{pub: c.id + 9}
	var ids packet.ExtensionIDs
	ids[packet.ExtMID], ids[packet.ExtRID] = 7, 8
	c.room.apply(RemovePublication{Publication: c.video.pub})
	c.room.apply(AddPublication{Transport: c.id, Publication: pub.pub, Spec: Publication{
		MID: "1", NACK: true, Extensions: ids, RIDs: []string{"f", "h", "q"},
		Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, RTX: ptVP8RTX, ClockRate: 90000}},
	}})
	c.video.due = mono.Never
	return pub, &encoding{c: c, ssrc: 901, rid: "f", size: 900}, &encoding{c: c, ssrc: 902, rid: "h", size: 300}, &encoding{c: c, ssrc: 903, rid: "q"}
}

// Of a simulcast publication the largest encoding that comes is forwarded, and
// another if that stops, as one stream.
func TestSimulcastForwardsTheLargest(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	pub, f, h, q := simulcast(a)
	s := b.slot(false)
	s.show(pub)
	play := func(frames int, list ...*encoding) {
		for range frames {
			key := a.video.wantKey
			a.video.wantKey = false
			for _, e := range list {
				e.send(r.now, key)
			}
			r.run(33 * time.Millisecond)
		}
	}
	shown := func() string {
		o := r.plane.slots[s.slot].outbound
		if o == nil || o.current == nil {
			return ""
		}
		return o.current.stats.RID
	}
	play(60, q)
	if shown() != "q" {
		t.Errorf("with q alone, %q is shown", shown())
	}
	play(90, q, h, f)
	if shown() != "f" {
		t.Errorf("with q, h and f, %q is shown", shown())
	}
	play(90, q, h)
	if shown() != "h" {
		t.Errorf("with q and h after f stopped, %q is shown", shown())
	}
	checkGapless(t, s)
	for i := 1; i < len(s.stamps); i++ {
		if d := int32(s.stamps[i] - s.stamps[i-1]); d <= 0 || d > 3*90000 {
			t.Errorf("timestamp step %d at packet %d", d, i)
		}
	}
}

// Probes are RTX packets before the first media: padding, and copies of what was
// sent. They count for congestion control and reach nobody.
func TestProbes(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	probe := func(payload []byte) {
		h := []byte{0x90, ptVP8RTX, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, idTransportCC<<4 | 1, 0, 0, 0}
		binary.BigEndian.PutUint16(h[2:], uint16(a.video.rtxNext))
		binary.BigEndian.PutUint32(h[8:], a.video.rtx)
		binary.BigEndian.PutUint16(h[17:], a.number)
		if len(payload) == 0 {
			h[0] |= 0x20
			payload = append(make([]byte, 199), 200)
		}
		a.number++
		a.seal(r.now, h, nil, payload, a.video.rtxNext, a.video.rtx)
		a.video.rtxNext++
	}
	for range 40 {
		probe(nil)
	}
	a.video.due = r.now.Add(time.Second)
	r.run(500 * time.Millisecond)
	if a.told != 40 {
		t.Errorf("feedback spoke of %d probes before the first media, want 40", a.told)
	}
	r.run(2 * time.Second)
	packets, told := s.packets, a.told
	for i := range 20 {
		sent := a.video.sent[(a.video.next-1-uint64(i))%uint64(len(a.video.sent))]
		probe(append(binary.BigEndian.AppendUint16(nil, uint16(a.video.next-1)-uint16(i)), sent[20:]...))
	}
	a.video.due = r.now.Add(time.Second)
	r.run(500 * time.Millisecond)
	if got := a.told - told; got < 20 {
		t.Errorf("feedback spoke of %d probes that are copies, want 20", got)
	}
	if s.packets != packets {
		t.Errorf("%d probes were forwarded", s.packets-packets)
	}
	r.run(2 * time.Second)
	checkGapless(t, s)
}

// A peer that is silent for 8 s is sent nothing at all, not even RTCP, and is
// served again as soon as it is heard.
func TestNothingIsSentToTheSilent(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	b.slot(false).show(a.video)
	a.slot(false).show(b.video)
	r.run(time.Second)
	b.mute = true
	r.run(9 * time.Second)
	index := r.plane.transports[b.id].rtcpIndex
	r.run(10 * time.Second)
	if got := r.plane.transports[b.id].rtcpIndex; got != index {
		t.Errorf("%d RTCP packets were sent to a silent peer", got-index)
	}
	r.apply(Heard{Path: Path{Remote: b.addr}})
	r.run(1100 * time.Millisecond)
	if got := r.plane.transports[b.id].rtcpIndex; got == index {
		t.Error("no RTCP after it was heard again")
	}
}

// Compound packets are short enough for every path, however much there is to
// say.
func TestCompoundPacketsAreShort(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	for range 40 {
		b.slot(false).show(a.video)
	}
	r.run(time.Second)
	for range 700 { // every third packet is lost
		a.number++
		a.video.next++
		a.frame(r.now, a.video)
	}
	longest := 0
	r.sent = func(b []byte) {
		if packet.Classify(b) == packet.RTCP {
			longest = max(longest, len(b))
		}
	}
	r.run(2 * time.Second)
	if longest < 600 || longest > 1232 {
		t.Errorf("the longest compound packet has %d bytes, want 600 to 1232", longest)
	}
}
