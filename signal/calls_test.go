package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// asks is what a broadcast's call came to.
type asks struct {
	acks []Ack
	err  error
}

// show lists the answers by what is in them.
func (a asks) show() string {
	var all []string
	for _, ack := range a.acks {
		raw, _ := json.Marshal(ack.Args.Values())
		all = append(all, string(raw))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// hall is a room with clients in it.
type hall struct {
	t       *testing.T
	server  *Server
	clients []*client
	sockets []*Socket
}

// openHall fills a room with n clients.
func openHall(t *testing.T, n int, o Options) *hall {
	t.Helper()
	came := make(chan *Socket, n)
	o.Namespaces = map[string]Handlers{"/": {OnConnect: func(_ context.Context, s *Socket) error {
		s.Join("room")
		came <- s
		return nil
	}}}
	h := &hall{t: t}
	var url string
	h.server, url = start(t, o)
	for range n {
		h.clients = append(h.clients, join(t, url))
		h.sockets = append(h.sockets, wait(t, came))
	}
	return h
}

// ask asks the room, and returns when the clients have got the question.
func (h *hall) ask(ctx context.Context, clients ...*client) (ids []string, result <-chan asks) {
	h.t.Helper()
	done := make(chan asks, 1)
	go func() {
		acks, err := h.server.Of("/").To("room").Call(ctx, "q", 7)
		done <- asks{acks, err}
	}()
	for _, c := range clients {
		id, ok := strings.CutSuffix(strings.TrimPrefix(c.read(), "42"), `["q",7]`)
		if !ok {
			h.t.Fatalf("got %q", id)
		}
		ids = append(ids, id)
	}
	return ids, done
}

func TestBroadcastsAreAcknowledged(t *testing.T) {
	h := openHall(t, 3, Options{})
	a, b, c := h.clients[0], h.clients[1], h.clients[2]
	ids, result := h.ask(t.Context(), a, b, c)
	if ids[0] != ids[1] || ids[0] != ids[2] {
		t.Errorf("ids %q differ: it was not encoded once", ids)
	}
	id := ids[0]
	a.write("43" + id + `["a"]`)
	a.write("43" + id + `["again"]`) // counts for nothing
	b.write("461-" + id + `[{"_placeholder":true,"num":0}]`)
	b.send(websocket.MessageBinary, "\x01\x02")
	c.write("43" + id + "[]")
	if got := wait(t, result); got.err != nil || got.show() != `["AQI="] ["a"] []` {
		t.Errorf("got %s, %v", got.show(), got.err)
	}

	// Calls do not meet: those of a socket, and of others.
	again, result := h.ask(t.Context(), a, b, c)
	if again[0] == id {
		t.Error("an id was used twice")
	}
	called := make(chan error, 1)
	go func() { _, err := h.sockets[0].Call(t.Context(), "own"); called <- err }()
	a.want(`421["own"]`)
	a.write(`431[]`)
	if err := wait(t, called); err != nil {
		t.Error(err)
	}
	a.write("43" + id + `["late"]`)
	for _, c := range h.clients {
		c.write("43" + again[0] + `["x"]`)
	}
	if got := wait(t, result); got.err != nil || got.show() != `["x"] ["x"] ["x"]` {
		t.Errorf("got %s, %v", got.show(), got.err)
	}
}

// What came before the limit of time counts; who is over is not waited for.
func TestBroadcastCallsEnd(t *testing.T) {
	h := openHall(t, 3, Options{})
	a, b, c := h.clients[0], h.clients[1], h.clients[2]
	ctx, cancel := context.WithCancel(t.Context())
	ids, result := h.ask(ctx, a, b, c)
	a.write("43" + ids[0] + `["a"]`)
	a.write(`42["x"]`) // is answered by nobody
	a.write(`421["x"]`)
	a.want(`431[{"ok":false,"code":"unknown_event","message":"there is no such event"}]`)
	b.write("41")
	cancel()
	if got := wait(t, result); !errors.Is(got.err, context.Canceled) {
		t.Errorf("got %s, %v", got.show(), got.err)
	}
	wait(t, h.sockets[1].Done())

	ids, result = h.ask(t.Context(), a, c)
	c.ws.CloseNow()
	a.write("43" + ids[0] + `["a"]`)
	if got := wait(t, result); got.err != nil || got.show() != `["a"]` {
		t.Errorf("got %s, %v", got.show(), got.err)
	}
	for _, s := range h.sockets {
		s.mu.Lock()
		if len(s.calls) > 0 {
			t.Errorf("%d calls are still waited for", len(s.calls))
		}
		s.mu.Unlock()
	}
	a.write("41")
	wait(t, h.sockets[0].Done())
	if acks, err := h.server.Of("/").To("room").Call(t.Context(), "q"); err != nil || len(acks) > 0 {
		t.Errorf("nobody answered %v, %v", acks, err)
	}
	if _, err := h.server.Of("/").To("room").Call(t.Context(), "connect"); !errors.Is(err, ErrReserved) {
		t.Errorf("got %v", err)
	}
}

// An acknowledgement that is no use ends its connection, or is not one; the
// others count all the same.
func TestBadAcknowledgementsOfBroadcasts(t *testing.T) {
	for _, tt := range []struct {
		name, ack string
		ends      bool
	}{
		{"no array", `{"a":1}`, true},
		{"no JSON", `[`, true},
		{"too deep", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), false},
		{"far too deep", strings.Repeat("[", 499_000) + strings.Repeat("]", 499_000), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := openHall(t, 2, Options{})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			ids, result := h.ask(ctx, h.clients...)
			h.clients[0].write("43" + ids[0] + tt.ack)
			if tt.ends {
				h.clients[0].wantClosed()
			} else {
				h.clients[0].write("41")
			}
			h.clients[1].write("43" + ids[0] + `["fine"]`)
			if got := wait(t, result); got.err != nil || got.show() != `["fine"]` {
				t.Errorf("got %s, %v", got.show(), got.err)
			}
		})
	}
}

