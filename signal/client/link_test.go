package client_test

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// flaky is a server whose connections can be cut.
type flaky struct {
	*httptest.Server
	sockets chan *signal.Socket
	got     chan string // texts of event "say"

	// Guarded by mu.
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func unreliable(t *testing.T, opts signal.Options) *flaky {
	t.Helper()
	f := &flaky{sockets: make(chan *signal.Socket, 100), got: make(chan string, 100), conns: make(map[net.Conn]bool)}
	opts.Namespaces = map[string]signal.Handlers{"/": {OnConnect: func(_ context.Context, s *signal.Socket) error {
		signal.Handle(s, "say", func(_ context.Context, text string) (bool, error) { f.got <- text; return true, nil })
		s.On("go", func(context.Context, signal.Args) ([]any, error) { s.Disconnect(false); return nil, nil })
		s.On("hang", func(ctx context.Context, _ signal.Args) ([]any, error) { <-ctx.Done(); return nil, nil })
		f.sockets <- s
		return nil
	}}}
	s, _ := serve(t, opts)
	f.Server = httptest.NewUnstartedServer(s)
	f.Listener = &watched{f.Listener, f}
	f.Start()
	t.Cleanup(f.Close)
	return f
}

// watched notes the connections of a listener.
type watched struct {
	net.Listener
	f *flaky
}

func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err == nil {
		w.f.mu.Lock()
		w.f.conns[c] = true
		w.f.mu.Unlock()
	}
	return c, err
}

// cut ends all connections.
func (f *flaky) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
	clear(f.conns)
}

func quickly(r client.Reconnect) client.Reconnect {
	r.Delay, r.MaxDelay = time.Millisecond, 10*time.Millisecond
	return r
}

func TestLinkComesBack(t *testing.T) {
	f := unreliable(t, signal.Options{})
	connected, lost := make(chan *client.Client, 10), make(chan error, 100)
	l := client.Keep(f.URL, client.Options{}, quickly(client.Reconnect{
		OnConnect: func(ctx context.Context, c *client.Client) error {
			if _, err := c.Call(ctx, "say", "here I am"); err != nil {
				return err
			}
			connected <- c
			return nil
		},
		OnDisconnect: func(why error, _ time.Duration) { lost <- why },
	}))
	defer l.Close()
	var last *client.Client
	for range 3 {
		c := wait(t, connected)
		if c == last {
			t.Error("the same connection came again")
		}
		last = c
		if text := wait(t, f.got); text != "here I am" {
			t.Errorf("got %q", text)
		}
		for l.Client() != c { // soon
			<-time.After(time.Millisecond)
		}
		if _, err := l.Call(within(t), "say", "hello"); err != nil {
			t.Error(err)
		}
		wait(t, f.got)
		hung := make(chan error, 1)
		go func() { _, err := l.Call(within(t), "hang"); hung <- err }()
		f.cut()
		if err := wait(t, hung); !errors.Is(err, client.ErrAway) {
			t.Errorf("a call whose connection was lost: %v", err)
		}
		wait(t, lost)
	}
	wait(t, connected)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Emit("late"); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Emit after Close: %v", err)
	}
}

func TestLinkKeepsEventsIfAsked(t *testing.T) {
	f := unreliable(t, signal.Options{})
	entered, proceed := make(chan struct{}, 10), make(chan struct{})
	hold := quickly(client.Reconnect{
		Buffer:    2,
		OnConnect: func(context.Context, *client.Client) error { entered <- struct{}{}; <-proceed; return nil },
	})
	l := client.Keep(f.URL, client.Options{}, hold)
	defer l.Close()
	wait(t, entered)
	if err := errors.Join(l.Emit("say", "one"), l.Emit("say", "two")); err != nil {
		t.Error(err)
	}
	if err := l.Emit("say", "three"); !errors.Is(err, client.ErrAway) {
		t.Errorf("Emit of too much: %v", err)
	}
	if _, err := l.Call(within(t), "say", "four"); !errors.Is(err, client.ErrAway) {
		t.Errorf("Call: %v", err)
	}
	close(proceed)
	for _, want := range []string{"one", "two"} {
		if got := wait(t, f.got); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	l2 := client.Keep("http://127.0.0.1:1", client.Options{}, client.Reconnect{})
	defer l2.Close()
	if err := l2.Emit("say", "never"); !errors.Is(err, client.ErrAway) {
		t.Errorf("Emit without a buffer: %v", err)
	}
}

// A server that refuses a client, or sends it away, is not asked again.
func TestLinkEnds(t *testing.T) {
	_, refusing := start(t, func(*signal.Socket) error { return denied{} })
	l := client.Keep(refusing, client.Options{}, quickly(client.Reconnect{}))
	wait(t, l.Done())
	var refused *client.ConnectError
	if err := l.Close(); !errors.As(err, &refused) || refused.Code != "token_expired" {
		t.Errorf("ended with %v", err)
	}

	f := unreliable(t, signal.Options{})
	l = client.Keep(f.URL, client.Options{}, quickly(client.Reconnect{
		OnConnect: func(_ context.Context, c *client.Client) error { return c.Emit("go") },
	}))
	wait(t, l.Done())
	if err := l.Err(); !errors.Is(err, client.ErrDisconnected) {
		t.Errorf("ended with %v", err)
	}

	tries := 0
	l = client.Keep("http://127.0.0.1:1", client.Options{}, quickly(client.Reconnect{
		Attempts: 3, OnDisconnect: func(error, time.Duration) { tries++ },
	}))
	wait(t, l.Done())
	if tries != 3 {
		t.Errorf("it was tried again %d times", tries)
	}
}

// With a server that recovers connections, it is the same socket and misses
// nothing.
func TestLinkRecovers(t *testing.T) {
	f := unreliable(t, signal.Options{Recovery: signal.Recovery{Window: time.Minute}})
	got, connected := make(chan int, 1000), make(chan *client.Client, 10)
	l := client.Keep(f.URL, client.Options{Auth: map[string]int{"x": 1}, OnEvent: func(_ string, a client.Args) []any {
		var n int
		if err := a.Decode(0, &n); err != nil {
			t.Error(err)
		}
		got <- n
		return nil
	}}, quickly(client.Reconnect{
		OnConnect: func(_ context.Context, c *client.Client) error { connected <- c; return nil },
	}))
	defer l.Close()
	id, n := wait(t, connected).ID(), 0
	socket := wait(t, f.sockets)
	socket.Join("room")
	for round := range 3 {
		for range 10 {
			if err := socket.Namespace().To("room").Emit("n", n); err != nil {
				t.Error(err)
			}
			if n++; n%10 == 5 && round < 2 {
				f.cut()
			}
		}
		if round == 2 {
			break
		}
		c := wait(t, connected)
		if !c.Recovered() || c.ID() != id {
			t.Errorf("came back as %s, was %s", c.ID(), id)
		}
		if socket = wait(t, f.sockets); string(socket.Auth()) == "" || !socket.Recovered() {
			t.Errorf("the server sees %s", socket.Auth())
		}
	}
	for i := range n {
		if v := wait(t, got); v != i {
			t.Fatalf("got %d, want %d", v, i)
		}
	}
}
