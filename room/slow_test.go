package room_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// Who comes at about the same time is told of together, and each newcomer of just
// those who came after it.
func TestCrowdIsToldTogether(t *testing.T) {
	const joins, few = 200, 100
	h := open(t, room.Config{})
	first, a := h.enter("first")
	watchers := map[*conn]*watcher{first: newWatcher(a)}
	began := time.Now()
	for i := range joins {
		c, a := h.enter(fmt.Sprint("m", i))
		if len(a.Members) != i+2 {
			t.Errorf("newcomer %d sees %d members", i, len(a.Members))
		}
		watchers[c] = newWatcher(a)
	}
	last := next(first, "state", func(s state) bool { return s.Rev > 0 })
	events := 1
	for told := len(last.Members.Add); told < joins; events++ {
		last = next(first, "state", func(s state) bool { return s.Rev == last.Rev+1 })
		told += len(last.Members.Add)
	}
	const every = 10 * time.Millisecond // in a room of more than a few
	if most := few + 2 + int(time.Since(began)/every); events > most {
		t.Errorf("%d joins were told in %d events, want at most %d", joins, events, most)
	}
	watchers[first] = newWatcher(first.must("sync", o{}))
	for c, w := range watchers {
		w.compare(t, c)
	}
}

// A member that is behind is told of changes when it has caught up: of all of them
// at once, without a gap. The others are told as ever.
func TestChangesWaitForWhoIsBehind(t *testing.T) {
	h := open(t, room.Config{})
	l := h.bind("lazy")
	w := newWatcher(l.must("join", o{"v": 1, "room": "r", "name": "lazy"}))
	other, first := h.enter("other")
	quick := newWatcher(first)
	w.compare(t, l)

	l.setBehind(true)
	var stays *conn
	for i := range 20 {
		c, a := h.enter(fmt.Sprint("m", i))
		added(other, a.Self.ID)
		quick.rev++
		if i%4 == 0 {
			stays = c
			continue
		}
		c.must("leave", o{})
		gone(other, a.Self.ID)
		quick.rev++
	}
	stays.must("new_message", o{"cid": "1", "text": "hello"})
	next(l, "new_message", func(m message) bool { return m.Text == "hello" })
	if n := len(l.events); n > 0 {
		t.Errorf("%d events came to who is behind", n)
	}
	l.setBehind(false)
	merged := next(l, "state", func(state) bool { return true })
	if merged.Rev != w.rev+1 || len(merged.Members.Add) != 5 || len(merged.Members.Del) != 0 {
		t.Errorf("after %d came %+v", w.rev, merged)
	}
	w.rev = merged.Rev
	for _, m := range merged.Members.Add {
		w.members[m.ID] = m.Role
	}

	// It goes on without a gap, and the whole state has a number of its own.
	c, a := h.enter("late")
	if s := next(l, "state", func(state) bool { return true }); s.Rev != w.rev+1 || len(s.Members.Add) != 1 {
		t.Errorf("after %d came %+v", w.rev, s)
	}
	added(other, a.Self.ID)
	w = newWatcher(l.must("sync", o{}))
	if len(w.members) != 8 || w.rev != quick.rev+1 {
		t.Errorf("at %d there are %d members, the others are at %d", w.rev, len(w.members), quick.rev+1)
	}
	c.must("leave", o{})
	w.compare(t, l)

	// What is owed is part of a whole state, and not told again.
	l.setBehind(true)
	h.enter("later")
	w = newWatcher(l.must("sync", o{}))
	l.setBehind(false)
	h.enter("last")
	w.compare(t, l)
}

// narrow has connections that hold little, so that a client which reads nothing is
// noticed soon.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(32 << 10)
	}
	return c, err
}

// tap is a connection that reads only while it is open; a read that is under way
// when it is closed may bring a last piece.
type tap struct {
	net.Conn
	open *atomic.Pointer[chan struct{}] // closed while it is
}

// Read waits until the tap is open.
func (t tap) Read(b []byte) (int, error) {
	<-*t.open.Load()
	return t.Conn.Read(b)
}

// A member that reads nothing for a while is told of all that happened as one
// change, and stays; nobody else waits.
func TestSlowMemberGetsOneState(t *testing.T) {
	h := open(t, room.Config{})
	sockets := signal.NewServer(signal.Options{
		Namespaces: map[string]signal.Handlers{"/": {
			OnConnect: func(ctx context.Context, s *signal.Socket) error { return h.Bind(ctx, s) },
		}},
		PingInterval: time.Hour, PingTimeout: time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
	server := httptest.NewUnstartedServer(sockets)
	server.Listener = narrow{server.Listener}
	server.Start()
	defer server.Close()
	defer sockets.Shutdown(t.Context())

	var open atomic.Pointer[chan struct{}]
	flows, stands := make(chan struct{}), make(chan struct{})
	close(flows)
	open.Store(&flows)
	d := net.Dialer{}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, at)
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetReadBuffer(32 << 10)
		}
		return tap{c, &open}, err
	}}
	defer transport.CloseIdleConnections()
	states := make(chan state, 2000)
	c, err := client.Dial(t.Context(), server.URL, client.Options{
		HTTPClient: &http.Client{Transport: transport},
		OnEvent: func(event string, args client.Args) []any {
			var s state
			if event == "state" && args.Decode(0, &s) == nil {
				states <- s
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask := func(event string, arg o) (a ack) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		args, err := c.Call(ctx, event, arg)
		if err == nil {
			err = args.Decode(0, &a)
		}
		if err != nil || !a.OK {
			t.Fatalf("%s: %v", event, err)
		}
		return a
	}
	first := ask("join", o{"v": 1, "room": "r", "name": "slow"})
	other, begin := h.enter("other")
	open.Store(&stands)
	goOn := sync.OnceFunc(func() { close(stands) })
	defer goOn()
	longest := time.Duration(0)
	const comings = 1500 // each of which is two changes; 1,024 packets would be too many
	for i := range comings {
		m := newConn(t, "m")
		m.request.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1", i/250, i%250) // each may join often only
		if err := h.Bind(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		a := m.must("join", o{"v": 1, "room": "r", "name": strings.Repeat("n", 60)})
		began := time.Now()
		added(other, a.Self.ID)
		m.must("leave", o{})
		gone(other, a.Self.ID)
		longest = max(longest, time.Since(began))
		m.drop()
	}
	goOn()
	whole := ask("sync", o{})
	if whole.Rev < begin.Rev+2*comings || len(whole.Members) != 2 {
		t.Errorf("at %d there are %d members", whole.Rev, len(whole.Members))
	}
	if longest > time.Second {
		t.Errorf("others waited for %v", longest)
	}
	rev, n := first.Rev, 0
	for len(states) > 0 {
		s := <-states
		if s.Rev != rev+1 {
			t.Fatalf("%d came after %d", s.Rev, rev)
		}
		rev, n = s.Rev, n+1
	}
	t.Logf("told of %d changes by %d events", whole.Rev-first.Rev, n)
	if n > 3*comings/2 {
		t.Error("nothing was merged")
	}
}