func TestManySocketsAreToldWhatToDo(t *testing.T) {
	h := openHall(t, 4, Options{Recovery: Recovery{Window: time.Minute}})
	n := h.server.Of("/")
	if err := h.sockets[1].SetData(map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	if err := h.sockets[1].SetData(func() {}); err == nil {
		t.Error("data that is no JSON was taken")
	}
	in := func(room string) string {
		var list []string
		for _, id := range n.To(room).Sockets() {
			i := slices.IndexFunc(h.sockets, func(s *Socket) bool { return s.ID() == id })
			list = append(list, fmt.Sprint(i))
		}
		slices.Sort(list)
		return strings.Join(list, "")
	}
	first, second := h.sockets[0].ID(), h.sockets[1].ID()
	n.To("room").Except(first).Join("red", "blue")
	n.To(second).Leave("red", "never joined")
	if in("red") != "23" || in("blue") != "123" {
		t.Errorf("red has %s, blue has %s", in("red"), in("blue"))
	}
	all, err := n.To("blue").Fetch(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("fetched %v, %v", all, err)
	}
	for _, r := range all {
		rooms := slices.Sorted(slices.Values(r.Rooms))
		switch {
		case r.ID == second && (string(r.Data) != `{"n":1}` || len(rooms) != 3):
			t.Errorf("fetched %+v", r)
		case r.ID != second && (r.Data != nil || len(rooms) != 4):
			t.Errorf("fetched %+v", r)
		}
	}
	n.To("red").Disconnect(false)
	n.To(second).Disconnect(true)
	for _, c := range h.clients[1:] {
		c.want("41")
	}
	for _, s := range h.sockets[1:] {
		<-s.Done()
		<-s.finished
	}
	if got := in("room"); got != "0" {
		t.Errorf("%s are left", got)
	}
}
