package sfu

import "github.com/switchyard-rtc/switchyard/sfu/internal/plane"

// DropReason tells why a packet was not forwarded.
type DropReason uint8

// Reasons for dropping, in the order of the way of a packet.
const (
	// DropUnknownSource is a datagram from an address or with an SSRC that
	// belongs to no transport or stream, or a connectivity check that is not
	// authentic.
	DropUnknownSource = DropReason(plane.DropUnknownSource)
	// DropMalformed violates RFC 3550, RFC 8285 or RFC 4585.
	DropMalformed = DropReason(plane.DropMalformed)
	// DropAuth is a packet whose SRTP tag is wrong. One that came before its
	// keys waits for them for 1 s, and then is a DropUnknownSource.
	DropAuth = DropReason(plane.DropAuth)
	// DropDuplicate was received before, replays included.
	DropDuplicate = DropReason(plane.DropDuplicate)
	// DropLayer is not of the encoding and the layers that a subscription is
	// sent, or came before the key frame or the voice that it waits for.
	DropLayer = DropReason(plane.DropLayer)
	// DropPaused belongs to a paused subscription.
	DropPaused = DropReason(plane.DropPaused)
	// DropCodec has a payload type that the slot did not negotiate.
	DropCodec = DropReason(plane.DropCodec)
	// DropLate came so late that its number may have been used.
	DropLate = DropReason(plane.DropLate)
	// DropOverload found the send buffer or the queue of the control plane full,
	// or was refused by the system when it was sent.
	DropOverload = DropReason(plane.DropOverload)
	// DropConsent is for a subscriber that was not heard for 8 s.
	DropConsent = DropReason(plane.DropConsent)
	// DropPayloadType, DropSSRC, DropSize and DropRate are of what comes to an
	// [Input]: another payload type or SSRC than is expected, a packet too large to
	// be forwarded in one datagram, or more than a source may send.
	DropPayloadType = DropReason(plane.DropPayloadType)
	DropSSRC        = DropReason(plane.DropSSRC)
	DropSize        = DropReason(plane.DropSize)
	DropRate        = DropReason(plane.DropRate)
)

// String returns the reason as used in metric labels, such as "auth".
func (r DropReason) String() string { return plane.DropReason(r).String() }
