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
	routeLimit   = 8192            // addresses that were heard but not authenticated
	ownership    = 2 * time.Second // without authenticated packets an address can be taken over
	askEvery     = 500 * time.Millisecond
)

// conn is what pion takes for the UDP socket.
type conn struct {
	cfg     MuxConfig
	queue   chan *datagram
	free    chan *datagram
	closed  chan struct{}
	once    sync.Once
	release func(ufrag string) // makes pion forget an agent

	overflow, mediaRead, mediaWritten, strangers atomic.Uint64

	// Guarded by mu.
	mu     sync.Mutex
	ufrags map[string]struct{}        // of the agents that exist
	routes map[netip.AddrPort]*route  // of addresses that sent a check
	asked  map[netip.AddrPort]verdict // takeovers that were asked for lately
}

// route is how a remote address is answered, and whose it is.
type route struct {
	local netip.Addr
	ufrag string // of the newest check
	owner string // ufrag of the agent that authenticated a check; empty at first
}

type verdict struct {
	at    time.Time
	taken bool
}

type datagram struct {
	n      int
	remote netip.AddrPort
	b      [datagramSize]byte
}

func newConn(cfg MuxConfig) *conn {
	return &conn{
		cfg:    cfg,
		queue:  make(chan *datagram, queueLength),
		free:   make(chan *datagram, queueLength),
		closed: make(chan struct{}),
		ufrags: make(map[string]struct{}),
		routes: make(map[netip.AddrPort]*route),
	}
}

func (c *conn) stats() MuxStats {
	return MuxStats{
		MediaRead:    c.mediaRead.Load(),
		MediaWritten: c.mediaWritten.Load(),
		Overflow:     c.overflow.Load(),
		Strangers:    c.strangers.Load(),
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
	if len(b) > datagramSize || !c.admit(b, local, remote) {
		return
	}
	var d *datagram
	select {
	case d = <-c.free:
	default:
		d = new(datagram)
	}
	d.n, d.remote = copy(d.b[:], b), remote
	select {
	case c.queue <- d:
	default:
		c.overflow.Add(1)
	}
}

// admit notes where a check came from. A check that names an agent that does
// not exist leaves no trace.
func (c *conn) admit(b []byte, local netip.Addr, remote netip.AddrPort) bool {
	ufrag, ok := checkUfrag(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.routes[remote]
	if !ok {
		return r != nil // DTLS, or a response, of an address that is known
	}
	if _, exists := c.ufrags[ufrag]; !exists {
		c.strangers.Add(1)
		return false
	}
	if r == nil {
		if len(c.routes) >= routeLimit {
			c.prune()
		}
		r = &route{}
		c.routes[remote] = r
	}
	r.local, r.ufrag = local, ufrag
	return true
}

// prune forgets addresses of which nothing was authenticated.
func (c *conn) prune() {
	for a, r := range c.routes {
		if r.owner == "" {
			delete(c.routes, a)
		}
	}
}

// checkUfrag returns the receiver's part of USERNAME if b is a binding request
// (RFC 8445 section 7.2.2).
func checkUfrag(b []byte) (string, bool) {
	if len(b) < 20 || b[0] != 0 || b[1] != 1 || !stun.IsMessage(b) {
		return "", false
	}
	m := stun.Message{Raw: b}
	if m.Decode() != nil {
		return "", false
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return "", false
	}
	ufrag, _, _ := bytes.Cut(name, []byte(":"))
	return string(ufrag), true
}

// ReadFromAddrPort gives pion the next datagram.
func (c *conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		select {
		case d := <-c.queue:
			n, remote := copy(b, d.b[:d.n]), d.remote
			select {
			case c.free <- d:
			default:
			}
			if c.settle(b[:n], remote) {
				return n, remote, nil
			}
		case <-c.closed:
			return 0, netip.AddrPort{}, net.ErrClosed
		}
	}
}

// settle decides on a check that names another agent than the owner of its
// address: if nothing authenticated came from the owner for 2 s, the address is
// the newcomer's, else the check is dropped.
func (c *conn) settle(b []byte, remote netip.AddrPort) bool {
	ufrag, ok := checkUfrag(b)
	if !ok {
		return true
	}
	c.mu.Lock()
	r := c.routes[remote]
	if r == nil || r.owner == "" || r.owner == ufrag {
		c.mu.Unlock()
		return r != nil
	}
	owner, local := r.owner, r.local
	c.mu.Unlock()
	if !c.abandoned(local, remote) {
		c.strangers.Add(1)
		return false
	}
	c.release(owner)
	c.forgetRoutes(owner)
	c.mu.Lock()
	c.routes[remote] = &route{local: local, ufrag: ufrag}
	c.mu.Unlock()
	return true
}

// abandoned asks the data plane, at most twice a second for one address.
func (c *conn) abandoned(local netip.Addr, remote netip.AddrPort) bool {
	now := time.Now()
	c.mu.Lock()
	v, ok := c.asked[remote]
	c.mu.Unlock()
	if ok && now.Sub(v.at) < askEvery {
		return v.taken
	}
	v = verdict{at: now, taken: !c.cfg.Authenticated(local, remote, ownership)}
	c.mu.Lock()
	if c.asked == nil || len(c.asked) > routeLimit {
		c.asked = make(map[netip.AddrPort]verdict)
	}
	c.asked[remote] = v
	c.mu.Unlock()
	return v.taken
}

// WriteToAddrPort sends what pion has to say, from the address that was asked.
func (c *conn) WriteToAddrPort(b []byte, remote netip.AddrPort) (int, error) {
	if isMedia(b) {
		c.mediaWritten.Add(1)
		return 0, errMedia
	}
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	c.mu.Lock()
	var local netip.Addr
	r := c.routes[remote]
	if r != nil {
		local = r.local
	}
	authenticated := r != nil && isSuccess(b)
	if authenticated {
		r.owner = r.ufrag
	}
	c.mu.Unlock()
	if r == nil {
		return 0, errUnknown // we never write first
	}
	if authenticated {
		c.cfg.Heard(local, remote)
	}
	if err := c.cfg.Write(b, local, remote); err != nil {
		return 0, err
	}
	return len(b), nil
}

// isSuccess tells a binding success response: pion has checked the integrity of
// the request.
func isSuccess(b []byte) bool { return len(b) >= 20 && b[0] == 1 && b[1] == 1 }

// local returns the address that a remote one talks to.
func (c *conn) local(remote netip.AddrPort) netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.routes[remote]; r != nil {
		return r.local
	}
	return netip.Addr{}
}

// expect makes an agent known.
func (c *conn) expect(ufrag string) {
	c.mu.Lock()
	c.ufrags[ufrag] = struct{}{}
	c.mu.Unlock()
}

// forget ends an agent and its addresses.
func (c *conn) forget(ufrag string) {
	c.mu.Lock()
	delete(c.ufrags, ufrag)
	c.mu.Unlock()
	c.forgetRoutes(ufrag)
}

func (c *conn) forgetRoutes(ufrag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a, r := range c.routes {
		if r.owner == ufrag || r.owner == "" && r.ufrag == ufrag {
			delete(c.routes, a)
		}
	}
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
