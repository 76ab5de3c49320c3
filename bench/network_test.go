//go:build linux

package bench

import (
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// counter is a receiver that reads headers.
type counter struct{ n atomic.Int64 }

func (c *counter) receive(b []byte, _ int64) {
	if _, ok := readHeader(b); ok {
		c.n.Add(1)
	}
}

// What a packet costs that comes in a train of 8, from being sent to the
// receiver, with the sender on another thread.
func BenchmarkNetwork(b *testing.B) {
	n, err := newNetwork(9)
	if err != nil {
		b.Fatal(err)
	}
	defer n.close()
	e, err := n.open(nil)
	if err != nil {
		b.Fatal(err)
	}
	c := new(counter)
	var r receiver = c
	e.media.Store(&r)
	out, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udp.Options{WriteBuffer: networkBuffer})
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	const size, train, trains, ahead = 1200, 8, 16, 4096
	packets := make([]byte, size*train)
	for i := range train {
		packets[i*size] = 0x80
	}
	to := netip.AddrPortFrom(e.addr, n.shared.LocalAddr().Port())
	batch := make([]udp.Datagram, trains)
	b.SetBytes(size)
	b.ResetTimer()
	sent := int64(0)
	for sent < int64(b.N) {
		for sent-c.n.Load() > ahead {
			runtime.Gosched()
		}
		for i := range batch {
			batch[i] = udp.Datagram{B: packets, Segment: size, Remote: to}
		}
		done, err := out.WriteBatch(batch)
		if err != nil {
			b.Fatal(err)
		}
		sent += int64(done * train)
	}
	for c.n.Load() < sent {
		runtime.Gosched()
	}
}
