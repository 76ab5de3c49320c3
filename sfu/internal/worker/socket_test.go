package worker

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

func open(t *testing.T) *udp.Socket {
	t.Helper()
	s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udp.Options{ReadBuffer: 1 << 20, WriteBuffer: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Over real sockets: media comes out at the other end while somebody sends
// nonsense of all sizes, which is counted. The datagrams of nobody are many, so
// that they go in steps, each of which the worker has answered.
func TestRealSocket(t *testing.T) {
	s, in, out, bad := open(t), open(t), open(t), open(t)
	for _, x := range []*udp.Socket{in, out, bad} {
		t.Cleanup(func() { x.Close() })
	}
	r := newRig(t, s)
	var local netip.Addr
	if s.Offloads().Batches { // the portable socket does not tell the local address
		local = s.LocalAddr().Addr()
	}
	r.Post(plane.BindPath{Transport: 1, Path: plane.Path{Local: local, Remote: in.LocalAddr()}})
	r.Post(plane.BindPath{Transport: 2, Path: plane.Path{Local: local, Remote: out.LocalAddr()}})
	random := rand.New(rand.NewPCG(1, 1))
	const steps, noise = 50, 40
	received := 0
	for range steps {
		for range noise {
			b := make([]byte, random.IntN(5)*random.IntN(300))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			if err := bad.WriteTo(b, netip.Addr{}, s.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range r.packets(t, 2) {
			if err := in.WriteTo(d.B, netip.Addr{}, s.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		for want := received + 2; received < want; {
			d := []udp.Datagram{{B: make([]byte, 1500)}}
			n, err := out.ReadBatch(d, time.Now().Add(10*time.Second))
			if n != 1 || err != nil {
				t.Fatalf("read %d, %v after %d packets", n, err, received)
			}
			if d[0].B[1]&0x7f == 111 { // the first one is marked
				received++
			}
		}
	}
	st := r.stats()
	r.mu.Lock()
	dropped := uint64(r.control)
	r.mu.Unlock()
	for _, n := range st.Drops {
		dropped += n
	}
	if dropped < steps*noise/2 || st.Drops[plane.DropMalformed] == 0 {
		t.Errorf("%d of %d datagrams of nonsense were counted: %v", dropped, steps*noise, st.Drops)
	}
	r.Close()
	again, err := udp.Listen(s.LocalAddr(), udp.Options{})
	if err != nil {
		t.Fatalf("the port is taken after Close: %v", err)
	}
	again.Close()
}
