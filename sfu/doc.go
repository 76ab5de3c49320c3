// Package sfu is Switchyard's media plane: a selective forwarding unit
// (RFC 7667, section 3.7) that receives RTP from peers and forwards it to those
// who subscribed to it.
//
// A [Server] owns the UDP port and the workers that move packets. A [Peer] is
// one remote WebRTC endpoint with one bundled transport (RFC 9143). What a peer
// sends is a [Publication]; what it is sent is a [Subscription]. The package
// knows nothing of rooms, users or signalling: the caller carries session
// descriptions between the peers and this package.
//
// The remote side always offers and the server always answers. The send
// sections of an offer become publications. Its receive-only sections are
// slots: places where a publication can be shown. [Peer.Subscribe] binds a
// publication to a slot, which needs no negotiation.
//
// All methods are safe for concurrent use. None of them runs on the packet
// path, and none blocks on the network unless it takes a context.
package sfu
