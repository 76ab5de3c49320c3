package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	// catchUp is how many packets a subscription that moved may have to be sent
	// from the history of its new core.
	catchUp = 256
	// disorder is how many of them may be older than what it was sent last.
	disorder = 32
)

// Moving is a transport on its way from one core to another. Nobody may touch it
// but the core that it is given to.
type Moving struct {
	transport *Transport
	shown     []shown // what its slots show, in their order
}

// shown says what an outbound is attached to, by names that are the same on all
// cores.
type shown struct {
	publication ID // 0 for none
	current     stream
	replaying   bool
	bindings    [bindingsKept]stream
}

// stream names an inbound on any core.
type stream struct {
	publication ID // 0 for none
	encoding    int
	serial      uint32
}

func nameOf(in *Inbound) stream {
	if in == nil {
		return stream{}
	}
	return stream{in.fan.id, in.encoding, in.serial}
}

// find returns the inbound of a name, or nil.
func (p *Plane) find(s stream) *Inbound {
	f := p.publications[s.publication]
	if f == nil || s.encoding >= len(f.encodings) {
		return nil
	}
	if in := f.encodings[s.encoding]; in != nil && in.serial == s.serial {
		return in
	}
	return nil
}

// expect is find; a mirror that got nothing yet expects the stream.
func (p *Plane) expect(s stream) *Inbound {
	f := p.publications[s.publication]
	if f != nil && f.transport == nil && s.encoding < len(f.encodings) && f.encodings[s.encoding] == nil {
		f.mirrorOf(s.encoding, s.serial)
	}
	return p.find(s)
}

// Detach takes a transport out of this core, to be given to another by [Attach].
// What its peer publishes stays here as mirrors if somebody here is subscribed,
// fed by the other core. What it is subscribed to must be there already.
//
// Done is called with nil if the transport is gone or not connected yet; it must
// not block.
type Detach struct {
	Transport ID
	From, To  int
	Done      func(*Moving)
}

func (c Detach) apply(p *Plane, _ mono.Time) {
	t := p.transports[c.Transport]
	if t == nil || !t.ready() {
		c.Done(nil)
		return
	}
	p.waive(t)
	m := &Moving{transport: t, shown: make([]shown, len(t.slots))}
	t.unfollow()
	for i, s := range t.slots {
		m.shown[i] = s.detach()
		delete(p.slots, s.id)
	}
	for i, f := range t.publications {
		t.publications[i] = f.detach(c.From, c.To)
	}
	t.newest = nil
	delete(p.paths, t.path)
	p.elsewhere[t.path] = c.To
	delete(p.transports, t.id)
	p.timers.remove(t)
	t.plane = nil
	c.Done(m)
}

// detach takes the slot off this core's publications.
func (s *Slot) detach() (w shown) {
	if s.next != nil {
		s.next.end()
	}
	o := s.outbound
	if o != nil {
		w.publication, w.current = o.fan.id, nameOf(o.current)
		o.fan.outbounds = remove(o.fan.outbounds, o)
		w.replaying = o.replay.in != nil
		o.fan, o.current, o.replay.in = nil, nil, nil
	}
	if s.line != nil {
		for i := range s.line.bindings {
			bd := &s.line.bindings[i]
			w.bindings[i] = nameOf(bd.in)
			bd.in = nil
		}
	}
	return w
}

// detach returns the half of the fan-out that moves with the publisher, and
// makes a mirror of the half that stays, which keeps outbounds and histories.
func (f *Fanout) detach(from, to int) *Fanout {
	moved := *f
	moved.outbounds, moved.arrivals = nil, nil
	moved.survey.facts = slices.Clone(f.survey.facts)
	moved.wants.cores = nil // until they say what
	stays := f.part(&moved, from, to)
	moved.encodings = make([]*Inbound, len(f.encodings))
	for i, in := range f.encodings {
		if in == nil {
			continue
		}
		half := *in
		half.fan, half.history = &moved, nil
		moved.encodings[i] = &half
		f.transport.inbounds[in.ssrc] = &half
		if half.rtx != nil {
			half.rtx.fan, half.rtx.media = &moved, &half
		}
		in.receiver, in.repair, in.rtx = nil, nil, nil
		in.stream = clone(in.stream)
		in.account = account{payer: PayInbound}
	}
	if stays {
		f.transport, f.mirrors = nil, nil
		f.wants.origin, f.wants.echo, f.wants.gone = to, everything, ^f.wants.here
	} else {
		delete(f.plane.publications, f.id)
	}
	return &moved
}

