package bench

import "encoding/binary"

// stamp stands at the end of each payload that a bench client sends, and tells
// the receiver which packet it is and when it was sent.
type stamp struct {
	track  uint32 // number of the track in the run
	serial uint32 // of the packet in its track, from 0
	sent   int64  // nanoseconds since 1970
}

const (
	stampMagic = 0x5359 // 'SY'
	stampSize  = 2 + 4 + 4 + 8
	// descriptorSize is that of a VP8 payload descriptor with a picture id of
	// 15 bits, TL0PICIDX and TID (RFC 7741, section 4.2).
	descriptorSize = 6
	vp8HeaderSize  = 10
	// minPayload is room for descriptor, header and stamp.
	minPayload = descriptorSize + vp8HeaderSize + stampSize
	// maxPayload keeps a sealed packet with its extensions below 1,200 bytes.
	maxPayload = 1140
	headerRoom = 64
)

// put writes the stamp into the last bytes of a payload.
func (s stamp) put(payload []byte) {
	b := payload[len(payload)-stampSize:]
	binary.BigEndian.PutUint16(b, stampMagic)
	binary.BigEndian.PutUint32(b[2:], s.track)
	binary.BigEndian.PutUint32(b[6:], s.serial)
	binary.BigEndian.PutUint64(b[10:], uint64(s.sent))
}

// readStamp reads the stamp of a payload; false if there is none.
func readStamp(payload []byte) (s stamp, ok bool) {
	if len(payload) < stampSize {
		return s, false
	}
	b := payload[len(payload)-stampSize:]
	if binary.BigEndian.Uint16(b) != stampMagic {
		return s, false
	}
	s.track = binary.BigEndian.Uint32(b[2:])
	s.serial = binary.BigEndian.Uint32(b[6:])
	s.sent = int64(binary.BigEndian.Uint64(b[10:]))
	return s, true
}

// describeVP8 writes the descriptor of a packet and, at the start of a frame,
// the header of the frame, so that servers find key frames where they look for
// them. The picture is nobody's, but it has a width and a height.
func describeVP8(payload []byte, picture uint16, start, key bool, size [2]uint16) {
	first := byte(0x80) // extended
	if start {
		first |= 0x10
	}
	copy(payload, []byte{first, 0xe0, 0x80 | byte(picture>>8&0x7f), byte(picture), byte(picture), 0x20})
	if !start {
		return
	}
	h := payload[descriptorSize:]
	copy(h, []byte{0x01, 0, 0})
	if key {
		copy(h, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, byte(size[0]), byte(size[0] >> 8), byte(size[1]), byte(size[1] >> 8)})
	}
}
