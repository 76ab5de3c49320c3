package rewrite

import "encoding/binary"

const (
	fixedHeader   = 12
	maxExtensions = 255 // bytes of elements, each with two bytes of id and length
)

// Fields are the parts of an RTP header (RFC 3550 section 5.1). They are passed by
// address, as [packet.Frame] is.
type Fields struct {
	SSRC, Timestamp uint32
	CSRC            uint32 // the one contributing source; 0 = none
	Sequence        uint16
	PayloadType     uint8
	Marker          bool
	Padding         bool // the payload ends with padding
	OneByte         bool // the receiver knows no other form of extensions
}

// Header builds RTP headers in memory of its own. The zero value is ready.
type Header struct {
	out      [fixedHeader + 4 + 4 + maxExtensions + 3]byte
	elements [maxExtensions]byte // id, length, bytes; as the two-byte form has them
	size     int                 // of elements
	start    int                 // where the extension goes in out
	long     bool                // an element needs the two-byte form
	oneByte  bool                // and that must not be
}

// Begin starts a header without extensions. It does not keep f.
func (h *Header) Begin(f *Fields) {
	h.out[0] = 0x80
	if f.Padding {
		h.out[0] |= 0x20
	}
	h.out[1] = f.PayloadType & 0x7f
	if f.Marker {
		h.out[1] |= 0x80
	}
	binary.BigEndian.PutUint16(h.out[2:], f.Sequence)
	binary.BigEndian.PutUint32(h.out[4:], f.Timestamp)
	binary.BigEndian.PutUint32(h.out[8:], f.SSRC)
	h.start = fixedHeader
	if f.CSRC != 0 {
		h.out[0] |= 1
		binary.BigEndian.PutUint32(h.out[fixedHeader:], f.CSRC)
		h.start += 4
	}
	h.size, h.long, h.oneByte = 0, false, f.OneByte
}

// Extend adds an extension element (RFC 8285). It returns false, and adds
// nothing, for id 0, for what does not fit into 255 bytes, and for what does not
// fit into the form that the receiver knows.
func (h *Header) Extend(id uint8, value []byte) bool {
	long := id > 14 || len(value) == 0 || len(value) > 16
	if id == 0 || h.size+2+len(value) > maxExtensions || long && h.oneByte {
		return false
	}
	h.long = h.long || long
	h.elements[h.size], h.elements[h.size+1] = id, byte(len(value))
	h.size += 2 + copy(h.elements[h.size+2:], value)
	return true
}

// Strip takes out all elements.
func (h *Header) Strip() { h.size, h.long = 0, false }

// Room returns how many bytes the header has at the most with one more element
// of a size, whatever form it takes.
func (h *Header) Room(size int) int {
	return h.start + 4 + (h.size+2+size+3)&^3
}

// Bytes returns the header. It stays valid until the next Begin. The one-byte
// form is used unless an element needs the other.
func (h *Header) Bytes() []byte {
	if h.size == 0 {
		return h.out[:h.start]
	}
	h.out[0] |= 0x10
	body := h.out[h.start+4:]
	n := 0
	if h.long {
		binary.BigEndian.PutUint16(h.out[h.start:], 0x1000)
		n = copy(body, h.elements[:h.size])
	} else {
		binary.BigEndian.PutUint16(h.out[h.start:], 0xbede)
		n = h.short(body)
	}
	for ; n%4 != 0; n++ {
		body[n] = 0
	}
	binary.BigEndian.PutUint16(h.out[h.start+2:], uint16(n/4))
	return h.out[:h.start+4+n]
}

// short writes the elements in the one-byte form.
func (h *Header) short(to []byte) (n int) {
	for i := 0; i < h.size; {
		id, size := h.elements[i], int(h.elements[i+1])
		to[n] = id<<4 | byte(size-1)
		copy(to[n+1:], h.elements[i+2:i+2+size])
		n += 1 + size
		i += 2 + size
	}
	return n
}
