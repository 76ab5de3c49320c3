// Package adaptertest checks implementations of [signal.Adapter]. Every adapter
// passes [Run]; one that spreads rooms over servers passes [RunCluster], too.
//
// An adapter may deliver and tell of others with a delay: the checks wait for
// what has to come, for up to 10 s, and learn what must not come from a
// broadcast that follows it.
package adaptertest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// Run checks the adapters that open returns, each of them new and of one
// server.
func Run(t *testing.T, open func() signal.Adapter) {
	for name, check := range map[string]func(*testing.T, signal.Adapter){
		"rooms": rooms, "names": names, "broadcast": broadcast, "packets": packets, "order": order,
		"namespaces": namespaces, "strangers": strangers, "concurrent": concurrent,
		"acknowledgements": acknowledgements, "orders": orders, "descriptions": descriptions,
	} {
		t.Run(name, func(t *testing.T) { check(t, open()) })
	}
}

// rooms checks who is where.
func rooms(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	n.Join("a", "a", "red", "blue")
	n.Join("b", "b", "red")
	n.Join("b", "red")
	n.Join("c")
	sees(t, "rooms of a", func() []string { return n.Of("a") }, "a", "red", "blue")
	sees(t, "rooms of nobody", func() []string { return n.Of("nobody") })
	sees(t, "all rooms", n.All, "a", "b", "red", "blue")
	sees(t, "sockets", n.in(), "a", "b")
	sees(t, "in red", n.in("red"), "a", "b")
	sees(t, "in red or blue", n.in("red", "blue"), "a", "b")
	sees(t, "in no such room", n.in("green"))
	n.Leave("a", "red")
	n.Leave("a", "never joined")
	n.Leave("nobody", "red")
	sees(t, "in red without a", n.in("red"), "b")
	n.LeaveAll("a")
	n.LeaveAll("a")
	n.LeaveAll("nobody")
	sees(t, "rooms of a after leaving", func() []string { return n.Of("a") })
	sees(t, "rooms with somebody", n.All, "b", "red")
	n.Leave("b", "b")
	n.Leave("b", "red")
	sees(t, "no rooms", n.All)
	sees(t, "no sockets", n.in())
	n.Join("a", "red") // and back
	sees(t, "in red again", n.in("red"), "a")
}

// oddNames are names that mean something else to somebody.
var oddNames = []string{
	"", " ", ".", "..", "*", ">", "a.b", "a.*", "a.>", "/", "ä €", "\x00", "\n", "$SYS", "{}", "%", strings.Repeat("long ", 200),
}

// names checks that no name of a room is special, nor two the same.
func names(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/odd.*.>/ä")
	for i, name := range oddNames {
		n.Join(strconv.Itoa(i), strconv.Itoa(i), name)
	}
	want := slices.Clone(oddNames)
	for i := range oddNames {
		want = append(want, strconv.Itoa(i))
	}
	sees(t, "all rooms", n.All, want...)
	for i, name := range oddNames {
		n.Broadcast(signal.Target{Rooms: []string{name}}, text(name))
		for j := range oddNames {
			got := n.got(n, strconv.Itoa(j))
			if i == j && !slices.Equal(got, []string{name}) || i != j && len(got) > 0 {
				t.Errorf("sent to room %q: %q got %q", name, oddNames[j], got)
			}
		}
	}
}

// spread puts four sockets into rooms; with two servers, into those in turn.
func spread(first, second *server) {
	first.Join("a", "a", "red", "blue")
	second.Join("b", "b", "red")
	first.Join("c", "c", "blue")
	second.Join("d", "d")
}

// targets are sets of the sockets of spread.
var targets = []struct {
	name string
	to   signal.Target
	want string
}{
	{"all", signal.Target{}, "abcd"},
	{"room", signal.Target{Rooms: []string{"red"}}, "ab"},
	{"rooms, each socket once", signal.Target{Rooms: []string{"red", "blue"}}, "abc"},
	{"a room twice", signal.Target{Rooms: []string{"red", "red"}}, "ab"},
	{"room but one", signal.Target{Rooms: []string{"red"}, Except: []string{"a"}}, "b"},
	{"room but room", signal.Target{Rooms: []string{"blue"}, Except: []string{"red"}}, "c"},
	{"all but room", signal.Target{Except: []string{"red"}}, "cd"},
	{"all but rooms", signal.Target{Except: []string{"red", "blue"}}, "d"},
	{"all but no such room", signal.Target{Except: []string{"green"}}, "abcd"},
	{"one socket", signal.Target{Rooms: []string{"d"}}, "d"},
	{"two sockets", signal.Target{Rooms: []string{"d", "a"}}, "ad"},
	{"empty room", signal.Target{Rooms: []string{"green"}}, ""},
	{"nobody left", signal.Target{Rooms: []string{"red"}, Except: []string{"red"}}, ""},
}

// broadcast checks who gets what.
func broadcast(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	spread(n, n)
	reach(t, n, n)
}

// reach broadcasts from one server to each target of sockets on two.
func reach(t *testing.T, from, other *server) {
	t.Helper()
	for _, tt := range targets {
		sees(t, tt.name, func() []string { return from.Sockets(tt.to) }, strings.Split(tt.want, "")...)
		from.Broadcast(tt.to, text(tt.name+" 1"))
		from.Broadcast(tt.to, text(tt.name+" 2"))
		for id, at := range map[string]*server{"a": from, "b": other, "c": from, "d": other} {
			got := from.got(at, id)
			in := strings.Contains(tt.want, id)
			if in && !slices.Equal(got, []string{tt.name + " 1", tt.name + " 2"}) || !in && len(got) > 0 {
				t.Errorf("%s: %s got %q", tt.name, id, got)
			}
		}
	}
}

