package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

func echo(_ context.Context, a signal.Args) ([]any, error) { return a.Values(), nil }

func TestConnect(t *testing.T) {
	sockets := make(chan *signal.Socket, 1)
	_, url := start(t, func(s *signal.Socket) error {
		if got := string(s.Auth()); got != `{"token":"x"}` {
			t.Errorf("auth is %s", got)
		}
		if got := s.Request().Header.Get("X-Bot"); got != "7" {
			t.Errorf("header is %q", got)
		}
		sockets <- s
		return nil
	})
	c := dial(t, url, client.Options{Auth: map[string]string{"token": "x"}, Header: http.Header{"X-Bot": {"7"}}})
	s := wait(t, sockets)
	if c.ID() != s.ID() || c.ID() == "" {
		t.Errorf("id is %q, the server's is %q", c.ID(), s.ID())
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err is %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wait(t, s.Done())
	if got := s.Err().Error(); !strings.Contains(got, signal.ReasonClientLeft) {
		t.Errorf("the server saw %q", got)
	}
	if err := c.Err(); err != client.ErrClosed {
		t.Errorf("Err is %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := c.Emit("late"); err != client.ErrClosed {
		t.Errorf("Emit after Close: %v", err)
	}
	if _, err := c.Call(t.Context(), "late"); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Call after Close: %v", err)
	}
}

func TestNamespaceAndPath(t *testing.T) {
	s := signal.Options{Namespaces: map[string]signal.Handlers{"/admin": {
		OnConnect: func(_ context.Context, s *signal.Socket) error {
			s.On("echo", echo)
			return s.Emit("welcome", 1)
		},
	}}}
	_, url := serve(t, s)
	got := make(chan string, 1)
	c := dial(t, url+"/socket.io/?x=y", client.Options{Namespace: "/admin", OnEvent: func(event string, _ client.Args) []any {
		got <- event
		return nil
	}})
	if event := wait(t, got); event != "welcome" {
		t.Errorf("got %q", event)
	}
	a, err := c.Call(within(t), "echo", 5)
	var n int
	if err != nil || a.Decode(0, &n) != nil || n != 5 {
		t.Errorf("got %d, %v", n, err)
	}
	_, err = client.Dial(within(t), url, client.Options{Namespace: "/none"})
	var refused *client.ConnectError
	if !errors.As(err, &refused) || refused.Message != "Invalid namespace" || refused.Code != "" || refused.Data != nil {
		t.Errorf("other namespace: %v", err)
	}
}

// denied is an error that is meant for clients.
type denied struct{}

func (denied) Error() string { return "token has expired" }
func (denied) Code() string  { return "token_expired" }

func TestAuthRefused(t *testing.T) {
	_, url := start(t, func(*signal.Socket) error { return denied{} })
	_, err := client.Dial(within(t), url, client.Options{})
	var refused *client.ConnectError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
	if refused.Message != "token has expired" || refused.Code != "token_expired" || !json.Valid(refused.Data) {
		t.Errorf("got %+v", refused)
	}
	if want := "client: refused by the server: token has expired (token_expired)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestDialRefuses(t *testing.T) {
	_, url := start(t, func(*signal.Socket) error { return nil })
	for _, tt := range []struct {
		name, url string
		opts      client.Options
		want      string
	}{
		{"scheme", "ftp://host", client.Options{}, "no URL of a server"},
		{"no host", "http://", client.Options{}, "names no host"},
		{"no URL", "http://[", client.Options{}, "client: parse"},
		{"namespace", url, client.Options{Namespace: "admin"}, "no namespace"},
		{"namespace with a comma", url, client.Options{Namespace: "/a,b"}, "no namespace"},
		{"auth is no object", url, client.Options{Auth: "secret"}, "no object"},
		{"auth is no JSON", url, client.Options{Auth: func() {}}, "authentication"},
		{"other path", url + "/elsewhere", client.Options{}, "404"},
		{"origin", url, client.Options{Header: http.Header{"Origin": {"https://evil.example"}}}, "403 Forbidden: Forbidden"},
		{"nobody there", "http://127.0.0.1:1", client.Options{}, "127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := client.Dial(within(t), tt.url, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) || c != nil {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestEventsComeInOrder(t *testing.T) {
	const many = 500
	_, url := start(t, func(s *signal.Socket) error {
		s.On("go", func(context.Context, signal.Args) ([]any, error) {
			for i := range many {
				if err := s.EmitArgs("n", i, "x"); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		return nil
	})
	got := make(chan int, many)
	c := dial(t, url, client.Options{OnEvent: func(event string, a client.Args) []any {
		var n int
		if err := a.Decode(0, &n); err != nil || event != "n" || a.Len() != 2 {
			t.Errorf("%s with %d arguments: %v", event, a.Len(), err)
		}
		got <- n
		return nil
	}})
	if err := c.Emit("go"); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if n := wait(t, got); n != i {
			t.Fatalf("got %d, want %d", n, i)
		}
	}
}

func TestAcknowledgementsToTheServer(t *testing.T) {
	answers := make(chan string, 3)
	_, url := start(t, func(s *signal.Socket) error {
		s.On("ask", func(ctx context.Context, _ signal.Args) ([]any, error) {
			for _, question := range []string{"sum", "bytes", "nothing"} {
				a, err := s.Call(ctx, question, 1, 2)
				if err != nil {
					return nil, err
				}
				var first any
				_ = a.Decode(0, &first) // one has none
				answers <- fmt.Sprintf("%d %v", a.Len(), first)
			}
			return nil, nil
		})
		return nil
	})
	c := dial(t, url, client.Options{OnEvent: func(event string, a client.Args) []any {
		switch event {
		case "sum":
			var x, y int
			if a.Decode(0, &x) != nil || a.Decode(1, &y) != nil {
				t.Error("no numbers")
			}
			return []any{x + y}
		case "bytes":
			return []any{[]byte{7, 8}, "more"}
		}
		return nil
	}})
	if err := c.Emit("ask"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 3", "2 [7 8]", "0 <nil>"} {
		if got := wait(t, answers); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOnEventMayCall(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return s.Emit("question", 42)
	})
	var c *client.Client
	ready, got := make(chan struct{}), make(chan int, 1)
	c = dial(t, url, client.Options{OnEvent: func(_ string, a client.Args) []any {
		<-ready // Dial may not have returned
		var n int
		if err := a.Decode(0, &n); err != nil {
			t.Error(err)
		}
		back, err := c.Call(within(t), "echo", n+1)
		if err != nil || back.Decode(0, &n) != nil {
			t.Errorf("Call: %v", err)
		}
		got <- n
		return nil
	}})
	close(ready)
	if n := wait(t, got); n != 43 {
		t.Errorf("got %d", n)
	}
}

func TestAttachmentsTravelBothWays(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return s.EmitArgs("file", map[string]any{"name": "n", "body": []byte("contents")}, []byte{})
	})
	got := make(chan string, 1)
	c := dial(t, url, client.Options{OnEvent: func(_ string, a client.Args) []any {
		var file struct {
			Name string `json:"name"`
			Body []byte `json:"body"`
		}
		if err := a.Decode(0, &file); err != nil {
			t.Error(err)
		}
		got <- file.Name + " " + string(file.Body)
		return nil
	}})
	if s := wait(t, got); s != "n contents" {
		t.Errorf("got %q", s)
	}
	mine := []byte("mine")
	a, err := c.Call(within(t), "echo", mine, map[string]any{"list": []any{[]byte{1}, 2}}, 3)
	if err != nil || a.Len() != 3 {
		t.Fatalf("Call: %d, %v", a.Len(), err)
	}
	var first []byte
	if err := a.Decode(0, &first); err != nil || !bytes.Equal(first, mine) {
		t.Errorf("first is %q, %v", first, err)
	}
	var second any
	want := map[string]any{"list": []any{[]byte{1}, json.Number("2")}}
	if err := a.Decode(1, &second); err != nil || !reflect.DeepEqual(second, want) {
		t.Errorf("second is %v, %v", second, err)
	}
	if err := a.Decode(2, &first); err == nil || !strings.HasPrefix(err.Error(), "sio: argument 2: ") {
		t.Errorf("a number as bytes: %v", err)
	}
	for _, i := range []int{-1, 3} {
		if err := a.Decode(i, &second); err != client.ErrNoArgument {
			t.Errorf("argument %d: %v", i, err)
		}
	}
}

func TestThousandCallsAtOnce(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	c := dial(t, url, client.Options{})
	ctx := within(t)
	var calls sync.WaitGroup
	for i := range 1000 {
		calls.Go(func() {
			var n int
			a, err := c.Call(ctx, "echo", i)
			if err != nil || a.Decode(0, &n) != nil || n != i {
				t.Errorf("call %d: got %d, %v", i, n, err)
			}
		})
	}
	calls.Wait()
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	c := dial(t, url, client.Options{})
	attached := make([]any, 11)
	for i := range attached {
		attached[i] = []byte{1}
	}
	for _, tt := range []struct {
		name  string
		event string
		args  []any
		want  error
	}{
		{"reserved", "disconnect", nil, client.ErrReserved},
		{"large text", "x", []any{strings.Repeat("x", 1_000_000)}, client.ErrTooLarge},
		{"large attachment", "x", []any{make([]byte, 1_000_001)}, client.ErrTooLarge},
		{"many attachments", "x", attached, client.ErrTooLarge},
		{"no JSON", "x", []any{func() {}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := c.Emit(tt.event, tt.args...); err == nil || tt.want != nil && err != tt.want {
				t.Errorf("Emit: got %v, want %v", err, tt.want)
			}
			if _, err := c.Call(within(t), tt.event, tt.args...); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Call: got %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Errorf("the connection suffered: %v", err)
	}
}

// Contexts of Dial and Call end these, and nothing else.
func TestContexts(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	dialing, dialed := context.WithCancel(t.Context())
	c, err := client.Dial(dialing, url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dialed()
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Fatalf("the connection ended with the context of Dial: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Call(over, "echo"); !errors.Is(err, context.Canceled) {
		t.Errorf("Call: %v", err)
	}
	if _, err := client.Dial(over, url, client.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Errorf("the connection suffered: %v", err)
	}
}

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
