package sfu

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// apply makes publications and slots what a negotiation says they are.
func (p *Peer) apply(sections []pionpc.Section) error {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.removeStale(sections)
	var slots []*slot
	for i := range sections {
		c := &sections[i]
		switch c.Role {
		case pionpc.RolePublication:
			if p.publication(c.MID) == nil && len(c.Codecs) > 0 {
				p.publish(c, nil)
			}
		case pionpc.RoleSlot:
			old := p.slot(c.MID)
			if old == nil {
				old = p.addSlot(c)
			}
			slots = append(slots, old)
		}
	}
	p.slots = slots
	return nil
}

// removeStale ends what the new picture no longer has, or has with another
// role, SSRC or encodings. The caller holds the server's mutex.
func (p *Peer) removeStale(sections []pionpc.Section) {
	find := func(mid string, role pionpc.Role) *pionpc.Section {
		for i := range sections {
			if sections[i].MID == mid && sections[i].Role == role {
				return &sections[i]
			}
		}
		return nil
	}
	for _, pub := range slices.Clone(p.publications) {
		if c := find(pub.section.MID, pionpc.RolePublication); c == nil || !slices.Equal(c.Streams, pub.section.Streams) ||
			!slices.Equal(c.RIDs, pub.section.RIDs) {
			pub.end()
		}
	}
	p.slots = slices.DeleteFunc(p.slots, func(old *slot) bool {
		c := find(old.section.MID, pionpc.RoleSlot)
		if c != nil && c.SSRC == old.section.SSRC {
			return false
		}
		if old.sub != nil {
			old.sub.end()
		}
		p.post(plane.RemoveSlot{Slot: old.key})
		return true
	})
}

func (p *Peer) publication(mid string) *Publication {
	for _, pub := range p.publications {
		if pub.section.MID == mid {
			return pub
		}
	}
	return nil
}

func (p *Peer) slot(mid string) *slot {
	for _, s := range p.slots {
		if s.section.MID == mid {
			return s
		}
	}
	return nil
}

// publish adds a publication, which comes as plain RTP if input is not nil. The
// caller holds the server's mutex.
func (p *Peer) publish(c *pionpc.Section, input *plane.Input) *Publication {
	s := p.server
	spec := plane.Publication{
		MID:        c.MID,
		Audio:      c.Audio,
		Extensions: c.Extensions,
		RIDs:       c.RIDs,
		NACK:       c.NACK,
		Feedback:   c.TransportCC,
	}
	for _, k := range c.Codecs {
		spec.Codecs = append(spec.Codecs, plane.Codec{
			Codec: k.Codec, PayloadType: k.PayloadType, RTX: k.RTX, ClockRate: k.ClockRate,
		})
	}
	for _, st := range c.Streams {
		spec.Streams = append(spec.Streams, plane.Stream{SSRC: st.SSRC, RTX: st.RTX})
	}
	pub := newPublication(p, s.newKey(), *c, spec)
	p.publications = append(p.publications, pub)
	s.live.Store(pub.key, pub)
	p.post(plane.AddPublication{Transport: p.key, Publication: pub.key, Spec: spec, Input: input})
	p.calls.add(func() {
		if p.handlers.OnPublish != nil {
			p.handlers.OnPublish(pub)
		}
	})
	return pub
}

// addSlot adds a slot. The caller holds the server's mutex.
func (p *Peer) addSlot(c *pionpc.Section) *slot {
	n := &slot{key: p.server.newKey(), section: *c}
	numbers := random32()
	wide := uint8(0)
	if p.server.cfg.BenchTransportCC && c.TransportCC {
		wide = c.Extensions[packet.ExtTransportCC]
	}
	p.post(plane.AddSlot{
		Transport: p.key,
		Slot:      n.key,
		Spec:      plane.SlotSpec{MID: c.MID, Audio: c.Audio, SSRC: c.SSRC, RTX: c.RTX, TransportCC: wide, OneByte: !c.Mixed},
		Sequence:  uint16(numbers & 0x7fff),
		Repair:    uint16(numbers >> 16 & 0x7fff),
		Timestamp: random32(),
	})
	return n
}
