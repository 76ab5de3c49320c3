package codec

import "encoding/binary"

// Types of H.264 packets and units (RFC 6184 section 5.2) that matter here.
const (
	h264IDR   = 5
	h264SPS   = 7
	h264STAPA = 24
	h264FUA   = 28
)

// startsH264 tells whether a packet begins an IDR picture or its parameter
// sets.
func startsH264(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch kind := b[0] & 0x1f; kind {
	case h264SPS, h264IDR:
		return kind == h264SPS || firstSlice(b[1])
	case h264STAPA:
		return anyUnit(b[1:], func(u []byte) bool {
			k := u[0] & 0x1f
			return k == h264SPS || k == h264IDR
		})
	case h264FUA:
		k := b[1] & 0x1f
		return b[1]&0x80 != 0 && (k == h264SPS || k == h264IDR && len(b) > 2 && firstSlice(b[2]))
	}
	return false
}

// firstSlice tells whether first_mb_in_slice, an unsigned Exp-Golomb number at
// the start of a slice header, is zero.
func firstSlice(b byte) bool { return b&0x80 != 0 }

// anyUnit calls f with the units of an aggregation packet, each behind a size
// of two bytes, until it says true. Empty units are passed over.
func anyUnit(b []byte, f func(unit []byte) bool) bool {
	for len(b) > 2 {
		n := int(binary.BigEndian.Uint16(b))
		b = b[2:]
		if n > len(b) {
			return false
		}
		if n > 0 && f(b[:n]) {
			return true
		}
		b = b[n:]
	}
	return false
}

// Types of H.265 units (RFC 7798 section 4.4).
const (
	h265BLA = 16 // 16 to 21 are random access pictures
	h265CRA = 21
	h265VPS = 32
	h265SPS = 33
	h265AP  = 48
	h265FU  = 49
)

// startsH265 tells whether a packet begins a random access picture or its
// parameter sets.
func startsH265(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	starts := func(k byte) bool { return k == h265VPS || k == h265SPS || k >= h265BLA && k <= h265CRA }
	switch kind := b[0] >> 1 & 0x3f; kind {
	case h265AP:
		return anyUnit(b[2:], func(u []byte) bool { return starts(u[0] >> 1 & 0x3f) })
	case h265FU:
		return b[2]&0x80 != 0 && starts(b[2]&0x3f)
	default:
		return starts(kind) && (kind >= h265VPS || b[2]&0x80 != 0)
	}
}
