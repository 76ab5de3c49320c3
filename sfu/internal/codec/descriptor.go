package codec

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// descriptor is a dependency descriptor (AV1 RTP, appendix A.8) as far as it can
// be read without the structure: the flags say what is in rest, in this order.
type descriptor struct {
	start, end     bool
	templateID     uint8
	number         uint16
	structured     bool // the structure
	active         bool // active_decode_targets_bitmask
	customTargets  bool // decode target indications of the frame
	customDistance bool // frame_diffs of the frame
	rest           bitReader
}

// mandatory is the size of what every descriptor has, in bytes; a longer one has
// the flags.
const mandatory = 3

func readDescriptor(b []byte) (d descriptor, ok bool) {
	if len(b) < mandatory {
		return d, false
	}
	d.start, d.end, d.templateID = b[0]&0x80 != 0, b[0]&0x40 != 0, b[0]&0x3f
	d.number = binary.BigEndian.Uint16(b[1:])
	if len(b) > mandatory {
		flags := b[mandatory]
		d.structured, d.active = flags&0x80 != 0, flags&0x40 != 0
		d.customTargets, d.customDistance = flags&0x20 != 0, flags&0x10 != 0
		// Custom chains come last and are not needed.
		d.rest = bitReader{b: b, at: 8*mandatory + 5}
	}
	return d, true
}

// template returns the template of the frame, or custom with what the frame has
// in its place; nil if the structure does not have it or it is cut off.
func (d *descriptor) template(s *Structure, custom *template) *template {
	t := s.template(d.templateID)
	if t == nil || !d.active && !d.customTargets && !d.customDistance {
		return t
	}
	*custom = *t
	if !d.customize(custom, s.targets) {
		return nil
	}
	return custom
}

// customize reads what the frame has in place of its template's.
func (d *descriptor) customize(t *template, targets uint8) bool {
	r := &d.rest
	if d.active {
		r.bits(int(targets))
	}
	if d.customTargets {
		t.indications = 0
		for i := range targets {
			t.indications |= uint64(r.bits(2)) << (2 * i)
		}
	}
	if d.customDistance {
		t.references = 0
		for n := r.bits(2); n != 0; n = r.bits(2) {
			if t.references == maxReferences {
				return false
			}
			t.distances[t.references] = uint16(r.bits(4*int(n))) + 1
			t.references++
		}
	}
	return !r.short
}

// AppendDescriptor appends a dependency descriptor with another frame number.
// If targets is not 0 it is how many decode targets the structure has, and the
// descriptor says which of them go on: those in active, unless the descriptor
// itself leaves more out. What is behind the end of a descriptor that is cut off
// counts as zero.
func AppendDescriptor(dst, element []byte, number uint16, active uint32, targets int) []byte {
	d, ok := readDescriptor(element)
	if !ok {
		return dst
	}
	from := len(dst)
	if targets == 0 {
		dst = append(dst, element...)
		binary.BigEndian.PutUint16(dst[from+1:], number)
		return dst
	}
	if d.structured {
		var s Structure
		if !s.read(&d.rest) || int(s.targets) != targets {
			return AppendDescriptor(dst, element, number, 0, 0)
		}
	}
	w := bitWriter{b: dst}
	r := bitReader{b: element}
	before := 8*mandatory + 5
	if len(element) > mandatory {
		before = d.rest.at
	}
	copyBits(&w, &r, min(before, 8*len(element)))
	if len(element) == mandatory {
		w.bits(0, 5)
	}
	if d.active {
		active &= r.bits(targets)
	}
	w.bits(active, targets)
	copyBits(&w, &r, 8*len(element)-r.at)
	dst = w.b
	binary.BigEndian.PutUint16(dst[from+1:], number)
	dst[from+mandatory] |= 0x40
	return dst
}

func copyBits(w *bitWriter, r *bitReader, n int) {
	for ; n > 0; n -= 8 {
		k := min(n, 8)
		w.bits(r.bits(k), k)
	}
}

// sizeOf notes the size of a layer where a decoder can enter it.
func sizeOf(f *packet.Frame, sizes *[maxLayers]size) {
	if f.Enter && f.Start && f.Spatial < maxLayers {
		f.Width, f.Height = sizes[f.Spatial].width, sizes[f.Spatial].height
	}
}
