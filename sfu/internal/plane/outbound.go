package plane

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// Outbound is one publication as sent in one slot. It lives from Bind to
// Unbind; what the key protects lives in the slot's stream. Owned by the plane.
type Outbound struct {
	slot     *Slot
	fan      *Fanout
	route    *Route
	current  *Inbound // being forwarded; nil until the next place to enter
	paused   bool
	choice   uint8          // encodings that the show needs
	noticed  [3]uint8       // what EventLayer was last thought of for
	selector layer.Selector // of video
	show     layer.Demand
	replay   replay        // what goes before the present
	patience mono.Time     // until when the slot waits for a voice; 0 = it does not yet
	ladder   *layer.Ladder // with which EventLayer was last thought of
	before   Cost          // of the slot, when it was bound
}

// Route says how packets of a publication are named in a slot. It does not change,
// and slots whose packets are named alike may share one.
type Route struct {
	// PayloadTypes maps what comes in to what goes out; 0 is not negotiated.
	PayloadTypes [128]uint8
	// Repairs maps what goes out to the payload type of its retransmissions; 0
	// is none.
	Repairs [128]uint8
	// Opus is the slot's payload type of Opus in an audio slot, for what is in
	// RED (RFC 2198). RED is stripped where PayloadTypes maps it to Opus, and
	// redundancy is added where Opus is mapped to something else. If it is zero,
	// all payloads are passed on as they come.
	Opus uint8
	// Extensions lists the header extensions that are passed on.
	Extensions []ExtensionPair
	// Descriptor is the dependency descriptor, which is rewritten; zero if not
	// both sides have it.
	Descriptor ExtensionPair
}

// Same tells whether two routes name packets alike.
func (r *Route) Same(o *Route) bool {
	return r.PayloadTypes == o.PayloadTypes && r.Repairs == o.Repairs && r.Opus == o.Opus &&
		slices.Equal(r.Extensions, o.Extensions) && r.Descriptor == o.Descriptor
}

// ExtensionPair is a header extension as it comes in and as it goes out.
type ExtensionPair struct{ In, Out uint8 }

// binding is what one run of a slot's numbers was made with: enough to make a
// packet of it again.
type binding struct {
	tag     uint32 // of rewrite.Sequence
	in      *Inbound
	route   *Route
	number  uint32 // of the publication, sent as CSRC
	offset  uint32 // of timestamps
	start   uint16 // number of the first packet
	entered uint32 // timestamp of it
	chase   rewrite.Chase
	marks   layer.Marks
	vp8     rewrite.VP8     // and of VP9
	frames  rewrite.Numbers // of dependency descriptors
	// temporal is the highest layer sent.
	temporal uint8
	narrowed bool // decode targets were left out once
}

// newOutbound returns what a Bind makes.
func newOutbound(s *Slot, f *Fanout, c Bind) *Outbound {
	return &Outbound{
		slot: s, fan: f, route: c.Route, paused: c.Paused, show: c.Demand, before: s.account.Cost,
		selector: layer.New(layer.Target{Encoding: layer.None}),
	}
}

// forward passes one packet on at once, unless a replay comes to it later.
func (o *Outbound) forward(now mono.Time, a *arrival) {
	if !o.replay.waits(a.in, a.entry.Sequence) {
		o.pass(now, a)
	}
}

// pass passes one packet on, or keeps it back with a reason.
func (o *Outbound) pass(now mono.Time, a *arrival) {
	s, e := o.slot, &a.entry
	if reason, ok := o.open(); !ok {
		s.drop(reason)
		return
	}
	if o.route.PayloadTypes[e.View.PayloadType&0x7f] == 0 || e.View.PayloadSize == 0 {
		o.refuse(now, a.in, e)
		return
	}
	v := o.choose(now, a)
	if v&layer.Send == 0 {
		if v&layer.Leave != 0 && s.outbound == o {
			s.line.sequence.Leave(e.Sequence)
			s.line.binding().leave(e)
		}
		s.drop(DropLayer)
		return
	}
	index, ok := s.line.sequence.Map(e.Sequence)
	if !ok {
		s.drop(DropLate)
		return
	}
	s.send(index, a, v&layer.Mark != 0)
}

// open tells whether anything is sent in the slot now.
func (o *Outbound) open() (DropReason, bool) {
	switch t := o.slot.transport; {
	case o.paused:
		return DropPaused, false
	case t.quiet || !t.ready():
		o.stop()
		return DropConsent, false
	}
	return 0, true
}

