package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Advisories of other servers, by number: what broke them does not break this
// one.

// A message may be large, and many may come before one is handled: what waits
// is bounded, then the client has to wait.
func TestCVE_2020_36048_MessagesDoNotPileUp(t *testing.T) {
	blocked := make(chan struct{})
	_, at := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("wait", func(ctx context.Context, _ Args) ([]any, error) { <-blocked; return nil, nil })
		return nil
	}}))
	defer close(blocked)
	c := dialRaw(t, at, nil)
	c.text("40")
	big := `42["wait","` + strings.Repeat("x", 256<<10) + `"]`
	message := append(frameHeader(0x81, len(big)), big...)
	sent := 0
	for ; sent < 256<<20; sent += len(message) {
		_ = c.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := c.conn.Write(message); err != nil {
			break
		}
	}
	if sent > 64<<20 {
		t.Errorf("%d MiB were taken", sent>>20)
	}
	newcomer(t, at)
}

// Pages of other sites may not connect unless they are listed.
func TestCVE_2020_28481_OriginsAreNotOpenToAll(t *testing.T) {
	for _, tt := range []struct {
		name    string
		allowed []string
		origin  []string
		status  int
	}{
		{"none, a program", nil, nil, 101},
		{"own", nil, []string{"http://HOST"}, 101},
		{"foreign", nil, []string{"https://evil.example"}, 403},
		{"own as a prefix", nil, []string{"http://HOST.evil.example"}, 403},
		{"sandboxed", nil, []string{"null"}, 403},
		{"empty", nil, []string{""}, 403},
		{"no URL", nil, []string{"http://%zz"}, 403},
		{"two", nil, []string{"http://HOST", "https://evil.example"}, 403},
		{"listed", []string{"https://friend.example"}, []string{"https://friend.example"}, 101},
		{"listed with another scheme", []string{"https://friend.example"}, []string{"http://friend.example"}, 403},
		{"all", []string{"*"}, []string{"https://evil.example"}, 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := root(Handlers{})
			o.Origins = tt.allowed
			_, at := start(t, o)
			host := strings.Split(strings.TrimPrefix(at, "ws://"), "/")[0]
			h := http.Header{}
			for _, s := range tt.origin {
				h["Origin"] = append(h["Origin"], strings.Replace(s, "HOST", host, 1))
			}
			if _, res := upgradeRaw(t, at, h); res.StatusCode != tt.status {
				t.Errorf("got %s, want %d", res.Status, tt.status)
			}
			newcomer(t, at)
		})
	}
}

