package micro

import (
	"net/netip"
	"runtime"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const writeBatch = 64 // datagrams, as a worker writes them

// loopback writes datagrams to a socket that nobody reads: the kernel drops
// them where that one's buffer is full, at the end of its receiving half, which
// the sender pays for. So no reader competes for the cores; a queue with room
// would cost about a quarter more.
type loopback struct {
	from, to *udp.Socket
	out      []udp.Datagram
	all      netip.AddrPort // where everything goes; zero = to where it is addressed
}

// openLoopback opens the sockets and closes them at the end of the benchmark.
func openLoopback(b *testing.B) sink {
	to := open(b, netip.IPv4Unspecified(), udp.Options{ReadBuffer: 1})
	l := &loopback{
		from: open(b, netip.AddrFrom4([4]byte{127, 0, 0, 1}), udp.Options{WriteBuffer: 4 << 20}),
		to:   to,
		out:  make([]udp.Datagram, 0, writeBatch),
	}
	port := to.LocalAddr().Port()
	if runtime.GOOS != "linux" { // elsewhere loopback is one address and not a network
		l.all = netip.AddrPortFrom(l.from.LocalAddr().Addr(), port)
	}
	local := l.from.LocalAddr().Addr()
	return sink{
		path: func(i int) plane.Path {
			return plane.Path{Local: local, Remote: netip.AddrPortFrom(peerAddr(i), port)}
		},
		flush: func(o *plane.Outbox) { l.flush(o) },
	}
}

func open(b *testing.B, addr netip.Addr, o udp.Options) *udp.Socket {
	s, err := udp.Listen(netip.AddrPortFrom(addr, 0), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// flush writes the outbox, as a worker does, but waits for a full send buffer.
func (l *loopback) flush(o *plane.Outbox) {
	for all := o.Datagrams(); len(all) > 0; {
		l.out = l.out[:0]
		for _, d := range all[:min(len(all), writeBatch)] {
			to := d.Path.Remote
			if l.all.IsValid() {
				to = l.all
			}
			l.out = append(l.out, udp.Datagram{B: d.B, Local: d.Path.Local, Remote: to})
		}
		n, err := l.from.WriteBatch(l.out)
		if err != nil {
			break // closed: the benchmark ends
		}
		if n == 0 {
			runtime.Gosched()
		}
		all = all[n:]
	}
	o.Done()
}
