//go:build linux && !portable

package udp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	waits
	conn     *net.UDPConn
	raw      syscall.RawConn
	local    netip.AddrPort
	ipv6     bool // sockaddrs are of IPv6, with IPv4 mapped
	offloads Offloads
	logger   *slog.Logger // may be nil

	// Owned by the caller of ReadBatch.
	in       messages
	readFunc func(fd uintptr) bool

	// Owned by the caller of WriteBatch.
	out       messages
	parts     []Datagram // of a train that is sent one by one
	refusals  refusals
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
	s := &Socket{ipv6: !addr.Addr().Is4(), logger: o.Logger, parts: make([]Datagram, 0, batch)}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return s.prepare(c, addr, o) }}
	network := "udp"
	if addr.Addr().Is4() {
		network = "udp4"
	}
	pc, err := lc.ListenPacket(context.Background(), network, addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %v: %w", addr, err)
	}
	s.conn = pc.(*net.UDPConn)
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
	s.readFunc = s.tryRead
	s.writeFunc = func(fd uintptr) bool { s.out.send(fd); return true }
	return s, nil
}

// ListenShared opens n sockets on one address, among which the system shares
// out what comes, by the address of the sender. It fails if the address is
// taken, also by sockets that are shared.
func ListenShared(addr netip.AddrPort, n int, o Options) ([]*Socket, error) {
	sockets := make([]*Socket, 0, n)
	for range n {
		o.joins = len(sockets) > 0
		s, err := Listen(addr, o)
		if err == nil && n > 1 && !o.joins {
			err = s.share() // after bind: what shares is let in where others share
			addr = netip.AddrPortFrom(addr.Addr(), s.local.Port())
		}
		if s != nil {
			sockets = append(sockets, s)
		}
		if err != nil {
			for _, s := range sockets {
				s.Close()
			}
			return nil, err
		}
	}
	return sockets, nil
}

// share lets other sockets be bound to the address.
func (s *Socket) share() error {
	var failed error
	err := s.raw.Control(func(fd uintptr) {
		failed = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	})
	return errors.Join(err, failed)
}

// prepare sets the options of a socket before it is bound. Path MTU discovery is
// off in a way that believes no ICMP message, so that a forged one cannot shrink
// what a peer is sent (ip(7), IP_PMTUDISC_OMIT).
func (s *Socket) prepare(c syscall.RawConn, addr netip.AddrPort, o Options) error {
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
			set(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT)
		} else {
			set(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
			set(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_OMIT)
			set(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT) // of mapped addresses
			if addr.Addr().IsUnspecified() {
				set(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
			}
		}
		if o.Timestamps {
			set(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		}
		buffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, o.ReadBuffer)
		buffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, o.WriteBuffer)
		if o.joins {
			set(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}
		s.offloads = probe(fd, o.Trains)
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
	s.wait(false)
	s.disarm()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, nil
	case err != nil:
		return 0, net.ErrClosed
	}
	return s.in.take(d), nil
}

// tryRead returns false if there is nothing to read.
func (s *Socket) tryRead(fd uintptr) bool {
	s.wait(false)
	ok := s.in.receive(fd)
	s.wait(!ok)
	return ok
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

// Offloads tells what the system does for this socket.
func (s *Socket) Offloads() Offloads { return s.offloads }

// WriteBatch sends datagrams and trains in order and returns how many elements
// it is done with. It never waits: less than all without an error means that the
// send buffer is full. What the system refuses, for want of a route for
// instance, is counted and passed over. A train that it refuses as such is sent
// one by one, at once and, to that peer, for the next minute; if the send buffer
// fills up amid of that, d[n].B is left with the rest.
func (s *Socket) WriteBatch(d []Datagram) (n int, err error) {
	for n < len(d) {
		part := d[n:s.upToSplit(d, n)]
		if len(part) == 0 {
			done, err := s.split(&d[n])
			if !done || err != nil {
				return n, err
			}
			n++
			continue
		}
		k, err := s.write(part)
		n += k
		if err != nil || k < len(part) {
			return n, err
		}
	}
	return n, nil
}

// upToSplit returns where the first train is, from n on, that must be sent one
// by one, at most a batch away.
func (s *Socket) upToSplit(d []Datagram, n int) int {
	end := min(len(d), n+batch)
	if s.offloads.SendTrains && len(s.refusals.locals)+len(s.refusals.remotes) == 0 {
		return end
	}
	for i := n; i < end; i++ {
		if d[i].count() > 1 && (!s.offloads.SendTrains || s.refusals.has(&d[i])) {
			return i
		}
	}
	return end
}

// write sends at most a batch. Less than all means that the send buffer is full.
func (s *Socket) write(d []Datagram) (n int, err error) {
	for n < len(d) {
		s.out.fill(d[n:], s.ipv6)
		if err := s.raw.Write(s.writeFunc); err != nil {
			return n, net.ErrClosed
		}
		s.account(d[n : n+s.out.done])
		n += s.out.done
		switch {
		case n == len(d) || s.out.errno == unix.EINTR || s.out.errno == 0:
			continue
		case s.out.errno == unix.EAGAIN:
			return n, nil
		}
		done, err := s.refuse(&d[n], s.out.errno)
		if !done || err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// account counts what one system call sent.
func (s *Socket) account(d []Datagram) {
	var sent int
	for i := range d {
		sent += d[i].count()
	}
	s.sent.Add(uint64(sent))
	s.messages.Add(uint64(len(d)))
	s.sendCalls.Add(1)
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
