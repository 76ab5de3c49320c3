//go:build linux && !portable

package udp

import (
	"net/netip"
	"testing"
	"time"
)

// The address that a datagram was sent to is known, and can be sent from.
func TestLocalAddress(t *testing.T) {
	s, c := open(t, "0.0.0.0:0"), open(t, "127.0.0.1:0")
	second := netip.MustParseAddr("127.0.0.2")
	if err := c.WriteTo([]byte("x"), netip.Addr{}, netip.AddrPortFrom(second, s.LocalAddr().Port())); err != nil {
		t.Fatal(err)
	}
	d := read(t, s, 1)[0]
	if d.Local != second {
		t.Fatalf("local address %v, want %v", d.Local, second)
	}
	if n, err := s.WriteBatch([]Datagram{{B: []byte("y"), Local: d.Local, Remote: d.Remote}}); n != 1 || err != nil {
		t.Fatalf("WriteBatch: %d, %v", n, err)
	}
	if got := read(t, c, 1)[0].Remote.Addr(); got != second {
		t.Errorf("answered from %v, want %v", got, second)
	}
}

// Sockets of one address share what comes; nobody else can take part.
func TestListenShared(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::]:0"} {
		shared, err := ListenShared(netip.MustParseAddrPort(addr), 3, Options{})
		if err != nil {
			t.Fatal(err)
		}
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), shared[0].LocalAddr().Port())
		for _, s := range shared {
			t.Cleanup(func() { s.Close() })
			if s.LocalAddr() != shared[0].LocalAddr() {
				t.Errorf("addresses %v and %v", s.LocalAddr(), shared[0].LocalAddr())
			}
		}
		if _, err := ListenShared(shared[0].LocalAddr(), 2, Options{}); err == nil {
			t.Error("two servers share a port")
		}
		const senders = 60
		for range senders {
			if err := open(t, "127.0.0.1:0").WriteTo([]byte("x"), netip.Addr{}, to); err != nil {
				t.Fatal(err)
			}
		}
		total := 0
		for i, s := range shared {
			n, err := s.ReadBatch(room(64), time.Now().Add(20*time.Millisecond))
			if n == 0 || err != nil {
				t.Errorf("socket %d got %d datagrams, %v", i, n, err)
			}
			total += n
		}
		if total != senders {
			t.Errorf("%d of %d datagrams came", total, senders)
		}
	}
}

func TestBatchesAllocateNothing(t *testing.T) {
	a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	out, in := room(16), room(64)
	for i := range out {
		out[i] = Datagram{B: out[i].B[:1200], Local: a.LocalAddr().Addr(), Remote: b.LocalAddr()}
	}
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := a.WriteBatch(out); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < len(out); {
			for i := range in {
				in[i].B = in[i].B[:1500]
			}
			k, err := b.ReadBatch(in, deadline)
			if err != nil || k == 0 {
				t.Fatal(k, err)
			}
			got += k
		}
	}); n != 0 {
		t.Errorf("%v allocations per batch", n)
	}
}

// The kernel's own clock tells when a datagram came, not the reader's. It takes
// the kernel a moment to begin with that; until then it tells when it was read.
func TestTimestamps(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::]:0"} {
		s, err := Listen(netip.MustParseAddrPort(addr), Options{Timestamps: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		c := open(t, "127.0.0.1:0")
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.LocalAddr().Port())
		for try := 1; ; try++ {
			before := time.Now().UnixNano()
			if err := c.WriteTo([]byte("x"), netip.Addr{}, to); err != nil {
				t.Fatal(err)
			}
			after := time.Now().UnixNano()
			d := read(t, s, 1)[0]
			if d.Local != to.Addr() || d.Arrived < before {
				t.Fatalf("%s: %v at %d, sent to %v after %d", addr, d.Local, d.Arrived, to.Addr(), before)
			}
			if d.Arrived <= after {
				break
			}
			if try == 10_000 {
				t.Fatalf("%s: arrived at %d, sent before %d", addr, d.Arrived, after)
			}
		}
	}
}
