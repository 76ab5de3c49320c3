// Package udp moves datagrams in batches: on Linux many for one system call
// each way, elsewhere one by one behind the same type.
//
// A [Socket] knows the local address that each datagram came to and can send
// from it, also where it is bound to all addresses: a server with several
// addresses answers from the one that was asked.
//
// The package is public but unstable: its API may change in any release.
package udp

import (
	"net/netip"
	"sync/atomic"
)

// Datagram is one datagram with its addresses. IPv4 addresses are never mapped
// into IPv6.
type Datagram struct {
	// B is the payload. For reading it is the room there is, which ReadBatch
	// cuts to what came; longer datagrams are cut off.
	B []byte
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
}

// Stats counts since the socket was opened.
type Stats struct {
	// Sent counts datagrams that WriteBatch handed to the system, SendCalls the
	// system calls that took. The portable socket has one call for each.
	Sent, SendCalls uint64
	// Refused counts datagrams that the system refused to send, for instance
	// because there is no route; the ones behind them went on.
	Refused uint64
}

// counters are shared by the implementations.
type counters struct{ sent, sendCalls, refused atomic.Uint64 }

// Stats returns the counters.
func (c *counters) Stats() Stats {
	return Stats{Sent: c.sent.Load(), SendCalls: c.sendCalls.Load(), Refused: c.refused.Load()}
}
