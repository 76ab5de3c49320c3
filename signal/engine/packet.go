package engine

import "encoding/base64"

// Message is one message of an Engine.IO connection. The zero value is an
// empty text.
type Message struct {
	// Data is UTF-8 text or any bytes. A Message that was given to a Conn owns
	// its Data: nobody may change it any more, but many connections may share it.
	Data []byte
	// Binary tells bytes from text.
	Binary bool
	// Volatile lets a Conn drop the message while more than 64 KiB wait for the
	// client. It says nothing about messages that were read.
	Volatile bool
}

// kind is the type of a packet: its first character on the wire.
type kind byte

const (
	kindOpen    kind = '0'
	kindClose   kind = '1'
	kindPing    kind = '2'
	kindPong    kind = '3'
	kindMessage kind = '4'
	kindUpgrade kind = '5'
	kindNoop    kind = '6'

	// kindBytes is no type: it marks a binary message in a payload.
	kindBytes = 'b'
)

// packet is the unit that transports carry.
type packet struct {
	kind kind
	Message
}

// parseText reads a packet of the text form: one character of type, then the
// data, which is a view of b.
func parseText(b []byte) (packet, error) {
	if len(b) == 0 || b[0] < byte(kindOpen) || b[0] > byte(kindNoop) {
		return packet{}, ErrParse
	}
	return packet{kind: kind(b[0]), Message: Message{Data: b[1:]}}, nil
}

// appendText is the reverse of parseText.
func appendText(dst []byte, p packet) []byte {
	return append(append(dst, byte(p.kind)), p.Data...)
}

// separator stands between the packets of a payload.
const separator = 0x1e

// parseEncoded reads a packet of a payload, where bytes are in base64. The data
// of a text is a view of b.
func parseEncoded(b []byte) (packet, error) {
	if len(b) == 0 || b[0] != kindBytes {
		return parseText(b)
	}
	data, err := base64.StdEncoding.AppendDecode(make([]byte, 0, len(b)*3/4), b[1:])
	if err != nil {
		return packet{}, ErrParse
	}
	return packet{kind: kindMessage, Message: Message{Data: data, Binary: true}}, nil
}

// appendPayload writes packets as the body of a response.
func appendPayload(dst []byte, packets []packet) []byte {
	for i, p := range packets {
		if i > 0 {
			dst = append(dst, separator)
		}
		if p.Binary {
			dst = base64.StdEncoding.AppendEncode(append(dst, kindBytes), p.Data)
			continue
		}
		dst = appendText(dst, p)
	}
	return dst
}
