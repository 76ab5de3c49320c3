package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// recovering serves a namespace that remembers; each socket is sent to sockets.
func recovering(t *testing.T, r Recovery) (s *Server, url string, sockets chan *Socket, ends chan string) {
	t.Helper()
	sockets, ends = make(chan *Socket, 16), make(chan string, 16)
	o := root(Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.On("echo", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
			sockets <- s
			return nil
		},
		OnDisconnect: func(s *Socket, reason string) { ends <- reason },
	})
	o.Recovery = r
	s, url = start(t, o)
	return s, url, sockets, ends
}

// who is what a client learns of itself.
type who struct{ SID, PID string }

// enter connects with auth.
func enter(t *testing.T, url, auth string) (*client, who) {
	t.Helper()
	c := dial(t, url)
	c.write("40" + auth)
	m := c.read()
	var w who
	if !strings.HasPrefix(m, "40{") || json.Unmarshal([]byte(m[2:]), &w) != nil {
		t.Fatalf("CONNECT was answered %q", m)
	}
	return c, w
}

func (w who) after(offset string) string { return fmt.Sprintf(`{"pid":%q,"offset":%q}`, w.PID, offset) }

func TestClientsComeBackAsTheyWere(t *testing.T) {
	s, url, sockets, ends := recovering(t, Recovery{Window: time.Minute})
	n := s.Of("/")
	c, w := enter(t, url, "")
	socket := wait(t, sockets)
	if socket.Recovered() || w.PID == "" || w.PID == w.SID {
		t.Errorf("it is %+v, recovered %v", w, socket.Recovered())
	}
	_ = n.To().Emit("before", 0) // before it joined the room
	_ = n.To("room").Emit("before", 0)
	socket.Join("room")
	c.want(`42["before",0,"1"]`)
	_ = n.To("room", "other").Emit("got", 1)
	c.want(`42["got",1,"3"]`)
	c.ws.CloseNow()
	wait(t, ends)

	_ = n.To("room").Emit("room", 2)
	_ = n.To("other").Emit("other", 3)
	_ = n.To().EmitArgs("all", []byte("bytes"))
	_ = n.Except("room").Emit("but room", 4)
	_ = n.Except(w.SID).Emit("but me", 5)
	_ = n.To("room").Volatile().Emit("volatile", 6)
	_ = n.To(w.SID, "room").Emit("mine", 7) // once

	c, again := enter(t, url, w.after("3"))
	if again != w {
		t.Errorf("it came back as %+v, was %+v", again, w)
	}
	c.want(`42["room",2,"4"]`)
	c.want(`451-["all",{"_placeholder":true,"num":0},"6"]`)
	c.want("bytes")
	c.want(`42["mine",7,"9"]`)
	socket = wait(t, sockets)
	if !socket.Recovered() || socket.ID() != w.SID || !slices.Contains(socket.Rooms(), "room") || len(n.Sockets()) != 1 {
		t.Errorf("recovered %v as %s in %q", socket.Recovered(), socket.ID(), socket.Rooms())
	}
	_ = socket.EmitVolatile("v", 8)
	c.want(`42["v",8,"9"]`)
	_ = socket.Emit("last", 9)
	c.want(`42["last",9,"a"]`)
	c.write(`421["echo",1]`)
	c.want(`431[1]`)
}

func TestWhoCannotComeBackIsNew(t *testing.T) {
	s, url, sockets, ends := recovering(t, Recovery{Window: time.Minute, Packets: 3, Sessions: 2})
	n := s.Of("/")
	leave := func(how func(c *client)) who {
		c, w := enter(t, url, "")
		wait(t, sockets).Join("room")
		how(c)
		wait(t, ends)
		return w
	}
	lost := func(c *client) { c.ws.CloseNow() }
	left, first, second, third := leave(func(c *client) { c.write("41") }), leave(lost), leave(lost), leave(lost)
	for i := range 4 {
		_ = n.To("room").Emit("n", i)
	}
	for name, auth := range map[string]string{
		"left by itself":      left.after("0"),
		"too many left":       first.after("0"),
		"missed too much":     second.after("0"),
		"offset is no number": third.after("-!"),
		"offset is to come":   third.after("zzz"),
		"key is guessed":      who{PID: third.PID[1:] + "x"}.after("0"),
		"id for a key":        who{PID: third.SID}.after("0"),
		"key is no string":    `{"pid":7,"offset":"0"}`,
	} {
		_, w := enter(t, url, auth)
		if socket := wait(t, sockets); socket.Recovered() || w.PID == third.PID || w.SID == third.SID || len(socket.Rooms()) != 1 {
			t.Errorf("%s: came back as %+v in %q", name, w, socket.Rooms())
		}
	}
	c, w := enter(t, url, third.after("1")) // it may still
	if w != third {
		t.Errorf("came back as %+v, was %+v", w, third)
	}
	for i := 1; i < 4; i++ {
		c.want(fmt.Sprintf(`42["n",%d,"%d"]`, i, i+1))
	}
}

// A client that is back before the server has noticed that it was away takes the
// place of its old self, which ends first.
func TestComingBackTooSoon(t *testing.T) {
	s, url, sockets, ends := recovering(t, Recovery{Window: time.Minute})
	old, w := enter(t, url, "")
	wait(t, sockets).Join("room")
	_ = s.Of("/").To("room").Emit("n", 1)
	c, again := enter(t, url, w.after("0"))
	if again != w {
		t.Errorf("came back as %+v, was %+v", again, w)
	}
	if reason := wait(t, ends); reason != ReasonTransport {
		t.Errorf("the old one ended by %q", reason)
	}
	c.want(`42["n",1,"1"]`)
	old.wantClosed()
	if n := len(s.Of("/").Sockets()); n != 1 {
		t.Errorf("%d sockets", n)
	}
}

// What is kept ends with its time, so that memory does not grow with rooms that
// were.
func TestRingsAreForgotten(t *testing.T) {
	n := &Namespace{name: "/", rooms: Memory().Open("/", nil)}
	r := newRecovery(Recovery{Window: time.Nanosecond, Packets: 2, Bytes: 100}, 0)
	for i := range 1000 {
		if err := r.broadcast(n, Target{Rooms: []string{fmt.Sprint(i)}}, "x", []any{strings.Repeat("x", 40)}, false); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.rings) > 2 {
		t.Errorf("%d rings are left", len(r.rings))
	}
	r = newRecovery(Recovery{Window: time.Hour, Packets: 5, Bytes: 150}, 0)
	for range 10 {
		_ = r.broadcast(n, Target{Rooms: []string{"room"}}, "x", []any{strings.Repeat("x", 40)}, false)
	}
	if l := r.rings["room"]; len(l.all) != 2 || l.bytes > 150 || l.lost != 8 {
		t.Errorf("%d packets of %d bytes are kept, up to %d is lost", len(l.all), l.bytes, l.lost)
	}
	_ = r.broadcast(n, Target{Rooms: []string{"room"}}, "x", []any{strings.Repeat("x", 1000)}, false)
	if l := r.rings["room"]; len(l.all) != 0 || l.bytes != 0 {
		t.Errorf("%d packets of %d bytes are kept", len(l.all), l.bytes)
	}
}
