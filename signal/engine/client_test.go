package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience bounds every wait of these tests.
const patience = 10 * time.Second

// echo sends back what it reads.
func echo(c *Conn) {
	for {
		m, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if c.Write(context.Background(), m) != nil {
			return
		}
	}
}

// listen serves opts until the test ends; without OnConnect, it echoes.
func listen(t *testing.T, opts Options) (*Server, string) {
	t.Helper()
	if opts.OnConnect == nil {
		opts.OnConnect = echo
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	s := NewServer(opts)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience/100)
		defer cancel()
		_ = s.Shutdown(ctx) // who does not poll any more is cut off
		h.Close()
	})
	return s, h.URL + "/engine.io/?EIO=4&transport="
}

// browser makes HTTP requests from one address.
type browser struct {
	t      *testing.T
	http   http.Client
	header http.Header
}

// from is a browser at an address such as 127.0.0.2.
func from(t *testing.T, ip string) *browser {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	transport := &http.Transport{DialContext: d.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, http: http.Client{Transport: transport, Timeout: patience}, header: http.Header{}}
}

// answer is what came of a request.
type answer struct {
	status int
	body   string
	header http.Header
}

func (b *browser) do(method, url, body string) answer {
	b.t.Helper()
	a, err := b.try(b.t.Context(), method, url, body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, url, err)
	}
	return a
}

func (b *browser) try(ctx context.Context, method, url, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header = b.header.Clone()
	res, err := b.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(bytes.TrimSpace(all)), res.Header}, err
}

// later does a request beside others.
func (b *browser) later(method, url, body string) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		a, err := b.try(b.t.Context(), method, url, body)
		if err != nil {
			a.body = err.Error()
		}
		done <- a
	}()
	return done
}

// want fails unless a request is answered as expected.
func (b *browser) want(method, url, body string, status int, answer string) {
	b.t.Helper()
	if a := b.do(method, url, body); a.status != status || a.body != answer {
		b.t.Errorf("%s %q: got %d %q, want %d %q", method, body, a.status, a.body, status, answer)
	}
}

// open begins to poll, and returns the address of the session.
func (b *browser) open(at string) string {
	b.t.Helper()
	a := b.do("GET", at+"polling", "")
	var h handshake
	if a.status != 200 || !strings.HasPrefix(a.body, "0{") || json.Unmarshal([]byte(a.body[1:]), &h) != nil || h.SID == "" {
		b.t.Fatalf("opened with %d %q", a.status, a.body)
	}
	return at + "polling&sid=" + h.SID
}

// polled is a server with a client that has begun to poll.
func polled(t *testing.T, opts Options) (s *Server, b *browser, session string) {
	t.Helper()
	s, at := listen(t, opts)
	b = from(t, "127.0.0.1")
	return s, b, b.open(at)
}

// cutOff shuts a server down without patience.
func cutOff(t *testing.T, s *Server) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Shutdown(ctx)
}

// socket is a WebSocket that answers nothing by itself.
type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

// overWebSocket is the address of a session's WebSocket.
func overWebSocket(session string) string {
	return strings.Replace(session, "transport=polling", "transport=websocket", 1)
}

func connect(t *testing.T, url string) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	return &socket{t, ws}
}

// probe tries a session's WebSocket, up to where the client decides to move.
func probe(t *testing.T, session string) *socket {
	t.Helper()
	s := connect(t, overWebSocket(session))
	s.write("2probe")
	s.want("3probe")
	return s
}

// refused fails unless a WebSocket is refused with a status and a body.
func refused(t *testing.T, url string, status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, url, nil)
	if err == nil {
		ws.CloseNow()
		t.Fatal("it was let in")
	}
	b, _ := io.ReadAll(res.Body)
	if got := string(bytes.TrimSpace(b)); res.StatusCode != status || got != body {
		t.Errorf("got %d %q, want %d %q", res.StatusCode, got, status, body)
	}
}

func (s *socket) write(text string) {
	s.t.Helper()
	if err := s.ws.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatalf("write %q: %v", text, err)
	}
}

func (s *socket) read() (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, b, err := s.ws.Read(ctx)
	return string(b), err
}

func (s *socket) want(text string) {
	s.t.Helper()
	if got, err := s.read(); err != nil || got != text {
		s.t.Fatalf("got %q, %v, want %q", got, err, text)
	}
}

// wantClosed reads on until the server has closed, and returns how.
func (s *socket) wantClosed() websocket.StatusCode {
	s.t.Helper()
	for {
		_, err := s.read()
		if err == nil {
			continue
		}
		if errors.Is(err, context.DeadlineExceeded) {
			s.t.Error("it was not closed")
		}
		return websocket.CloseStatus(err)
	}
}
