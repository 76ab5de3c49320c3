package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

func TestServerDisconnects(t *testing.T) {
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprintf("all %v", all), func(t *testing.T) {
			_, url := start(t, func(s *signal.Socket) error {
				s.On("leave", func(context.Context, signal.Args) ([]any, error) {
					if err := s.Emit("bye", "now"); err != nil {
						t.Error(err)
					}
					s.Disconnect(all)
					return nil, nil
				})
				return nil
			})
			events := make(chan string, 1)
			c := dial(t, url, client.Options{OnEvent: func(event string, _ client.Args) []any {
				events <- event
				return nil
			}})
			_, err := c.Call(within(t), "leave")
			if !errors.Is(err, client.ErrDisconnected) || !errors.Is(c.Err(), client.ErrDisconnected) {
				t.Errorf("Call: %v; Err: %v", err, c.Err())
			}
			if err := c.Close(); !errors.Is(err, client.ErrDisconnected) {
				t.Errorf("Close: %v", err)
			}
			if event := wait(t, events); event != "bye" {
				t.Errorf("got %q", event)
			}
		})
	}
}

func TestServerShutsDown(t *testing.T) {
	s, url := start(t, func(*signal.Socket) error { return nil })
	c := dial(t, url, client.Options{})
	if err := s.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	wait(t, c.Done())
	if err := c.Err(); !errors.Is(err, client.ErrServerClosed) || !strings.Contains(err.Error(), "StatusGoingAway") {
		t.Errorf("Err is %v", err)
	}
}

func TestCloseSendsWhatWasEmitted(t *testing.T) {
	const many = 900
	got, left := make(chan int, many), make(chan string, 1)
	opts := signal.Options{Namespaces: map[string]signal.Handlers{"/": {
		OnConnect: func(_ context.Context, s *signal.Socket) error {
			s.On("n", func(_ context.Context, a signal.Args) ([]any, error) {
				var n int
				err := a.Decode(0, &n)
				got <- n
				return nil, err
			})
			return nil
		},
		OnDisconnect: func(_ *signal.Socket, reason string) { left <- reason },
	}}}
	_, url := serve(t, opts)
	c := dial(t, url, client.Options{})
	for i := range many {
		if err := c.Emit("n", i); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if reason := wait(t, left); reason != signal.ReasonClientLeft {
		t.Errorf("the server saw %q", reason)
	}
	if len(got) != many {
		t.Errorf("%d events of %d arrived", len(got), many)
	}
}

func TestCloseDuringCall(t *testing.T) {
	asked := make(chan struct{})
	_, url := start(t, func(s *signal.Socket) error {
		s.On("never", func(ctx context.Context, _ signal.Args) ([]any, error) {
			close(asked)
			<-ctx.Done()
			return nil, nil
		})
		return nil
	})
	c := dial(t, url, client.Options{})
	failed := make(chan error, 1)
	go func() {
		_, err := c.Call(context.Background(), "never")
		failed <- err
	}()
	wait(t, asked)
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := wait(t, failed); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Call: %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("Close took %v", took)
	}
}

// Events that wait when Close is called are thrown away; Close waits for the
// one that is being handled.
func TestCloseDuringOnEvent(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		_ = s.Emit("first", 0)
		return s.Emit("second", 0)
	})
	entered := make(chan struct{})
	var c *client.Client
	ready, handled := make(chan struct{}), 0
	c = dial(t, url, client.Options{OnEvent: func(string, client.Args) []any {
		<-ready
		close(entered) // a second event would panic here
		<-c.Done()
		handled++
		return nil
	}})
	if _, err := c.Call(within(t), "echo"); err != nil { // both events have come
		t.Fatal(err)
	}
	close(ready)
	wait(t, entered)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if handled != 1 {
		t.Errorf("handled %d events", handled)
	}
}
