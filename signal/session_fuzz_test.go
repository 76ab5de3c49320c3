package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// scene is a server whose clients send what they like.
type scene struct {
	t        *testing.T
	server   *Server
	requests sync.WaitGroup

	// Guarded by mu.
	mu      sync.Mutex
	ids     []string // of Engine.IO sessions
	pids    []string // of sockets that may be recovered
	sockets []*Socket
	ends    map[*Socket]string // the last that was told of its end
}

func newScene(t *testing.T, recovery bool) *scene {
	s := &scene{t: t, ends: make(map[*Socket]string)}
	h := Handlers{OnConnect: s.connected, OnDisconnecting: s.disconnecting, OnDisconnect: s.disconnected}
	o := Options{
		Namespaces: map[string]Handlers{
			"/": h, "/chat": h,
			"/closed": {OnConnect: func(context.Context, *Socket) error { return coded{} }},
			"/panic":  {OnConnect: func(context.Context, *Socket) error { panic("oops") }},
		},
		PingInterval: 10 * time.Second, PingTimeout: 5 * time.Second, ConnectTimeout: 7 * time.Second,
		MaxPayload: 1000, Rate: Rate{PerSecond: 100}, Logger: slog.New(slog.DiscardHandler),
	}
	if recovery {
		o.Recovery = Recovery{Window: 20 * time.Second, Packets: 5, Bytes: 1000, Sessions: 3}
	}
	s.server = NewServer(o)
	return s
}

func (s *scene) connected(_ context.Context, x *Socket) error {
	s.mu.Lock()
	s.sockets = append(s.sockets, x)
	s.pids = append(s.pids, x.key)
	s.mu.Unlock()
	x.On("echo", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
	x.On("say", func(_ context.Context, a Args) ([]any, error) {
		return nil, x.To("room").EmitArgs("said", a.Values()...)
	})
	x.On("join", func(context.Context, Args) ([]any, error) { x.Join("room"); return nil, nil })
	x.On("leave", func(context.Context, Args) ([]any, error) { x.Leave("room"); return nil, nil })
	x.On("ask", func(ctx context.Context, a Args) ([]any, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		b, err := x.Call(ctx, "question", a.Values()...)
		return b.Values(), err
	})
	x.On("go", func(context.Context, Args) ([]any, error) { x.Disconnect(false); return nil, nil })
	x.On("away", func(context.Context, Args) ([]any, error) { x.Disconnect(true); return nil, nil })
	x.On("panic", func(context.Context, Args) ([]any, error) { panic("oops") })
	x.On("slow", func(ctx context.Context, _ Args) ([]any, error) {
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		return nil, nil
	})
	return nil
}

func (s *scene) disconnecting(x *Socket, reason string) { s.ended(x, "", "disconnecting: "+reason) }

func (s *scene) disconnected(x *Socket, reason string) {
	s.ended(x, "disconnecting: "+reason, "disconnected")
	if len(x.Rooms()) > 0 {
		s.t.Errorf("still in %q", x.Rooms())
	}
}

func (s *scene) ended(x *Socket, before, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends[x] != before {
		s.t.Errorf("%q came after %q", after, s.ends[x])
	}
	s.ends[x] = after
}

func (s *scene) request(method, id, body string) {
	r := httptest.NewRequest(method, "/socket.io/?EIO=4&transport=polling"+id, strings.NewReader(body))
	s.requests.Go(func() {
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		for p := range strings.SplitSeq(w.Body.String(), "\x1e") {
			s.said(p)
		}
	})
}

// said checks what a server says.
func (s *scene) said(p string) {
	var h struct{ SID string }
	switch {
	case strings.HasPrefix(p, "0{") && json.Unmarshal([]byte(p[1:]), &h) == nil:
		s.mu.Lock()
		s.ids = append(s.ids, "&sid="+h.SID)
		s.mu.Unlock()
	case strings.HasPrefix(p, "4"):
		if p[1] < '0' || p[1] > '6' {
			s.t.Errorf("the server said %q", p)
		}
	}
}

func pick[T any](s *scene, all []T, n byte) (one T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(all) > 0 {
		one = all[int(n)%len(all)]
	}
	return one
}

func (s *scene) step(do, which byte, text string) {
	s.mu.Lock()
	ids, sockets, pids := s.ids, s.sockets, s.pids
	s.mu.Unlock()
	id := pick(s, ids, which)
	switch do {
	case 'o':
		s.request("GET", "", "")
	case 'g':
		s.request("GET", id, "")
	case 'p':
		s.request("POST", id, text)
	case 'r':
		s.request("POST", id, fmt.Sprintf(`40{"pid":%q,"offset":%q}`, pick(s, pids, which), text))
	case 'e':
		if x := pick(s, sockets, which); x != nil {
			_ = x.EmitArgs("e", text, []byte(text))
			_ = x.EmitVolatile("v", text)
		}
	case 'b':
		_ = s.server.Of("/").To("room").Emit("b", text)
		_ = s.server.Of("/chat").Except("room").Volatile().Emit("b", text)
	case 'c':
		s.call(text)
	case 'm':
		b := s.server.Of([]string{"/", "/chat"}[which%2]).To()
		b.Join("room", text)
		b.Except("room").Leave(text)
		_, _ = b.Fetch(context.Background())
	case 'k':
		s.server.Of("/").To("room").Disconnect(which%2 == 0)
	case 'f':
		if x := pick(s, sockets, which); x != nil {
			_ = x.SetFarewell("bye", text)
			for range 1100 { // more than may wait
				_ = x.Emit("e", which)
			}
		}
	case 'd':
		if x := pick(s, sockets, which); x != nil {
			x.Disconnect(which%2 == 0)
		}
	case 't':
		<-time.After(time.Duration(which) * 100 * time.Millisecond)
	}
	synctest.Wait()
}

// call asks all sockets, and does not wait for answers here.
func (s *scene) call(text string) {
	s.requests.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		acks, err := s.server.Of("/").To().Call(ctx, "question", text)
		seen := make(map[string]bool)
		for _, a := range acks {
			if seen[a.Socket] {
				s.t.Errorf("%s answered twice", a.Socket)
			}
			seen[a.Socket] = true
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			s.t.Errorf("Call: %v", err)
		}
	})
}

