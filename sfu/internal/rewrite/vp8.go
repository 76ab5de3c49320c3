package rewrite

import (
	"math/bits"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// VP8 continues picture ids and TL0PICIDX (RFC 7741 section 4.2) over changes
// of the source; VP9 has the same two (RFC 9628 section 4.2). The zero value is
// ready; copies are independent.
//
// Receivers of VP8 take a gap between picture ids for a picture that was lost, so
// what is left out leaves none. Those of VP9 find references by their distance,
// for which ids must not move up.
type VP8 struct {
	picture, pictureOffset uint16 // newest sent; out − in, of in
	in                     uint16 // newest picture of the source that was sent or left out
	tl0, tl0Offset         uint8
	started                bool
	left                   uint64 // a bit for each of 64 pictures up to in that was left out
}

// Start changes the source; f is its first packet, which follows what was sent
// last.
func (v *VP8) Start(f *packet.Frame) {
	if v.started {
		v.pictureOffset = v.picture + 1 - f.PictureID
		v.tl0Offset = v.tl0 + 1 - f.TL0
	}
	v.picture, v.tl0 = f.PictureID+v.pictureOffset, f.TL0+v.tl0Offset
	v.in, v.left = f.PictureID, 0
	v.started = true
}

// Map returns the ids to send for a packet of the present source. Of a picture
// id of 7 bits, which the source wraps by itself, the lower 7 bits count.
func (v *VP8) Map(f *packet.Frame) (pictureID uint16, tl0 uint8) {
	behind := v.advance(f)
	left := bits.OnesCount64(v.left & (1<<behind - 1)) // after this picture
	pictureID, tl0 = f.PictureID+v.pictureOffset+uint16(left), f.TL0+v.tl0Offset
	if d := (pictureID - v.picture) & idMask(f); d <= idMask(f)/2 {
		v.picture += d
	}
	if int8(tl0-v.tl0) > 0 {
		v.tl0 = tl0
	}
	return pictureID & 0x7fff, tl0
}

// Leave says that a packet of the present source is not sent: the ids of later
// pictures move up by one for the whole picture. One that is older than the
// newest, or of which a packet was sent, keeps its id.
func (v *VP8) Leave(f *packet.Frame) {
	if f.PictureIDBits == 0 {
		return
	}
	if before := v.in; v.advance(f) == 0 && v.in != before {
		v.left |= 1
		v.pictureOffset--
	}
}

// advance makes the picture of a packet the newest, unless it is older, and
// returns how much older it is.
func (v *VP8) advance(f *packet.Frame) (behind uint16) {
	mask := idMask(f)
	d := (f.PictureID - v.in) & mask
	if d > mask/2 {
		return -d & mask
	}
	v.in += d
	v.left <<= d
	return 0
}

func idMask(f *packet.Frame) uint16 {
	if f.PictureIDBits == 7 {
		return 0x7f
	}
	return 0x7fff
}
