// Package layer decides which packets of a publication reach a subscriber: of
// which encoding (RFC 8853), and of which spatial and temporal layers in it
// (RFC 9628, AV1 RTP).
package layer

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

const (
	// None is the encoding of a [Selector] that sends nothing.
	None = -1
	// Highest is a spatial or temporal layer above all others.
	Highest = 255
	// absence is after how many pictures without the spatial layer that is sent
	// that layer has ended.
	absence = 8
	// patience is how many frames of a wanted temporal layer may pass without a
	// place to enter it, before a key frame is asked for.
	patience = 120
	// restart is how far, in RTP ticks, timestamps go back when the publisher
	// has begun anew, and not a packet come late: 10 s of 90 kHz.
	restart = 900_000
)

// Target is what a subscriber should be sent. The zero value is the lowest
// layers of encoding 0.
type Target struct {
	Encoding int8  // index among those of the publication, or None
	Spatial  uint8 // highest layer in it
	Temporal uint8
	// Down says that it is less than what is sent now. Then it is urgent, and
	// what cannot stop before the next key frame goes on with its lowest
	// temporal layer.
	Down bool
}

// Packet is what a [Selector] has to know of one.
type Packet struct {
	Encoding  int8
	Marker    bool
	Timestamp uint32
	Frame     *packet.Frame // only read
}

// Verdict says what to do with a packet: a set of the following.
type Verdict uint8

// Of Send and Leave, at most one is set. None of them means that the packet is of
// another encoding than the one that is sent.
const (
	Send  Verdict = 1 << iota // send it
	Leave                     // leave it out, so that the numbers close up
	Turn                      // with Send: it is the first one of another encoding
	Mark                      // with Send: it is the last one of its picture
	Ask                       // the target waits for a key frame of its encoding
	Hurry                     // with Ask: sooner than such requests usually are sent
)

// Selector chooses among the packets of a publication for one subscriber. Other
// encodings are entered at the start of a key frame, what was sent before goes on
// until then. Spatial layers end at the next picture and begin where nothing of
// them is missing; temporal layers end at the next picture and begin where the
// publisher says so.
//
// A layer is left out too while the layer above does without it, as in L3T3_KEY;
// then going down to it takes a key frame. Use [New]; copies are independent. One
// goroutine at a time.
type Selector struct {
	marks    Marks
	picture  uint32 // timestamp of the newest
	target   Target
	encoding int8
	temporal uint8 // highest sent
	previous uint8 // the same, before marks.since
	top      uint8 // highest spatial layer sent since the key frame
	intact   uint8 // a bit for each spatial layer of which nothing is missing
	absent   uint8 // pictures since one had the top layer
	passed   uint8 // frames of the next temporal layer since it is wanted
	missed   uint8 // lowest spatial layer missing in the newest picture
	thinned  bool  // something of the newest picture was of too high a temporal layer
	marked   bool  // the last packet of the newest picture was sent
	settled  bool  // what is sent is the target
}

// New returns a selector that sends nothing until a key frame of the target.
func New(t Target) Selector { return Selector{target: t, encoding: None} }

// Aim changes what should be sent.
func (s *Selector) Aim(t Target) { s.target, s.passed, s.settled = t, 0, false }

// Target returns what should be sent.
func (s *Selector) Target() Target { return s.target }

// Stop makes the selector wait for a key frame, as after a pause.
func (s *Selector) Stop() { s.encoding = None }

// Encoding returns which encoding is sent, or None.
func (s *Selector) Encoding() int8 { return s.encoding }

// Layer returns the highest layers that are sent, the temporal one among those
// that there may be.
func (s *Selector) Layer() (spatial, temporal uint8) { return min(s.marks.now, s.top), s.temporal }

// Marks returns which packets were the last ones of their pictures.
func (s *Selector) Marks() Marks { return s.marks }

// Select decides about the next packet, in the order in which they arrived.
func (s *Selector) Select(p Packet) Verdict {
	if p.Encoding != s.encoding {
		return s.other(p)
	}
	f := p.Frame
	if d := int32(p.Timestamp - s.picture); d > 0 || d < -restart {
		s.begin(p.Timestamp)
	}
	if p.Timestamp == s.picture && (f.Key || !s.settled) {
		s.enter(f)
	}
	spatial, temporal := s.marks.at(p.Timestamp), s.temporal
	if s.marks.before(p.Timestamp) {
		temporal = s.previous
	}
	if f.Spatial >= s.top {
		s.absent = 0
	}
	v := Verdict(0)
	if !s.settled || s.absent >= absence {
		v = s.lack()
	}
	switch {
	case f.Temporal > temporal:
		return v | s.thin(p)
	case f.Spatial > spatial:
		return v | s.omit(p)
	case f.NotUpper && f.Spatial < min(spatial, s.top) && !f.Key:
		s.lose(f)
		return v | Leave
	}
	s.top = max(s.top, f.Spatial)
	v |= Send
	if p.Marker || f.End && f.Spatial == spatial {
		v |= Mark
		s.marked = s.marked || p.Timestamp == s.picture
	}
	return v
}

// other handles a packet of an encoding that is not sent yet.
func (s *Selector) other(p Packet) Verdict {
	f := p.Frame
	switch {
	case p.Encoding != s.target.Encoding:
		return 0
	case !f.Key || !f.Start || f.Spatial > 0:
		if s.target.Down {
			return Ask | Hurry
		}
		return Ask
	}
	t := s.target
	*s = Selector{target: t, encoding: t.Encoding, temporal: t.Temporal, previous: t.Temporal,
		picture: p.Timestamp, intact: 0xff, missed: Highest, marks: Marks{since: p.Timestamp, now: t.Spatial, old: t.Spatial}}
	v := Send | Turn
	if p.Marker || f.End && t.Spatial == 0 {
		s.marked = true
		v |= Mark
	}
	return v
}

