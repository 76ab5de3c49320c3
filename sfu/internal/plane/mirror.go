package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
)

// Handover is what one core gives another at the end of a batch: a datagram that
// came to the wrong one, or a packet of a publication that the other mirrors.
type Handover struct {
	To int // index of the core
	B  []byte

	Path Path // of a datagram that came to the wrong core

	Input ID   // the publication of a datagram that came to a port of plain RTP, else 0
	Aside bool // it came to the port for RTCP

	Publication ID         // 0 for a datagram
	Entry       nack.Entry // of a packet, which is in the clear
	Encoding    int
	Serial      uint32 // of the stream: another serial is another stream
	From        int    // index of the core that gives it

	// Wanted is which encodings a core wants to be given, as it says itself if
	// Demand is set, else as the core that gives a packet believes.
	Wanted uint8
	Demand bool
	Ladder *layer.Ladder // of the publication
}

// HandoverRoom is how many bytes must be free behind those of a Handover that
// [Plane.Accept] is given: padding may be written there.
const HandoverRoom = mostPadding

// Handovers appends what the batch so far has for other cores to out. The bytes
// are those of the batch, so the caller copies them before it calls
// [Plane.Deliver] for the last time.
func (p *Plane) Handovers(out []Handover) []Handover {
	out = append(out, p.handovers...)
	p.handovers = p.handovers[:0]
	return out
}

// Accept takes what another core handed over. Its bytes belong to the plane
// until Deliver, as those given to Receive do.
func (p *Plane) Accept(now mono.Time, h *Handover) {
	switch {
	case h.Input != 0:
		p.receiveInput(now, h)
		return
	case h.Publication == 0:
		p.admit(now, h.Path, h.B)
		return
	}
	p.spend(&p.shared, weightHandover)
	f := p.publications[h.Publication]
	switch {
	case f != nil && h.Demand:
		f.hear(now, h)
		return
	case f != nil && f.transport == nil && h.Ladder != nil && len(h.B) == 0:
		f.follow(now, h)
		return
	}
	if f == nil || f.transport != nil || h.Encoding >= len(f.encodings) {
		return // the last subscriber has just gone
	}
	p.mirrored = f
	in := f.encodings[h.Encoding]
	if in == nil || in.serial != h.Serial {
		if in != nil {
			f.forget(in)
		}
		in = f.mirrorOf(h.Encoding, h.Serial)
	}
	if in.history == nil {
		in.open() // nothing came while the publisher was here
	}
	f.follow(now, h)
	if in.history.Insert(h.Entry, h.B) {
		in.note(h.Entry.Sequence)
		in.learn(&h.Entry, h.B)
		in.stats.PacketsReceived++
		f.take(now, in, &h.Entry, h.B)
	}
	p.mirrored = nil
}

// mirrorOf makes the inbound of a stream of another core.
func (f *Fanout) mirrorOf(encoding int, serial uint32) *Inbound {
	in := &Inbound{fan: f, encoding: encoding, serial: serial}
	in.open()
	f.encodings[encoding] = in
	return in
}

// AddMirror makes a publication of another core one of this core's, fed by
// [Plane.Accept] and removed by [RemovePublication].
type AddMirror struct {
	Publication ID
	Spec        Publication
	From        int // index of the core that has it
}

func (c AddMirror) apply(p *Plane, now mono.Time) {
	f := p.publications[c.Publication]
	if f == nil && len(c.Spec.Codecs) > 0 {
		f = newFanout(p, nil, c.Publication, c.Spec, now)
		f.wants.origin = c.From
		p.publications[c.Publication] = f
	}
	if f != nil {
		f.subscribed = true
	}
}

// Mirror starts or stops to hand the packets of a publication over to another
// core.
type Mirror struct {
	Publication ID
	To          int
	On          bool
}

func (c Mirror) apply(p *Plane, now mono.Time) {
	f := p.publications[c.Publication]
	if f == nil {
		return
	}
	f.held = slices.DeleteFunc(f.held, func(to int) bool { return to == c.To })
	f.wants.set(c.To, unsaid)
	if c.On {
		f.held = append(f.held, c.To)
	}
	f.unite()
	f.demand(now)
}

// RoutePath says which core has the transport of a path, -1 for none. The core
// itself is told by [BindPath].
type RoutePath struct {
	Path Path
	To   int
}

func (c RoutePath) apply(p *Plane, _ mono.Time) {
	if c.To < 0 {
		delete(p.elsewhere, c.Path)
		return
	}
	p.elsewhere[c.Path] = c.To
	if t := p.paths[c.Path]; t != nil {
		t.bound = false
		delete(p.paths, c.Path)
	}
	p.pending.take(c.Path, func(_ mono.Time, b []byte) {
		p.handovers = append(p.handovers, Handover{To: c.To, Path: c.Path, B: b})
	})
}

// handOver gives a packet to the cores that mirror the publication.
func (f *Fanout) handOver(in *Inbound, e *nack.Entry, b []byte) {
	p := f.plane
	for _, to := range f.mirrors {
		wanted, _ := f.wants.of(to)
		if wanted>>in.encoding&1 == 0 {
			continue
		}
		p.spend(&in.account, weightHandover)
		p.handovers = append(p.handovers, Handover{
			To: to, From: p.core, B: b, Publication: f.id, Entry: *e, Encoding: in.encoding, Serial: in.serial,
			Ladder: f.survey.ladder, Wanted: wanted,
		})
	}
}
