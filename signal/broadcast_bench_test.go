package signal

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// crowd is clients that read as fast as they can, and count bytes.
type crowd struct {
	got   atomic.Int64
	want  atomic.Int64
	all   chan struct{} // something came, and it is all
	began time.Time     // of the event that is under way

	// took counts deliveries by how long they took, in steps of 50 µs; the last
	// is all that took longer.
	took [4000]atomic.Int64
}

const tick = 50 * time.Microsecond

// quantile returns how long a fraction of the deliveries took at the most.
func (c *crowd) quantile(fraction float64) time.Duration {
	total := int64(0)
	for i := range c.took {
		total += c.took[i].Load()
	}
	left := int64(fraction * float64(total))
	for i := range c.took {
		if left -= c.took[i].Load(); left < 0 {
			return time.Duration(i+1) * tick
		}
	}
	return time.Duration(len(c.took)) * tick
}

// enter connects one, in the default namespace.
func (c *crowd) enter(b *testing.B, url string) {
	b.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := bufio.NewReader(conn)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(err, res)
	}
	_, _ = conn.Write(append(frameHeader(0x81, 2), "40"...))
	for range 2 { // the opening and the answer to CONNECT
		var h [2]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			b.Fatal(err)
		}
		size := int(h[1])
		if size == 126 {
			_, _ = io.ReadFull(r, h[:])
			size = int(h[0])<<8 | int(h[1])
		}
		_, _ = r.Discard(size)
	}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			c.took[min(int(time.Since(c.began)/tick), len(c.took)-1)].Add(1)
			if c.got.Add(int64(n)) == c.want.Load() {
				c.all <- struct{}{}
			}
		}
	}()
}

// BenchmarkBroadcast sends one event of 200 bytes to 1,000 clients over real
// sockets, again and again, each when the last has come to all: to a room, to one
// socket after the other an argument that is written once, and one that is not.
// Clients are in the same process; they allocate nothing.
func BenchmarkBroadcast(b *testing.B) {
	arg := strings.Repeat("x", 200)
	b.Run("room", func(b *testing.B) {
		deliver(b, func(n *Namespace) error { return n.To("room").Emit("event", arg) })
	})
	each := func(n *Namespace, arg any) error {
		for _, s := range n.Sockets() {
			if err := s.Emit("event", arg); err != nil {
				return err
			}
		}
		return nil
	}
	b.Run("each, shared", func(b *testing.B) {
		deliver(b, func(n *Namespace) error { return each(n, &memo{arg: arg}) })
	})
	b.Run("each", func(b *testing.B) { deliver(b, func(n *Namespace) error { return each(n, arg) }) })
}

// deliver has emit send the event to all clients.
func deliver(b *testing.B, emit func(n *Namespace) error) {
	const members = 1000
	s := NewServer(Options{
		Namespaces: map[string]Handlers{"/": {OnConnect: func(_ context.Context, s *Socket) error { s.Join("room"); return nil }}},
		Logger:     slog.New(slog.DiscardHandler),
	})
	h := httptest.NewServer(s)
	defer h.Close()
	defer s.Shutdown(context.Background())
	c := &crowd{all: make(chan struct{}, 1)}
	for range members {
		c.enter(b, h.URL)
	}
	frame := 4 + len(`42["event",""]`) + 200
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		c.want.Add(int64(members * frame))
		c.began = time.Now() // nobody reads anything before it is sent
		if err := emit(s.Of("/")); err != nil {
			b.Fatal(err)
		}
		<-c.all
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.N*members)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(c.quantile(0.99).Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*members), "allocs/recipient")
}

// memo is an argument that remembers how it was written.
type memo struct {
	arg, key, written any
	times             int // it was written
}

// Written implements [Shared].
func (m *memo) Written(key any) any {
	if m.key != key {
		return nil
	}
	return m.written
}

// Keep implements [Shared].
func (m *memo) Keep(key, written any) {
	m.key, m.written = key, written
	m.times++
}

// MarshalJSON implements [json.Marshaler].
func (m *memo) MarshalJSON() ([]byte, error) { return json.Marshal(m.arg) }
