package codec

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

const (
	recentFrames = 32     // frames remembered, a power of two
	lateStart    = 900000 // ticks by which a structure may be older than the newest: 10 s
)

// Stream follows one received stream of video: what the headers of a packet
// mean may depend on those before it. The zero value is ready. It has a fixed
// size and allocates nothing.
type Stream struct {
	structure Structure
	began     uint32 // timestamp of the structure
	sizes     [maxLayers]size
	recent    [recentFrames]recent // by frame number
	told      layer                // of the last AV1 packet that told its layer
	toldAt    uint32               // its timestamp
	sets      sets
}

// sets follows the parameter sets of H.264 and H.265, without which a decoder
// starts with those of another stream, or not at all.
type sets struct {
	timestamp uint32 // of the newest key frame
	known     bool   // there was one
	had       bool   // it has sets
	usual     bool   // the one before had
}

// recent is a frame that a descriptor described.
type recent struct {
	timestamp uint32
	number    uint16
	temporal  uint8
	known     bool
}

// Packet is what [Stream.Describe] looks at.
type Packet struct {
	Codec     packet.Codec
	Payload   []byte
	Marker    bool
	Timestamp uint32
	// Descriptor is the element of the dependency descriptor, or nil.
	Descriptor []byte
}

// Structure returns the newest structure of the stream's descriptors. It is the
// stream's own.
func (s *Stream) Structure() *Structure { return &s.structure }

// Describe tells what the headers of a packet say: those in the payload, and
// before them a dependency descriptor that can be read. VP8 and VP9 have picture
// ids in the payload, of the others the descriptor tells everything.
func (s *Stream) Describe(p *Packet) (f packet.Frame) {
	if p.Descriptor == nil || p.Codec == packet.VP8 || p.Codec == packet.VP9 {
		f = s.payload(p)
		s.refine(&f, p)
		return f
	}
	if f.End = p.Marker; s.refine(&f, p) {
		return f
	}
	return s.payload(p)
}

// payload is Describe without a descriptor.
func (s *Stream) payload(p *Packet) packet.Frame {
	f := Describe(p.Codec, p.Payload, p.Marker)
	switch p.Codec {
	case packet.VP9:
		if f.Key && f.Start {
			s.sizes = sizesVP9(p.Payload)
		}
		sizeOf(&f, &s.sizes)
	case packet.AV1:
		s.carry(&f, p)
	case packet.H264, packet.H265:
		if f.Key && f.Start {
			f.Start = s.sets.begin(p.Timestamp, hasSets(p.Codec, p.Payload))
		}
	}
	return f
}

// begin tells whether a packet of a key frame is its first: the one that has sets,
// or its first slice where the publisher sends none with it. If the one before had
// them, those of this one may still come.
func (s *sets) begin(timestamp uint32, has bool) bool {
	if age := int32(s.timestamp - timestamp); s.known && age > 0 && age < lateStart {
		return has
	}
	if !s.known || timestamp != s.timestamp {
		*s = sets{timestamp: timestamp, known: true, usual: s.had}
	}
	first := !s.had && (has || !s.usual)
	s.had = s.had || has
	return first
}

// carry gives a packet of AV1 that tells no layer, as those in the middle of a
// frame, that of the packets before it in the same picture.
func (s *Stream) carry(f *packet.Frame, p *Packet) {
	if _, layered := readAV1(p.Payload); layered {
		s.told, s.toldAt = layer{f.Spatial, f.Temporal}, p.Timestamp
	} else if s.toldAt == p.Timestamp {
		f.Spatial, f.Temporal = s.told.spatial, s.told.temporal
	}
}

// refine lets the dependency descriptor speak; false if it cannot be read.
func (s *Stream) refine(f *packet.Frame, p *Packet) bool {
	d, ok := readDescriptor(p.Descriptor)
	if !ok {
		return false
	}
	if d.structured {
		return s.renew(f, &d, p.Timestamp)
	}
	var custom template
	t := d.template(&s.structure, &custom)
	if t == nil {
		return false
	}
	s.fill(f, &d, &s.structure, t, p.Timestamp)
	return true
}

// renew is refine for a descriptor with a structure.
func (s *Stream) renew(f *packet.Frame, d *descriptor, timestamp uint32) bool {
	var next Structure
	if !next.read(&d.rest) {
		return false
	}
	var custom template
	t := d.template(&next, &custom)
	if t == nil {
		return false
	}
	s.fill(f, d, s.adopt(&next, timestamp), t, timestamp)
	return true
}

// adopt makes a structure that has just come the one to go by, unless its packet
// is late: then it describes no more than that.
func (s *Stream) adopt(next *Structure, timestamp uint32) *Structure {
	if age := int32(s.began - timestamp); s.structure.serial != 0 && age > 0 && age < lateStart {
		return next
	}
	next.serial = max(1, s.structure.serial+1)
	s.structure, s.began = *next, timestamp
	return &s.structure
}

// fill writes what the descriptor says over what the payload said.
func (s *Stream) fill(f *packet.Frame, d *descriptor, structure *Structure, t *template, timestamp uint32) {
	f.Described, f.Number = true, d.number
	f.Start, f.End = d.start, d.end || f.End
	structure.describe(f, t)
	s.lean(f, t, timestamp)
	f.Key = t.references == 0 && t.spatial == 0 && (d.structured || !d.start)
	if structure.sized {
		f.Width, f.Height = 0, 0
		sizeOf(f, &structure.sizes)
	}
	s.recent[d.number%recentFrames] = recent{timestamp: timestamp, number: d.number, temporal: t.temporal, known: true}
}

// lean tells from the frames that a frame needs whether a receiver of lower
// layers can enter it. A frame of the same picture is at most as many numbers
// away as there are spatial layers below. Of one that did not come the worst is
// assumed.
func (s *Stream) lean(f *packet.Frame, t *template, timestamp uint32) {
	f.Enter, f.InterLayer = true, false
	lower := t.temporal > 0
	for _, d := range t.distances[:t.references] {
		r := &s.recent[(f.Number-d)%recentFrames]
		known := r.known && r.number == f.Number-d
		if known && r.timestamp == timestamp {
			f.InterLayer = true
			continue
		}
		f.Enter = false
		f.InterLayer = f.InterLayer || !known && d <= uint16(t.spatial)
		lower = lower && known && r.temporal < t.temporal
	}
	f.SwitchUp = f.SwitchUp || lower
}
