package bench

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	networkBuffer = 32 << 20 // bytes asked of the kernel, each way
	datagramRoom  = 2048
	controlQueue  = 64 // STUN and DTLS datagrams of one endpoint that wait
	mostEndpoints = 1 << 16
)

// network gives every client an address of its own.
//
// Towards a server on this machine it needs one socket: that serves 127.0.0.0/8,
// the address that a datagram was sent to tells whose it is, and one thread reads
// them all, which is about as cheap as receiving can be made. Towards another
// machine each client has a socket.
type network struct {
	shared *udp.Socket  // nil if each client has its own
	second byte         // byte of the shared addresses
	own    netip.Addr   // of this machine, towards the server; invalid if shared
	opened atomic.Int64 // endpoints
	ended  sync.WaitGroup
	used   time.Duration // CPU time of the thread that reads shared; known when it has ended

	endpoints []atomic.Pointer[endpoint] // by the last two bytes of the address

	// Held while media is taken in, and by who reports about it.
	media    sync.Mutex
	reporter reporter // guarded by media
	stop     chan struct{}
	buffer   int // bytes asked of the kernel for each own socket, each way
}

// newNetwork opens a network of 65,535 addresses, 127.second.0.0/16.
func newNetwork(second byte) (*network, error) {
	socket, err := listen(netip.IPv4Unspecified(), networkBuffer, true)
	if err != nil {
		return nil, err
	}
	n := &network{
		shared: socket, second: second, stop: make(chan struct{}),
		endpoints: make([]atomic.Pointer[endpoint], mostEndpoints),
	}
	n.ended.Go(func() {
		runtime.LockOSThread() // a thread of its own is woken sooner
		began := threadTime()
		n.read(socket, udp.MaxTrain, nil, n.deliver)
		n.used = threadTime() - began
	})
	n.ended.Go(n.beat)
	return n, nil
}

// newRemoteNetwork opens a network whose clients have sockets of their own on
// the address that leads to a server.
func newRemoteNetwork(server string) (*network, error) {
	c, err := net.Dial("udp4", server) // sends nothing
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer c.Close()
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return newOwnNetwork(a.Addr().Unmap()), nil
}

// newOwnNetwork opens a network whose clients have sockets of their own on an
// address.
func newOwnNetwork(own netip.Addr) *network {
	n := &network{own: own, stop: make(chan struct{}), buffer: networkBuffer}
	n.ended.Go(n.beat)
	return n
}

func listen(addr netip.Addr, buffer int, trains bool) (*udp.Socket, error) {
	s, err := udp.Listen(netip.AddrPortFrom(addr, 0), udp.Options{
		ReadBuffer: buffer, WriteBuffer: buffer, Timestamps: true, Trains: trains,
	})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return s, nil
}

// open returns the next address. A client with a pace has to have a socket of its
// own.
func (n *network) open(pace *slowness) (*endpoint, error) {
	number := n.opened.Add(1)
	if number >= mostEndpoints {
		return nil, fmt.Errorf("bench: more than %d clients", mostEndpoints-1)
	}
	e := &endpoint{network: n, control: make(chan control, controlQueue), done: make(chan struct{})}
	if n.shared != nil {
		e.socket = n.shared
		e.addr = netip.AddrFrom4([4]byte{127, n.second, byte(number >> 8), byte(number)})
		n.endpoints[number].Store(e)
		return e, nil
	}
	var err error
	if e.socket, err = listen(n.own, n.buffer, false); err != nil {
		return nil, err
	}
	e.addr = n.own
	n.ended.Go(func() {
		n.read(e.socket, datagramRoom, pace, e.deliver)
	})
	return e, nil
}

