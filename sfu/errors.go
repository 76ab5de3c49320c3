package sfu

import "errors"

// Errors that callers may test with [errors.Is].
var (
	// ErrClosed is returned by every method of a closed Server, Peer,
	// Publication or Subscription.
	ErrClosed = errors.New("sfu: closed")
	// ErrNoSlot is returned by [Peer.Subscribe] when the remote side offered no
	// free receive-only media section of the right kind; it can offer again
	// with more.
	ErrNoSlot = errors.New("sfu: no free slot")
	// ErrUnknownSlot is returned by [Peer.Subscribe] when
	// [SubscribeOptions.MID] names no slot of the publication's kind.
	ErrUnknownSlot = errors.New("sfu: unknown slot")
	// ErrNoCodec is returned by [Peer.Subscribe] when the slot cannot decode what
	// the publication sends, and by [Peer.Answer] when the offer names no codec
	// of the peer's list.
	ErrNoCodec = errors.New("sfu: no common codec")
	// ErrUnknownCodec is returned by [NamedCodecs] for a name that it does not
	// know.
	ErrUnknownCodec = errors.New("sfu: unknown codec")
	// ErrNoRule is returned by [Peer.Follow] for a [Rule] that does not exist.
	ErrNoRule = errors.New("sfu: no such rule")
	// ErrInGroup is returned by [Group.Add] for a publication of another group.
	ErrInGroup = errors.New("sfu: publication is in another group")
	// ErrBadDescription is returned by [Peer.Answer] for an offer that cannot
	// be used; the text says why.
	ErrBadDescription = errors.New("sfu: bad session description")
	// ErrBenchSink is returned by [Listen] for a [Config.BenchSink] that is no
	// address for benchmarks.
	ErrBenchSink = errors.New("sfu: bench sink is outside of 198.18.0.0/15")
	// ErrInput is returned by [Server.NewInput] for options that cannot be; the
	// text says why.
	ErrInput = errors.New("sfu: bad input")
	// ErrFull is returned by [Server.NewPeer] when a limit of [Config] is
	// reached.
	ErrFull = errors.New("sfu: server is full")
)
