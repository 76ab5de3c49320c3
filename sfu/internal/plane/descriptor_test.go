package plane

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	ptAV1, ptVP9         = 45, 98
	ptSlotAV1, ptSlotVP9 = 41, 39
	idDescriptorIn       = 13
	idDescriptorOut      = 6
	idAllocation         = 12
)

// recorded is a packet of the traces of codec: Chromium's.
type recorded struct {
	timestamp           uint32
	marker              bool
	descriptor, payload []byte
	allocation          []byte
}

func readRecorded(t *testing.T, name string) (list []recorded) {
	t.Helper()
	b, err := os.ReadFile("../codec/testdata/" + name + ".txt")
	check(t, err)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[0] == "#" {
			continue
		}
		var x recorded
		_, err := fmt.Sscan(f[1], &x.timestamp)
		check(t, err)
		x.marker = f[2] == "M"
		if f[3] != "-" {
			x.descriptor, err = hex.DecodeString(f[3])
			check(t, err)
		}
		if f[4] != "-" {
			x.allocation, err = hex.DecodeString(f[4])
			check(t, err)
		}
		x.payload, err = hex.DecodeString(f[6])
		check(t, err)
		list = append(list, x)
	}
	return list
}

// player is a stream of a client that plays recorded packets.
type player struct {
	c    *client
	pub  *sender
	pt   byte
	ssrc uint32
	next uint64
}

// scalable makes a publication of a client one of AV1 and VP9.
func scalable(c *client) *player {
	pub := &sender{pub: c.id + 9, core: c.core}
	var ids packet.ExtensionIDs
	ids[packet.ExtDependencyDescriptor], ids[packet.ExtVLA] = idDescriptorIn, idAllocation
	pub.spec = Publication{
		MID: "1", NACK: true, Extensions: ids, Streams: []Stream{{SSRC: 801}},
		Codecs: []Codec{
			{Codec: packet.AV1, PayloadType: ptAV1, ClockRate: 90000}, {Codec: packet.VP9, PayloadType: ptVP9, ClockRate: 90000},
		},
	}
	c.apply(AddPublication{Transport: c.id, Publication: pub.pub, Spec: pub.spec})
	c.video.due = c.room.now.Add(time.Hour)
	return &player{c: c, pub: pub, pt: ptAV1, ssrc: 801}
}

func (p *player) send(x *recorded) {
	h := make([]byte, 16, 100)
	h[0], h[1] = 0x90, p.pt
	if x.marker {
		h[1] |= 0x80
	}
	binary.BigEndian.PutUint16(h[2:], uint16(p.next))
	binary.BigEndian.PutUint32(h[4:], x.timestamp)
	binary.BigEndian.PutUint32(h[8:], p.ssrc)
	h[12] = 0x10 // the two-byte form
	if n := len(x.descriptor); n > 0 {
		h = append(append(h, idDescriptorIn, byte(n)), x.descriptor...)
	}
	if n := len(x.allocation); n > 0 {
		h = append(append(h, idAllocation, byte(n)), x.allocation...)
	}
	for len(h)%4 != 0 {
		h = append(h, 0)
	}
	binary.BigEndian.PutUint16(h[14:], uint16(len(h)-16)/4)
	p.c.seal(p.c.room.now, h, nil, x.payload, p.next, p.ssrc)
	p.next++
	p.c.room.run(time.Millisecond)
}

// viewer sees what a slot is sent as its peer's decoder does.
type viewer struct {
	stream codec.Stream
	frames []packet.Frame
	raw    []int // sizes of descriptors
	last   byte  // of the newest descriptor
}

// look shows the publication in a slot that has the dependency descriptor.
func look(c *client, pub *sender, descriptor bool) (*sink, *viewer) {
	s, v := c.slot(false), &viewer{}
	r := &Route{}
	r.PayloadTypes[ptAV1], r.PayloadTypes[ptVP9] = ptSlotAV1, ptSlotVP9
	r.Repairs[ptSlotAV1] = ptSlotRTX
	if descriptor {
		r.Descriptor = ExtensionPair{In: idDescriptorIn, Out: idDescriptorOut}
	}
	s.seen = func(view packet.View, payload, b []byte) {
		kind := packet.AV1
		if view.PayloadType == ptSlotVP9 {
			kind = packet.VP9
		}
		d := view.Extension(b, idDescriptorOut)
		v.raw = append(v.raw, len(d))
		if len(d) > 0 {
			v.last = d[len(d)-1]
		}
		v.frames = append(v.frames, v.stream.Describe(&codec.Packet{
			Codec: kind, Payload: payload, Marker: view.Marker, Timestamp: view.Timestamp, Descriptor: d,
		}))
	}
	s.reach(pub)
	c.apply(Bind{Slot: s.slot, Publication: pub.pub, Route: r})
	return s, v
}

