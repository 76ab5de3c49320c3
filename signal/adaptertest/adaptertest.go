// Package adaptertest checks implementations of [signal.Adapter]: every adapter
// passes [Run].
package adaptertest

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// recorder is a server's end of an adapter.
type recorder struct {
	// Guarded by mu.
	mu  sync.Mutex
	got map[string][]string // by socket
}

func (r *recorder) deliver(id string, p signal.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got == nil {
		r.got = make(map[string][]string)
	}
	r.got[id] = append(r.got[id], string(p[0].Data))
}

// take returns what a socket got since the last call.
func (r *recorder) take(id string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got[id]
	delete(r.got, id)
	return got
}

func text(s string) signal.Packet { return signal.Packet{engine.Message{Data: []byte(s)}} }

// Run checks the adapters that open returns, each of them new and of one
// server.
func Run(t *testing.T, open func() signal.Adapter) {
	t.Run("rooms", func(t *testing.T) { rooms(t, open()) })
	t.Run("broadcast", func(t *testing.T) { broadcast(t, open()) })
	t.Run("namespaces", func(t *testing.T) { namespaces(t, open()) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, open()) })
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	got = slices.Sorted(slices.Values(got))
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// rooms checks who is where.
func rooms(t *testing.T, a signal.Adapter) {
	r := a.Open("/", new(recorder).deliver)
	defer r.Close()
	r.Join("a", "a", "red", "blue")
	r.Join("b", "b", "red")
	r.Join("b", "red")
	want(t, "rooms of a", r.Of("a"), "a", "red", "blue")
	want(t, "all rooms", r.All(), "a", "b", "red", "blue")
	want(t, "sockets", r.Sockets(signal.Target{}), "a", "b")
	want(t, "in red", r.Sockets(signal.Target{Rooms: []string{"red"}}), "a", "b")
	r.Leave("a", "red")
	r.Leave("a", "never joined")
	r.Leave("nobody", "red")
	want(t, "in red without a", r.Sockets(signal.Target{Rooms: []string{"red"}}), "b")
	r.LeaveAll("a")
	r.LeaveAll("nobody")
	want(t, "rooms of a after leaving", r.Of("a"))
	want(t, "rooms with somebody", r.All(), "b", "red")
	r.LeaveAll("b")
	want(t, "no rooms", r.All())
	want(t, "no sockets", r.Sockets(signal.Target{}))
}

// broadcast checks who gets what, and in which order.
func broadcast(t *testing.T, a signal.Adapter) {
	var rec recorder
	r := a.Open("/", rec.deliver)
	defer r.Close()
	r.Join("a", "a", "red", "blue")
	r.Join("b", "b", "red")
	r.Join("c", "c", "blue")
	r.Join("d", "d")
	for _, tt := range []struct {
		name string
		to   signal.Target
		want string
	}{
		{"all", signal.Target{}, "abcd"},
		{"room", signal.Target{Rooms: []string{"red"}}, "ab"},
		{"rooms, each socket once", signal.Target{Rooms: []string{"red", "blue"}}, "abc"},
		{"room but one", signal.Target{Rooms: []string{"red"}, Except: []string{"a"}}, "b"},
		{"room but room", signal.Target{Rooms: []string{"blue"}, Except: []string{"red"}}, "c"},
		{"all but room", signal.Target{Except: []string{"red"}}, "cd"},
		{"one socket", signal.Target{Rooms: []string{"d"}}, "d"},
		{"empty room", signal.Target{Rooms: []string{"green"}}, ""},
		{"nobody left", signal.Target{Rooms: []string{"red"}, Except: []string{"red"}}, ""},
	} {
		r.Broadcast(tt.to, text(tt.name+" 1"))
		r.Broadcast(tt.to, text(tt.name+" 2"))
		for _, id := range []string{"a", "b", "c", "d"} {
			got := rec.take(id)
			in := slices.Contains([]byte(tt.want), id[0])
			if in && !slices.Equal(got, []string{tt.name + " 1", tt.name + " 2"}) || !in && len(got) > 0 {
				t.Errorf("%s: %s got %q", tt.name, id, got)
			}
		}
	}
}

// namespaces checks that they do not see each other.
func namespaces(t *testing.T, a signal.Adapter) {
	var one, two recorder
	first, second := a.Open("/", one.deliver), a.Open("/chat", two.deliver)
	defer first.Close()
	defer second.Close()
	first.Join("a", "a", "room")
	second.Join("b", "b", "room")
	first.Broadcast(signal.Target{Rooms: []string{"room"}}, text("x"))
	want(t, "first", one.take("a"), "x")
	want(t, "second", two.take("b"))
	want(t, "rooms of the second", second.All(), "b", "room")
}

// concurrent joins, leaves and sends all at once; an adapter whose deliver
// calls back must not hold a lock.
func concurrent(t *testing.T, a signal.Adapter) {
	var r signal.Rooms
	r = a.Open("/", func(id string, _ signal.Packet) { r.Join(id, "delivered") })
	defer r.Close()
	var all sync.WaitGroup
	for i := range 8 {
		id := strconv.Itoa(i)
		all.Go(func() {
			for range 100 {
				r.Join(id, id, "room")
				r.Broadcast(signal.Target{Rooms: []string{"room"}}, text("x"))
				r.Sockets(signal.Target{})
				r.LeaveAll(id)
			}
		})
	}
	all.Wait()
	for i := range 8 {
		r.LeaveAll(strconv.Itoa(i)) // a delivery may have come after
	}
	want(t, "rooms at the end", r.All())
}
