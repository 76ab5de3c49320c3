package room

import (
	"errors"
	"unicode/utf8"
)

const (
	longestParcel  = 16 << 10 // bytes of payload
	longestTopic   = 64       // bytes
	mostRecipients = 255      // that a parcel can name
)

// parcel is what members send each other, over data channels or by the event
// data. On a channel it is binary:
//
//	topic-length (1) topic  to-count (1) {id-length (1) id}  payload
//
// From a member, the ids are those it is for; without any it is for everybody
// else. To a member, there is one id: that of the sender. For example, "hi" on
// the topic "t" for the members "ab" and "c" is 01 74 02 02 61 62 01 63 68 69.
type parcel struct {
	topic   string
	ids     []string
	payload []byte // a part of what was parsed
}

// Reasons for which a parcel is refused.
var (
	errParcel      = ErrBadRequest.because("not topic-length topic to-count {id-length id} payload")
	errParcelTopic = ErrBadRequest.because("a topic has 1 to %d bytes of UTF-8", longestTopic)
	errParcelIDs   = ErrBadRequest.because("to names what is no id of a member")
	errParcelSize  = ErrTooLarge.because("a payload has at most %d bytes", longestParcel)
	errRecipients  = ErrLimit.because("to names at most %d members", mostRecipients)
)

// parseParcel reads the binary form. The payload is a view of b.
func parseParcel(b []byte) (parcel, error) {
	var p parcel
	topic, b, ok := cutString(b)
	if !ok || len(b) == 0 {
		return parcel{}, errParcel
	}
	p.topic = topic
	count := int(b[0])
	b = b[1:]
	for range count {
		var id string
		if id, b, ok = cutString(b); !ok {
			return parcel{}, errParcel
		}
		p.ids = append(p.ids, id)
	}
	p.payload = b
	return p, p.check()
}

// cutString reads a length and as many bytes.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}

// check refuses what is beyond a limit.
func (p *parcel) check() error {
	switch {
	case p.topic == "" || len(p.topic) > longestTopic || !utf8.ValidString(p.topic):
		return errParcelTopic
	case len(p.payload) > longestParcel:
		return errParcelSize
	case len(p.ids) > mostRecipients:
		return errRecipients
	}
	for _, id := range p.ids {
		if !validID(id) {
			return errParcelIDs
		}
	}
	return nil
}

// appendParcel appends the binary form of a parcel that check takes.
func appendParcel(out []byte, p parcel) []byte {
	out = append(out, byte(len(p.topic)))
	out = append(out, p.topic...)
	out = append(out, byte(len(p.ids)))
	for _, id := range p.ids {
		out = append(out, byte(len(id)))
		out = append(out, id...)
	}
	return append(out, p.payload...)
}

// ParcelDrop tells why something that a member sent to others did not reach one
// of them, or any. See docs/operations.md.
type ParcelDrop uint8

// Reasons for dropping.
const (
	ParcelMalformed ParcelDrop = iota // not a message as the protocol says, or beyond a size
	ParcelForbidden                   // the grant does not allow it
	ParcelNobody                      // nobody that it names is there, or a receiver cannot be reached now
	ParcelRate                        // unreliable, and too many
	ParcelSlow                        // its receiver reads too slowly
	ParcelStranger                    // a data channel of another name, or a second one
	parcelDrops
)

// String returns the reason as used in metric labels, such as "rate".
func (d ParcelDrop) String() string {
	return [...]string{"malformed", "forbidden", "nobody", "rate", "slow", "stranger", "unknown"}[min(d, parcelDrops)]
}

// ParcelDrops returns how often something that members sent each other was
// dropped, since the server was made.
func (s *Server) ParcelDrops() map[ParcelDrop]uint64 {
	m := make(map[ParcelDrop]uint64)
	for d := range s.parcelDrops {
		if n := s.parcelDrops[d].Load(); n > 0 {
			m[ParcelDrop(d)] = n
		}
	}
	return m
}

// countDrop counts why a parcel was refused.
func (s *Server) countDrop(err error) {
	d := ParcelMalformed
	switch {
	case errors.Is(err, ErrDenied):
		d = ParcelForbidden
	case errors.Is(err, ErrNoMember):
		d = ParcelNobody
	case errors.Is(err, ErrRateLimited):
		d = ParcelRate
	}
	s.parcelDrops[d].Add(1)
}