// The descriptor reaches the subscriber under its own id, on the same core and
// on another, and says the same of each packet. A slot without it is sent none,
// and the lowest spatial layer alone.
func TestDescriptorIsPassedOn(t *testing.T) {
	for _, cores := range []int{1, 2} {
		r := newRoomOn(t, cores)
		a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
		p := scalable(a)
		s, v := look(b, p.pub, true)
		_, bare := look(b, p.pub, false)
		var want codec.Stream
		list := readRecorded(t, "av1-l3t3")
		for i := range list {
			p.send(&list[i])
		}
		if len(v.frames) != len(list) {
			t.Fatalf("%d cores: %d packets of %d", cores, len(v.frames), len(list))
		}
		lowest := 0
		for i, x := range list {
			f := want.Describe(&codec.Packet{Codec: packet.AV1, Payload: x.payload, Marker: x.marker, Timestamp: x.timestamp, Descriptor: x.descriptor})
			if v.frames[i] != f {
				t.Fatalf("%d cores, packet %d: got %+v, want %+v", cores, i, v.frames[i], f)
			}
			if f.Spatial == 0 {
				lowest++
			}
		}
		if len(bare.frames) != lowest || slices.Max(bare.raw) != 0 {
			t.Errorf("%d cores: %d packets and descriptors of up to %d bytes in a slot without, want %d of the lowest layer and none",
				cores, len(bare.frames), slices.Max(bare.raw), lowest)
		}
		checkGapless(t, s)
	}
}

// Frame numbers and VP9's picture ids go on over a change of the source.
func TestNumbersGoOnOverSources(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	p := scalable(a)
	_, v := look(b, p.pub, true)
	play := func(name string, pt byte) (from int) {
		from = len(v.frames)
		p.pt = pt
		p.ssrc++
		p.next = 100
		p.c.apply(RemovePublication{Publication: p.pub.pub})
		p.pub.spec.Streams[0].SSRC = p.ssrc
		p.c.apply(AddPublication{Transport: a.id, Publication: p.pub.pub, Spec: p.pub.spec})
		o := &Route{Descriptor: ExtensionPair{In: idDescriptorIn, Out: idDescriptorOut}}
		o.PayloadTypes[ptAV1], o.PayloadTypes[ptVP9] = ptSlotAV1, ptSlotVP9
		b.apply(Bind{Slot: b.sinks[0].slot, Publication: p.pub.pub, Route: o})
		list := readRecorded(t, name)
		for i := range list[:60] {
			p.send(&list[i])
		}
		if n := len(v.frames) - from; n < 30 {
			t.Fatalf("%s: %d packets of 60", name, n)
		}
		return from
	}
	play("av1-l1t3", ptAV1)
	second := play("av1-l3t3", ptAV1)
	if got, want := v.frames[second].Number, v.frames[second-1].Number+1; got != want {
		t.Errorf("the first frame of the second source has number %d, want %d", got, want)
	}
	third := play("vp9-l3t3", ptVP9)
	fourth := play("vp9-l3t3key", ptVP9)
	if got, want := v.frames[fourth].PictureID, v.frames[fourth-1].PictureID+1; got != want || v.frames[fourth].PictureIDBits != 15 {
		t.Errorf("the first picture of the fourth source has id %d, want %d", got, want)
	}
	for i, f := range v.frames[third:] {
		if f.Described {
			t.Fatalf("packet %d of VP9 is described: %+v", i, f)
		}
	}
	fifth := play("av1-l1t3", ptAV1)
	if got, want := v.frames[fifth].Number, v.frames[third-1].Number+1; got != want {
		t.Errorf("the first frame of the fifth source has number %d, want %d", got, want)
	}
}

