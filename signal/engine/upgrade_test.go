package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestUpgrade(t *testing.T) {
	_, b, at := polled(t, Options{})
	waiting := b.later("GET", at, "")
	s := probe(t, at)
	if a := <-waiting; a.status != 200 || a.body != "6" {
		t.Errorf("the poll was answered %d %q", a.status, a.body)
	}
	b.want("GET", at, "", 200, "6") // until the client comes to rest
	s.write("5")
	s.write("4hello")
	s.want("4hello")
	b.want("GET", at, "", 400, badRequest)
	b.want("POST", at, "4hi", 400, badRequest)
	refused(t, overWebSocket(at), 400, badRequest)
	s.write("4still here")
	s.want("4still here")
}

func TestUpgradeInOneGo(t *testing.T) {
	_, _, at := polled(t, Options{})
	s := connect(t, overWebSocket(at))
	s.write("2probe")
	s.write("5")
	s.write("4hello")
	s.want("3probe")
	s.want("4hello")
}

// A probe that fails costs the WebSocket and nothing else.
func TestProbeFails(t *testing.T) {
	_, at := listen(t, Options{})
	b := from(t, "127.0.0.1")
	session := b.open(at)
	for name, fail := range map[string]func(s *socket){
		"message first": func(s *socket) { s.write("4hi"); s.wantClosed() },
		"another ping":  func(s *socket) { s.write("2"); s.wantClosed() },
		"nonsense":      func(s *socket) { s.write("x"); s.wantClosed() },
		"bytes": func(s *socket) {
			_ = s.ws.Write(t.Context(), websocket.MessageBinary, []byte("2probe"))
			s.wantClosed()
		},
		"upgrade first":   func(s *socket) { s.write("5"); s.wantClosed() },
		"probe twice":     func(s *socket) { s.write("2probe"); s.write("2probe"); s.want("3probe"); s.wantClosed() },
		"upgrade of what": func(s *socket) { s.write("2probe"); s.write("5x"); s.want("3probe"); s.wantClosed() },
		"too large":       func(s *socket) { s.write("2" + strings.Repeat("x", 2_000_000)); s.wantClosed() },
		"gone":            func(s *socket) { s.ws.CloseNow() },
		"gone after all":  func(s *socket) { s.write("2probe"); s.want("3probe"); s.ws.CloseNow() },
	} {
		t.Run(name, func(t *testing.T) {
			var s *socket
			for s == nil { // the last one may not have been forgotten yet
				ws, res, err := websocket.Dial(t.Context(), overWebSocket(session), nil)
				if err == nil {
					s = &socket{t, ws}
				} else if res == nil || res.StatusCode != 400 {
					t.Fatal(err)
				}
			}
			defer s.ws.CloseNow()
			fail(s)
			b.want("POST", session, "4"+name, 200, "ok")
			for got := "6"; got != "4"+name; {
				if got != "6" {
					t.Fatalf("got %q", got)
				}
				got = b.do("GET", session, "").body
			}
		})
	}
	probe(t, b.open(at)) // the server serves on
}

func TestOneProbeAtATime(t *testing.T) {
	_, _, at := polled(t, Options{})
	s := probe(t, at)
	refused(t, overWebSocket(at), 400, badRequest)
	s.write("5")
	s.write("4hello")
	s.want("4hello")
}

// A session that ends takes the WebSocket which is tried for it along.
func TestEndDuringProbe(t *testing.T) {
	conns := make(chan *Conn, 1)
	_, _, at := polled(t, Options{OnConnect: func(c *Conn) { conns <- c; echo(c) }})
	s := probe(t, at)
	(<-conns).abort(ErrShutdown)
	s.wantClosed()
}

