package signal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// coded is an error that is meant for clients.
type coded struct{}

func (coded) Error() string             { return "pkg: slow down" }
func (coded) Message() string           { return "slow down" }
func (coded) Code() string              { return "rate_limited" }
func (coded) RetryAfter() time.Duration { return 1500 * time.Millisecond }

func TestConnectIsAnsweredBeforeWhatWasEmitted(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		if string(s.Auth()) != `{"token":"x"}` {
			t.Errorf("auth is %s", s.Auth())
		}
		return s.Emit("welcome", map[string]string{"to": "you"})
	}}))
	c := dial(t, url)
	c.write(`40{"token":"x"}`)
	if m := c.read(); !strings.HasPrefix(m, `40{"sid":`) {
		t.Errorf("first came %q", m)
	}
	c.want(`42["welcome",{"to":"you"}]`)
}

func TestConnectErrors(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		_ = s.Emit("never", 1)
		if len(s.Auth()) == 0 {
			return errors.New("dial tcp 10.0.0.1: secret")
		}
		return coded{}
	}}))
	c := dial(t, url)
	c.write("40/none,")
	c.want(`44/none,{"message":"Invalid namespace"}`)
	c.write("40")
	c.want(`44{"data":{"ok":false,"code":"internal","message":"internal error"},"message":"internal error"}`)
	c.write("40{}")
	c.want(`44{"data":{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500},"message":"slow down"}`)
}

func TestAcknowledgements(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("echo", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
		s.On("nothing", func(context.Context, Args) ([]any, error) { return nil, nil })
		s.Handle("one", func(_ context.Context, arg json.RawMessage) (any, error) {
			return map[string]any{"got": arg}, nil
		})
		s.Handle("fails", func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("secret") })
		s.Handle("refuses", func(context.Context, json.RawMessage) (any, error) { return nil, coded{} })
		s.Handle("unwritable", func(context.Context, json.RawMessage) (any, error) { return func() {}, nil })
		return nil
	}}))
	c := join(t, url)
	for _, tt := range []struct{ in, want string }{
		{`421["echo",1,"<b>",null,{"a":[0.10]}]`, `431[1,"<b>",null,{"a":[0.10]}]`},
		{`422["nothing"]`, `432[]`},
		{`423["one",{"x":1}]`, `433[{"got":{"x":1}}]`},
		{`424["one"]`, `434[{"got":null}]`},
		{`425["fails"]`, `435[{"ok":false,"code":"internal","message":"internal error"}]`},
		{`426["refuses"]`, `436[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500}]`},
		{`427["unwritable"]`, `437[{"ok":false,"code":"internal","message":"internal error"}]`},
		{`428["unheard of"]`, `438[{"ok":false,"code":"unknown_event","message":"there is no such event"}]`},
	} {
		c.write(tt.in)
		c.want(tt.want)
	}
	c.write(`42["fails"]`) // no id, no acknowledgement
	c.write(`429["nothing"]`)
	c.want(`439[]`)
}

func TestCallWaitsForTheAnswer(t *testing.T) {
	got := make(chan string, 2)
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("ask me", func(ctx context.Context, _ Args) ([]any, error) {
			a, err := s.Call(ctx, "question", 6, 7)
			if err != nil {
				return nil, err
			}
			var n int
			err = a.Decode(0, &n)
			return []any{n}, err
		})
		s.On("ask and go", func(ctx context.Context, _ Args) ([]any, error) {
			_, err := s.Call(ctx, "question")
			got <- err.Error()
			return nil, nil
		})
		s.On("ask in vain", func(ctx context.Context, _ Args) ([]any, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, err := s.Call(ctx, "question")
			return []any{errors.Is(err, context.Canceled)}, nil
		})
		return nil
	}}))
	c := join(t, url)
	c.write(`420["ask me"]`)
	c.want(`421["question",6,7]`)
	c.write(`43999["nobody asked"]`)
	c.write(`431[42]`)
	c.want(`430[42]`)
	c.write(`431["again"]`)
	c.write(`428["ask in vain"]`)
	c.want(`422["question"]`)
	c.want(`438[true]`)
	c.write(`42["ask and go"]`)
	c.want(`423["question"]`)
	c.ws.CloseNow()
	if why := wait(t, got); !strings.Contains(why, "disconnected") && !strings.Contains(why, "canceled") {
		t.Errorf("Call failed with %q", why)
	}
}

