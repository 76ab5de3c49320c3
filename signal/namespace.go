package signal

import (
	"sync"
	"sync/atomic"
)

// Namespace is a set of sockets with handlers of their own.
type Namespace struct {
	name     string
	handlers Handlers
	rooms    Rooms
	recovery *recovery     // nil if there is none
	asked    atomic.Uint64 // broadcasts that sockets of this server acknowledge

	// Guarded by mu.
	mu      sync.Mutex
	sockets map[string]*Socket
}

func newNamespace(name string, h Handlers, o Options) *Namespace {
	n := &Namespace{
		name: name, handlers: h, sockets: make(map[string]*Socket),
		recovery: newRecovery(o.Recovery, o.PingInterval+o.PingTimeout),
	}
	n.rooms = o.Adapter.Open(name, local{n})
	return n
}

// Name returns the name, such as "/".
func (n *Namespace) Name() string { return n.name }

// To returns the sockets that are in at least one of the rooms; without rooms,
// all of the namespace.
func (n *Namespace) To(rooms ...string) Broadcast {
	return Broadcast{namespace: n, target: Target{Rooms: rooms}}
}

// In is another name of [Namespace.To].
func (n *Namespace) In(rooms ...string) Broadcast { return n.To(rooms...) }

// Except returns all sockets but those in the rooms.
func (n *Namespace) Except(rooms ...string) Broadcast { return n.To().Except(rooms...) }

// Sockets returns the sockets of this server, in no order.
func (n *Namespace) Sockets() []*Socket {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]*Socket, 0, len(n.sockets))
	for _, s := range n.sockets {
		all = append(all, s)
	}
	return all
}

// Socket returns a socket of this server.
func (n *Namespace) Socket(id string) (*Socket, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.sockets[id]
	return s, ok
}

// Rooms returns the rooms that have a socket on any server that shares the
// adapter; the id of each socket is one of them.
func (n *Namespace) Rooms() []string { return n.rooms.All() }

// add makes a socket known, and puts it into the room of its own.
func (n *Namespace) add(s *Socket) {
	n.mu.Lock()
	n.sockets[s.id] = s
	n.mu.Unlock()
	n.rooms.Join(s.id, s.id)
}

// remove takes a socket out of its rooms and forgets it.
func (n *Namespace) remove(s *Socket) {
	n.rooms.LeaveAll(s.id)
	n.mu.Lock()
	delete(n.sockets, s.id)
	n.mu.Unlock()
}
