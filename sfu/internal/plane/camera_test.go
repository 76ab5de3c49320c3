package plane

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// camera publishes VP8 in three encodings of three temporal layers each, as
// browsers do: a request for a key frame of one refreshes all.
type camera struct {
	c         *client
	pub       *sender
	encodings [3]lens
	live      [3]bool
	frames    int
}

// lens is one encoding.
type lens struct {
	ssrc  uint32
	width uint16
	next  uint64
	tl0   uint8
}

const framePackets = 3

// newCamera makes the video of a client one with simulcast.
func newCamera(c *client) *camera {
	c.apply(RemovePublication{Publication: c.video.pub})
	m := &camera{c: c, live: [3]bool{true, true, true}}
	var ids packet.ExtensionIDs
	ids[packet.ExtMID], ids[packet.ExtRID] = 7, 8
	m.pub = &sender{pub: c.id + 9, core: c.core, due: mono.Never, wantKey: true, spec: Publication{
		MID: "1", NACK: true, Extensions: ids, RIDs: []string{"f", "h", "q"},
		Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, RTX: ptVP8RTX, ClockRate: 90000}},
	}}
	c.video = m.pub
	c.apply(AddPublication{Transport: c.id, Publication: m.pub.pub, Spec: m.pub.spec})
	for i := range m.encodings {
		m.encodings[i] = lens{ssrc: uint32(901 + i), width: 1280 >> i, next: uint64(65500 - 1000*i)}
	}
	return m
}

// shot is what each packet of a camera tells.
type shot struct {
	encoding, temporal, part uint8
	key, sync                bool
	frame                    uint32
}

// play sends frames at 30 per second.
func (m *camera) play(frames int) {
	for range frames {
		m.frame(m.c.room.now)
		m.c.room.run(time.Second / 30)
	}
}

func (m *camera) frame(now mono.Time) {
	phase := m.frames % 4
	key := m.pub.wantKey && phase == 0
	m.pub.wantKey = m.pub.wantKey && !key
	t := [4]uint8{0, 2, 1, 2}[phase]
	sync := phase != 3
	m.frames++
	for i := range m.encodings {
		if !m.live[i] {
			continue
		}
		if t == 0 {
			m.encodings[i].tl0++
		}
		for part := range uint8(framePackets) {
			m.send(now, shot{encoding: uint8(i), temporal: t, part: part, key: key, sync: sync, frame: uint32(m.frames)})
		}
	}
}