func TestHandlersRunOneAtATimeInOrder(t *testing.T) {
	const n = 600 // more than an inbox holds
	var order []int
	running := false
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("n", func(_ context.Context, a Args) ([]any, error) {
			if running {
				t.Error("two handlers at a time")
			}
			running = true
			var i int
			if err := a.Decode(0, &i); err != nil {
				return nil, err
			}
			order = append(order, i)
			running = false
			return []any{len(order)}, nil
		})
		return nil
	}}))
	c := join(t, url)
	for i := range n {
		b, _ := json.Marshal([]any{"n", i})
		c.write("42" + string(b))
	}
	c.write(`420["n",600]`)
	c.want(`430[601]`)
	if !slices.IsSorted(order) {
		t.Errorf("order was %v", order)
	}
}

func TestRoomsReachEveryoneButMe(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.Handle("join", func(_ context.Context, arg json.RawMessage) (any, error) {
			var room string
			err := json.Unmarshal(arg, &room)
			s.Join(room)
			return len(s.Rooms()), err
		})
		s.Handle("say", func(_ context.Context, arg json.RawMessage) (any, error) {
			return true, s.To("red", "blue").Emit("said", arg)
		})
		s.Handle("say all", func(_ context.Context, arg json.RawMessage) (any, error) {
			return true, s.Namespace().Except("blue").Emit("said", arg)
		})
		return nil
	}}))
	a, b, both, none := join(t, url), join(t, url), join(t, url), join(t, url)
	a.write(`421["join","red"]`)
	a.want(`431[2]`)
	b.write(`421["join","blue"]`)
	b.want(`431[2]`)
	both.write(`421["join","red"]`)
	both.want(`431[2]`)
	both.write(`422["join","blue"]`)
	both.want(`432[3]`)

	a.write(`422["say",{"x":1}]`)
	a.want(`432[true]`) // and not what it said
	b.want(`42["said",{"x":1}]`)
	both.want(`42["said",{"x":1}]`) // once

	none.write(`423["say all",2]`)
	none.want(`42["said",2]`)
	none.want(`433[true]`)
	a.want(`42["said",2]`)
	both.write(`424["join","red"]`)
	both.want(`434[3]`) // nothing between
}

// watchEnds tells how sockets end.
func watchEnds(events chan string) Handlers {
	return Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.Join("room")
			s.On("go", func(context.Context, Args) ([]any, error) { s.Disconnect(false); return nil, nil })
			s.On("go away", func(context.Context, Args) ([]any, error) { s.Disconnect(true); return nil, nil })
			s.On("panic", func(context.Context, Args) ([]any, error) { panic("oops") })
			return nil
		},
		OnDisconnecting: func(s *Socket, reason string) {
			if !slices.Contains(s.Rooms(), "room") {
				events <- "left too early"
			}
			select {
			case <-s.Done():
			default:
				events <- "not done"
			}
			events <- "disconnecting: " + reason
		},
		OnDisconnect: func(s *Socket, reason string) {
			s.Join("late")
			if rooms := s.Rooms(); len(rooms) > 0 {
				events <- "still in " + strings.Join(rooms, ",")
			}
			if err := s.Emit("late", 1); !errors.Is(err, ErrDisconnected) || !errors.Is(s.Err(), ErrDisconnected) {
				events <- "not disconnected"
			}
			events <- "disconnect: " + reason
		},
	}
}