// begin starts a picture: the one place where layers end.
func (s *Selector) begin(timestamp uint32) {
	s.picture, s.missed, s.thinned, s.marked = timestamp, Highest, false, false
	s.absent = min(s.absent+1, absence)
	spatial := s.marks.now
	lowest := false
	switch t := s.target; {
	case t.Encoding != s.encoding:
		lowest = t.Down
	case t.Spatial == spatial:
	case s.whole(min(t.Spatial, spatial), t.Spatial):
		spatial = t.Spatial
	default:
		lowest = t.Spatial < spatial
	}
	temporal := min(s.temporal, s.wish(lowest))
	if spatial != s.marks.now || temporal != s.temporal {
		s.change(spatial, temporal)
	}
	t := s.target
	s.settled = t.Encoding == s.encoding && t.Spatial == spatial && t.Temporal == temporal
}

// wish returns the highest temporal layer that may be sent.
func (s *Selector) wish(lowest bool) uint8 {
	switch {
	case lowest:
		return 0
	case s.target.Encoding == s.encoding:
		return s.target.Temporal
	}
	return s.temporal
}

// whole tells whether the spatial layers from low to high can be decoded from
// what was sent.
func (s *Selector) whole(low, high uint8) bool {
	for i := low; i <= min(high, 7); i++ {
		if s.intact>>i&1 == 0 {
			return false
		}
	}
	return true
}

// change sends other layers from the newest picture on.
func (s *Selector) change(spatial, temporal uint8) {
	if s.marks.since != s.picture {
		s.marks.since, s.marks.old, s.previous = s.picture, s.marks.now, s.temporal
	}
	s.marks.now, s.temporal = spatial, temporal
}

// enter begins layers with a frame of the newest picture, if all of the picture
// that they need has come or may still come.
func (s *Selector) enter(f *packet.Frame) {
	if s.target.Encoding != s.encoding {
		return
	}
	if f.Key {
		s.refresh()
		return
	}
	spatial, temporal := s.marks.now, s.temporal
	if f.Enter && f.Spatial > spatial && f.Spatial == spatial+1 && f.Spatial <= s.target.Spatial && f.Spatial < s.missed && !s.marked {
		spatial = f.Spatial
		s.intact |= 1 << (f.Spatial & 7)
	}
	if f.SwitchUp && f.Temporal > temporal && f.Temporal == temporal+1 && f.Temporal <= s.target.Temporal && !s.thinned &&
		s.target.Spatial >= spatial {
		temporal = f.Temporal
		s.passed = 0
	}
	if spatial != s.marks.now || temporal != s.temporal {
		s.change(spatial, temporal)
	}
}

// refresh begins all layers of the target with a key frame.
func (s *Selector) refresh() {
	t := s.target
	spatial := t.Spatial
	s.intact, s.top, s.absent, s.passed = 0xff, 0, 0, 0
	if s.missed != Highest { // a part of that layer was left out
		spatial = min(spatial, s.missed-1)
		s.intact = 1<<s.missed - 1
	}
	if s.marked {
		spatial = min(spatial, s.marks.now)
	}
	if spatial != s.marks.now || t.Temporal != s.temporal {
		s.change(spatial, t.Temporal)
	}
}

// lack tells whether what is sent can only become what is wanted by a key frame.
func (s *Selector) lack() Verdict {
	t := s.target
	switch {
	case t.Encoding != s.encoding:
		return 0 // packets of the other encoding will tell
	case t.Spatial < s.marks.now && !s.whole(t.Spatial, t.Spatial),
		s.absent >= absence && s.top > 0 && !s.whole(0, s.top):
		return Ask | Hurry
	case s.passed >= patience:
		return Ask
	}
	return 0
}

// thin leaves out a packet of too high a temporal layer.
func (s *Selector) thin(p Packet) Verdict {
	if p.Timestamp == s.picture {
		s.thinned = true
	}
	if p.Frame.End && p.Frame.Temporal <= s.target.Temporal && s.target.Encoding == s.encoding {
		s.passed = min(s.passed+1, patience)
	}
	return Leave
}

// omit leaves out a packet of too high a spatial layer.
func (s *Selector) omit(p Packet) Verdict {
	f := p.Frame
	if p.Timestamp == s.picture {
		s.missed = min(s.missed, f.Spatial)
	}
	s.lose(f)
	if f.Spatial <= s.target.Spatial && s.target.Encoding == s.encoding {
		return Leave | Ask
	}
	return Leave
}

// lose notes that a frame is missing in its layer.
func (s *Selector) lose(f *packet.Frame) {
	if !f.Discardable {
		s.intact &^= 1 << (f.Spatial & 7)
	}
}

// Marks tells which packets of an encoding were sent as the last ones of their
// pictures, for those that are sent again.
type Marks struct {
	since    uint32 // timestamp of the first picture of which now is true
	now, old uint8  // highest spatial layer
}

// Spatial returns the highest spatial layer that is sent.
func (m Marks) Spatial() uint8 { return m.now }

// Ends tells whether a packet is the last of its picture that is sent.
func (m Marks) Ends(p Packet) bool {
	return p.Marker || p.Frame.End && p.Frame.Spatial == m.at(p.Timestamp)
}

func (m Marks) before(timestamp uint32) bool {
	d := int32(timestamp - m.since)
	return d < 0 && d >= -restart
}

func (m Marks) at(timestamp uint32) uint8 {
	if m.before(timestamp) {
		return m.old
	}
	return m.now
}
