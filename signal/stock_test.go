//go:build long

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// stockServer is what testdata/stock.mjs talks to.
func stockServer() Options {
	handlers := Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.On("echo", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
			s.On("call me", func(ctx context.Context, a Args) ([]any, error) {
				answer, err := s.Call(ctx, "double", a.Values()...)
				return answer.Values(), err
			})
			s.Handle("join", func(_ context.Context, arg json.RawMessage) (any, error) {
				var room string
				err := json.Unmarshal(arg, &room)
				s.Join(room)
				return true, err
			})
			s.On("say", func(_ context.Context, a Args) ([]any, error) {
				var room string
				if err := a.Decode(0, &room); err != nil {
					return nil, err
				}
				return []any{true}, s.To(room).EmitArgs("said", a.Values()[1:]...)
			})
			s.Handle("count", func(_ context.Context, arg json.RawMessage) (any, error) {
				var n int
				err := json.Unmarshal(arg, &n)
				for i := range n {
					err = errors.Join(err, s.Emit("n", i))
				}
				return n, err
			})
			s.On("ask room", func(ctx context.Context, a Args) ([]any, error) {
				var room string
				if err := a.Decode(0, &room); err != nil {
					return nil, err
				}
				ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
				acks, err := s.To(room).Call(ctx, "question", a.Values()[1:]...)
				var all []any
				for _, ack := range acks {
					all = append(all, map[string]any{"from": ack.Socket, "answer": ack.Args.Values()})
				}
				return []any{all, errors.Is(err, context.DeadlineExceeded)}, nil
			})
			s.On("where", func(context.Context, Args) ([]any, error) { return []any{s.Namespace().Name()}, nil })
			s.On("send me away", func(context.Context, Args) ([]any, error) { s.Disconnect(true); return nil, nil })
			return s.Emit("welcome", map[string]any{"auth": s.Auth()})
		},
		OnDisconnecting: func(s *Socket, reason string) {
			rooms := slices.Sorted(slices.Values(s.Rooms()))
			_ = s.To("farewell").Emit("going", map[string]any{"id": s.ID(), "rooms": rooms, "reason": reason})
		},
	}
	return Options{
		Namespaces: map[string]Handlers{
			"/": handlers, "/chat": handlers,
			"/closed": {OnConnect: func(context.Context, *Socket) error { return forbidden{} }},
		},
		PingInterval: 200 * time.Millisecond,
	}
}

type forbidden struct{}

func (forbidden) Error() string { return "nobody may come in" }
func (forbidden) Code() string  { return "forbidden" }

// The stock client, which nobody here wrote, works unmodified.
func TestStockClient(t *testing.T) {
	for _, transports := range []string{"websocket", "polling", "polling,websocket"} {
		t.Run(transports, func(t *testing.T) {
			_, url := start(t, stockServer())
			node(t, 12, "testdata/stock.mjs", url, transports)
		})
	}
}

// It recovers its id, its rooms and what it missed.
func TestStockClientRecovers(t *testing.T) {
	for _, transports := range []string{"websocket", "polling", "polling,websocket"} {
		t.Run(transports, func(t *testing.T) {
			o := stockServer()
			o.Recovery.Window = time.Minute
			_, url := start(t, o)
			node(t, 1, "testdata/recover.mjs", url, transports)
		})
	}
}

// node runs a script against a server, and fails unless it carries out so many
// steps.
func node(t *testing.T, steps int, script, url string, args ...string) {
	t.Helper()
	at, _, _ := strings.Cut(strings.Replace(url, "ws", "http", 1), "/socket.io/")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "node", append([]string{script, at}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "ok: "); n != steps {
		t.Errorf("%d steps were carried out:\n%s", n, out)
	}
}