// pause stops or restarts sending.
func (o *Outbound) pause(now mono.Time, paused bool) {
	if o.paused == paused {
		return
	}
	o.paused = paused
	o.stop()
	o.fan.demand(now)
	o.enter(now)
}

// fit notes what the slot can show.
func (o *Outbound) fit(now mono.Time, d layer.Demand) {
	o.show = d
	o.aim()
	o.fan.demand(now)
}

// stop waits for the next place to enter.
func (o *Outbound) stop() {
	o.current, o.replay.in, o.patience = nil, nil, 0
	o.selector.Stop()
}

// refuse keeps a packet back that the slot has no payload type for, or that has
// no payload.
func (o *Outbound) refuse(now mono.Time, in *Inbound, e *nack.Entry) {
	s := o.slot
	switch {
	case in != o.current:
		s.drop(DropLayer)
		if int8(in.encoding) == o.selector.Target().Encoding {
			o.fan.ask(now, in.encoding, false)
		}
		return
	case e.View.PayloadSize > 0:
		s.drop(DropCodec)
	}
	s.line.sequence.Leave(e.Sequence)
}

// choose tells what to do with a packet. A change of stream happens at the start
// of a key frame.
func (o *Outbound) choose(now mono.Time, a *arrival) layer.Verdict {
	if o.fan.spec.Audio {
		return o.listen(now, a)
	}
	in, e := a.in, &a.entry
	v := o.selector.Select(layer.Packet{
		Encoding: int8(in.encoding), Marker: e.View.Marker, Timestamp: e.View.Timestamp, Frame: &e.Frame,
	})
	if v&layer.Ask != 0 {
		o.fan.ask(now, int(o.selector.Target().Encoding), v&layer.Hurry != 0)
	}
	if v&layer.Turn != 0 {
		o.current = in
		o.slot.turn(now, o, e)
	}
	if v&layer.Mark != 0 {
		o.notice(now)
	}
	return v
}

// ends tells whether a packet that was sent has the marker bit.
func (bd *binding) ends(e *nack.Entry) bool {
	if bd.in.fan.spec.Audio {
		return e.View.Marker || e.Sequence == bd.start
	}
	return bd.marks.Ends(layer.Packet{Marker: e.View.Marker, Timestamp: e.View.Timestamp, Frame: &e.Frame})
}

// aim chooses what to send of what there is.
func (o *Outbound) aim() {
	l := o.fan.survey.ladder
	if l.Empty() {
		o.choice = everything // nothing came yet, or a mirror was told nothing yet
		return
	}
	c := l.Choose(o.show)
	o.choice = c.Wanted
	if o.route.Descriptor.Out == 0 && o.fan.spec.Codecs[0].Codec == packet.AV1 {
		c.Spatial = 0 // Chromium decodes no others without descriptors
	}
	spatial, _ := o.selector.Layer()
	present, sending := l.Picture(o.selector.Encoding(), spatial)
	if next, ok := l.Picture(c.Encoding, c.Spatial); ok && sending {
		c.Down = next.Place < present.Place || !present.Live
	}
	if o.selector.Target() != c.Target {
		o.selector.Aim(c.Target)
	}
}

// wants returns which encodings are needed to send what should be sent, and what
// is sent until then.
func (o *Outbound) wants() uint8 {
	if o.paused || o.slot.transport.quiet {
		return 0
	}
	w := o.choice
	if e := o.selector.Encoding(); e >= 0 {
		w |= 1 << e
	}
	return w
}

// ask wants a key frame of what is sent or should be.
func (o *Outbound) ask(now mono.Time) {
	o.fan.ask(now, max(0, int(o.selector.Target().Encoding)), false)
}

// Shown is what is sent in a slot. The zero value is nothing.
type Shown struct {
	Publication   ID
	Encoding      int8  // index in Publication.RIDs
	Place, Places uint8 // of its spatial layer among all encodings' ones, from 0 for the smallest picture
	Temporal      uint8 // highest layer sent
	Width, Height uint16
}