// read hands out what comes until the socket is closed, at a pace if it is not
// nil. Messages have at most room bytes.
func (n *network) read(socket *udp.Socket, room int, pace *slowness, deliver func(*udp.Datagram)) {
	in := make([]udp.Datagram, 64)
	for i := range in {
		in[i].B = make([]byte, room)
	}
	for {
		pace.pace()
		count, err := socket.ReadBatch(pace.batch(in), time.Time{})
		if err != nil {
			return
		}
		n.media.Lock()
		for i := range in[:count] {
			deliver(&in[i])
			in[i].B = in[i].B[:room]
		}
		n.media.Unlock()
	}
}

// beat sends reports until the network is closed.
func (n *network) beat() {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			n.media.Lock()
			n.reporter.tick(now.UnixNano())
			n.media.Unlock()
		case <-n.stop:
			return
		}
	}
}

// deliver finds the endpoint of a datagram that came to the shared socket.
func (n *network) deliver(d *udp.Datagram) {
	a := d.Local.As4()
	e := n.endpoints[int(a[2])<<8|int(a[3])].Load()
	if e != nil && a[1] == n.second {
		e.deliver(d)
	}
}

// close ends the readers. The endpoints are closed before.
func (n *network) close() {
	if n.shared != nil {
		n.shared.Close()
	}
	close(n.stop)
	n.ended.Wait()
}

// ports lists the local UDP ports, of which the system counts drops.
func (n *network) ports(members []*member) []uint16 {
	if n.shared != nil {
		return []uint16{n.shared.LocalAddr().Port()}
	}
	var list []uint16
	for _, m := range members {
		if m.plan.sink || m.plan.slow || !m.left.IsZero() {
			continue
		}
		list = append(list, m.transport.endpoint.socket.LocalAddr().Port())
	}
	return list
}

// receiver takes in the media of one endpoint; b is its own until it returns.
// It is called by who holds the network's media.
type receiver interface {
	receive(b []byte, arrived int64)
}

// endpoint is one client's address: a net.PacketConn for its STUN and DTLS,
// while media goes past it.
type endpoint struct {
	network *network
	socket  *udp.Socket // shared or its own
	addr    netip.Addr
	control chan control
	media   atomic.Pointer[receiver]
	done    chan struct{}
	closed  atomic.Bool
}

type control struct {
	b    []byte
	from netip.AddrPort
}

func (e *endpoint) deliver(d *udp.Datagram) {
	r := e.media.Load()
	for b := range d.Datagrams() {
		switch {
		case len(b) == 0:
		case b[0] < 128 || b[0] > 191:
			e.queue(b, d.Remote)
		case r != nil:
			(*r).receive(b, d.Arrived)
		}
	}
}

func (e *endpoint) queue(b []byte, from netip.AddrPort) {
	c := control{b: append([]byte(nil), b...), from: from}
	select {
	case e.control <- c:
	default: // ICE and DTLS send it again
	}
}

// ReadFrom implements [net.PacketConn].
func (e *endpoint) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case c := <-e.control:
		return copy(b, c.b), net.UDPAddrFromAddrPort(c.from), nil
	case <-e.done:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements [net.PacketConn].
func (e *endpoint) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errors.New("bench: not a UDP address")
	}
	ap := a.AddrPort()
	return len(b), e.send(b, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

func (e *endpoint) send(b []byte, to netip.AddrPort) error {
	return e.socket.WriteTo(b, e.addr, to)
}

// LocalAddr implements [net.PacketConn].
func (e *endpoint) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.addr, e.socket.LocalAddr().Port()))
}

// Close implements [net.PacketConn].
func (e *endpoint) Close() error {
	if e.closed.CompareAndSwap(false, true) {
		close(e.done)
		if e.network.shared == nil {
			return e.socket.Close()
		}
		a := e.addr.As4()
		e.network.endpoints[int(a[2])<<8|int(a[3])].Store(nil)
	}
	return nil
}

// SetDeadline implements [net.PacketConn]; ICE and DTLS end by Close.
func (e *endpoint) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline implements [net.PacketConn].
func (e *endpoint) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline implements [net.PacketConn].
func (e *endpoint) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
