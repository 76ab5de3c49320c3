package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// polls are options for long-polling, whose HTTP connections end with the test.
func polls(t *testing.T, o client.Options) client.Options {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o.Polling, o.HTTPClient = true, &http.Client{Transport: transport, Timeout: time.Second}
	return o
}

func TestPolling(t *testing.T) {
	ends := make(chan string, 1)
	s, url := serve(t, signal.Options{
		Namespaces: map[string]signal.Handlers{"/": {
			OnConnect: func(_ context.Context, s *signal.Socket) error {
				s.On("echo", echo)
				s.On("ask me", func(ctx context.Context, a signal.Args) ([]any, error) {
					answer, err := s.Call(ctx, "question", a.Values()...)
					return answer.Values(), err
				})
				return s.Emit("welcome", 1)
			},
			OnDisconnect: func(_ *signal.Socket, reason string) { ends <- reason },
		}},
		PingInterval: 50 * time.Millisecond,
	})
	events := make(chan string, 1)
	c := dial(t, url, polls(t, client.Options{OnEvent: func(event string, a client.Args) []any {
		if event == "welcome" {
			events <- event
		}
		return a.Values()
	}}))
	wait(t, events)
	for _, size := range []int{0, 1, 1000, 300_000} {
		want := bytes.Repeat([]byte{'x', 0x1e, 0}, size)[:size]
		a, err := c.Call(within(t), "ask me", want, string(bytes.Repeat([]byte("ü\x1e"), size/10)))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		if err := a.Decode(0, &got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
	if err := c.Emit("echo", make([]byte, 800_000)); !errors.Is(err, client.ErrTooLarge) { // in base64
		t.Errorf("Emit of too much: %v", err)
	}
	for range 100 { // outlives heartbeats
		if _, err := c.Call(within(t), "echo", strings.Repeat("x", 20_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if reason := wait(t, ends); reason != signal.ReasonClientLeft {
		t.Errorf("the server saw %q", reason)
	}
	if n := len(s.Of("/").Sockets()); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}

func TestPollingEndsWithTheServer(t *testing.T) {
	s, url := start(t, func(*signal.Socket) error { return nil })
	c := dial(t, url, polls(t, client.Options{}))
	if err := s.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if err := c.Close(); !errors.Is(err, client.ErrServerClosed) {
		t.Errorf("ended with %v", err)
	}
	if _, err := client.Dial(within(t), url, polls(t, client.Options{})); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("Dial: %v", err)
	}
}