// clone copies what is known of a stream; nil stays nil.
func clone(s *codec.Stream) *codec.Stream {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

// Attach makes a transport that another core detached one of this core.
type Attach struct{ Moving *Moving }

func (c Attach) apply(p *Plane, now mono.Time) {
	t := c.Moving.transport
	p.current = t // whose fault a panic is
	t.plane = p
	p.transports[t.id] = t
	p.paths[t.path] = t
	delete(p.elsewhere, t.path)
	p.timers.add(t, now)
	for _, f := range t.publications {
		f.attach(p)
	}
	for i, s := range t.slots {
		p.slots[s.id] = s
		s.attach(now, &c.Moving.shown[i])
	}
	t.rejoin(now)
	t.replay(now)
	p.current = nil
}

// attach makes the fan-out one of this core, together with the mirror of it that
// may be here.
func (f *Fanout) attach(p *Plane) {
	f.plane = p
	mirror := p.publications[f.id]
	p.publications[f.id] = f
	if mirror == nil {
		return
	}
	mirror.leave()
	f.outbounds = mirror.outbounds
	for _, o := range f.outbounds {
		o.fan = f
	}
	for i, here := range mirror.encodings {
		moved := f.encodings[i]
		if here == nil {
			continue
		}
		if moved == nil || moved.serial != here.serial {
			here.fan, here.history = f, nil // of a stream that ended
			continue
		}
		// Slots and bindings here know the mirror's inbound, so that one stays.
		history, cost := here.history, here.account
		*here = *moved
		here.history, here.account = history, cost
		here.account.Cost = cost.Add(moved.account.Cost)
		f.encodings[i] = here
		f.transport.inbounds[here.ssrc] = here
		if here.rtx != nil {
			here.rtx.media = here
		}
	}
}

// attach shows in the slot what it showed on the core that it came from, from
// the next packet on that it was not sent yet.
func (s *Slot) attach(now mono.Time, w *shown) {
	p := s.transport.plane
	o := s.outbound
	if o != nil {
		o.fan = p.publications[w.publication]
		if o.fan == nil {
			s.outbound, o = nil, nil // it ended, or is not here yet
			s.tell()
		} else {
			o.fan.outbounds = append(o.fan.outbounds, o)
			if o.current = p.expect(w.current); o.current == nil {
				o.stop()
			}
			o.aim()
			o.fan.demand(now)
		}
	}
	if s.line != nil {
		for i := range s.line.bindings {
			s.line.bindings[i].in = p.find(w.bindings[i])
		}
	}
	if o != nil && !o.paused {
		o.resume(now, w.replaying)
	}
}

// resume goes on where the slot was when it left its core, with what came
// meanwhile; what was sent before is refused by the sequence. A slot that waited
// for a key frame enters anew.
func (o *Outbound) resume(now mono.Time, replaying bool) {
	in := o.current
	if in == nil {
		o.enter(now)
		return
	}
	if replaying && (o.fan.wants.gone>>in.encoding&1 != 0 || !in.holds(o.replay.next)) {
		o.leave(now) // what came here does not go back to where the replay is
		return
	}
	if in.history == nil {
		return
	}
	sequence := o.slot.line.sequence
	first := sequence.Newest() - disorder
	if replaying {
		o.begin(now, in, first, replay{rate: o.replay.rate, since: now})
		return
	}
	o.slot.transport.plane.outbox.begin(now)
	for n := range uint16(catchUp + 1) {
		e, b := in.history.Lookup(now, first+n)
		if e != nil && sequence.Wants(first+n) {
			o.forward(now, &arrival{in: in, entry: *e, b: b})
		}
	}
}
