package client_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// start serves the default namespace with a real server until the test ends.
func start(t *testing.T, connected func(*signal.Socket) error) (*signal.Server, string) {
	t.Helper()
	return serve(t, signal.Options{Namespaces: map[string]signal.Handlers{"/": {
		OnConnect: func(_ context.Context, s *signal.Socket) error { return connected(s) },
	}}})
}

func serve(t *testing.T, opts signal.Options) (*signal.Server, string) {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	s := signal.NewServer(opts)
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", s)
	h := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		h.Close()
	})
	return s, h.URL
}

// dial connects until the test ends.
func dial(t *testing.T, url string, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.Dial(within(t), url, opts)
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// within is a context that fails the test in the end.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
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

// fake is a server that says what it likes.
type fake struct {
	ws   *websocket.Conn
	conn net.Conn        // below ws
	ctx  context.Context // ends with the test
}

// forge runs script for each connection, and returns the URL.
func forge(t *testing.T, script func(f *fake)) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var scripts sync.WaitGroup
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scripts.Add(1)
		defer scripts.Done()
		under := &hijacked{ResponseWriter: w}
		ws, err := websocket.Accept(under, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ws.SetReadLimit(-1)
		script(&fake{ws: ws, conn: under.conn, ctx: ctx})
	}))
	t.Cleanup(func() {
		cancel()
		h.Close()
		scripts.Wait()
	})
	return h.URL
}

// hijacked keeps the connection that is taken out of a ResponseWriter.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

const (
	slowHello = `0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	joined    = `40{"sid":"abc"}`
)

// greet does what a server does until the client has joined.
func (f *fake) greet(hello string) {
	f.write(hello)
	f.read()
	f.write(joined)
}

func (f *fake) write(s string) { _ = f.ws.Write(f.ctx, websocket.MessageText, []byte(s)) }

func (f *fake) read() string {
	_, b, _ := f.ws.Read(f.ctx)
	return string(b)
}

// rest reads until the client has closed, and returns how.
func (f *fake) rest() websocket.StatusCode {
	for {
		if _, _, err := f.ws.Read(f.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}
