package codec

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

// Types of AV1 units (AV1 section 6.2.2) with which a frame begins.
const (
	av1Sequence = 1
	av1Header   = 3
	av1Metadata = 5
	av1Frame    = 6
)

// describeAV1 reads the aggregation header (AV1 RTP section 4.4) and the first
// unit headers. The N bit begins a coded video sequence, as long as the packet
// does not continue an earlier unit (Z). The layer is that of the first unit
// with an extension header (AV1 section 5.3.3); a packet in the middle of a unit
// tells none.
func describeAV1(b []byte) packet.Frame {
	f, _ := readAV1(b)
	return f
}

// readAV1 says whether the layer is told, too.
func readAV1(b []byte) (f packet.Frame, layered bool) {
	if len(b) < 2 {
		return f, false
	}
	continues := b[0]&0x80 != 0
	f.Key = b[0]&0x08 != 0 && !continues
	f.Start = f.Key
	count, units := int(b[0]>>4&0x03), b[1:]
	for i := 1; len(units) > 0; i++ {
		unit := units
		if i == count {
			units = nil
		} else if unit, units = unitAV1(units); unit == nil {
			return f, false
		}
		if len(unit) == 0 || i == 1 && continues {
			continue
		}
		if i == 1 {
			kind := unit[0] >> 3 & 0x0f
			f.Start = f.Start || kind == av1Sequence || kind == av1Header || kind == av1Metadata || kind == av1Frame
		}
		if unit[0]&0x04 != 0 && len(unit) > 1 {
			f.Temporal, f.Spatial = unit[1]>>5, unit[1]>>3&0x03
			return f, true
		}
	}
	return f, false
}

// unitAV1 splits off a unit behind its size (leb128, AV1 section 4.10.5); nil if
// it is cut off.
func unitAV1(b []byte) (unit, rest []byte) {
	n, size := leb128(b)
	if size == 0 || n > uint64(len(b)-size) {
		return nil, nil
	}
	return b[size : size+int(n)], b[size+int(n):]
}

// leb128 reads a number of seven bits a byte, the lowest first, and returns how
// long it is; 0 if it is cut off or longer than eight bytes.
func leb128(b []byte) (v uint64, size int) {
	for i := range min(len(b), 8) {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}
