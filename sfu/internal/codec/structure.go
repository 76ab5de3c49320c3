package codec

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

// Bounds of what a structure may say. AV1 has 64 template ids, 32 decode targets
// and 7 references to a frame; 8 layers of each kind are more than any codec has.
const (
	maxTemplates  = 64
	maxTargets    = 32
	maxReferences = 8
	maxLayers     = 8
)

// Structure is how the frames of a stream lean on each other: the template
// dependency structure of AV1 RTP, appendix A.8.3, which comes with key frames.
// A decode target is what some receiver decodes: all up to a spatial and a
// temporal layer. The zero value knows none. It has a fixed size.
type Structure struct {
	serial    uint8 // of packet.Frame.Structure: 1 to 255, 0 before the first
	offset    uint8 // template id of the first template
	count     uint8 // templates
	targets   uint8
	sized     bool
	spatial   uint8 // highest spatial layer
	layers    [maxTargets]layer
	upper     [maxLayers]uint64 // indications of the targets above a spatial layer
	sizes     [maxLayers]size
	templates [maxTemplates]template
}

// layer is a pair of spatial and temporal layer.
type layer struct{ spatial, temporal uint8 }

// size is in pixels.
type size struct{ width, height uint16 }

// template is what frames have in common.
type template struct {
	layer
	own        uint8 // decode target of just these layers; maxTargets if there is none
	references uint8
	distances  [maxReferences]uint16 // to the frames that are needed, in frame numbers
	// indications has two bits for each target, the first one lowest.
	indications uint64
}

// Decode target indications (appendix A.4). Whether anything needs the frame is
// in the high bit.
const (
	indicationSwitch = 2
	neededBits       = 0xaaaa_aaaa_aaaa_aaaa
)

// Mask returns the active_decode_targets_bitmask of a receiver that gets all up
// to a spatial and a temporal layer, and how many bits of it there are: bit i is
// target i. Without a structure there are none.
func (s *Structure) Mask(spatial, temporal uint8) (mask uint32, targets int) {
	for i, l := range s.layers[:s.targets] {
		if l.spatial <= spatial && l.temporal <= temporal {
			mask |= 1 << i
		}
	}
	return mask, int(s.targets)
}

// Serial tells structures of a stream apart: frames are described by the one
// with the serial in their [packet.Frame.Structure].
func (s *Structure) Serial() uint8 { return s.serial }

// Learn takes over the structure in a dependency descriptor, if it has a
// readable one. Frames that it describes have the serial.
func (s *Structure) Learn(element []byte, serial uint8) {
	d, ok := readDescriptor(element)
	if !ok || !d.structured {
		return
	}
	var next Structure
	if !next.read(&d.rest) {
		return
	}
	*s = next
	s.serial = serial
}

// read reads the structure; false means that it is cut off or has more than the
// bounds allow. It must be the zero value.
func (s *Structure) read(r *bitReader) bool {
	s.offset = uint8(r.bits(6))
	s.targets = uint8(r.bits(5)) + 1
	if !s.readLayers(r) {
		return false
	}
	for i := range s.count {
		for target := range s.targets {
			s.templates[i].indications |= uint64(r.bits(2)) << (2 * target)
		}
	}
	for i := range s.count {
		if !s.templates[i].readDistances(r) {
			return false
		}
	}
	s.passChains(r)
	if s.sized = r.flag(); s.sized {
		for i := range s.spatial + 1 {
			s.sizes[i] = size{uint16(r.bits(16) + 1), uint16(r.bits(16) + 1)}
		}
	}
	s.settle()
	return !r.short
}

// readLayers reads to which layers the templates belong: each is in the layers
// of the one before it, one temporal layer higher, or the lowest of the next
// spatial layer.
func (s *Structure) readLayers(r *bitReader) bool {
	var at layer
	for {
		if s.count == maxTemplates || at.spatial == maxLayers || at.temporal == maxLayers {
			return false
		}
		s.templates[s.count].layer = at
		s.count++
		switch r.bits(2) {
		case 1:
			at.temporal++
		case 2:
			at = layer{spatial: at.spatial + 1}
		case 3:
			s.spatial = at.spatial
			return !r.short
		}
		if r.short {
			return false
		}
	}
}

func (t *template) readDistances(r *bitReader) bool {
	for r.flag() {
		if t.references == maxReferences {
			return false
		}
		t.distances[t.references] = uint16(r.bits(4)) + 1
		t.references++
	}
	return !r.short
}

// passChains passes over the chains: what is lost of them is asked for anyway.
func (s *Structure) passChains(r *bitReader) {
	chains := r.below(uint32(s.targets) + 1)
	if chains == 0 {
		return
	}
	for range s.targets {
		r.below(chains)
	}
	for range uint32(s.count) * chains {
		r.bits(4)
	}
}

// settle works out the layers of the decode targets: the highest of the frames
// that belong to them (decode_target_layers).
func (s *Structure) settle() {
	for target := range s.targets {
		l := &s.layers[target]
		for i := range s.count {
			if t := &s.templates[i]; t.indications>>(2*target)&3 != 0 {
				l.spatial = max(l.spatial, t.spatial)
				l.temporal = max(l.temporal, t.temporal)
			}
		}
		for below := range l.spatial {
			s.upper[below] |= 3 << (2 * target)
		}
	}
	for i := range s.count {
		t := &s.templates[i]
		t.own = maxTargets
		for target := range s.targets {
			if s.layers[target] == t.layer {
				t.own = target
				break
			}
		}
	}
}

// template returns the one with an id, or nil.
func (s *Structure) template(id uint8) *template {
	if i := (id - s.offset) % maxTemplates; i < s.count {
		return &s.templates[i]
	}
	return nil
}

// describe fills what the template of a frame and its structure tell by
// themselves.
func (s *Structure) describe(f *packet.Frame, t *template) {
	f.Structure = s.serial
	f.Spatial, f.Temporal = t.spatial, t.temporal
	f.Discardable = t.indications != 0 && t.indications&neededBits == 0
	f.NotUpper = t.indications&s.upper[t.spatial]&neededBits == 0
	f.SwitchUp = t.own < s.targets && t.indications>>(2*t.own)&3 == indicationSwitch
}