// packets checks that they arrive as they were.
func packets(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	n.Join("a", "a")
	carry(t, n, n)
}

// carry broadcasts packets of all kinds to socket a of another server.
func carry(t *testing.T, from, to *server) {
	t.Helper()
	for _, want := range []signal.Packet{
		{{Data: []byte{}}},
		{{Data: []byte("2[\"text\",\"\x1e ü €\"]")}},
		{{Data: []byte("52-[]")}, {Data: []byte{0, 1, 255}, Binary: true}, {Data: []byte{}, Binary: true}},
		{{Data: []byte("x"), Volatile: true}},
		{{Data: slices.Repeat([]byte("x"), 1<<20)}},
	} {
		from.Broadcast(signal.Target{Rooms: []string{"a"}}, want)
		got := to.packet("a")
		same := slices.EqualFunc(got, want, func(a, b engine.Message) bool {
			return string(a.Data) == string(b.Data) && a.Binary == b.Binary && a.Volatile == b.Volatile
		})
		if !same {
			t.Errorf("%d messages that begin with %.40q came as %d: %.40q", len(want), want[0].Data, len(got), got[0].Data)
		}
	}
}

// order checks that what one goroutine sends keeps its order.
func order(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	n.Join("a", "a", "room")
	follow(t, n, n)
}

// follow broadcasts much to socket a of another server, in several ways.
func follow(t *testing.T, from, to *server) {
	t.Helper()
	const n = 500
	var want []string
	for i := range n {
		target := []signal.Target{{}, {Rooms: []string{"a"}}, {Rooms: []string{"room", "a"}}, {Except: []string{"x"}}}[i%4]
		s := strconv.Itoa(i)
		from.Broadcast(target, text(s))
		want = append(want, s)
	}
	if got := from.got(to, "a"); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// namespaces checks that they do not see each other.
func namespaces(t *testing.T, a signal.Adapter) {
	one, two := connect(t, a, "/"), connect(t, a, "/chat")
	one.Join("a", "a", "room")
	two.Join("b", "b", "room")
	one.Broadcast(signal.Target{Rooms: []string{"room"}}, text("x"))
	equal(t, "the first", one.got(one, "a"), "x")
	equal(t, "the second", two.got(two, "b"))
	sees(t, "rooms of the second", two.All, "b", "room")
	two.Close()
	sees(t, "rooms of the first", one.All, "a", "room")
}

// strangers checks that what is delivered to sockets that have just gone hurts
// nobody.
func strangers(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	n.Join("a", "a")
	n.Join("b", "b")
	for range 100 {
		n.Broadcast(signal.Target{}, text("x"))
	}
	n.LeaveAll("a")
	n.Broadcast(signal.Target{Rooms: []string{"a"}}, text("late"))
	if got := n.got(n, "b"); len(got) != 100 {
		t.Errorf("who stays got %d packets", len(got))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.came["a"] {
		if string(p[0].Data) == "late" {
			t.Error("who has left got what was sent later")
		}
	}
}

// concurrent joins, leaves and sends all at once; an adapter that calls its
// server, which calls back, must not hold a lock.
func concurrent(t *testing.T, a signal.Adapter) {
	b := back{opened: make(chan struct{})}
	b.rooms = a.Open("/", &b)
	close(b.opened)
	r := b.rooms
	defer r.Close()
	var all sync.WaitGroup
	for i := range 8 {
		id := strconv.Itoa(i)
		all.Go(func() {
			room := signal.Target{Rooms: []string{"room"}}
			for range 100 {
				r.Join(id, id, "room")
				r.Broadcast(room, text("x"))
				r.Order(room, signal.Order{Join: []string{"y"}})
				r.Sockets(signal.Target{})
				r.All()
				r.Of(id)
				if err := r.Ask(t.Context(), room, text("x"), func(string, signal.Packet) {}); err != nil {
					t.Error(err)
				}
				if _, err := r.Fetch(t.Context(), room); err != nil {
					t.Error(err)
				}
				r.LeaveAll(id)
			}
		})
	}
	all.Wait()
	sees(t, "rooms at the end", r.All)
}

// back is a server that calls the adapter whenever it is called.
type back struct {
	opened chan struct{}
	rooms  signal.Rooms
}

func (b *back) visit(id string) {
	<-b.opened
	b.rooms.Join(id, "visited")
	b.rooms.Leave(id, "visited")
}

// Deliver implements [signal.Local].
func (b *back) Deliver(id string, _ signal.Packet) { b.visit(id) }

// Ask implements [signal.Local].
func (b *back) Ask(_ context.Context, ids []string, p signal.Packet, ack func(string, signal.Packet)) error {
	for _, id := range ids {
		b.visit(id)
		ack(id, p)
	}
	return nil
}

// Carry implements [signal.Local].
func (b *back) Carry(id string, _ signal.Order) { b.visit(id) }

// Describe implements [signal.Local].
func (b *back) Describe(id string) (signal.Remote, bool) {
	b.visit(id)
	return signal.Remote{ID: id}, true
}
