package rewrite

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

// VP8 continues picture ids and TL0PICIDX (RFC 7741 section 4.2) over changes
// of the source; VP9 has the same two (RFC 9628 section 4.2). The zero value is
// ready; copies are independent.
type VP8 struct {
	picture, pictureOffset uint16 // newest sent; out − in
	tl0, tl0Offset         uint8
	started                bool
}

// Start changes the source; f is its first packet, which follows what was sent
// last.
func (v *VP8) Start(f packet.Frame) {
	if v.started {
		v.pictureOffset = v.picture + 1 - f.PictureID
		v.tl0Offset = v.tl0 + 1 - f.TL0
	}
	v.picture, v.tl0 = f.PictureID+v.pictureOffset, f.TL0+v.tl0Offset
	v.started = true
}

// Map returns the ids to send for a packet of the present source. Of a picture
// id of 7 bits, which the source wraps by itself, the lower 7 bits count.
func (v *VP8) Map(f packet.Frame) (pictureID uint16, tl0 uint8) {
	pictureID, tl0 = f.PictureID+v.pictureOffset, f.TL0+v.tl0Offset
	mask := uint16(0x7fff)
	if f.PictureIDBits == 7 {
		mask = 0x7f
	}
	if d := (pictureID - v.picture) & mask; d <= mask/2 {
		v.picture += d
	}
	if int8(tl0-v.tl0) > 0 {
		v.tl0 = tl0
	}
	return pictureID & 0x7fff, tl0
}
