// Package sio reads and writes Socket.IO v5 packets. It has no IO: text and
// attachments come in and go out as bytes.
package sio

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// Type is the type of a packet: its first character on the wire.
type Type byte

// Types of packets.
const (
	Connect      Type = '0'
	Disconnect   Type = '1'
	Event        Type = '2'
	Ack          Type = '3'
	ConnectError Type = '4'
	BinaryEvent  Type = '5'
	BinaryAck    Type = '6'
)

const (
	// MaxAttachments is how many attachments a packet that is read may have.
	MaxAttachments = 10
	// MaxNamespace is how long the name of a namespace may be, in bytes.
	MaxNamespace = 256
	// MaxDepth is how deep the JSON of a packet that is read may be nested. More
	// overflows the stack of other implementations, which it may be sent on to.
	MaxDepth = 1000

	ackDigits = 15 // of an id that a JavaScript client counts exactly
)

// ErrMalformed is returned for text that is no Socket.IO packet.
var ErrMalformed = errors.New("sio: malformed packet")

// ErrTooDeep is returned for a packet whose JSON is nested deeper than
// [MaxDepth].
var ErrTooDeep = errors.New("sio: JSON is nested too deeply")

// Packet is a Socket.IO packet without its attachments.
type Packet struct {
	Type      Type
	Namespace string // begins with a slash
	// HasID tells whether ID counts: an event that wants an acknowledgement, or
	// the acknowledgement.
	HasID bool
	ID    uint64
	// Attachments is how many binary messages follow.
	Attachments int
	// Data is valid JSON or empty. Events and acknowledgements have an array
	// here, an event's begins with its name.
	Data json.RawMessage
}

// Binary tells whether attachments belong to the packet's type.
func (p Packet) Binary() bool { return p.Type == BinaryEvent || p.Type == BinaryAck }

// Decode reads the text of a packet:
//
//	<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]
//
// Data is a view of text. With ErrTooDeep it returns an event, acknowledgement or
// connect without its data, which can be answered.
func Decode(text []byte) (Packet, error) {
	p := Packet{Namespace: "/"}
	if len(text) == 0 || text[0] < byte(Connect) || text[0] > byte(BinaryAck) {
		return p, ErrMalformed
	}
	p.Type = Type(text[0])
	rest := text[1:]
	if p.Binary() {
		n, after, ok := attachments(rest)
		if !ok {
			return p, ErrMalformed
		}
		p.Attachments, rest = n, after
	}
	if len(rest) > 0 && rest[0] == '/' {
		name, after, _ := bytes.Cut(rest, []byte{','})
		if len(name) > MaxNamespace {
			return p, ErrMalformed
		}
		p.Namespace, rest = string(name), after
	}
	if n := digits(rest); n > 0 {
		id, err := strconv.ParseUint(string(rest[:n]), 10, 64)
		if err != nil || n > ackDigits {
			return p, ErrMalformed
		}
		p.HasID, p.ID, rest = true, id, rest[n:]
	}
	if deep(rest) {
		if p.Binary() {
			return p, ErrMalformed // its attachments would be out of place
		}
		return p, ErrTooDeep
	}
	if len(rest) > 0 {
		p.Data = json.RawMessage(rest)
	}
	if !p.valid() {
		return p, ErrMalformed
	}
	return p, nil
}

// deep tells whether JSON is nested too deeply.
func deep(b []byte) bool {
	if len(b) <= MaxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// attachments reads "<n>-". Without any, a packet would not be a binary one.
func attachments(b []byte) (n int, rest []byte, ok bool) {
	d := digits(b)
	if d == 0 || d > 4 || d == len(b) || b[d] != '-' {
		return 0, nil, false
	}
	n, err := strconv.Atoi(string(b[:d]))
	return n, b[d+1:], err == nil && n > 0 && n <= MaxAttachments
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// valid checks that the data suits the type.
func (p Packet) valid() bool {
	if len(p.Data) > 0 && !json.Valid(p.Data) {
		return false
	}
	first := byte(0)
	if d := bytes.TrimLeft(p.Data, " \t\r\n"); len(d) > 0 {
		first = d[0]
	}
	switch p.Type {
	case Connect:
		return !p.HasID && (first == 0 || first == '{')
	case Disconnect:
		return !p.HasID && first == 0
	case ConnectError:
		return !p.HasID && (first == '{' || first == '"')
	case Event, BinaryEvent:
		return first == '['
	default:
		return p.HasID && first == '['
	}
}

// Append appends the text of p to dst.
func Append(dst []byte, p Packet) []byte {
	dst = append(dst, byte(p.Type))
	if p.Binary() {
		dst = append(strconv.AppendInt(dst, int64(p.Attachments), 10), '-')
	}
	if p.Namespace != "/" && p.Namespace != "" {
		dst = append(append(dst, p.Namespace...), ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}

// reserved names are events that a client makes itself of what happens.
var reserved = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true,
	"newListener": true, "removeListener": true,
}

// Reserved tells whether an event of that name cannot be sent.
func Reserved(event string) bool { return reserved[event] }

// Split reads the data of an event: its name and its arguments, which are views
// of data. The name of an event is a string that is not reserved.
func Split(data json.RawMessage) (event string, args []json.RawMessage, err error) {
	if json.Unmarshal(data, &args) != nil || len(args) == 0 || args[0][0] != '"' {
		return "", nil, ErrMalformed
	}
	if json.Unmarshal(args[0], &event) != nil || Reserved(event) {
		return "", nil, ErrMalformed
	}
	return event, args[1:], nil
}
