package pionpc

import "errors"

// Errors of [PC.Answer].
var (
	// ErrBadDescription is returned for an offer that cannot be used.
	ErrBadDescription = errors.New("bad description")
	// ErrTooLarge is an ErrBadDescription for offers over 256 KiB.
	ErrTooLarge = errors.New("larger than 256 KiB")
	// ErrNoCodec is returned when no media section has a codec that is known.
	ErrNoCodec = errors.New("no common codec")
)

var (
	errNoKeys    = errors.New("pionpc: DTLS gave no SRTP keys")
	errHandshake = errors.New("pionpc: DTLS handshake failed")
	errEnded     = errors.New("pionpc: closed during a negotiation")
	errMedia     = errors.New("pionpc: media is not the control plane's")
	errUnknown   = errors.New("pionpc: no check came from there")
)
