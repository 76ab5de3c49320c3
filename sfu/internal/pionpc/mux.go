// Package pionpc uses pion/webrtc as control plane: session descriptions, ICE,
// DTLS and SCTP. Media never passes through it: the workers keep RTP and RTCP
// and hand over only STUN and DTLS, and the SRTP keys are taken out of pion's
// handshake.
package pionpc

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
)

// MuxConfig configures a [Mux]. Write, Heard and Authenticated are required.
type MuxConfig struct {
	// Write sends a datagram on a worker's socket, from the local address.
	Write func(b []byte, local netip.Addr, remote netip.AddrPort) error
	// Heard is called when a connectivity check of an address was authenticated.
	Heard func(local netip.Addr, remote netip.AddrPort)
	// Authenticated tells whether anything authenticated came from an address
	// lately: check, SRTP or SRTCP.
	Authenticated func(local netip.Addr, remote netip.AddrPort, within time.Duration) bool
	// Port is that of the sockets.
	Port   uint16
	Logger *slog.Logger
}

// Mux joins the ICE agents of all peers to the workers' sockets: it is pion's
// UDP mux over a connection that is no socket.
type Mux struct {
	conn *conn
	mux  *ice.UDPMuxDefault
}

// NewMux starts a mux.
func NewMux(cfg MuxConfig) *Mux {
	c := newConn(cfg)
	m := &Mux{conn: c}
	m.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: c, Logger: quiet(cfg.Logger)})
	c.release = m.mux.RemoveConnByUfrag
	return m
}

// Deliver takes a STUN or DTLS datagram that a worker received. It copies b and
// never waits: what does not fit into the queue is dropped and counted.
func (m *Mux) Deliver(b []byte, local netip.Addr, remote netip.AddrPort) {
	m.conn.deliver(b, local, remote)
}

// MuxStats counts since the mux was made.
type MuxStats struct {
	// MediaRead and MediaWritten count datagrams with a first byte of 128 to
	// 191 that came to pion or from it. They were refused; both stay zero, since
	// pion must never use the SRTP keys.
	MediaRead, MediaWritten uint64
	// Tracks counts the streams that pion believes to receive; it stays zero,
	// since pion sees no media.
	Tracks uint64
	// Overflow counts datagrams that found the queue full or do not fit into a
	// place of it, 1,500 bytes.
	Overflow uint64
	// Strangers counts what belongs to no peer: checks that name none, that do
	// not carry the integrity of the one they name, or that come from the
	// address of another that is alive, and anything else from an address that
	// no peer owns.
	Strangers uint64
}

// Stats returns the counters.
func (m *Mux) Stats() MuxStats { return m.conn.stats() }

// Close ends the mux; peers that are left lose their transport.
func (m *Mux) Close() { m.mux.Close() }

// GetConn and the methods below make Mux an ice.UDPMux. It claims one loopback
// address of each family, so that pion keeps one host candidate for each; what
// is announced is none of its business.
func (m *Mux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	return m.mux.GetConn(ufrag, addr)
}

// RemoveConnByUfrag forgets an ICE agent.
func (m *Mux) RemoveConnByUfrag(ufrag string) {
	m.conn.owners.forget(ufrag)
	m.mux.RemoveConnByUfrag(ufrag)
}

// GetListenAddresses returns the claimed addresses.
func (m *Mux) GetListenAddresses() []net.Addr {
	port := int(m.conn.cfg.Port)
	return []net.Addr{
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port},
		&net.UDPAddr{IP: net.IPv6loopback, Port: port},
	}
}

// muxCloser keeps pion from closing the mux that all peers share.
type muxCloser struct{ *Mux }

// Close does nothing.
func (m muxCloser) Close() error { return nil }