// Frames that RFC 6455 forbids end the connection that they come on.
func TestCVE_2022_21676_BadFrames(t *testing.T) {
	_, at := start(t, hasty())
	for name, bad := range map[string]func(c *rawClient){
		"reserved opcode":      func(c *rawClient) { c.frame(0x83, 1, "x") },
		"reserved control":     func(c *rawClient) { c.frame(0x8b, 1, "x") },
		"reserved bits":        func(c *rawClient) { c.frame(0xf1, 2, "40") },
		"compressed":           func(c *rawClient) { c.frame(0xc1, 2, "40") },
		"long control":         func(c *rawClient) { c.frame(0x89, 126, strings.Repeat("x", 126)) },
		"control in pieces":    func(c *rawClient) { c.frame(0x09, 1, "x") },
		"continuation first":   func(c *rawClient) { c.frame(0x80, 2, "40") },
		"text inside of text":  func(c *rawClient) { c.frame(0x01, 1, "4"); c.frame(0x81, 1, "0") },
		"not masked":           func(c *rawClient) { _, _ = c.conn.Write([]byte("\x81\x0240")) },
		"length of 2^63":       func(c *rawClient) { _, _ = c.conn.Write([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff0000")) },
		"close of one byte":    func(c *rawClient) { c.frame(0x88, 1, "x") },
		"close with bad code":  func(c *rawClient) { c.frame(0x88, 2, "\x00\x01") },
		"half of a header":     func(c *rawClient) { _, _ = c.conn.Write([]byte("\x81")); c.conn.Close() },
		"half of a frame":      func(c *rawClient) { c.frame(0x81, 100, "40"); c.conn.Close() },
		"ping without end":     func(c *rawClient) { c.frame(0x89, 100, "x") },
		"message without end":  func(c *rawClient) { c.frame(0x01, 2, "40") },
		"empty message":        func(c *rawClient) { c.frame(0x81, 0, "") },
		"packet of no type":    func(c *rawClient) { c.text("9") },
		"open from the client": func(c *rawClient) { c.text("0{}") },
		"upgrade":              func(c *rawClient) { c.text("5") },
		"binary first":         func(c *rawClient) { c.frame(0x82, 3, "abc") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dialRaw(t, at, nil)
			bad(c)
			if !strings.HasPrefix(name, "half") {
				c.gone()
			}
			newcomer(t, at)
		})
	}
}

// A connection may be reset at any moment of the upgrade.
func TestCVE_2022_41940_ResetsDuringUpgrade(t *testing.T) {
	s, at := start(t, hasty())
	host := strings.Split(strings.TrimPrefix(at, "ws://"), "/")[0]
	request := "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for n := 0; n <= len(request); n += 10 {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(request[:min(n, len(request))]))
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset instead of an end
		conn.Close()
	}
	newcomer(t, at)
	if n := len(s.Of("/").Sockets()); n > 1 {
		t.Errorf("%d sockets are left", n)
	}
}

func TestCVE_2023_31125_OddTransports(t *testing.T) {
	_, at := start(t, hasty())
	for _, query := range []string{
		"", "EIO=4", "EIO=4&transport=", "EIO=4&transport=constructor", "EIO=4&transport=__proto__", "EIO=4&transport=toString",
		"EIO=4&transport=websocket&transport=websocket", "EIO=4&transport[]=websocket", "EIO=4&transport=WEBSOCKET", "EIO=4&transport=webtransport",
		"EIO=4&transport=websocket%00", "EIO=4;transport=websocket", "EIO=4&transport=polling%20", "EIO=4&transport=%zz",
	} {
		url := strings.Split(at, "?")[0] + "?" + query
		if status, body := try(t, url, nil); status != 400 || body != `{"code":0,"message":"Transport unknown"}` {
			t.Errorf("%q: got %d %s", query, status, body)
		}
		newcomer(t, at)
	}
}

// An event named "error" is an event like others, and an error of a handler
// does not end the process.
func TestCVE_2024_38355_ErrorEvents(t *testing.T) {
	events := make(chan string, 10)
	_, at := start(t, root(watchEnds(events)))
	c := join(t, at)
	for _, name := range []string{"error", "", "__proto__", "constructor", "message", "ping"} {
		c.write(fmt.Sprintf(`421[%q]`, name))
		c.want(`431[{"ok":false,"code":"unknown_event","message":"there is no such event"}]`)
	}
	newcomer(t, at)
}

// However many attachments an event announces, and whether they come or not,
// they are bounded together.
func TestCVE_2026_33151_AttachmentsAreNotUnbounded(t *testing.T) {
	_, at := start(t, hasty())
	for _, announce := range []string{`4511-["x"]`, `45999-["x"]`, `4599999999999999999999-["x"]`, `45-1-["x"]`, `461000000-1["x"]`} {
		c := join(t, at)
		c.write(announce)
		c.wantClosed()
	}
	c := dialRaw(t, at, nil)
	c.text("40")
	c.text(`4510-["x",{"_placeholder":true,"num":0}]`)
	for range 9 {
		c.frame(0x82, 200, strings.Repeat("x", 200))
	}
	c.gone()
	newcomer(t, at)
}

// The standard library bounds the size of all headers together.
func TestCVE_2024_37890_ManyHeaders(t *testing.T) {
	_, at := start(t, hasty())
	many := func(n int) http.Header {
		h := http.Header{}
		for i := range n {
			h[fmt.Sprintf("X-%d", i)] = []string{"x"}
		}
		return h
	}
	dialRaw(t, at, many(3000))
	if _, res := upgradeRaw(t, at, http.Header{"X": {strings.Repeat("x", 2<<20)}}); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("2 MiB of headers: %s", res.Status)
	}
	newcomer(t, at)
}

// A message in pieces of one byte costs as much memory as a message; one in
// pieces of nothing ends with the heartbeat.
func TestCVE_2026_48779_TinyFragments(t *testing.T) {
	o := hasty()
	o.MaxPayload, o.PingInterval, o.PingTimeout = 100_000, 500*time.Millisecond, time.Second
	_, at := start(t, o)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := dialRaw(t, at, nil)
	pieces := append(frameHeader(0x01, 1), '4')
	for range 99_998 {
		pieces = append(append(pieces, frameHeader(0x00, 1)...), 'x')
	}
	_, _ = c.conn.Write(pieces)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc) - int64(cap(pieces)); grown > 4<<20 {
		t.Errorf("pieces of a message hold %d KiB", grown>>10)
	}
	newcomer(t, at)
	c.conn.Close()

	c = dialRaw(t, at, nil)
	nothing := frameHeader(0x01, 1)
	nothing = append(nothing, '4')
	for range 1000 {
		nothing = append(nothing, frameHeader(0x00, 0)...)
	}
	_, _ = c.conn.Write(nothing)
	c.gone()
	newcomer(t, at)
}

// What is sent is what was meant, and not a byte of what was in memory before.
func TestCVE_2026_45736_NothingElseIsSent(t *testing.T) {
	_, at := start(t, hasty())
	c := dialRaw(t, at, nil)
	frame := func() (first byte, payload string) {
		var h [4]byte
		if _, err := c.r.Read(h[:1]); err != nil {
			t.Fatal(err)
		}
		n, err := c.r.ReadByte()
		if err != nil || n > 125 {
			t.Fatalf("length %d, %v", n, err)
		}
		b := make([]byte, n)
		for i := range b {
			if b[i], err = c.r.ReadByte(); err != nil {
				t.Fatal(err)
			}
		}
		return h[0], string(b)
	}
	if first, open := frame(); first != 0x81 || !json.Valid([]byte(open[1:])) {
		t.Errorf("open: %x %q", first, open)
	}
	c.frame(0x89, 3, "abc")
	if first, pong := frame(); first != 0x8a || pong != "abc" {
		t.Errorf("pong: %x %q", first, pong)
	}
	c.text("x")
	first, bye := frame()
	for first == 0x81 && bye == "2" {
		first, bye = frame()
	}
	if first != 0x88 || bye != "\x03\xea" {
		t.Errorf("close: %x %q", first, bye)
	}
	c.frame(0x88, 2, bye)
	newcomer(t, at)
}
