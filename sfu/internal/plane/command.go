package plane

import (
	"net/netip"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// Command is something that the control plane wants done between two batches.
type Command interface{ apply(p *Plane, now mono.Time) }

// Codec is one payload type of a media section.
type Codec struct {
	Codec       packet.Codec
	PayloadType uint8
	RTX         uint8 // payload type of its retransmissions; 0 = none
	ClockRate   uint32
}

// Stream is a declared SSRC and that of its retransmissions, 0 = none.
type Stream struct{ SSRC, RTX uint32 }

// Publication describes a send section of a peer.
type Publication struct {
	MID        string
	Audio      bool
	Codecs     []Codec // at least one
	Extensions packet.ExtensionIDs
	Streams    []Stream // declared; empty with simulcast
	RIDs       []string // of simulcast encodings (RFC 8851)
	NACK       bool     // lost packets may be asked for
	Feedback   bool     // transport-wide feedback was negotiated
}

// SlotSpec describes a receive-only section of a peer.
type SlotSpec struct {
	MID   string
	Audio bool
	SSRC  uint32
	RTX   uint32 // 0 = none
	// TransportCC is the id of the extension with transport-wide numbers; 0 = none.
	TransportCC uint8
	// OneByte says that the peer takes no other form of header extensions
	// (RFC 8285 section 6, extmap-allow-mixed).
	OneByte bool
}

// AddTransport makes a transport that has neither address nor keys yet.
type AddTransport struct {
	Transport ID
	SSRC      uint32 // sender SSRC of our RTCP
	CNAME     string // of SDES (RFC 7022)
	// Sink, if valid, is where media goes in place of the path's address, to the
	// same port; RTCP too, but for a transport with publications. For
	// measurement only.
	Sink netip.Addr
	// Plain makes a transport without address and keys, whose publications come
	// as plain RTP. It is silent until the first packet.
	Plain bool
}

func (c AddTransport) apply(p *Plane, now mono.Time) {
	if p.transports[c.Transport] != nil {
		return
	}
	t := newTransport(p, c, now)
	p.transports[c.Transport] = t
	p.timers.add(t, now.Add(silentAfter))
}

// SetKeys gives a transport its keys. A transport has one set of keys for life;
// a second one is ignored. Media that came before is handled now.
type SetKeys struct {
	Transport ID
	Opener    *srtp.Opener
	Sealer    *srtp.Sealer
}

func (c SetKeys) apply(p *Plane, now mono.Time) {
	if t := p.transports[c.Transport]; t != nil && t.opener == nil {
		t.opener, t.sealer, t.weights = c.Opener, c.Sealer, weightsOf(c.Sealer)
		t.replay(now)
		if t.ready() {
			t.enter(now)
		}
		p.timers.hasten(t, now)
	}
}

// BindPath makes a path the way to a peer. Media that came over it before is
// handled now.
type BindPath struct {
	Transport ID
	Path      Path
}

func (c BindPath) apply(p *Plane, now mono.Time) {
	if t := p.transports[c.Transport]; t != nil {
		t.bind(now, c.Path)
	}
}

// Heard tells that a connectivity check of a path was authenticated.
type Heard struct{ Path Path }

func (c Heard) apply(p *Plane, now mono.Time) {
	if t := p.paths[c.Path]; t != nil {
		t.hear(now)
	}
}

// RemoveTransport ends a transport with all its publications and slots.
type RemoveTransport struct{ Transport ID }

func (c RemoveTransport) apply(p *Plane, _ mono.Time) {
	if t := p.transports[c.Transport]; t != nil {
		p.removeTransport(t)
	}
}

func (p *Plane) removeTransport(t *Transport) {
	for len(t.publications) > 0 {
		p.removePublication(t.publications[0])
	}
	for len(t.slots) > 0 {
		p.removeSlot(t.slots[0])
	}
	if p.paths[t.path] == t {
		delete(p.paths, t.path)
	}
	delete(p.transports, t.id)
	p.timers.remove(t)
}

// AddPublication makes a send section of a transport a publication.
type AddPublication struct {
	Transport   ID
	Publication ID
	Spec        Publication
	Input       *Input // of a plain transport, else nil
}

func (c AddPublication) apply(p *Plane, now mono.Time) {
	t := p.transports[c.Transport]
	if t == nil || p.publications[c.Publication] != nil || len(c.Spec.Codecs) == 0 {
		return
	}
	f := newFanout(p, t, c.Publication, c.Spec, now)
	if c.Input != nil {
		f.input = &input{spec: *c.Input, stats: InputStats{Publication: c.Publication}}
	}
	p.publications[c.Publication] = f
	t.publications = append(t.publications, f)
	if id := c.Spec.Extensions[packet.ExtTransportCC]; c.Spec.Feedback && id != 0 {
		t.ccID = id
		if t.feedback == nil {
			t.feedback = report.NewTransportFeedback(t.ssrc)
		}
	}
	if c.Spec.Audio {
		t.nextLevel = min(t.nextLevel, now.Add(levelEvery))
	}
	f.declare(now)
	p.timers.hasten(t, min(t.nextLevel, t.nextReport))
}

// RemovePublication ends a publication; slots that show it become idle.
type RemovePublication struct{ Publication ID }

func (c RemovePublication) apply(p *Plane, _ mono.Time) {
	f := p.publications[c.Publication]
	if f != nil && f.followed != nil {
		f.subscribed = false // it is a mirror that the group lets go
	} else if f != nil {
		p.removePublication(f)
	}
}

func (p *Plane) removePublication(f *Fanout) {
	for len(f.outbounds) > 0 {
		f.outbounds[0].end()
	}
	f.leave()
	for _, in := range f.encodings {
		if in != nil {
			f.forget(in)
		}
	}
	if f.transport != nil {
		f.transport.publications = remove(f.transport.publications, f)
	}
	delete(p.publications, f.id)
}

// AddSlot makes a receive-only section of a transport a slot.
type AddSlot struct {
	Transport ID
	Slot      ID
	Spec      SlotSpec
	// Sequence and Repair are the first numbers of the media and the RTX
	// stream, random and below 2^15 (RFC 3711, section 3.3.1); Timestamp is the
	// random start of its timestamps. An SSRC that the transport sent before
	// goes on with its old numbers.
	Sequence, Repair uint16
	Timestamp        uint32
}

func (c AddSlot) apply(p *Plane, now mono.Time) {
	t := p.transports[c.Transport]
	if t == nil || p.slots[c.Slot] != nil || t.uses(c.Spec.SSRC) || t.uses(c.Spec.RTX) {
		return
	}
	s := newSlot(t, c, now)
	p.slots[c.Slot] = s
	t.slots = append(t.slots, s)
	t.slotBySSRC[c.Spec.SSRC] = s
}

// RemoveSlot ends a slot.
type RemoveSlot struct{ Slot ID }

func (c RemoveSlot) apply(p *Plane, _ mono.Time) {
	if s := p.slots[c.Slot]; s != nil {
		p.removeSlot(s)
	}
}

func (p *Plane) removeSlot(s *Slot) {
	s.unbind()
	s.transport.retire(s)
	delete(s.transport.slotBySSRC, s.spec.SSRC)
	s.transport.slots = remove(s.transport.slots, s)
	delete(p.slots, s.id)
}

// Bind shows a publication in a slot, in place of what was there.
type Bind struct {
	Slot        ID
	Publication ID
	Route       *Route
	Demand      layer.Demand // what the slot can show
	Paused      bool
}

func (c Bind) apply(p *Plane, now mono.Time) {
	s, f := p.slots[c.Slot], p.publications[c.Publication]
	if s == nil {
		return
	}
	s.unbind()
	if f == nil {
		return
	}
	s.open()
	o := newOutbound(s, f, c)
	s.outbound = o
	f.outbounds = append(f.outbounds, o)
	o.aim()
	f.demand(now)
	s.transport.repin(now)
	o.enter(now)
}

// Unbind makes a slot idle.
type Unbind struct{ Slot ID }

func (c Unbind) apply(p *Plane, now mono.Time) {
	if s := p.slots[c.Slot]; s != nil {
		s.unbind()
		s.transport.repin(now)
	}
}

func (s *Slot) unbind() {
	s.unfollow()
	s.clear()
}

// Pause stops or restarts sending in a slot that keeps its publication.
type Pause struct {
	Slot   ID
	Paused bool
}

func (c Pause) apply(p *Plane, now mono.Time) {
	s := p.slots[c.Slot]
	if s != nil && s.follow != nil {
		s.follow.Paused = c.Paused
	}
	if s == nil || s.outbound == nil {
		return
	}
	if s.next != nil {
		s.next.paused = c.Paused
	}
	s.outbound.pause(now, c.Paused)
}

// AskKeyFrame asks the publisher for a key frame of an encoding.
type AskKeyFrame struct {
	Publication ID
	Encoding    int  // index in Publication.RIDs; most publishers refresh all
	Urgent      bool // ahead of those that merely begin to watch
}

func (c AskKeyFrame) apply(p *Plane, now mono.Time) {
	if f := p.publications[c.Publication]; f != nil {
		f.ask(now, c.Encoding, c.Urgent)
	}
}

// Count calls Done with the counters of the plane, between batches; Done must
// not block.
type Count struct{ Done func(Stats) }

func (c Count) apply(p *Plane, _ mono.Time) { c.Done(p.stats) }

// Observe calls Done with the counters of a transport, or with false if it is
// gone. Done is called between batches and must not block.
type Observe struct {
	Transport ID
	Done      func(TransportStats, bool)
}

// TransportStats are the counters of a transport and its streams.
type TransportStats struct {
	RTT      int64 // nanoseconds
	Cost     Cost  // of the whole peer, streams that ended too
	Own      Cost  // the part of no stream that is there now
	Inbound  []InboundStats
	Outbound []OutboundStats
	Inputs   []InputStats // of what comes as plain RTP
}

func (c Observe) apply(p *Plane, _ mono.Time) {
	t := p.transports[c.Transport]
	if t == nil {
		c.Done(TransportStats{}, false)
		return
	}
	st := TransportStats{RTT: int64(t.rtt), Cost: t.cost(), Own: t.account.Cost}
	for _, f := range t.publications {
		if n := f.input; n != nil {
			s := n.stats
			s.From, s.RTCP = n.from, n.rtcp
			st.Inputs = append(st.Inputs, s)
		}
		for _, in := range f.encodings {
			if in != nil {
				st.Inbound = append(st.Inbound, in.observe())
			}
		}
	}
	for _, s := range t.slots {
		st.Outbound = append(st.Outbound, s.observe())
	}
	c.Done(st, true)
}

func (in *Inbound) observe() InboundStats {
	s := in.stats
	s.Lost, s.Jitter = in.receiver.Lost(), in.receiver.Jitter()
	s.Cost = in.cost()
	return s
}

func (s *Slot) observe() OutboundStats {
	st := s.stats
	st.Cost = s.account.Cost
	if o := s.outbound; o != nil {
		st.Bound = st.Cost.sub(o.before)
		if !s.spec.Audio {
			st.Shown = o.shows()
		}
	}
	return st
}

func remove[T comparable](list []T, x T) []T {
	i := slices.Index(list, x)
	if i < 0 {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// AskHeard calls Done with whether something authenticated came over a path
// within the given time. Done must not block.
type AskHeard struct {
	Path   Path
	Within time.Duration
	Done   func(heard bool)
}

func (c AskHeard) apply(p *Plane, now mono.Time) {
	t := p.paths[c.Path]
	c.Done(t != nil && now.Sub(t.heard) < c.Within)
}
