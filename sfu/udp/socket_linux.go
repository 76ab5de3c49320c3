//go:build linux && !portable

package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// batch is the most datagrams that one system call moves.
const batch = 64

// Socket is a UDP socket. One goroutine may call ReadBatch and one WriteBatch;
// the other methods are safe for concurrent use.
type Socket struct {
	counters
	conn  *net.UDPConn
	raw   syscall.RawConn
	local netip.AddrPort
	ipv6  bool // sockaddrs are of IPv6, with IPv4 mapped

	// Owned by the caller of ReadBatch and WriteBatch.
	in, out   messages
	readFunc  func(fd uintptr) bool
	writeFunc func(fd uintptr) bool

	// Owned by the caller of WriteTo.
	single sync.Mutex
	one    messages

	// Guarded by mu.
	mu    sync.Mutex
	woken bool
}

// Listen opens a socket on an address. An unspecified IPv6 address serves IPv4
// too.
func Listen(addr netip.AddrPort, o Options) (*Socket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return prepare(c, addr, o) }}
	network := "udp"
	if addr.Addr().Is4() {
		network = "udp4"
	}
	pc, err := lc.ListenPacket(context.Background(), network, addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %v: %w", addr, err)
	}
	s := &Socket{conn: pc.(*net.UDPConn), ipv6: !addr.Addr().Is4()}
	a := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.local = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if addr.Addr().IsUnspecified() {
		s.local = netip.AddrPortFrom(addr.Addr(), a.Port())
	}
	if s.raw, err = s.conn.SyscallConn(); err != nil {
		pc.Close()
		return nil, fmt.Errorf("listen on %v: %w", addr, err)
	}
	s.in.init(batch)
	s.out.init(batch)
	s.one.init(1)
	s.readFunc = func(fd uintptr) bool { return s.in.receive(fd) }
	s.writeFunc = func(fd uintptr) bool { s.out.send(fd); return true }
	return s, nil
}

// prepare sets the options of a socket before it is bound.
func prepare(c syscall.RawConn, addr netip.AddrPort, o Options) error {
	var failed error
	set := func(fd, level, name, value int) {
		if err := unix.SetsockoptInt(fd, level, name, value); err != nil && failed == nil {
			failed = os.NewSyscallError("setsockopt", err)
		}
	}
	err := c.Control(func(p uintptr) {
		fd := int(p)
		if addr.Addr().Is4() {
			set(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		} else {
			set(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
			if addr.Addr().IsUnspecified() {
				set(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
			}
		}
		if o.Timestamps {
			set(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		}
		buffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, o.ReadBuffer)
		buffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, o.WriteBuffer)
	})
	return errors.Join(err, failed)
}

// buffer asks for a buffer beyond the system's limit, and else for what the
// limit allows; the kernel says later what it gave.
func buffer(fd, force, ordinary, size int) {
	if size > 0 && unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, ordinary, size)
	}
}

// Buffers returns the sizes that the kernel gave its buffers, in bytes.
func (s *Socket) Buffers() (read, write int, err error) {
	err = s.raw.Control(func(fd uintptr) {
		read, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		write, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	})
	return read, write, err
}

// LocalAddr returns the bound address.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// ReadBatch waits for a datagram, for the deadline or for Wake, and returns how
// many elements of d it filled, at most 64; zero and no error after the
// deadline or Wake. The zero deadline never comes.
func (s *Socket) ReadBatch(d []Datagram, deadline time.Time) (n int, err error) {
	s.arm(deadline)
	d = d[:min(len(d), batch)]
	s.in.offer(d)
	err = s.raw.Read(s.readFunc)
	s.disarm()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, nil
	case err != nil:
		return 0, net.ErrClosed
	}
	return s.in.take(d), nil
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
// full. What the system refuses, for want of a route for instance, is counted
// and passed over.
func (s *Socket) WriteBatch(d []Datagram) (n int, err error) {
	for n < len(d) {
		part := d[n:min(len(d), n+batch)]
		s.out.fill(part, s.ipv6)
		if err := s.raw.Write(s.writeFunc); err != nil {
			return n, net.ErrClosed
		}
		n += s.out.done
		s.sent.Add(uint64(s.out.done))
		s.sendCalls.Add(1)
		if s.out.done == len(part) {
			continue
		}
		if s.out.errno == unix.EAGAIN {
			return n, nil
		}
		if s.out.errno != unix.EINTR && s.out.errno != 0 {
			s.refused.Add(1)
			n++
		}
	}
	return n, nil
}

// WriteTo sends one datagram, from the local address if it is valid.
func (s *Socket) WriteTo(b []byte, local netip.Addr, remote netip.AddrPort) error {
	s.single.Lock()
	defer s.single.Unlock()
	d := [1]Datagram{{B: b, Local: local, Remote: remote}}
	s.one.fill(d[:], s.ipv6)
	if err := s.raw.Write(func(fd uintptr) bool { s.one.send(fd); return true }); err != nil {
		return net.ErrClosed
	}
	if s.one.errno != 0 {
		s.refused.Add(1)
		return fmt.Errorf("send to %v: %w", remote, s.one.errno)
	}
	return nil
}

// Close closes the socket; a waiting ReadBatch returns [net.ErrClosed].
func (s *Socket) Close() error { return s.conn.Close() }
