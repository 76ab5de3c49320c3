package signal

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(idleChild) != "" {
		serveIdle()
		return
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests.
const patience = 10 * time.Second

// start serves opts until the test ends.
func start(t *testing.T, opts Options) (*Server, string) {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	s := NewServer(opts)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		h.Close()
	})
	return s, "ws" + strings.TrimPrefix(h.URL, "http") + "/socket.io/?EIO=4&transport=websocket"
}

// root serves the default namespace.
func root(h Handlers) Options { return Options{Namespaces: map[string]Handlers{"/": h}} }

// client is a WebSocket that answers pings.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	prefix string // of a namespace, put behind the types of packets
}

func dial(t *testing.T, url string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	ws.SetReadLimit(-1)
	c := &client{t: t, ws: ws}
	t.Cleanup(func() { ws.CloseNow() })
	var open struct {
		SID string `json:"sid"`
	}
	if m := c.read(); m[0] != '0' || json.Unmarshal([]byte(m[1:]), &open) != nil || open.SID == "" {
		t.Fatalf("opened with %q", m)
	}
	return c
}

// join dials and connects to the default namespace.
func join(t *testing.T, url string) *client {
	t.Helper()
	c := dial(t, url)
	c.write("40")
	if m := c.read(); !strings.HasPrefix(m, `40{"sid":"`) {
		t.Fatalf("CONNECT was answered %q", m)
	}
	return c
}

func (c *client) write(s string) {
	c.t.Helper()
	if c.prefix != "" {
		s = s[:2] + c.prefix + s[2:]
	}
	c.send(websocket.MessageText, s)
}

func (c *client) send(typ websocket.MessageType, s string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, typ, []byte(s)); err != nil {
		c.t.Fatalf("write %.40q: %v", s, err)
	}
}

// next returns the next message that is no ping.
func (c *client) next() (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, b, err := c.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		if string(b) != "2" {
			return string(b), nil
		}
		if err := c.ws.Write(ctx, websocket.MessageText, []byte("3")); err != nil {
			return "", err
		}
	}
}

func (c *client) read() string {
	c.t.Helper()
	m, err := c.next()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return m
}

// want fails unless the next message is s.
func (c *client) want(s string) {
	c.t.Helper()
	if c.prefix != "" {
		s = s[:2] + c.prefix + s[2:]
	}
	if m := c.read(); m != s {
		c.t.Errorf("got %q, want %q", m, s)
	}
}

// wantClosed reads on until the server has closed, and returns how.
func (c *client) wantClosed() websocket.StatusCode {
	c.t.Helper()
	for {
		if _, err := c.next(); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// wait receives from a channel of the test.
func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// try makes a plain HTTP request to a WebSocket address.
func try(t *testing.T, url string, header http.Header) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(url, "ws"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	buf := make([]byte, 512)
	n, _ := res.Body.Read(buf)
	b.Write(buf[:n])
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return res.StatusCode, strings.TrimSpace(b.String())
}
