package plane

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// nonces sees every datagram that one transport is sent, before any is lost,
// and knows which nonces were used. It takes the rollover of an index from the
// numbers before it, as a receiver does.
type nonces struct {
	rtp  map[uint32]*used
	rtcp uint32 // the next SRTCP index
}

type used struct {
	first, newest uint64
	bits          []uint64
}

// check returns what is wrong with a datagram, or "".
func (n *nonces) check(b []byte) string {
	if packet.Classify(b) == packet.RTCP {
		index := binary.BigEndian.Uint32(b[len(b)-4:]) &^ (1 << 31)
		if index < n.rtcp {
			return fmt.Sprintf("SRTCP index %d after %d", index, n.rtcp-1)
		}
		n.rtcp = index + 1
		return ""
	}
	ssrc, number := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	u := n.rtp[ssrc]
	if u == nil {
		u = &used{first: 1<<16 + uint64(number) - 1024, newest: 1<<16 + uint64(number)}
		n.rtp[ssrc] = u
	}
	index := u.newest + uint64(int64(int16(number-uint16(u.newest))))
	if index < u.first {
		return fmt.Sprintf("SSRC %d: number %d is far before the first", ssrc, number)
	}
	u.newest = max(u.newest, index)
	at := index - u.first
	for uint64(len(u.bits)) <= at/64 {
		u.bits = append(u.bits, 0)
	}
	if u.bits[at/64]&(1<<(at%64)) != 0 {
		return fmt.Sprintf("SSRC %d: number %d (index %d) is sealed twice", ssrc, number, index)
	}
	u.bits[at/64] |= 1 << (at % 64)
	return ""
}

// Whatever is done with slots, no index of an SSRC is sealed twice. The room
// checks that of every datagram; here a thousand changes give it occasion.
func TestNoIndexTwice(t *testing.T) {
	changes := 1000
	if raceEnabled {
		changes = 200
	}
	r := newRoom(t)
	lossy := netem.Config{Loss: 0.05, Delay: 5 * time.Millisecond, Reorder: 0.05, Jitter: 5 * time.Millisecond}
	a, b, c := r.join(0, lossy), r.join(1, lossy), r.join(2, lossy)
	video, audio := c.slot(false), c.slot(true)
	random := rand.New(rand.NewPCG(17, 17))
	for range changes {
		from := []*client{a, b}[random.IntN(2)]
		switch random.IntN(6) {
		case 0, 1:
			video.show(from.video)
			audio.show(from.audio)
		case 2:
			r.apply(Unbind{Slot: video.slot})
		case 3: // the section goes and comes again
			r.apply(RemoveSlot{Slot: video.slot})
			video.add()
			video.show(from.video)
		case 4: // an ICE restart ends on another port and comes back
			r.move(c)
		case 5:
			r.apply(Pause{Slot: video.slot, Paused: true})
			r.run(20 * time.Millisecond)
			r.apply(Pause{Slot: video.slot})
		}
		r.run(100 * time.Millisecond)
	}
	slot := r.plane.slots[video.slot]
	if slot.sequence.Next() < 0x7ff0+uint64(changes) || slot.repair < 20 {
		t.Errorf("next index %#x, next repair %d: the test did not send much", slot.sequence.Next(), slot.repair)
	}
}

// A slot that ends and begins again with the same SSRCs goes on with its
// numbers, and a request for one of the old slot's is not answered with a packet
// of the new one's.
func TestNumbersOutliveTheSlot(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(time.Second)
	next, repair := r.plane.slots[s.slot].sequence.Next(), r.plane.slots[s.slot].repair
	old := uint16(next) - 20
	for range 100 {
		r.apply(RemoveSlot{Slot: s.slot})
		s.add()
	}
	slot := r.plane.slots[s.slot]
	if slot.sequence.Next() != next || slot.repair != repair {
		t.Errorf("next indices %d and %d, want %d and %d", slot.sequence.Next(), slot.repair, next, repair)
	}
	s.show(a.video)
	r.run(time.Second)
	slot.retransmit(r.now, old, 0)
	if slot.stats.Retransmitted != 0 {
		t.Error("a number of the slot before was sent again")
	}
	if n := len(r.plane.transports[b.id].sent); n != 2 {
		t.Errorf("%d SSRCs are remembered, want 2", n)
	}
	checkGapless(t, s)
}

// Two slots cannot have an SSRC in common, not even one's media and the other's
// retransmissions.
func TestSSRCsAreUnique(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec SlotSpec
		want bool
	}{
		{"other SSRCs", SlotSpec{SSRC: 3, RTX: 4}, true},
		{"no RTX", SlotSpec{SSRC: 3}, true},
		{"same SSRC", SlotSpec{SSRC: 1, RTX: 4}, false},
		{"same RTX", SlotSpec{SSRC: 3, RTX: 2}, false},
		{"SSRC is the other's RTX", SlotSpec{SSRC: 2, RTX: 4}, false},
		{"RTX is the other's SSRC", SlotSpec{SSRC: 3, RTX: 1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			c := r.join(0, netem.Config{})
			r.apply(AddSlot{Transport: c.id, Slot: 1, Spec: SlotSpec{SSRC: 1, RTX: 2}})
			r.apply(AddSlot{Transport: c.id, Slot: 2, Spec: tt.spec})
			if got := r.plane.slots[2] != nil; got != tt.want {
				t.Errorf("%+v beside SSRC 1, RTX 2: added %v, want %v", tt.spec, got, tt.want)
			}
		})
	}
}

// A full outbox drops packets, and does not use their indices again.
func TestFullOutboxUsesNoIndexTwice(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(500 * time.Millisecond)
	box := &r.plane.outbox
	box.slot()
	box.chunks = box.chunks[:1] // room for one chunk
	box.limit = chunkSize
	for range 2000 {
		a.frame(r.now, a.video)
		a.video.ts += 3000
	}
	for n, ok := a.up.Receive(r.now, r.buf); ok; n, ok = a.up.Receive(r.now, r.buf) {
		r.plane.Receive(r.now, Path{Remote: a.addr}, r.buf[:n])
		for r.plane.Deliver(r.now) {
		}
	}
	slot := r.plane.slots[s.slot]
	if slot.stats.Drops[DropOverload] == 0 {
		t.Fatal("nothing was dropped: the outbox was not full")
	}
	box.limit = 0
	r.deliver()
	for range 3 {
		slot.retransmit(r.now, uint16(slot.sequence.Next())-17, 0xffff)
		r.now = r.now.Add(200 * time.Millisecond)
	}
	r.deliver()
	r.run(time.Second)
}
