package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// What breaks other servers, one way of each kind. Whatever a client does, the
// next one is served.

// hasty serves the default namespace with an echo, and gives up on silent
// clients soon.
func hasty() Options {
	o := root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("echo", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
		s.Handle("one", func(_ context.Context, arg json.RawMessage) (any, error) { return len(arg), nil })
		return nil
	}})
	o.MaxPayload, o.PingInterval, o.PingTimeout = 1000, 100*time.Millisecond, time.Second
	return o
}

// A client that is told to go may announce a frame and never send it: it must
// not be waited for for ever.
func TestHalfOpenPeerCannotHoldTheClose(t *testing.T) {
	for name, misbehave := range map[string]func(c *rawClient){
		"too large": func(c *rawClient) { c.frame(0x81, 1<<40, strings.Repeat("4", 2000)) },
		"no packet": func(c *rawClient) { c.text("x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, at := start(t, hasty())
			c := dialRaw(t, at, nil)
			misbehave(c)
			c.frame(0x82, 1<<40, "a little")
			c.gone()
			newcomer(t, at)
		})
	}
}

func TestHalfOpenPeerEndsByPingTimeout(t *testing.T) {
	events := make(chan string, 10)
	o := root(watchEnds(events))
	o.PingInterval, o.PingTimeout = 50*time.Millisecond, time.Second
	_, at := start(t, o)
	c := dialRaw(t, at, nil)
	c.text("40") // and not one pong
	for _, want := range []string{"disconnecting: ", "disconnect: "} {
		if got := wait(t, events); got != want+ReasonPingTimeout {
			t.Errorf("got %q", got)
		}
	}
	c.gone()
	newcomer(t, at)
}

func TestSlowReaderIsCutOff(t *testing.T) {
	ends := make(chan string, 1)
	full := strings.Repeat("x", 64<<10)
	_, at := start(t, root(Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.On("flood", func(context.Context, Args) ([]any, error) {
				for s.Emit("x", full) == nil {
				}
				return nil, nil
			})
			return nil
		},
		OnDisconnect: func(_ *Socket, reason string) { ends <- reason },
	}))
	c := dialRaw(t, at, nil)
	c.text("40")
	c.text(`42["flood"]`) // and reads nothing
	if got := wait(t, ends); got != ReasonSlowConsumer {
		t.Errorf("ended by %q", got)
	}
	newcomer(t, at)
}

func TestDeepJSON(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	o := hasty()
	o.MaxPayload, o.PingInterval = 1_000_000, 0 // the client below answers only while it reads
	_, at := start(t, o)
	for _, format := range []string{`40{"x":%s}`, `421["one",%s]`, `421["echo",%s]`, `42[%s]`, `431[%s]`, `44{"x":%s}`, `4%s`, `40%s`} {
		for _, depth := range []int{5_000, 499_950} {
			c := dialRaw(t, at, nil)
			if !strings.HasPrefix(format, "40") {
				c.text("40")
			}
			c.text(fmt.Sprintf(format, nest(depth)))
			c.conn.(*net.TCPConn).CloseWrite()
			c.gone()
		}
	}
	c := join(t, at)
	for _, depth := range []int{5_000, 499_950} {
		c.write(fmt.Sprintf(`421["echo",%s]`, nest(depth)))
		c.want(`431[{"ok":false,"code":"bad_request","message":"the JSON is nested too deeply"}]`)
		c.write(fmt.Sprintf(`40/x,{"x":%s}`, nest(depth)))
		c.want(`44/x,{"data":{"ok":false,"code":"bad_request","message":"the JSON is nested too deeply"},"message":"the JSON is nested too deeply"}`)
		c.write(fmt.Sprintf(`42["echo",%s]`, nest(depth))) // wants no answer
	}
	c.write(`421["echo",` + strings.Repeat(`{"a":[`, 160_000)) // and no end
	c.want(`431[{"ok":false,"code":"bad_request","message":"the JSON is nested too deeply"}]`)
	c.write(`421["echo","` + strings.Repeat(`[`, 900_000) + `"]`) // is not nested at all
	if m := c.read(); len(m) < 900_000 {
		t.Errorf("got %.60q", m)
	}
	c.write(fmt.Sprintf(`451-1["echo",{"_placeholder":true,"num":0},%s]`, nest(900)))
	c.send(websocket.MessageBinary, "x")
	if m := c.read(); !strings.HasPrefix(m, "461-1[") {
		t.Errorf("got %.60q", m)
	}
	c.write(fmt.Sprintf(`451-1["echo",{"_placeholder":true,"num":0},%s]`, nest(5_000)))
	c.wantClosed()
	newcomer(t, at)
}