// Once layers are left out, frames of the lowest temporal layer say which decode
// targets are sent, also when all are again.
func TestActiveDecodeTargets(t *testing.T) {
	for _, cores := range []int{1, 2} {
		r := newRoomOn(t, cores)
		a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
		p := scalable(a)
		s, v := look(b, p.pub, true)
		list := readRecorded(t, "av1-l1t3")
		plane := r.cores[len(r.cores)-1]
		seen := map[byte]int{}
		for i := range list {
			target, mask := layer.Target{Spatial: layer.Highest, Temporal: layer.Highest}, byte(0)
			switch {
			case i >= 40:
				mask = 0x47 // five flags, then three targets
			case i >= 20:
				target.Temporal, mask = 1, 0x43
			}
			plane.slots[s.slot].outbound.selector.Aim(target)
			before := len(v.raw)
			p.send(&list[i])
			if len(v.raw) == before || len(list[i].descriptor) != 3 || i == 20 || i == 40 {
				continue // left out, or has a structure, or the change waits for a picture
			}
			f := v.frames[before]
			if f.Temporal == 2 && mask == 0x43 {
				t.Errorf("%d cores, packet %d: %+v is sent", cores, i, f)
			}
			if !f.Start || f.Temporal > 0 {
				mask = 0
			}
			if longer := v.raw[before] > 3; longer != (mask != 0) || longer && v.last != mask && i > 44 {
				t.Errorf("%d cores, packet %d, %+v: %d bytes, the last %#x, want %#x", cores, i, f, v.raw[before], v.last, mask)
			}
			if v.raw[before] > 3 {
				seen[v.last]++
			}
		}
		if seen[0x43] < 2 || seen[0x47] < 2 || len(seen) > 2+1 {
			t.Errorf("%d cores: masks %x", cores, seen)
		}
	}
}

// Descriptors are read and written without allocating, of which one subscriber
// gets all and the other one temporal layer less.
func TestDescriptorsAllocateNothing(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	p := scalable(a)
	all, _ := look(b, p.pub, true)
	less, _ := look(b, p.pub, true)
	r.apply(Show{Slot: less.slot, Demand: layer.Demand{Temporal: 2}})
	list := readRecorded(t, "av1-l1t3")
	for i := range list[:10] {
		p.send(&list[i])
	}
	// Header with the descriptor, then pictures in a hurry.
	h := append(make([]byte, 0, 20), 0x90, 0x80|ptAV1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, idDescriptorIn<<4|2, 0, 0, 0)
	binary.BigEndian.PutUint32(h[8:], p.ssrc)
	timestamp, number, sealed := list[9].timestamp, uint16(9), make([]byte, 0, 1500)
	payload := make([]byte, 1000)
	step := func() {
		for _, id := range []byte{3, 2, 4, 1} {
			timestamp += 9000
			number++
			binary.BigEndian.PutUint16(h[2:], uint16(p.next))
			binary.BigEndian.PutUint32(h[4:], timestamp)
			h[17] = 0xc0 | id
			binary.BigEndian.PutUint16(h[18:], number)
			r.now = r.now.Add(2 * time.Millisecond) // b says nothing, and must not be silent for long
			sealed, _ = a.sealer.SealRTP(sealed[:0], h, nil, payload, p.next, p.ssrc)
			p.next++
			r.plane.Receive(r.now, Path{Remote: a.addr}, sealed)
			r.plane.Deliver(r.now)
			r.plane.Advance(r.now)
			r.plane.Outbox().Done()
		}
	}
	for range 140 { // a second, so that every timer was due once
		step()
	}
	r.plane.Events(nil)
	before := [2]uint64{r.plane.slots[all.slot].stats.PacketsSent, r.plane.slots[less.slot].stats.PacketsSent}
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v allocations for four pictures, want none", n)
	}
	after := [2]uint64{r.plane.slots[all.slot].stats.PacketsSent, r.plane.slots[less.slot].stats.PacketsSent}
	if x, y := after[0]-before[0], after[1]-before[1]; x != 404 || y != 202 {
		t.Errorf("%d and %d packets sent, want 404 and 202", x, y)
	}
}
