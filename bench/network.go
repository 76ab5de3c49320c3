package bench

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
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

// network gives every client an address of its own without a socket of its own:
// one socket serves 127.0.0.0/8, the address that a datagram was sent to tells
// whose it is. One thread reads them all, which is about as cheap as receiving
// can be made.
type network struct {
	socket    *udp.Socket
	endpoints []atomic.Pointer[endpoint] // by the last two bytes of the address
	opened    atomic.Int64
	second    byte // byte of the address
	done      chan struct{}
}

// newNetwork opens a network of 65,536 addresses, 127.second.0.0/16.
func newNetwork(second byte) (*network, error) {
	socket, err := udp.Listen(netip.AddrPortFrom(netip.IPv4Unspecified(), 0), udp.Options{
		ReadBuffer: networkBuffer, WriteBuffer: networkBuffer, Timestamps: true,
	})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	n := &network{
		socket:    socket,
		endpoints: make([]atomic.Pointer[endpoint], mostEndpoints),
		second:    second,
		done:      make(chan struct{}),
	}
	go n.read()
	return n, nil
}

// open returns the next address.
func (n *network) open() (*endpoint, error) {
	number := n.opened.Add(1)
	if number >= mostEndpoints {
		return nil, fmt.Errorf("bench: more than %d clients", mostEndpoints-1)
	}
	e := &endpoint{
		network: n,
		addr:    netip.AddrFrom4([4]byte{127, n.second, byte(number >> 8), byte(number)}),
		control: make(chan control, controlQueue),
		done:    make(chan struct{}),
	}
	n.endpoints[number].Store(e)
	return e, nil
}

// read hands out what comes until the socket is closed.
func (n *network) read() {
	runtime.LockOSThread()
	defer close(n.done)
	in := make([]udp.Datagram, 64)
	memory := make([]byte, len(in)*datagramRoom)
	for i := range in {
		in[i].B = memory[i*datagramRoom : (i+1)*datagramRoom : (i+1)*datagramRoom]
	}
	for {
		count, err := n.socket.ReadBatch(in, time.Time{})
		if err != nil {
			return
		}
		for i := range in[:count] {
			n.deliver(&in[i])
			in[i].B = in[i].B[:datagramRoom]
		}
	}
}

func (n *network) deliver(d *udp.Datagram) {
	a := d.Local.As4()
	e := n.endpoints[int(a[2])<<8|int(a[3])].Load()
	if e == nil || len(d.B) == 0 || a[1] != n.second {
		return
	}
	if d.B[0] < 128 || d.B[0] > 191 {
		e.queue(d)
		return
	}
	if r := e.media.Load(); r != nil {
		(*r).receive(d.B, d.Arrived)
	}
}

// close ends the reader.
func (n *network) close() {
	n.socket.Close()
	<-n.done
}

// receiver takes in the media of one endpoint; b is its own until it returns.
// It is called by the network's reader alone.
type receiver interface {
	receive(b []byte, arrived int64)
}

// endpoint is one client's address: a net.PacketConn for its STUN and DTLS,
// while media goes past it.
type endpoint struct {
	network *network
	addr    netip.Addr
	control chan control
	media   atomic.Pointer[receiver]
	lost    atomic.Int64 // control datagrams that found the queue full
	done    chan struct{}
	closed  atomic.Bool
}

type control struct {
	b    []byte
	from netip.AddrPort
}

func (e *endpoint) queue(d *udp.Datagram) {
	c := control{b: append([]byte(nil), d.B...), from: d.Remote}
	select {
	case e.control <- c:
	default:
		e.lost.Add(1) // ICE and DTLS send it again
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
	return e.network.socket.WriteTo(b, e.addr, to)
}

// LocalAddr implements [net.PacketConn].
func (e *endpoint) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.addr, e.network.socket.LocalAddr().Port()))
}

// Close implements [net.PacketConn].
func (e *endpoint) Close() error {
	if e.closed.CompareAndSwap(false, true) {
		close(e.done)
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
