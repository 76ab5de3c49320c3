package pionpc

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
)

const (
	queueLength  = 1024 // datagrams that wait for pion
	datagramSize = 1500
)

// conn is what pion takes for the UDP socket.
type conn struct {
	cfg     MuxConfig
	queue   chan *datagram
	free    chan *datagram
	closed  chan struct{}
	once    sync.Once
	owners  *owners
	release func(ufrag string) // makes pion forget an agent

	overflow, mediaRead, mediaWritten, strangers, tracks atomic.Uint64
}

type datagram struct {
	n      int
	local  netip.Addr
	remote netip.AddrPort
	b      [datagramSize]byte
}

func newConn(cfg MuxConfig) *conn {
	return &conn{
		cfg:    cfg,
		queue:  make(chan *datagram, queueLength),
		free:   make(chan *datagram, queueLength),
		closed: make(chan struct{}),
		owners: newOwners(cfg.Authenticated),
	}
}

func (c *conn) stats() MuxStats {
	return MuxStats{
		MediaRead:    c.mediaRead.Load(),
		MediaWritten: c.mediaWritten.Load(),
		Overflow:     c.overflow.Load(),
		Strangers:    c.strangers.Load(),
		Tracks:       c.tracks.Load(),
	}
}

// isMedia tells what pion must neither see nor send (RFC 7983 section 7).
func isMedia(b []byte) bool { return len(b) > 0 && b[0] >= 128 && b[0] <= 191 }

// deliver is called by workers.
func (c *conn) deliver(b []byte, local netip.Addr, remote netip.AddrPort) {
	if isMedia(b) {
		c.mediaRead.Add(1)
		return
	}
	if !c.admit(b, remote) {
		c.strangers.Add(1)
		return
	}
	if len(b) > datagramSize {
		c.overflow.Add(1)
		return
	}
	var d *datagram
	select {
	case d = <-c.free:
	default:
		d = new(datagram)
	}
	d.n, d.local, d.remote = copy(d.b[:], b), local, remote
	select {
	case c.queue <- d:
	default:
		c.overflow.Add(1)
	}
}

// admit refuses what nobody here can use before it takes room in the queue:
// checks that name no agent, and all else, DTLS or a response, from an address
// that nobody owns.
func (c *conn) admit(b []byte, remote netip.AddrPort) bool {
	if k, ok := readCheck(b); ok {
		return c.owners.exists(k.ufrag)
	}
	_, owned := c.owners.local(remote)
	return owned
}

// check is a binding request (RFC 8445 section 7.2.2).
type check struct {
	message stun.Message
	ufrag   string // the receiver's part of USERNAME
}

// readCheck returns ok = false if b is no binding request with a USERNAME.
func readCheck(b []byte) (k check, ok bool) {
	if len(b) < 20 || b[0] != 0 || b[1] != 1 || !stun.IsMessage(b) {
		return check{}, false
	}
	k.message.Raw = b
	if k.message.Decode() != nil {
		return check{}, false
	}
	name, err := k.message.Get(stun.AttrUsername)
	if err != nil {
		return check{}, false
	}
	ufrag, _, _ := bytes.Cut(name, []byte(":"))
	k.ufrag = string(ufrag)
	return k, true
}

// ReadFromAddrPort gives pion the next datagram.
func (c *conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		select {
		case d := <-c.queue:
			n, local, remote := copy(b, d.b[:d.n]), d.local, d.remote
			select {
			case c.free <- d:
			default:
			}
			if c.settle(b[:n], local, remote) {
				return n, remote, nil
			}
		case <-c.closed:
			return 0, netip.AddrPort{}, net.ErrClosed
		}
	}
}

// settle lets a check through if it is authentic and its address is to be had
// by the agent that it names; see owners.
func (c *conn) settle(b []byte, local netip.Addr, remote netip.AddrPort) bool {
	k, ok := readCheck(b)
	if !ok {
		return true
	}
	evicted, ok := c.owners.check(k, local, remote)
	if evicted != "" {
		c.release(evicted)
	}
	if !ok {
		c.strangers.Add(1)
		return false
	}
	c.cfg.Heard(local, remote)
	return true
}

// WriteToAddrPort sends what pion has to say, from the address that was asked.
func (c *conn) WriteToAddrPort(b []byte, remote netip.AddrPort) (int, error) {
	if isMedia(b) {
		c.mediaWritten.Add(1)
		return 0, errMedia
	}
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	local, ok := c.owners.local(remote)
	if !ok {
		return 0, errUnknown // we never write first
	}
	if err := c.cfg.Write(b, local, remote); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ReadFrom is ReadFromAddrPort for those who do not know it.
func (c *conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, a, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(a), nil
}

// WriteTo is WriteToAddrPort for those who do not know it.
func (c *conn) WriteTo(b []byte, a net.Addr) (int, error) {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return 0, errUnknown
	}
	return c.WriteToAddrPort(b, u.AddrPort())
}

// Close ends ReadFromAddrPort.
func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// LocalAddr is unspecified, so that the mux takes candidates of both families.
func (c *conn) LocalAddr() net.Addr {
	return &net.UDPAddr{IP: net.IPv6unspecified, Port: int(c.cfg.Port)}
}

// SetDeadline does nothing: reads end with Close, and writes never wait.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
