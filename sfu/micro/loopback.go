package micro

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/cputime"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	writeBatch = 64  // messages, as a worker writes them
	emptyEvery = 128 // datagrams, which fit into a receive buffer of the usual size
)

// loopback writes datagrams to a socket on the same machine. On Linux it empties
// that socket after every 128 of them and does not count the time: so the cost
// has the kernel's whole receiving half up to the queue, which the sender pays
// for, but neither the waking of a reader nor one that competes for the cores.
// Elsewhere the socket overflows.
type loopback struct {
	from    *udp.Socket
	to      *mailbox
	out     []udp.Datagram
	all     netip.AddrPort // where everything goes; zero = to where it is addressed
	queued  int            // datagrams in the mailbox
	emptied time.Duration  // time for emptying it, by clock
}

// openLoopback opens the sockets and closes them at the end of the benchmark.
func openLoopback(b *testing.B) sink {
	local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	to, port := openMailbox(b)
	l := &loopback{
		from: open(b, local, udp.Options{WriteBuffer: 4 << 20}),
		to:   to,
		out:  make([]udp.Datagram, 0, writeBatch),
	}
	if runtime.GOOS != "linux" { // elsewhere loopback is one address and not a network
		l.all = netip.AddrPortFrom(local, port)
	}
	return sink{
		path: func(i int) plane.Path {
			return plane.Path{Local: local, Remote: netip.AddrPortFrom(peerAddr(i), port)}
		},
		flush: l.flush,
		aside: func() time.Duration { d := l.emptied; l.emptied = 0; return d },
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
	for all := o.Waiting(plane.Bulk); len(all) > 0; {
		l.out = l.out[:0]
		queued := l.queued
		for _, m := range all[:min(len(all), writeBatch)] {
			to := m.Path.Remote
			if l.all.IsValid() {
				to = l.all
			}
			if queued += m.Count; queued > emptyEvery && len(l.out) > 0 {
				break
			}
			l.out = append(l.out, udp.Datagram{B: m.B, Segment: m.Segment, Local: m.Path.Local, Remote: to})
		}
		n, err := l.from.WriteBatch(l.out)
		if err != nil {
			break // closed: the benchmark ends
		}
		if n == 0 {
			runtime.Gosched()
		}
		for _, m := range all[:n] {
			l.queued += m.Count
		}
		all = all[n:]
		if l.queued >= emptyEvery-fanoutBatch/frames {
			start := cputime.Thread()
			l.to.empty()
			l.queued = 0
			l.emptied += cputime.Thread() - start
		}
	}
	o.Done()
}