// A client that has come to rest to move is told on its new transport what was sent
// before the server ended the connection.
func TestCloseDuringProbe(t *testing.T) {
	for name, last := range map[string]string{"with last words": "last", "without": ""} {
		t.Run(name, func(t *testing.T) {
			conns := make(chan *Conn, 1)
			_, _, at := polled(t, Options{OnConnect: func(c *Conn) { conns <- c; echo(c) }})
			s, c := probe(t, at), <-conns
			if last != "" {
				if err := c.Send(Message{Data: []byte(last)}); err != nil {
					t.Fatal(err)
				}
			}
			c.Close()
			s.write("5")
			if last != "" {
				s.want("4" + last)
			}
			if code := s.wantClosed(); code != websocket.StatusNormalClosure {
				t.Errorf("closed with %v", code)
			}
			<-c.Done()
		})
	}
}

// Whatever is sent while a connection moves arrives once and in order.
func TestNothingIsLostWhileMoving(t *testing.T) {
	const n = 2000
	_, at := listen(t, Options{OnConnect: func(c *Conn) {
		go func() {
			for i := range n {
				if c.Write(context.Background(), Message{Data: fmt.Append(nil, i)}) != nil {
					return
				}
			}
		}()
		echo(c)
	}})
	b := from(t, "127.0.0.1")
	at = b.open(at)
	next := 0
	take := func(packet string) {
		t.Helper()
		if want := fmt.Sprintf("4%d", next); packet != want {
			t.Fatalf("got %q, want %q", packet, want)
		}
		next++
	}
	s := connect(t, overWebSocket(at))
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		s.write("2probe")
		_, _ = s.read()
	}()
	for rest := false; !rest; {
		select {
		case <-probed:
			rest = true
		default:
		}
		for _, p := range strings.Split(b.do("GET", at, "").body, "\x1e") {
			if p != "6" {
				take(p)
			}
		}
	}
	s.write("5")
	for next < n {
		p, err := s.read()
		if err != nil {
			t.Fatal(err)
		}
		take(p)
	}
	s.write("4over")
	s.want("4over")
}

// A goodbye finds a client that polls rarely, if it does within a few seconds.
func TestShutdownTellsPollers(t *testing.T) {
	s, b, at := polled(t, Options{})
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	b.want("GET", at, "", 200, "1")
	if err := <-done; err != nil {
		t.Error(err)
	}
	path, _, _ := strings.Cut(at, "&sid=")
	b.want("GET", path, "", 503, `{"code":4,"message":"Server is shutting down"}`)
}

// A server that shuts down without patience leaves no request behind.
func TestShutdownCutsPollers(t *testing.T) {
	s, b, at := polled(t, Options{})
	waiting := b.later("GET", at, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	select {
	case <-waiting:
	case <-time.After(patience):
		t.Error("the poll still waits")
	}
}

// An HTTP connection whose context has ended serves nothing more: a client that
// is there all the same must not try it again.
func TestHurtConnectionsAreClosed(t *testing.T) {
	s := NewServer(Options{OnConnect: echo})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // in some of which the opening packet is quicker
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/?EIO=4&transport=polling", nil))
		if opened := w.Code == 200 && w.Body.Len() > 0; !opened && (w.Code != 400 || w.Header().Get("Connection") != "close") {
			t.Errorf("answered %d %q, connection %q", w.Code, w.Body, w.Header().Get("Connection"))
		}
	}
	cutOff(t, s)
}

// A client that does not come to rest while its WebSocket is tried is not
// answered as fast as it can ask.
func TestRestlessClientsArePaced(t *testing.T) {
	_, b, at := polled(t, Options{})
	probe(t, at)
	began := time.Now()
	for range 4 {
		b.want("GET", at, "", 200, "6")
	}
	if took := time.Since(began); took < 3*pace {
		t.Errorf("four polls took %v", took)
	}
	b.want("POST", at, "4hi", 200, "ok")
	b.want("GET", at, "", 200, "4hi") // what there is to say is said at once
}

func TestPanicsEndOneConnection(t *testing.T) {
	s, at := listen(t, Options{OnConnect: func(*Conn) { panic("oops") }})
	b := from(t, "127.0.0.1")
	if a := b.do("GET", at+"polling", ""); a.status != 200 {
		t.Errorf("answered %d %q", a.status, a.body)
	}
	connect(t, at+"websocket").wantClosed()
	for s.Connections() > 0 {
		b.want("GET", at+"polling&sid=x", "", 400, unknownSession)
	}
}
