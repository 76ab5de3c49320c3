package codec

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// describeH264 tells where a decoder can start, and whether other pictures need
// this one. Without a dependency descriptor no layers are told.
func describeH264(b []byte) packet.Frame {
	starts := startsH264(b)
	return packet.Frame{Key: starts, Start: starts, Discardable: len(b) > 0 && spareH264(b)}
}

// spareH264 tells whether a packet has slices, and none that another picture
// needs: nal_ref_idc is zero (RFC 6184 section 5.3).
func spareH264(b []byte) bool {
	switch kind := b[0] & 0x1f; kind {
	case h264STAPA:
		slices := false
		return !anyUnit(b[1:], func(u []byte) bool {
			slice := isSliceH264(u[0])
			slices = slices || slice
			return slice && u[0]&0x60 != 0
		}) && slices
	case h264FUA:
		return len(b) > 1 && isSliceH264(b[1]) && b[0]&0x60 == 0
	}
	return isSliceH264(b[0]) && b[0]&0x60 == 0
}

func isSliceH264(header byte) bool {
	kind := header & 0x1f
	return kind >= h264Slice && kind < h264IDR
}

// Types of H.264 packets and units (RFC 6184 section 5.2) that matter here.
const (
	h264Slice = 1 // 1 to 5 are slices
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
	switch b[0] & 0x1f {
	case h264STAPA:
		return anyUnit(b[1:], func(u []byte) bool { return entersH264(u[0], u[1:]) })
	case h264FUA: // of two headers, the second has the start bit and the type
		return b[1]&0x80 != 0 && entersH264(b[1], b[2:])
	}
	return entersH264(b[0], b[1:])
}

// entersH264 tells whether a unit is a sequence parameter set or the first
// slice of an IDR picture. A slice is the first if first_mb_in_slice, an
// unsigned Exp-Golomb number before everything else, is zero.
func entersH264(header byte, rest []byte) bool {
	kind := header & 0x1f
	return kind == h264SPS || kind == h264IDR && len(rest) > 0 && rest[0]&0x80 != 0
}

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
	h265TSA  = 2 // 2 to 5 are pictures at which a temporal layer may be entered
	h265STSA = 5
	h265BLA  = 16 // 16 to 21 are random access pictures
	h265CRA  = 21
	h265VPS  = 32
	h265SPS  = 33
	h265AP   = 48
	h265FU   = 49
)

// describeH265 tells where a decoder can start, and the temporal layer: that of
// the first unit (TID, RFC 7798 section 1.1.4).
func describeH265(b []byte) packet.Frame {
	var f packet.Frame
	if len(b) < 3 {
		return f
	}
	f.Key = startsH265(b)
	f.Start = f.Key
	if tid := b[1] & 0x07; tid > 0 {
		f.Temporal = tid - 1
	}
	kind := b[0] >> 1 & 0x3f
	switch {
	case kind == h265FU:
		kind = b[2] & 0x3f
	case kind == h265AP && len(b) > 4:
		kind = b[4] >> 1 & 0x3f
	}
	f.SwitchUp = kind >= h265TSA && kind <= h265STSA
	return f
}

// startsH265 tells whether a packet begins a random access picture or its
// parameter sets.
func startsH265(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch kind := b[0] >> 1 & 0x3f; kind {
	case h265AP:
		return anyUnit(b[2:], func(u []byte) bool {
			return len(u) > 1 && entersH265(u[0]>>1&0x3f, u[2:])
		})
	case h265FU: // the third byte has the start bit and the type
		return b[2]&0x80 != 0 && entersH265(b[2]&0x3f, b[3:])
	default:
		return entersH265(kind, b[2:])
	}
}

// entersH265 tells whether a unit is a parameter set or the first slice of a
// random access picture: the first bit is first_slice_segment_in_pic_flag.
func entersH265(kind byte, rest []byte) bool {
	if kind == h265VPS || kind == h265SPS {
		return true
	}
	return kind >= h265BLA && kind <= h265CRA && len(rest) > 0 && rest[0]&0x80 != 0
}

// hasSets tells whether a packet brings a sequence or video parameter set.
func hasSets(codec packet.Codec, b []byte) bool {
	if codec == packet.H264 {
		return len(b) > 1 && setsH264(b)
	}
	return len(b) > 2 && setsH265(b)
}

func setsH264(b []byte) bool {
	switch b[0] & 0x1f {
	case h264STAPA:
		return anyUnit(b[1:], func(u []byte) bool { return u[0]&0x1f == h264SPS })
	case h264FUA:
		return b[1]&0x1f == h264SPS
	}
	return b[0]&0x1f == h264SPS
}

func setsH265(b []byte) bool {
	is := func(kind byte) bool { return kind == h265VPS || kind == h265SPS }
	switch kind := b[0] >> 1 & 0x3f; kind {
	case h265AP:
		return anyUnit(b[2:], func(u []byte) bool { return is(u[0] >> 1 & 0x3f) })
	case h265FU:
		return is(b[2] & 0x3f)
	default:
		return is(kind)
	}
}
