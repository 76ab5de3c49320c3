package codec

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// describeVP8 reads the payload descriptor of RFC 7741 section 4.2 and the
// first bytes of the payload header of section 4.3.
func describeVP8(b []byte) packet.Frame {
	var f packet.Frame
	if len(b) < 2 {
		return f
	}
	f.Start = b[0]&0x10 != 0 && b[0]&0x07 == 0
	f.Discardable = b[0]&0x20 != 0
	at := 1
	if b[0]&0x80 != 0 {
		n, ok := extendedVP8(&f, b)
		if !ok {
			return packet.Frame{}
		}
		at = n
	}
	f.DescriptorSize = uint8(at)
	if len(b) <= at {
		return f
	}
	f.Key = f.Start && b[at]&0x01 == 0
	if h := b[at:]; f.Key && len(h) >= 10 && h[3] == 0x9d && h[4] == 0x01 && h[5] == 0x2a {
		f.Width = binary.LittleEndian.Uint16(h[6:]) & 0x3fff
		f.Height = binary.LittleEndian.Uint16(h[8:]) & 0x3fff
	}
	return f
}

// extendedVP8 reads the optional part and returns the size of the descriptor.
func extendedVP8(f *packet.Frame, b []byte) (size int, ok bool) {
	flags, at := b[1], 2
	if flags&0x80 != 0 {
		if len(b) < at+1 {
			return 0, false
		}
		f.PictureIDBits, f.PictureID = 7, uint16(b[at]&0x7f)
		if b[at]&0x80 != 0 {
			if len(b) < at+2 {
				return 0, false
			}
			f.PictureIDBits, f.PictureID = 15, binary.BigEndian.Uint16(b[at:])&0x7fff
			at++
		}
		at++
	}
	if flags&0x40 != 0 {
		if len(b) < at+1 {
			return 0, false
		}
		f.HasTL0, f.TL0 = true, b[at]
		at++
	}
	if flags&0x30 != 0 {
		if len(b) < at+1 {
			return 0, false
		}
		if flags&0x20 != 0 {
			f.Temporal = b[at] >> 6
			f.SwitchUp = b[at]&0x20 != 0
		}
		at++
	}
	return at, true
}

// RewriteVP8 copies the descriptor of a VP8 payload to dst, with another
// picture id and TL0PICIDX in the width that they have, and returns its size.
// dst must have room for f.DescriptorSize bytes; f is what [Describe] said of
// the payload.
func RewriteVP8(dst, payload []byte, f *packet.Frame, pictureID uint16, tl0 uint8) int {
	n := copy(dst, payload[:f.DescriptorSize])
	at := 2
	switch f.PictureIDBits {
	case 7:
		dst[at] = byte(pictureID & 0x7f)
		at++
	case 15:
		binary.BigEndian.PutUint16(dst[at:], 0x8000|pictureID)
		at += 2
	}
	if f.HasTL0 {
		dst[at] = tl0
	}
	return n
}
