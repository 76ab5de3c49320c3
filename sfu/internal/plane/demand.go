package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	// unwantedAfter is how long nobody has wanted an encoding when the publisher
	// is told so. That it is wanted is told at once.
	unwantedAfter = 2500 * time.Millisecond
	// remindEvery is how far the reminders of a mirror are apart.
	remindEvery = 100 * time.Millisecond

	everything = 0xff // all encodings
	unsaid     = -1
)

// Show says what a slot can show. It holds until the next [Bind] or [Follow].
type Show struct {
	Slot   ID
	Demand layer.Demand
}

func (c Show) apply(p *Plane, now mono.Time) {
	s := p.slots[c.Slot]
	if s == nil {
		return
	}
	if s.follow != nil {
		s.follow.Demand = c.Demand
	}
	for _, o := range [...]*Outbound{s.outbound, s.next} {
		if o != nil {
			o.fit(now, c.Demand)
		}
	}
}

// wanted is which encodings somebody wants: a bit for each.
type wanted struct {
	here  uint8   // for the outbounds of this core
	cores []int16 // for other cores, by index; unsaid, as for those beyond the end

	// Where the publisher is.
	told  uint8                         // what EventDemand said last
	since [layer.MaxEncodings]mono.Time // when each was wanted last

	// In a mirror.
	origin   int       // core that packets come from; -1 before the first
	echo     uint8     // what that core takes to be wanted here
	heard    mono.Time // when it was heard
	checked  mono.Time
	reminded mono.Time
	gone     uint8 // encodings that were not wanted since their newest packet
}

func newWanted(now mono.Time, encodings int) wanted {
	w := wanted{here: everything, told: 1<<encodings - 1, origin: -1, echo: everything}
	for i := range w.since {
		w.since[i] = now
	}
	return w
}

// of returns what a core wants; everything until it says what.
func (w *wanted) of(core int) (mask uint8, said bool) {
	if core < len(w.cores) && w.cores[core] != unsaid {
		return uint8(w.cores[core]), true
	}
	return everything, false
}

func (w *wanted) set(core int, mask int16) {
	for len(w.cores) <= core {
		w.cores = append(w.cores, unsaid)
	}
	w.cores[core] = mask
}

// demand finds out what is wanted here, and tells the core of the publisher or
// the publisher itself.
func (f *Fanout) demand(now mono.Time) {
	if f.spec.Audio {
		return
	}
	w := &f.wants
	before := w.here
	w.here = 0
	for _, o := range f.outbounds {
		w.here |= o.wants()
	}
	if f.transport != nil {
		f.tell(now)
		return
	}
	w.gone |= ^w.here
	if w.here != before || f.survey.ladder.Empty() && len(f.outbounds) > 0 {
		f.remind(now)
	}
}

// tell says what all cores together want, if that changed.
func (f *Fanout) tell(now mono.Time) {
	w := &f.wants
	all := w.here
	for _, core := range f.mirrors {
		if mask, said := w.of(core); said || f.survey.ladder.Empty() {
			all |= mask
		}
	}
	active := uint8(0)
	for i := range f.encodings {
		if all>>i&1 != 0 {
			w.since[i] = now
		}
		if now.Sub(w.since[i]) < unwantedAfter {
			active |= 1 << i
		}
	}
	if active != w.told {
		w.told = active
		f.plane.emit(Event{Kind: EventDemand, Publication: f.id, Encodings: active})
	}
}

// remind tells the core of the publisher what is wanted here.
func (f *Fanout) remind(now mono.Time) {
	w := &f.wants
	w.reminded = now
	if w.origin >= 0 {
		f.plane.handovers = append(f.plane.handovers, Handover{
			To: w.origin, From: f.plane.core, Publication: f.id,
			Demand: true, Wanted: w.here, Ladder: f.survey.ladder,
		})
	}
}

// hear learns what another core wants of a publication that is here. One that
// does not know what there is, is told so first.
func (f *Fanout) hear(now mono.Time, h *Handover) {
	switch {
	case f.transport == nil || f.spec.Audio:
		return
	case h.Ladder.Empty() && !f.survey.ladder.Empty():
		f.announce(h.From)
		return
	}
	f.wants.set(h.From, int16(h.Wanted))
	f.tell(now)
}

// announce tells a core what there is: it may be handed over nothing of it.
func (f *Fanout) announce(core int) {
	mask, _ := f.wants.of(core)
	f.plane.handovers = append(f.plane.handovers, Handover{
		To: core, From: f.plane.core, Publication: f.id, Wanted: mask, Ladder: f.survey.ladder,
	})
}

// check looks once a second whether what is wanted has changed by itself, and
// whether the core of the publisher knows: what it was told may be lost.
func (f *Fanout) check(now mono.Time) {
	w := &f.wants
	if f.transport != nil || f.spec.Audio || now.Sub(w.checked) < reportEvery {
		return
	}
	w.checked = now
	f.demand(now)
	if w.here != w.echo || w.here != 0 && now.Sub(w.heard) >= reportEvery {
		f.remind(now)
	}
}

// follow learns about the publication from what its core hands over; a core that
// hands over something else than is wanted here is told again.
func (f *Fanout) follow(now mono.Time, h *Handover) {
	w := &f.wants
	w.origin, w.echo, w.heard = h.From, h.Wanted, now
	if len(h.B) > 0 {
		w.gone &^= 1 << h.Encoding & w.here
	}
	if f.spec.Audio {
		return
	}
	if h.Ladder != nil && h.Ladder != f.survey.ladder {
		f.survey.ladder = h.Ladder
		f.choose(now)
	}
	if w.echo != w.here && now.Sub(w.reminded) >= remindEvery {
		f.demand(now)
		f.remind(now)
	}
	f.check(now)
}
