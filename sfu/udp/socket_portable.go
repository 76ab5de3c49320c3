//go:build !linux || portable

package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Socket is a UDP socket. One goroutine may call ReadBatch and one WriteBatch;
// the other methods are safe for concurrent use.
type Socket struct {
	counters
	waits
	conn *net.UDPConn

	// Guarded by mu.
	mu       sync.Mutex
	woken    bool
	deadline time.Time
}

// Listen opens a socket on an address. An unspecified IPv6 address serves IPv4
// too.
func Listen(addr netip.AddrPort, o Options) (*Socket, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("listen on %v: %w", addr, err)
	}
	if o.ReadBuffer > 0 {
		err = conn.SetReadBuffer(o.ReadBuffer)
	}
	if o.WriteBuffer > 0 && err == nil {
		err = conn.SetWriteBuffer(o.WriteBuffer)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen on %v: set buffer: %w", addr, err)
	}
	return &Socket{conn: conn}, nil
}

// ListenShared opens one socket, whatever n is: sharing an address is not
// portable.
func ListenShared(addr netip.AddrPort, _ int, o Options) ([]*Socket, error) {
	s, err := Listen(addr, o)
	if err != nil {
		return nil, err
	}
	return []*Socket{s}, nil
}

// LocalAddr returns the bound address.
func (s *Socket) LocalAddr() netip.AddrPort {
	a := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// ReadBatch waits for a datagram, for the deadline or for Wake, and returns how
// many elements of d it filled; zero and no error after the deadline or Wake.
// The zero deadline never comes.
func (s *Socket) ReadBatch(d []Datagram, deadline time.Time) (n int, err error) {
	s.arm(deadline)
	s.wait(true)
	size, from, err := s.conn.ReadFromUDPAddrPort(d[0].B)
	s.wait(false)
	s.disarm()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, nil
	case errors.Is(err, net.ErrClosed):
		return 0, net.ErrClosed
	case err != nil:
		return 0, nil // an ICMP error of an earlier datagram
	}
	d[0].B, d[0].Local, d[0].Segment = d[0].B[:size], netip.Addr{}, 0
	d[0].Remote = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return 1, nil
}

// arm sets the read deadline, to the past if Wake was called.
func (s *Socket) arm(deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.woken {
		deadline = time.Unix(1, 0)
	}
	s.conn.SetReadDeadline(deadline)
}

func (s *Socket) disarm() {
	s.mu.Lock()
	s.woken = false
	s.mu.Unlock()
}

// Wake makes the present or else the next ReadBatch return.
func (s *Socket) Wake() {
	s.mu.Lock()
	s.woken = true
	s.conn.SetReadDeadline(time.Unix(1, 0))
	s.mu.Unlock()
}

// WriteBatch sends datagrams in order and returns how many it is done with. It
// never waits: less than all without an error means that the send buffer is
// full. What the system refuses is counted and passed over. Here the choice of
// the source address is the system's.
func (s *Socket) WriteBatch(d []Datagram) (n int, err error) {
	for i := range d {
		rest := d[i]
		for range d[i].count() {
			one := rest.first()
			err := s.WriteTo(one.B, one.Local, one.Remote)
			if errors.Is(err, net.ErrClosed) {
				return i, err
			}
			rest.B = rest.B[len(one.B):]
			s.sendCalls.Add(1)
			s.messages.Add(1)
			if err == nil {
				s.sent.Add(1)
			}
		}
	}
	return len(d), nil
}

// Buffers returns zeros: what the system gave is not known.
func (s *Socket) Buffers() (read, write int, err error) { return 0, 0, nil }

// Offloads tells what the system does for this socket: nothing.
func (s *Socket) Offloads() Offloads { return Offloads{} }

// WriteTo sends one datagram.
func (s *Socket) WriteTo(b []byte, _ netip.Addr, remote netip.AddrPort) error {
	_, err := s.conn.WriteToUDPAddrPort(b, remote)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.refused.Add(1)
	}
	return err
}

// Close closes the socket; a waiting ReadBatch returns [net.ErrClosed].
func (s *Socket) Close() error { return s.conn.Close() }