// end fails unless nothing is left.
func (s *scene) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		s.t.Errorf("Shutdown: %v", err)
	}
	s.requests.Wait()
	for name := range s.server.namespaces {
		n := s.server.Of(name)
		if len(n.Sockets()) > 0 || len(n.Rooms()) > 0 {
			s.t.Errorf("%d sockets and rooms %q are left in %s", len(n.Sockets()), n.Rooms(), name)
		}
		if r := n.recovery; r != nil {
			s.bounded(r)
		}
	}
	for _, x := range s.sockets {
		if x.Err() == nil || len(x.calls) > 0 || len(x.held) > 0 && x.connected || len(x.inbox.steps) > 0 {
			s.t.Errorf("a socket ended with %v, %d calls, %d packets, %d steps", x.Err(), len(x.calls), len(x.held), len(x.inbox.steps))
		}
	}
}

func (s *scene) bounded(r *recovery) {
	if len(r.live) > 0 || len(r.away) > r.opts.Sessions {
		s.t.Errorf("%d sockets live, %d are away", len(r.live), len(r.away))
	}
	for room, l := range r.rings {
		if len(l.all) > r.opts.Packets || l.bytes > r.opts.Bytes || l.bytes < 0 {
			s.t.Errorf("%d packets of %d bytes are kept for %q", len(l.all), l.bytes, room)
		}
	}
}

// FuzzSocket plays a script, in steps separated by newlines: a letter, a byte
// that names an object or a time, and a text. Whatever clients do, each socket
// ends once and in order, and nothing is left of it.
func FuzzSocket(f *testing.F) {
	for _, s := range []string{
		"o0\np040\ng0\np0420[\"echo\",1]\ng0\np041\np040\ng0",
		"o0\np040\np040/chat,{\"x\":1}\np042/chat,[\"join\"]\np042[\"join\"]\nb0hi\ng0\np041/chat,\ng0",
		"o0\np040\np0451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID\ng0\np0452-1[\"say\"]\nt\xff",
		"o0\np040\np0421[\"ask\",1]\ng0\np0431[2]\ng0\np0422[\"ask\"]\nt\x20\ng0",
		"o0\np040\ng0\nt\xff\no0\nr0\ng1", "o0\np040\np042[\"join\"]\nb0x\ng0\np01\nb0y\no0\nr01\ng1\nr01\ng1",
		"o0\np040\np042[\"slow\"]\np042[\"panic\"]\np042[\"echo\"]\nt\x40\ng0", "o0\np040/closed,\np040/panic,\np040/none,\ng0\nt\x80",
		"o0\np040\nd0\np040\nd1\ng0\ne0x\nt\x0a", "o0\np040\np042[\"go\"]\x1e42[\"away\"]\x1e41\x1e40\ng0\ng0",
		"o0\np040\no0\np140\nc0\ng0\np0431073741825[1]\x1e431073741825[2]\np1461-1073741825[{\"_placeholder\":true,\"num\":0}]\x1ebAQ==\nt\x20",
		"o0\np040\nm0x\nc0\nc0\nk0\np040\nm1\ng0", "o0\np040\nf0\ng0\ng0\ng0", "o0\np040\ng0\nf0\nc0\nt\xff", "o0\np040\nc0\np041\np040\nc0\nd0",
		"o0\np040\x1e40", "o0\np042[\"x\"]", "o0\np044{}", "o0\np0451-[\"x\"]\x1e42[]", "o0\np040[", "o0\np040\np043[]",
		"o0\np040\np042[\"disconnect\"]", "o0\np040\np0451-[\"echo\",{\"_placeholder\":true,\"num\":9}]\x1ebAQID",
	} {
		f.Add([]byte(s), strings.Contains(s, "r0"))
	}
	f.Fuzz(func(t *testing.T, script []byte, recovery bool) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, recovery)
			steps := strings.Split(string(script), "\n")
			for _, step := range steps[:min(len(steps), 50)] {
				if len(step) >= 2 {
					s.step(step[0], step[1], step[2:])
				}
			}
			s.end()
		})
	})
}
