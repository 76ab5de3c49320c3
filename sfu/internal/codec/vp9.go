package codec

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Flags of the first byte of a VP9 payload descriptor (RFC 9628 section 4.2).
const (
	vp9I = 0x80 >> iota // picture id
	vp9P                // predicted from earlier pictures
	vp9L                // layer indices
	vp9F                // flexible mode
	vp9B                // a layer frame begins
	vp9E                // a layer frame ends
	vp9V                // scalability structure
	vp9Z                // not needed by higher spatial layers
)

// mostReferencesVP9 is how many earlier pictures a frame in flexible mode may
// name.
const mostReferencesVP9 = 3

// describeVP9 reads the payload descriptor of RFC 9628 section 4.2. A key frame
// is one that is not predicted from earlier pictures, in the lowest spatial
// layer: where a decoder starts. Bit Z speaks of higher spatial layers alone, so
// that nothing is known to be discardable.
func describeVP9(b []byte) packet.Frame {
	f, _ := readVP9(b)
	return f
}

// readVP9 returns where the scalability structure is as well, which is behind
// everything else; 0 if the descriptor is cut off before.
func readVP9(b []byte) (f packet.Frame, structure int) {
	if len(b) < 1 {
		return f, 0
	}
	flags, at := b[0], 1
	f.Start, f.End = flags&vp9B != 0, flags&vp9E != 0
	f.NotUpper = flags&vp9Z != 0
	if flags&vp9I != 0 {
		n := pictureVP9(&f, b[at:])
		if n == 0 {
			return packet.Frame{}, 0
		}
		at += n
	}
	if flags&vp9L != 0 {
		if len(b) < at+1 {
			return packet.Frame{}, 0
		}
		f.Temporal, f.SwitchUp, f.Spatial = b[at]>>5, b[at]&0x10 != 0, b[at]>>1&0x07
		f.InterLayer = b[at]&0x01 != 0 && f.Spatial > 0
		at++
		if flags&vp9F == 0 { // TL0PICIDX in non-flexible mode
			if len(b) < at+1 {
				return packet.Frame{}, 0
			}
			f.HasTL0, f.TL0 = true, b[at]
			at++
		}
	}
	if flags&(vp9P|vp9F) == vp9P|vp9F {
		n := referencesVP9(b[at:])
		if n == 0 {
			return packet.Frame{}, 0
		}
		at += n
	}
	f.Enter = flags&vp9P == 0
	f.Key = f.Enter && f.Spatial == 0
	return f, at
}

// pictureVP9 reads the picture id and returns its size; 0 if it is cut off.
func pictureVP9(f *packet.Frame, b []byte) int {
	switch {
	case len(b) > 0 && b[0]&0x80 == 0:
		f.PictureIDBits, f.PictureID = 7, uint16(b[0])
		return 1
	case len(b) > 1:
		f.PictureIDBits, f.PictureID = 15, binary.BigEndian.Uint16(b)&0x7fff
		return 2
	}
	return 0
}

// referencesVP9 passes over the distances to the pictures that a frame needs,
// each with a bit that says whether another follows, and returns their size; 0
// if they are cut off or too many.
func referencesVP9(b []byte) int {
	for i := range min(len(b), mostReferencesVP9) {
		if b[i]&0x01 == 0 {
			return i + 1
		}
	}
	return 0
}

// sizesVP9 returns the sizes of the spatial layers that the scalability
// structure of a payload tells (RFC 9628 section 4.2.1); zeros without any.
func sizesVP9(b []byte) (sizes [maxLayers]size) {
	_, at := readVP9(b)
	if at == 0 || b[0]&vp9V == 0 || at >= len(b) || b[at]&0x10 == 0 {
		return sizes
	}
	layers := int(b[at]>>5) + 1
	b = b[at+1:]
	if len(b) < 4*layers {
		return sizes
	}
	for i := range layers {
		sizes[i] = size{binary.BigEndian.Uint16(b[4*i:]), binary.BigEndian.Uint16(b[4*i+2:])}
	}
	return sizes
}

// RewriteVP9 copies the beginning of the descriptor of a VP9 payload to dst,
// with another picture id and TL0PICIDX in the width that they have, and returns
// its size, which is at most [RewrittenVP9]; the rest of the payload goes on
// behind it. f is what [Describe] said of the payload.
func RewriteVP9(dst, payload []byte, f *packet.Frame, pictureID uint16, tl0 uint8) int {
	at := 1
	switch f.PictureIDBits {
	case 7:
		dst[at] = byte(pictureID & 0x7f)
		at++
	case 15:
		binary.BigEndian.PutUint16(dst[at:], 0x8000|pictureID)
		at += 2
	}
	if f.HasTL0 {
		dst[at], dst[at+1] = payload[at], tl0
		at += 2
	}
	dst[0] = payload[0]
	return at
}

// RewrittenVP9 is the most that [RewriteVP9] writes, in bytes.
const RewrittenVP9 = 5
