package adaptertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// patience is how long what has to come may take.
const patience = 10 * time.Second

// server is one server's end of an adapter in one namespace.
type server struct {
	signal.Rooms
	t      *testing.T
	closed sync.Once

	// Guarded by mu.
	mu   sync.Mutex
	came map[string][]signal.Packet // by socket
	new  chan struct{}              // closed when something comes
	mute map[string]bool            // sockets that acknowledge nothing
}

// connect opens a namespace until the test ends.
func connect(t *testing.T, a signal.Adapter, namespace string) *server {
	t.Helper()
	s := &server{t: t, came: make(map[string][]signal.Packet), new: make(chan struct{}), mute: make(map[string]bool)}
	s.Rooms = a.Open(namespace, local{s})
	t.Cleanup(s.Close)
	return s
}

// Close ends the namespace, once.
func (s *server) Close() { s.closed.Do(s.Rooms.Close) }

// local is what the adapter knows of a server.
type local struct{ server *server }

// Deliver implements [signal.Local].
func (l local) Deliver(id string, p signal.Packet) {
	s := l.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came[id] = append(s.came[id], p)
	close(s.new)
	s.new = make(chan struct{})
}

// Ask implements [signal.Local]: sockets acknowledge at once, or never.
func (l local) Ask(ctx context.Context, ids []string, event signal.Packet, ack func(string, signal.Packet)) error {
	waits := false
	for _, id := range ids {
		l.Deliver(id, event)
		l.server.mu.Lock()
		mute := l.server.mute[id]
		l.server.mu.Unlock()
		if waits = waits || mute; !mute {
			ack(id, signal.Packet{
				{Data: fmt.Appendf(nil, "%s heard %s", id, event[0].Data)}, {Data: []byte{0, 255}, Binary: true},
			})
		}
	}
	if !waits {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// Carry implements [signal.Local]: an order comes as a packet.
func (l local) Carry(id string, o signal.Order) { l.Deliver(id, text(show(o))) }

// Describe implements [signal.Local].
func (l local) Describe(id string) (signal.Remote, bool) {
	return signal.Remote{ID: id, Rooms: l.server.Of(id), Data: json.RawMessage(strconv.Quote("data of " + id))}, id != gone
}

// gone is a socket that is over and still in its rooms.
const gone = "gone"

func show(o signal.Order) string { return fmt.Sprintf("order %+v", o) }

// packet waits for a socket's next packet.
func (s *server) packet(id string) signal.Packet {
	s.t.Helper()
	timeout := time.After(patience)
	for {
		s.mu.Lock()
		if got := s.came[id]; len(got) > 0 {
			s.came[id] = got[1:]
			s.mu.Unlock()
			return got[0]
		}
		more := s.new
		s.mu.Unlock()
		select {
		case <-more:
		case <-timeout:
			s.t.Fatalf("socket %q waited in vain", id)
		}
	}
}

// fence is what no check sends for another reason.
const fence = "fence"

// got returns what has come to a socket of server at, which is in a room of its
// own id, of what this server sent before.
func (s *server) got(at *server, id string) []string {
	s.t.Helper()
	s.Broadcast(signal.Target{Rooms: []string{id}}, text(fence))
	return at.until(id)
}

// until returns what comes to a socket before the next fence.
func (s *server) until(id string) (texts []string) {
	s.t.Helper()
	for {
		p := s.packet(id)
		if string(p[0].Data) == fence {
			return texts
		}
		texts = append(texts, string(p[0].Data))
	}
}

// in lists the sockets of rooms.
func (s *server) in(rooms ...string) func() []string {
	return func() []string { return s.Sockets(signal.Target{Rooms: rooms}) }
}

func text(s string) signal.Packet { return signal.Packet{engine.Message{Data: []byte(s)}} }

// equal compares without regard to order.
func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !same(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// sees fails unless list returns what is wanted before long.
func sees(t *testing.T, what string, list func() []string, want ...string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for {
		got := list()
		if same(got, want) {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("%s: got %q, want %q", what, got, want)
		}
	}
}
