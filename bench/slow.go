package bench

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// How slow slow members read.
const (
	slowEvery  = 50 * time.Millisecond
	slowMedia  = 4       // datagrams
	slowBytes  = 64      // of signalling
	slowBuffer = 1 << 16 // bytes that the kernel keeps for each of them
)

// SlowFigures is about members that read slowly. Their packets are in no other
// count.
type SlowFigures struct {
	Members  int    `json:"members"`
	Expected uint64 `json:"expected"`
	Received uint64 `json:"received"`
	// Gone is how many of their signalling connections were closed by the server.
	Gone int `json:"gone"`
}

// slowPlans chooses who is slow: the first of those who only receive, then of
// those who receive.
func (o ForwardOptions) slowPlans(plans []memberPlan) (chosen int) {
	for _, sends := range []bool{false, true} {
		for i := range plans {
			p := &plans[i]
			if chosen < o.Slow && !p.slow && p.audio+p.video > 0 && len(p.sources) > 0 == sends {
				p.slow = true
				chosen++
			}
		}
	}
	return chosen
}

// slowDown makes the slow members slow.
func (f *forward) slowDown() {
	for _, m := range f.members {
		if m.pace != nil {
			m.pace.begun.Store(true)
		}
	}
}

// lookForGone counts the slow members whose signalling the server has closed.
func (f *forward) lookForGone() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if j, ok := m.joined.(*switchyardJoined); ok && m.plan.slow && j.gone() {
			f.result.Slow.Gone++
		}
	}
}

// slowness is one member's pace: it reads at full speed until it begins.
type slowness struct {
	begun atomic.Bool
	ended chan struct{}
	once  sync.Once
}

func newSlowness() *slowness { return &slowness{ended: make(chan struct{})} }

// pace waits for the next read.
func (s *slowness) pace() {
	if s == nil || !s.begun.Load() {
		return
	}
	t := time.NewTimer(slowEvery)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ended:
	}
}

// end lets reads go on at full speed.
func (s *slowness) end() {
	if s != nil {
		s.once.Do(func() { close(s.ended) })
	}
}

// client dials signalling connections that are read at this pace.
func (s *slowness) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(slowBuffer) // more would hide the pace from the server
		}
		return slowConn{Conn: c, pace: s}, nil
	}}}
}

// slowConn is read at a pace.
type slowConn struct {
	net.Conn
	pace *slowness
}

// Read implements [net.Conn].
func (c slowConn) Read(b []byte) (int, error) {
	if c.pace.begun.Load() {
		c.pace.pace()
		b = b[:min(len(b), slowBytes)]
	}
	return c.Conn.Read(b)
}

// newSlowNetwork opens the network of slow members, each with a socket, at the
// addresses of another.
func newSlowNetwork(like *network) *network {
	own := like.own
	if !own.IsValid() {
		own = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	n := newOwnNetwork(own)
	n.buffer = slowBuffer
	return n
}

// batch is how much of a batch is read at once.
func (s *slowness) batch(in []udp.Datagram) []udp.Datagram {
	if s != nil && s.begun.Load() {
		return in[:min(len(in), slowMedia)]
	}
	return in
}