func TestEndsHaveReasons(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		do           func(c *client)
	}{
		{"client leaves", ReasonClientLeft, func(c *client) { c.write("41") }},
		{"client closes", ReasonClosed, func(c *client) { c.ws.Close(websocket.StatusNormalClosure, "") }},
		{"client closes by packet", ReasonClosed, func(c *client) { c.write("1") }},
		{"client breaks", ReasonTransport, func(c *client) { c.ws.CloseNow() }},
		{"server namespace", ReasonServerLeft, func(c *client) { c.write(`42["go"]`); c.want("41") }},
		{"server connection", ReasonServerLeft, func(c *client) { c.write(`42["go away"]`); c.want("41"); c.wantClosed() }},
		{"not Socket.IO", ReasonParse, func(c *client) { c.write("42x"); c.wantClosed() }},
		{"not Engine.IO", ReasonParse, func(c *client) { c.write("x"); c.wantClosed() }},
		{"connects twice", ReasonParse, func(c *client) { c.write("40"); c.wantClosed() }},
		{"reserved event", ReasonParse, func(c *client) { c.write(`42["disconnecting"]`); c.wantClosed() }},
		{"attachment of nothing", ReasonParse, func(c *client) { c.send(websocket.MessageBinary, "x"); c.wantClosed() }},
		{"text instead of attachment", ReasonParse, func(c *client) { c.write(`451-["x"]`); c.write(`42["x"]`); c.wantClosed() }},
		{"handler panics", ReasonServerLeft, func(c *client) {
			c.write(`427["panic"]`)
			c.want(`437[{"ok":false,"code":"internal","message":"internal error"}]`)
			c.want("41")
			c.wantClosed()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := make(chan string, 10)
			_, url := start(t, root(watchEnds(events)))
			tt.do(join(t, url))
			for _, want := range []string{"disconnecting: ", "disconnect: "} {
				if got := wait(t, events); got != want+tt.reason {
					t.Errorf("got %q, want %q", got, want+tt.reason)
				}
			}
		})
	}
}

func TestShutdownSaysGoodbye(t *testing.T) {
	events := make(chan string, 10)
	s, url := start(t, root(watchEnds(events)))
	c := join(t, url)
	closed := make(chan websocket.StatusCode, 1)
	go func() { closed <- c.wantClosed() }()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, closed); got != websocket.StatusGoingAway {
		t.Errorf("closed with %v", got)
	}
	if got := wait(t, events); got != "disconnecting: "+ReasonShutdown {
		t.Errorf("got %q", got)
	}
	if len(s.Of("/").Sockets()) != 0 || len(s.Of("/").Rooms()) != 0 {
		t.Error("a socket or room is left")
	}
}

func TestNamespacesShareAConnection(t *testing.T) {
	events := make(chan string, 10)
	_, url := start(t, Options{Namespaces: map[string]Handlers{"/": watchEnds(events), "/chat": watchEnds(events)}})
	c := join(t, url)
	c.write("40/chat,")
	if m := c.read(); !strings.HasPrefix(m, `40/chat,{"sid":`) {
		t.Fatalf("got %q", m)
	}
	c.write(`42/chat,["go"]`)
	c.want("41/chat,")
	c.write("40/chat,{}") // and again
	if m := c.read(); !strings.HasPrefix(m, `40/chat,{"sid":`) {
		t.Fatalf("got %q", m)
	}
	c.write(`42/chat,["go away"]`)
	got := []string{c.read(), c.read()}
	slices.Sort(got)
	if !slices.Equal(got, []string{"41", "41/chat,"}) {
		t.Errorf("got %q", got)
	}
	c.wantClosed()
}

func TestConnectionsThatJoinNothingEnd(t *testing.T) {
	_, url := start(t, Options{Namespaces: map[string]Handlers{"/": {}}, ConnectTimeout: 20 * time.Millisecond})
	dial(t, url).wantClosed()
}

func TestHandshakeRefusals(t *testing.T) {
	_, url := start(t, root(Handlers{}))
	upgrade := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	foreign := upgrade.Clone()
	foreign.Set("Origin", "https://evil.example")
	for _, tt := range []struct {
		name, url string
		header    http.Header
		status    int
		body      string
	}{
		{"unknown session", url + "&sid=x", upgrade, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"old protocol", strings.Replace(url, "EIO=4", "EIO=3", 1), upgrade, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"no upgrade", url, nil, 400, `{"code":3,"message":"Bad request"}`},
		{"foreign origin", url, foreign, 403, `{"code":4,"message":"Forbidden"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := try(t, tt.url, tt.header); status != tt.status || body != tt.body {
				t.Errorf("got %d %s, want %d %s", status, body, tt.status, tt.body)
			}
		})
	}
}

func TestOversizeMessagesCloseWith1009(t *testing.T) {
	o := root(Handlers{})
	o.MaxPayload = 1000
	_, url := start(t, o)
	c := join(t, url)
	c.write(`42["x","` + strings.Repeat("x", 1000) + `"]`)
	if got := c.wantClosed(); got != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v", got)
	}
}
