// Package packet tells datagrams apart and reads RTP headers (RFC 3550,
// RFC 8285). Everything in it is a view of bytes that somebody else owns: one
// parse per packet, no copy, no allocation.
package packet

import (
	"encoding/binary"
	"errors"
)

// MaxSize is the largest datagram that is received or sent, in bytes.
const MaxSize = 1500

// ErrMalformed is returned for bytes that are not an RTP packet. It carries no
// detail because it is made on the packet path, where errors must not allocate.
var ErrMalformed = errors.New("packet: malformed RTP")

// Kind tells what a datagram carries.
type Kind uint8

// Kinds of datagrams that share a port.
const (
	Unknown Kind = iota
	STUN         // RFC 8489
	DTLS         // RFC 9147
	RTP          // RFC 3550, or SRTP
	RTCP         // RFC 3550, or SRTCP
)

const (
	fixedHeader = 12
	stunHeader  = 20
	dtlsHeader  = 13
	stunCookie  = 0x2112a442
)

// Classify tells what a datagram carries by its first bytes (RFC 7983
// section 7, RFC 5761 section 4). What is too short to be anything is Unknown.
func Classify(b []byte) Kind {
	if len(b) < 8 {
		return Unknown
	}
	switch first := b[0]; {
	case first < 4:
		if len(b) >= stunHeader && binary.BigEndian.Uint32(b[4:]) == stunCookie {
			return STUN
		}
	case first >= 20 && first <= 63:
		if len(b) >= dtlsHeader {
			return DTLS
		}
	case first >= 128 && first <= 191:
		if b[1] >= 192 && b[1] <= 223 {
			return RTCP
		}
		if len(b) >= fixedHeader {
			return RTP
		}
	}
	return Unknown
}

// View is what an RTP header says. It holds offsets, not pointers, so that it
// can be kept beside a copy of the bytes.
type View struct {
	SSRC, Timestamp uint32
	Sequence        uint16
	// ExtProfile is 0xbede or 0x1000 to 0x100f for the two forms of RFC 8285;
	// 0 if there is no extension.
	ExtProfile         uint16
	ExtOffset, ExtSize uint16 // of the elements, in bytes
	PayloadOffset      uint16
	PayloadSize        uint16 // without padding
	PayloadType        uint8  // 0 to 127
	CSRCs              uint8  // 0 to 15
	Padding            uint8  // bytes after the payload
	Marker             bool
}

// HeaderSize returns how long the RTP header is, extension included. It is the
// part of an SRTP packet that is not encrypted, and false means that b is no
// RTP packet.
func HeaderSize(b []byte) (int, bool) {
	if len(b) < fixedHeader || b[0]>>6 != 2 {
		return 0, false
	}
	n := fixedHeader + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return 0, false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return n, n <= len(b)
}

// Parse reads the header of an RTP packet in the clear (RFC 3550 section 5.1).
// It does not change b and keeps no reference to it. Padding that is longer
// than the packet or zero is refused.
func Parse(b []byte) (View, error) {
	n, ok := HeaderSize(b)
	if !ok || len(b) > 0xffff {
		return View{}, ErrMalformed
	}
	v := View{
		SSRC:          binary.BigEndian.Uint32(b[8:]),
		Timestamp:     binary.BigEndian.Uint32(b[4:]),
		Sequence:      binary.BigEndian.Uint16(b[2:]),
		PayloadType:   b[1] & 0x7f,
		Marker:        b[1]&0x80 != 0,
		CSRCs:         b[0] & 0x0f,
		PayloadOffset: uint16(n),
	}
	if b[0]&0x10 != 0 {
		at := fixedHeader + 4*int(v.CSRCs)
		v.ExtProfile = binary.BigEndian.Uint16(b[at:])
		v.ExtOffset, v.ExtSize = uint16(at+4), uint16(n-at-4)
	}
	size := len(b) - n
	if b[0]&0x20 != 0 {
		if size == 0 || b[len(b)-1] == 0 || int(b[len(b)-1]) > size {
			return View{}, ErrMalformed
		}
		v.Padding = b[len(b)-1]
		size -= int(v.Padding)
	}
	v.PayloadSize = uint16(size)
	return v, nil
}

// Payload returns the payload of the packet b that v is a view of.
func (v View) Payload(b []byte) []byte {
	return b[v.PayloadOffset : v.PayloadOffset+v.PayloadSize]
}

// Extension returns the element with the given id of the packet b that v is a
// view of, or nil if there is none (RFC 8285 sections 4.2 and 4.3). An element
// of the two-byte form may be empty; then the result is empty but not nil.
func (v View) Extension(b []byte, id uint8) []byte {
	if id == 0 {
		return nil
	}
	e := b[v.ExtOffset : v.ExtOffset+v.ExtSize]
	switch {
	case v.ExtProfile == 0xbede:
		return oneByte(e, id)
	case v.ExtProfile&0xfff0 == 0x1000:
		return twoByte(e, id)
	}
	return nil
}

// oneByte stops where RFC 8285 section 4.2 says that the rest means nothing: at
// id 15, and at id 0 with a length.
func oneByte(e []byte, id uint8) []byte {
	for i := 0; i < len(e); {
		k, n := e[i]>>4, int(e[i]&0x0f)+1
		switch {
		case e[i] == 0:
			i++
			continue
		case k == 0 || k == 15 || i+1+n > len(e):
			return nil
		case k == id:
			return e[i+1 : i+1+n]
		}
		i += 1 + n
	}
	return nil
}

func twoByte(e []byte, id uint8) []byte {
	for i := 0; i < len(e); {
		if e[i] == 0 {
			i++
			continue
		}
		if i+2 > len(e) || i+2+int(e[i+1]) > len(e) {
			return nil
		}
		n := int(e[i+1])
		if e[i] == id {
			return e[i+2 : i+2+n]
		}
		i += 2 + n
	}
	return nil
}

// Newer tells whether the number a comes after b, modulo 2^16.
func Newer(a, b uint16) bool { return int16(a-b) > 0 }
