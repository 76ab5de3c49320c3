package engine

// Message is one message of an Engine.IO connection. The zero value is an
// empty text.
type Message struct {
	// Data is UTF-8 text or any bytes. A Message that was given to a Conn owns
	// its Data: nobody may change it any more, but many connections may share it.
	Data []byte
	// Binary tells bytes from text.
	Binary bool
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