func (m *camera) send(now mono.Time, x shot) {
	e := &m.encodings[x.encoding]
	h := []byte{0x90, ptVP8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 7 << 4, '1', 8 << 4, "fhq"[x.encoding]}
	binary.BigEndian.PutUint16(h[2:], uint16(e.next))
	binary.BigEndian.PutUint32(h[4:], 3000*x.frame+e.ssrc*1e6)
	binary.BigEndian.PutUint32(h[8:], e.ssrc)
	b := []byte{0x80, 0xe0, 0x80 | byte(x.frame>>8&0x7f), byte(x.frame), e.tl0, x.temporal << 6,
		1, 0, 0, 0x9d, 0x01, 0x2a, byte(e.width), byte(e.width >> 8), byte(e.width * 9 / 16), byte(e.width * 9 / 16 >> 8)}
	if x.part == 0 {
		b[0] |= 0x10
	}
	if x.key {
		b[6] = 0
	}
	if x.sync {
		b[5] |= 0x20
	}
	if x.part == framePackets-1 {
		h[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint32(b, x.frame)
	b = append(b, x.encoding, x.temporal, x.part)
	b = append(b, make([]byte, 300>>x.encoding)...)
	m.c.seal(now, h, nil, b, e.next, e.ssrc)
	e.next++
}

// seen is a packet as it came to the viewer.
type seen struct {
	shot
	number    uint16
	timestamp uint32
	marker    bool
}

// film is what a slot was sent, by number.
type film map[uint16]seen

// watch keeps what a slot is sent.
func watch(s *sink) film {
	m := make(film)
	s.look = func(number uint16, v packet.View, b []byte) {
		x := seen{number: number, timestamp: v.Timestamp, marker: v.Marker}
		x.key, x.sync = b[6] == 0, b[5]&0x20 != 0
		x.frame, x.encoding, x.temporal, x.part = binary.BigEndian.Uint32(b[16:]), b[20], b[21], b[22]
		m[number] = x
	}
	return m
}

// check tells what is wrong with a film: its numbers, timestamps and markers, and
// frames that a decoder cannot decode. It returns how often the encoding changed.
func (m film) check(t *testing.T) (switches int) {
	t.Helper()
	list := make([]seen, 0, len(m))
	for n := uint16(0x7ff0); ; n++ {
		x, ok := m[n]
		if !ok {
			break
		}
		list = append(list, x)
	}
	if len(list) != len(m) {
		t.Errorf("%d packets came, but number %#x is missing after %d of them", len(m), 0x7ff0+len(list), len(list))
	}
	list = whole(list)
	shown := make(map[string]bool)
	for i, x := range list {
		shown[fmt.Sprint(x.encoding, x.frame)] = true
		if want := x.part == framePackets-1; x.marker != want {
			t.Errorf("packet %d, part %d: marker %t", i, x.part, x.marker)
		}
		if i == 0 {
			continue
		}
		last := list[i-1]
		switch step := int32(x.timestamp - last.timestamp); {
		case x.encoding != last.encoding:
			switches++
			if !x.key || x.part != 0 {
				t.Errorf("packet %d: encoding %d begins with frame %d, part %d, key %t", i, x.encoding, x.frame, x.part, x.key)
			}
			if step <= 0 || step > 90000 {
				t.Errorf("packet %d: timestamp step %d at a switch", i, step)
			}
		case x.frame == last.frame && (step != 0 || x.part != last.part+1):
			t.Errorf("packet %d: part %d follows part %d of frame %d, timestamp step %d", i, x.part, last.part, x.frame, step)
		case x.frame != last.frame && (last.part != framePackets-1 || x.part != 0 || step != 3000*int32(x.frame-last.frame)):
			t.Errorf("packet %d: frame %d, part %d follows frame %d, part %d; timestamp step %d",
				i, x.frame, x.part, last.frame, last.part, step)
		case !x.key && x.part == 0 && !shown[fmt.Sprint(x.encoding, x.needs())]:
			t.Errorf("packet %d: frame %d of layer %d needs frame %d", i, x.frame, x.temporal, x.needs())
		}
	}
	return switches
}

// whole leaves frames out of which a part came, other than at a switch. A packet of
// a frame that is left out may come so late that its number is missing already;
// then it is what the viewer gets for it.
func whole(list []seen) (out []seen) {
	parts := make(map[[2]uint32]int)
	for _, x := range list {
		parts[[2]uint32{uint32(x.encoding), x.frame}]++
	}
	for _, x := range list {
		if parts[[2]uint32{uint32(x.encoding), x.frame}] == framePackets {
			out = append(out, x)
		}
	}
	return out
}

// needs returns the frame that one is predicted from.
func (x *shot) needs() uint32 {
	switch {
	case x.temporal == 0:
		return x.frame - 4
	case x.temporal == 1:
		return x.frame - 2
	}
	return x.frame - 1
}

// aim changes what a slot can show.
func (s *sink) aim(d layer.Demand) {
	s.demand = d
	s.client.apply(Show{Slot: s.slot, Demand: d})
}

// shown tells the encoding and the temporal layer that are sent in a slot.
func (s *sink) shown() (encoding, temporal int) {
	for _, p := range s.client.room.cores {
		if slot := p.slots[s.slot]; slot != nil && slot.outbound != nil {
			_, t := slot.outbound.selector.Layer()
			return int(slot.outbound.selector.Encoding()), int(t)
		}
	}
	return -1, 0
}

// news returns what the cores told since the last call.
func (r *room) news() []Event {
	list := r.events
	r.events = nil
	for _, p := range r.cores {
		list = append(list, p.Events(nil)...)
	}
	return list
}