// Text that is not UTF-8 would break the connection of every browser that it is
// passed on to.
func TestTextIsUTF8(t *testing.T) {
	_, at := start(t, hasty())
	for _, s := range []string{"42[\"echo\",\"\xff\"]", "42[\"\xc3\x28\"]", "40{\"a\":\"\xed\xa0\x80\"}", "\xff"} {
		c := dial(t, at)
		c.write("40")
		c.write(s)
		if got := c.wantClosed(); got != websocket.StatusInvalidFramePayloadData {
			t.Errorf("%q: closed with %v", s, got)
		}
	}
	newcomer(t, at)
}

func TestPanicsEndOneConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    Handlers
		do   func(c *client)
	}{
		{"connect", Handlers{OnConnect: func(context.Context, *Socket) error { panic("oops") }}, func(c *client) {
			c.want(`44{"data":{"ok":false,"code":"internal","message":"internal error"},"message":"internal error"}`)
			c.wantClosed()
		}},
		{"event", Handlers{OnConnect: func(_ context.Context, s *Socket) error {
			s.On("x", func(context.Context, Args) ([]any, error) { panic("oops") })
			return nil
		}}, func(c *client) {
			c.read()
			c.write(`421["x"]`)
			c.want(`431[{"ok":false,"code":"internal","message":"internal error"}]`)
			c.want("41")
			c.wantClosed()
		}},
		{"disconnecting", Handlers{OnDisconnecting: func(*Socket, string) { panic("oops") }}, func(c *client) { c.read(); c.ws.CloseNow() }},
		{"disconnect", Handlers{OnDisconnect: func(*Socket, string) { panic("oops") }}, func(c *client) { c.read(); c.ws.CloseNow() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, at := start(t, Options{Namespaces: map[string]Handlers{"/": {}, "/x": tt.h}})
			c := dial(t, at)
			c.write("40/x,")
			c.prefix = "/x,"
			tt.do(c)
			newcomer(t, at)
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if n := len(s.Of("/x").Sockets()) + len(s.Of("/x").Rooms()); n > 0 {
				t.Errorf("%d sockets and rooms are left", n)
			}
		})
	}
}

func TestSecondConnectEndsTheConnection(t *testing.T) {
	_, at := start(t, hasty())
	c := join(t, at)
	c.write(`40{"again":true}`)
	c.wantClosed()
	newcomer(t, at)
}

// A client that comes and goes on one connection does not pile up sockets: the
// next comes when the last has gone.
func TestComingAndGoingWaitsForTheLastOne(t *testing.T) {
	going, proceed := make(chan struct{}, 100), make(chan struct{})
	var entered atomic.Int32
	_, at := start(t, root(Handlers{
		OnConnect: func(context.Context, *Socket) error { entered.Add(1); return nil },
		OnDisconnect: func(*Socket, string) {
			going <- struct{}{}
			<-proceed
		},
	}))
	c := dialRaw(t, at, nil)
	for range 50 {
		c.text("40")
		c.text("41")
	}
	<-going
	newcomer(t, at) // takes its time
	<-going
	if n := entered.Load(); n != 2 {
		t.Errorf("%d sockets, want that of the client and that of the newcomer", n)
	}
	close(proceed)
	for range 49 {
		<-going
	}
}

// A connection whose CONNECT was refused has joined nothing.
func TestRefusedConnectionsEnd(t *testing.T) {
	o := root(Handlers{OnConnect: func(context.Context, *Socket) error { return errors.New("no") }})
	o.ConnectTimeout = 50 * time.Millisecond
	_, at := start(t, o)
	c := dial(t, at)
	c.write("40")
	c.wantClosed()
}
