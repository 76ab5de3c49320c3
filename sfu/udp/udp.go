// Package udp moves datagrams in batches: on Linux many for one system call
// each way, elsewhere one by one behind the same type.
//
// Datagrams of one size between the same two addresses can travel as a train:
// one buffer that the kernel takes, or gives, as one message (UDP_SEGMENT and
// UDP_GRO of udp(7)). Where a train cannot be sent, a [Socket] sends its
// datagrams one by one, so callers need not know what the system can do.
//
// A [Socket] knows the local address that each datagram came to and can send
// from it, also where it is bound to all addresses: a server with several
// addresses answers from the one that was asked.
//
// The package is public but unstable: its API may change in any release.
package udp

import (
	"iter"
	"log/slog"
	"net/netip"
	"sync/atomic"
)

// MaxTrain is the most bytes that a train holds, and the room that a reader
// with [Options.Trains] needs for one.
const MaxTrain = 64 << 10

// MaxSegments is the most datagrams of a train that is sent.
const MaxSegments = 64

// Datagram is one datagram, or a train of them, with its addresses. IPv4
// addresses are never mapped into IPv6.
type Datagram struct {
	// B is the payload. For reading it is the room there is, which ReadBatch
	// cuts to what came; longer datagrams are cut off.
	B []byte
	// Segment is the size of the datagrams of a train, whose payloads lie in B
	// one after the other; the last may be shorter. Zero is no train, but one
	// datagram.
	Segment int
	// Local is the address of this machine. The zero value leaves the choice
	// to the system when sending, and means unknown after reading.
	Local  netip.Addr
	Remote netip.AddrPort
	// Arrived is when the kernel received it, in nanoseconds since 1970, if
	// [Options.Timestamps] was set and the system can tell; else 0.
	Arrived int64
}

// Options configures a [Socket]. The zero value takes the system's defaults.
type Options struct {
	// ReadBuffer and WriteBuffer are the sizes of the kernel's buffers in
	// bytes. The kernel may give less; see [Socket.Buffers]. If zero, the
	// system's default.
	ReadBuffer, WriteBuffer int
	// Timestamps asks the kernel when datagrams arrived. Linux only.
	Timestamps bool
	// Trains lets ReadBatch return trains, where the system can; then each
	// Datagram needs room for MaxTrain bytes.
	Trains bool
	// Logger is told, once each, where trains cannot be sent. If nil, nobody is.
	Logger *slog.Logger

	joins bool // an address that another socket of ListenShared has
}

// Offloads tells what the system does for a socket.
type Offloads struct {
	Batches       bool // many datagrams for one system call, sendmmsg(2)
	SendTrains    bool // UDP_SEGMENT
	ReceiveTrains bool // UDP_GRO, and [Options.Trains] was set
}

// Stats counts since the socket was opened.
type Stats struct {
	// Sent counts datagrams that WriteBatch handed to the system, SendCalls the
	// system calls that took. The portable socket has one call for each.
	Sent, SendCalls uint64
	// Refused counts datagrams that the system refused to send, for instance
	// because there is no route; the ones behind them went on.
	Refused uint64
	// Messages counts what the system was handed: single datagrams and trains.
	// SplitTrains counts the trains that had to be sent one by one.
	Messages, SplitTrains uint64
}

// counters are shared by the implementations.
type counters struct{ sent, sendCalls, refused, messages, splits atomic.Uint64 }

// Stats returns the counters.
func (c *counters) Stats() Stats {
	return Stats{
		Sent:        c.sent.Load(),
		SendCalls:   c.sendCalls.Load(),
		Refused:     c.refused.Load(),
		Messages:    c.messages.Load(),
		SplitTrains: c.splits.Load(),
	}
}

// Datagrams ranges over the payloads of a train, or yields that of a single
// datagram.
func (d *Datagram) Datagrams() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if d.Segment <= 0 {
			yield(d.B)
			return
		}
		rest := d.B
		for len(rest) > d.Segment {
			if !yield(rest[:d.Segment:d.Segment]) {
				return
			}
			rest = rest[d.Segment:]
		}
		yield(rest)
	}
}

// count returns how many datagrams d is.
func (d *Datagram) count() int {
	if d.Segment <= 0 || len(d.B) <= d.Segment {
		return 1
	}
	return (len(d.B) + d.Segment - 1) / d.Segment
}

// first returns the first datagram of a train.
func (d *Datagram) first() Datagram {
	one := *d
	if d.Segment > 0 && len(d.B) > d.Segment {
		one.B = d.B[:d.Segment]
	}
	one.Segment = 0
	return one
}
