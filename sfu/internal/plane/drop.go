package plane

import "time"

// DropReason tells why a packet was not forwarded.
type DropReason uint8

// Reasons for dropping, in the order of the way of a packet.
const (
	DropUnknownSource DropReason = iota // no transport or stream for it
	DropMalformed                       // violates RFC 3550, RFC 8285 or RFC 4585
	DropAuth                            // SRTP tag or replay check failed
	DropDuplicate                       // seen before
	DropLayer                           // not in the selected layers
	DropPaused                          // nobody wants it
	DropCodec                           // the slot has no payload type for it
	DropLate                            // older than what may still be sent
	DropOverload                        // send buffer full, or the core is too slow
	DropConsent                         // the subscriber has not been heard for 8 s
	DropPayloadType                     // not that of the plain RTP that is expected
	DropSSRC                            // not that of the stream that is expected
	DropSize                            // too large to be forwarded in one datagram
	DropRate                            // more than one source may send
	NumDropReasons
)

var dropNames = [NumDropReasons]string{
	"unknown_source", "malformed", "auth", "duplicate", "layer",
	"paused", "codec", "late", "overload", "consent",
	"payload_type", "ssrc", "size", "rate",
}

// String returns the reason as used in metric labels, such as "auth".
func (r DropReason) String() string {
	if r < NumDropReasons {
		return dropNames[r]
	}
	return "unknown"
}

// Stats counts since the plane was made.
type Stats struct {
	PacketsReceived, BytesReceived uint64
	PacketsSent, BytesSent         uint64
	// Told is of how many transport-wide numbers peers told, Came how many of
	// those packets came.
	Told, Came uint64
	Drops      [NumDropReasons]uint64
	CPU        [NumPayers]time.Duration // of the worker's thread, by who paid
	Units      [NumPayers]uint64        // of the work, see Plane.Charge
}
