package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

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