// shows describes what is sent now.
func (o *Outbound) shows() Shown {
	w := Shown{Publication: o.fan.id, Encoding: o.selector.Encoding()}
	if w.Encoding < 0 {
		return Shown{}
	}
	spatial, temporal := o.selector.Layer()
	p, _ := o.fan.survey.ladder.Picture(w.Encoding, spatial)
	w.Place, w.Places = uint8(p.Place), uint8(o.fan.survey.ladder.Len())
	w.Width, w.Height, w.Temporal = p.Width, p.Height, min(temporal, p.Temporal)
	return w
}

// tellLayerEvery is how often a slot tells what it is sent: a publisher decides how
// often that changes.
const tellLayerEvery = 100 * time.Millisecond

// notice tells, at the end of a picture, that other layers are sent than before.
func (o *Outbound) notice(now mono.Time) {
	spatial, temporal := o.selector.Layer()
	brief := [3]uint8{uint8(o.selector.Encoding()), spatial, temporal}
	if brief == o.noticed && o.ladder == o.fan.survey.ladder || now < o.slot.tellNext {
		return
	}
	o.noticed, o.ladder = brief, o.fan.survey.ladder
	if w := o.shows(); w != o.slot.shown {
		o.slot.shown, o.slot.tellNext = w, now.Add(tellLayerEvery)
		o.slot.transport.plane.emit(Event{
			Kind: EventLayer, Transport: o.slot.transport.id, Slot: o.slot.id, Publication: o.fan.id, Shown: w,
		})
	}
}

// header writes the header of a packet that is sent the first time or again, with
// fields of the caller and a contributing source of its own.
func (bd *binding) header(h *rewrite.Header, f *rewrite.Fields, e *nack.Entry, b []byte) {
	f.CSRC = bd.number
	h.Begin(f)
	if int(e.View.PayloadOffset)+int(e.View.PayloadSize) > plainTarget {
		return // the extensions are optional, the payload is not
	}
	if x := bd.route.Descriptor; e.Frame.Described && x.Out != 0 {
		if v := e.View.Extension(b, x.In); v != nil {
			h.Extend(x.Out, bd.descriptor(&e.Frame, v))
		}
	}
	for _, x := range bd.route.Extensions {
		if v := e.View.Extension(b, x.In); v != nil {
			h.Extend(x.Out, v)
		}
	}
}

// descriptor returns the dependency descriptor of a packet as it is sent, in
// memory of the plane. Once something was left out, frames of the lowest
// temporal layer begin with what is sent, so that a receiver does not wait for
// the rest (AV1 RTP, appendix A.4).
func (bd *binding) descriptor(f *packet.Frame, element []byte) []byte {
	p, number := bd.in.fan.plane, bd.frames.Map(f)
	var active uint32
	var targets int
	if s := bd.in.stream.Structure(); f.Start && f.Temporal == 0 && s.Serial() == f.Structure {
		active, targets = s.Mask(bd.marks.Spatial(), bd.temporal)
		all, _ := s.Mask(layer.Highest, layer.Highest)
		if bd.narrowed = bd.narrowed || active != all; !bd.narrowed {
			targets = 0
		}
	}
	p.descriptor = codec.AppendDescriptor(p.descriptor[:0], element, number, active, targets)
	return p.descriptor
}

// leave says that a packet is not sent.
func (bd *binding) leave(e *nack.Entry) {
	if bd.in.fan.kinds[e.View.PayloadType&0x7f] == packet.VP8 {
		bd.vp8.Leave(&e.Frame)
	}
}

// payload splits the payload into what is rewritten, appended to prefix, and
// what goes out as it came.
func (bd *binding) payload(prefix []byte, e *nack.Entry, b []byte) (head, rest []byte) {
	if bd.in.fan.spec.Audio {
		return bd.sound(prefix, e, b)
	}
	rest = e.View.Payload(b)
	f, n := &e.Frame, len(prefix)
	switch bd.in.fan.kinds[e.View.PayloadType&0x7f] {
	case packet.VP8:
		if f.DescriptorSize == 0 {
			return prefix, rest
		}
		pictureID, tl0 := bd.vp8.Map(f)
		size := codec.RewriteVP8(prefix[n:n+int(f.DescriptorSize)], rest, f, pictureID, tl0)
		return prefix[:n+size], rest[size:]
	case packet.VP9:
		pictureID, tl0 := bd.vp8.Map(f)
		size := codec.RewriteVP9(prefix[n:n+codec.RewrittenVP9], rest, f, pictureID, tl0)
		return prefix[:n+size], rest[size:]
	}
	return prefix, rest
}
