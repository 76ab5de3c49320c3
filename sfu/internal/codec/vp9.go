package codec

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// describeVP9 reads the payload descriptor of RFC 9628 section 4.2. A key frame
// is one that is not predicted from earlier pictures, in the lowest spatial
// layer: where a decoder starts. Bit Z speaks of higher spatial layers alone, so
// that nothing is known to be discardable.
func describeVP9(b []byte) packet.Frame {
	var f packet.Frame
	if len(b) < 1 {
		return f
	}
	first, at := b[0], 1
	f.Start = first&0x08 != 0
	f.End = first&0x04 != 0
	if first&0x80 != 0 {
		if len(b) < at+1 {
			return packet.Frame{}
		}
		f.PictureIDBits, f.PictureID = 7, uint16(b[at]&0x7f)
		if b[at]&0x80 != 0 {
			if len(b) < at+2 {
				return packet.Frame{}
			}
			f.PictureIDBits, f.PictureID = 15, binary.BigEndian.Uint16(b[at:])&0x7fff
			at++
		}
		at++
	}
	if first&0x20 != 0 {
		if len(b) < at+1 {
			return packet.Frame{}
		}
		f.Temporal, f.SwitchUp, f.Spatial = b[at]>>5, b[at]&0x10 != 0, b[at]>>1&0x07
		at++
		if first&0x10 == 0 { // TL0PICIDX in non-flexible mode
			if len(b) < at+1 {
				return packet.Frame{}
			}
			f.HasTL0, f.TL0 = true, b[at]
		}
	}
	f.Key = first&0x40 == 0 && f.Spatial == 0
	return f
}
