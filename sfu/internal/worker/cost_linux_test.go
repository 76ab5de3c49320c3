//go:build !portable

package worker

import (
	"math"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/cputime"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// bound is a socket that binds the worker's goroutine to its thread for good, so
// that all which that thread uses is the worker's.
type bound struct {
	*udp.Socket
	locked bool
	start  time.Duration
}

func (b *bound) ReadBatch(d []udp.Datagram, deadline time.Time) (int, error) {
	if !b.locked {
		runtime.LockOSThread()
		b.locked, b.start = true, cputime.Thread()
	}
	return b.Socket.ReadBatch(d, deadline)
}

func (b *bound) Close() error {
	runtime.UnlockOSThread()
	return b.Socket.Close()
}

// What was charged to streams, peers and nobody adds up to what the thread used.
func TestCostsAddUpToTheThread(t *testing.T) {
	const listeners, rounds, size = 40, 100, 32
	s, in := &bound{Socket: open(t)}, open(t)
	t.Cleanup(func() { in.Close() })
	out, err := udp.Listen(netip.MustParseAddrPort("0.0.0.0:0"), udp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	r := newRig(t, s)
	local := s.LocalAddr().Addr()
	r.Post(plane.BindPath{Transport: 1, Path: plane.Path{Local: local, Remote: in.LocalAddr()}})
	route := &plane.Route{}
	route.PayloadTypes[96] = 96
	for i := range listeners {
		id := plane.ID(100 + i)
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), out.LocalAddr().Port())
		r.transport(t, id, to)
		r.Post(plane.AddSlot{Transport: id, Slot: id, Spec: plane.SlotSpec{MID: "0", SSRC: uint32(id)}})
		r.Post(plane.Bind{Slot: id, Publication: 11, Route: route})
	}
	for round := range rounds {
		for _, d := range r.pictures(t, size) {
			if err := in.WriteTo(d.B, netip.Addr{}, s.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		for want := uint64((round + 1) * size * listeners); r.stats().PacketsSent < want; {
			<-time.After(time.Millisecond)
		}
	}
	var used, charged time.Duration
	reply := make(chan plane.Stats)
	r.Post(plane.Count{Done: func(st plane.Stats) { used = cputime.Thread() - s.start; reply <- st }})
	st := <-reply
	for _, cpu := range st.CPU {
		charged += cpu
	}
	if math.Abs(charged.Seconds()/used.Seconds()-1) > 0.05 || used < 10*time.Millisecond {
		t.Errorf("%v were charged %v, the thread used %v", charged, st.CPU, used)
	}
	if out, in := st.CPU[plane.PayOutbound], st.CPU[plane.PayInbound]; out < charged/2 || in == 0 {
		t.Errorf("subscribers were charged %v and publishers %v of %v", out, in, charged)
	}
}

// A socket that wakes up for nothing charges nobody in particular.
func TestWakingUpIsShared(t *testing.T) {
	r := newRig(t, open(t))
	before := r.stats()
	for range 100 {
		r.exists(1)
	}
	st := r.stats()
	if st.CPU[plane.PayShared] <= before.CPU[plane.PayShared] || st.CPU[plane.PayOutbound] != before.CPU[plane.PayOutbound] {
		t.Errorf("before %v, after %v", before.CPU, st.CPU)
	}
}
