package plane

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// hear notes the transport-wide number of a packet, and tells of it.
func (c *client) hear(now mono.Time, v packet.View, b []byte) {
	e := v.Extension(b, idWideOut)
	if len(e) != 2 {
		return
	}
	n := binary.BigEndian.Uint16(e)
	c.wide = append(c.wide, n)
	if c.heard == nil {
		return
	}
	c.heard.Push(now, n)
	if c.heard.Deadline() <= now {
		c.rtcp(now, c.heard.Append(now, v.SSRC, nil))
	}
}

// All packets to a peer that wants them have one sequence of numbers, whatever
// stream they are of and whether or not they are sent again, and nobody else's
// have any. What the peer tells is counted.
func TestTransportWideNumbers(t *testing.T) {
	r := newRoomOn(t, 2)
	from, plain := r.join(0, netem.Config{}), r.join(2, netem.Config{})
	c := r.join(4, netem.Config{Loss: 0.05})
	c.numbered, c.heard = true, report.NewTransportFeedback(9)
	for _, to := range []*client{plain, c} {
		to.slot(false).show(from.video)
		to.slot(true).show(from.audio)
	}
	r.run(10 * time.Second)
	r.transfer(c, 1) // the numbers go along
	r.run(10 * time.Second)

	if len(plain.wide) != 0 {
		t.Errorf("%d packets to who did not ask for it have numbers", len(plain.wide))
	}
	var sent uint64
	for _, s := range r.cores[1].transports[c.id].slots {
		sent += s.stats.PacketsSent + s.stats.Retransmitted
	}
	sorted := slices.Clone(c.wide)
	slices.Sort(sorted)
	if twice := len(sorted) - len(slices.Compact(slices.Clone(sorted))); twice != 0 {
		t.Errorf("%d numbers were used twice", twice)
	}
	if next := uint64(r.cores[1].transports[c.id].wide); next != sent || sent < 1500 || uint64(sorted[len(sorted)-1]) >= next {
		t.Errorf("the next number is %d after %d packets, the highest that came %d", next, sent, sorted[len(sorted)-1])
	}
	if got := uint64(len(sorted)); got < sent*9/10 || got > sent*98/100 || c.sinks[0].rtx == 0 {
		t.Errorf("%d of %d came, %d of them repeated", got, sent, c.sinks[0].rtx)
	}
	told, came := r.cores[0].stats.Told+r.cores[1].stats.Told, r.cores[0].stats.Came+r.cores[1].stats.Came
	if told < sent*9/10 || told > sent || came > uint64(len(sorted)) || came < told*9/10 || came > told*98/100 {
		t.Errorf("told of %d packets, %d came; sent %d, %d came", told, came, sent, len(sorted))
	}
}

// A packet that is as large as packets may be loses its other extensions, and
// goes without a number if that does not help.
func TestTransportWideNumbersKeepToTheSize(t *testing.T) {
	r := newRoom(t)
	c := r.join(0, netem.Config{})
	c.numbered = true
	c.slot(false)
	s := r.plane.slots[c.sinks[0].slot]
	const header, least, element, level = 12 + 4, 4 + 4, 4, 4
	h := &r.plane.header
	for _, tt := range []struct {
		payload        int
		numbered, kept bool
	}{
		{1000, true, true},
		{plainMost - header - least - level, true, true},
		{plainMost - header - least - level + 1, true, false},
		{plainMost - header - least, true, false},
		{plainMost - header - least + 1, false, false},
	} {
		h.Begin(&rewrite.Fields{CSRC: 1})
		h.Extend(idLevelOut, []byte{1})
		numbered := s.number(tt.payload)
		b := append([]byte(nil), h.Bytes()...)
		v, err := packet.Parse(append(b, 1))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, 1)
		kept := v.Extension(b, idLevelOut) != nil
		if numbered != tt.numbered || kept != tt.kept || (v.Extension(b, idWideOut) != nil) != numbered {
			t.Errorf("a payload of %d bytes: numbered %v, level kept %v, want %v, %v", tt.payload, numbered, kept, tt.numbered, tt.kept)
		}
		if numbered && len(h.Bytes())+tt.payload > plainMost {
			t.Errorf("a payload of %d bytes makes a packet of %d, at most %d", tt.payload, len(h.Bytes())+tt.payload, plainMost)
		}
	}
}

// Numbering allocates nothing either.
func TestNumberingAllocatesNothing(t *testing.T) {
	s := newSteady(t, 10)
	s.number()
	for range 100 {
		s.fill()
		s.step()
	}
	if n := testing.AllocsPerRun(100, func() { s.fill(); s.step() }); n != 0 {
		t.Errorf("%v allocations per batch of %d packets for 10 subscribers, want 0", n, steadyBatch)
	}
}
