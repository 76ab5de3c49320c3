package signal

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// crowd is clients that read as fast as they can, and count bytes.
type crowd struct {
	got  atomic.Int64
	want atomic.Int64
	all  chan struct{} // something came, and it is all
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
			if c.got.Add(int64(n)) == c.want.Load() {
				c.all <- struct{}{}
			}
		}
	}()
}

// BenchmarkBroadcast sends one event of 200 bytes to 1,000 clients over real
// sockets, again and again, each when the last has come to all. Clients are in
// the same process; they allocate nothing.
func BenchmarkBroadcast(b *testing.B) {
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
	room, arg := s.Of("/").To("room"), strings.Repeat("x", 200)
	frame := 4 + len(`42["event",""]`) + len(arg)
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		c.want.Add(int64(members * frame))
		if err := room.Emit("event", arg); err != nil {
			b.Fatal(err)
		}
		<-c.all
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.N*members)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*members), "allocs/recipient")
}
