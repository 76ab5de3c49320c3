package bench

// arrival is how a packet came.
type arrival uint8

const (
	newest arrival = iota // after all that came before
	older                 // after one that was sent later
	seen                  // again
)

// arrivals remembers what came of one track at one subscriber, which is the
// newest serials, and counts it.
type arrivals struct {
	next uint32               // the newest serial plus 1
	bits [arrivalsKept]uint64 // whether a serial of the last 2,048 came
	// repairs tells whether it came as a retransmission; nil before the first.
	repairs *[arrivalsKept]uint64

	// Of the window.
	received, bytes uint64
	stretch
}

const arrivalsKept = 32

func (a *arrivals) push(serial uint32) arrival {
	const kept = arrivalsKept * 64
	if serial >= a.next {
		for s := max(a.next, serial-min(serial, kept-1)); s < serial; s++ {
			a.bits[s/64%arrivalsKept] &^= 1 << (s % 64)
		}
		if a.repairs != nil {
			for s := max(a.next, serial-min(serial, kept-1)); s <= serial; s++ {
				a.repairs[s/64%arrivalsKept] &^= 1 << (s % 64)
			}
		}
		a.set(serial)
		a.next = serial + 1
		return newest
	}
	if a.next-serial > kept {
		return older // nobody knows whether it came; it counts as late by its delay
	}
	if a.bits[serial/64%arrivalsKept]>>(serial%64)&1 != 0 {
		return seen
	}
	a.set(serial)
	return older
}

func (a *arrivals) set(serial uint32) { a.bits[serial/64%arrivalsKept] |= 1 << (serial % 64) }

// repair notes that a serial which was just pushed came as a retransmission.
func (a *arrivals) repair(serial uint32) {
	if a.repairs == nil {
		a.repairs = new([arrivalsKept]uint64)
	}
	a.repairs[serial/64%arrivalsKept] |= 1 << (serial % 64)
}

// repaired tells whether a serial that was seen came as a retransmission.
func (a *arrivals) repaired(serial uint32) bool {
	return a.repairs != nil && a.repairs[serial/64%arrivalsKept]>>(serial%64)&1 != 0
}

// stretch is a time in which a subscriber is sent one track without a break, as
// far as it lies in the window. A subscription has several if the server changes
// from one encoding to another and back. The zero value is one that has not
// begun.
type stretch struct {
	early       bool // it began before the window
	begun       bool // a packet of the window came
	first, last uint32
	spanned     uint64 // packets from the first to the last of earlier stretches
}

// note takes in a packet of the track, with its place in the window.
func (s *stretch) note(serial uint32, at place) {
	switch {
	case at == before:
		s.early = true
	case at == after:
	case !s.begun:
		s.begun, s.first, s.last = true, serial, serial
	default:
		s.first, s.last = min(s.first, serial), max(s.last, serial)
	}
}

// finish ends a stretch, so that another one can begin.
func (s *stretch) finish(b *bounds) {
	s.spanned += s.span(b, true, false)
	s.early, s.begun = false, false
}

// span is how many packets the present stretch should have brought: from the
// first to the last that came, or from where the window begins and to where it
// ends.
func (s *stretch) span(b *bounds, fromStart, toEnd bool) uint64 {
	opens, closes := b.serials()
	first, last := s.first, s.last
	switch {
	case fromStart && s.early:
		first = opens
	case !s.begun:
		return 0
	}
	switch {
	case toEnd:
		last = closes - 1
	case !s.begun:
		return 0
	}
	if last+1 <= first {
		return 0
	}
	return uint64(last+1) - uint64(first)
}

// reception is one subscription as it came: what arrived of each encoding of a
// publication. Owned by the network's reader.
type reception struct {
	encodings []*arrivals // by encoding; nil before the first packet
	current   int         // encoding of the newest packet
}

// of returns the arrivals of a track.
func (r *reception) of(t *track) *arrivals {
	if r.encodings[t.encoding] == nil {
		r.encodings[t.encoding] = &arrivals{}
	}
	return r.encodings[t.encoding]
}

// turn notes that the newest packet is one of t.
func (r *reception) turn(t *track) {
	if t.encoding == r.current {
		return
	}
	if a := r.encodings[r.current]; a != nil {
		a.finish(&t.publication.tracks[r.current].bounds)
	}
	r.current = t.encoding
}

// expected is how many packets of the window should have come of each encoding
// to a subscription that was there when the window began, when it ended, both or
// neither. Who was not expects what was sent between the first and the last
// packet that came, and so does a subscription of several encodings between
// those where the server changed.
func (r *reception) expected(p *publication, fromStart, toEnd bool) []uint64 {
	out := make([]uint64, len(p.tracks))
	if r == nil || !r.any() {
		if fromStart && toEnd {
			out[p.largest()] = p.tracks[p.largest()].counted
		}
		return out
	}
	for i, a := range r.encodings {
		switch b := &p.tracks[i].bounds; {
		case len(p.tracks) == 1 && fromStart && toEnd:
			out[i] = p.tracks[i].counted
		case a != nil:
			out[i] = max(a.received, a.spanned+a.span(b, fromStart, toEnd && i == r.current))
		}
	}
	return out
}

// any tells whether anything came in the window.
func (r *reception) any() bool {
	for _, a := range r.encodings {
		if a != nil && a.received > 0 {
			return true
		}
	}
	return false
}
