package plane

import (
	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// Outbound is one publication as sent in one slot. It lives from Bind to
// Unbind; what the key protects lives in the slot's stream. Owned by the plane.
type Outbound struct {
	slot    *Slot
	fan     *Fanout
	route   *Route
	current *Inbound // being forwarded; nil until the next place to enter
	paused  bool
	before  Cost // of the slot, when it was bound
}

// Route says how packets of a publication are named in a slot. It is made once
// per subscription and does not change.
type Route struct {
	// PayloadTypes maps what comes in to what goes out; 0 is not negotiated.
	PayloadTypes [128]uint8
	// Repairs maps what goes out to the payload type of its retransmissions; 0
	// is none.
	Repairs [128]uint8
	// Extensions lists the header extensions that are passed on.
	Extensions []ExtensionPair
}

// ExtensionPair is a header extension as it comes in and as it goes out.
type ExtensionPair struct{ In, Out uint8 }

// binding is what one run of a slot's numbers was made with: enough to make a
// packet of it again.
type binding struct {
	tag    uint32 // of rewrite.Sequence
	in     *Inbound
	route  *Route
	number uint32 // of the publication, sent as CSRC
	offset uint32 // of timestamps
	vp8    rewrite.VP8
}

// forward passes one packet on, or keeps it back with a reason.
func (o *Outbound) forward(now mono.Time, a *arrival) {
	s, e := o.slot, &a.entry
	if reason, ok := o.admit(now, a.in, e); !ok {
		s.drop(reason)
		return
	}
	pt := o.route.PayloadTypes[e.View.PayloadType&0x7f]
	if pt == 0 || e.View.PayloadSize == 0 {
		s.line.sequence.Leave(e.Sequence)
		if pt == 0 {
			s.drop(DropCodec)
		}
		return
	}
	index, ok := s.line.sequence.Map(e.Sequence)
	if !ok {
		s.drop(DropLate)
		return
	}
	s.send(index, a)
}

// admit tells whether the packet belongs to what the slot shows now. A change
// of stream happens at the start of a key frame.
func (o *Outbound) admit(now mono.Time, in *Inbound, e *nack.Entry) (DropReason, bool) {
	switch {
	case o.paused:
		return DropPaused, false
	case o.slot.transport.quiet || !o.slot.transport.ready():
		o.current = nil
		return DropConsent, false
	case in == o.current:
		return 0, true
	case in.encoding != o.fan.best:
		return DropLayer, false
	case !e.Frame.Key || !e.Frame.Start || o.route.PayloadTypes[e.View.PayloadType&0x7f] == 0:
		o.fan.ask(now)
		return DropLayer, false
	}
	o.current = in
	o.slot.turn(now, o, e)
	return 0, true
}

// header writes the header of a packet that is sent the first time or again.
func (bd *binding) header(h *rewrite.Header, f rewrite.Fields, e *nack.Entry, b []byte) {
	f.CSRC = bd.number
	f.Marker = e.View.Marker
	h.Begin(f)
	if int(e.View.PayloadOffset)+int(e.View.PayloadSize) > plainTarget {
		return // the extensions are optional, the payload is not
	}
	for _, x := range bd.route.Extensions {
		if v := e.View.Extension(b, x.In); v != nil {
			h.Extend(x.Out, v)
		}
	}
}

// payload splits the payload into what is rewritten, appended to prefix, and
// what goes out as it came.
func (bd *binding) payload(prefix []byte, e *nack.Entry, b []byte) (head, rest []byte) {
	rest = e.View.Payload(b)
	f := e.Frame
	if bd.in.fan.kinds[e.View.PayloadType&0x7f] != packet.VP8 || f.DescriptorSize == 0 {
		return prefix, rest
	}
	pictureID, tl0 := bd.vp8.Map(f)
	n := len(prefix)
	n += codec.RewriteVP8(prefix[n:n+int(f.DescriptorSize)], rest, f, pictureID, tl0)
	return prefix[:n], rest[f.DescriptorSize:]
}
