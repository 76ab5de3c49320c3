package signal

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory returns the [Adapter] of a single server, which keeps rooms in this
// process.
func Memory() Adapter { return memory{} }

type memory struct{}

// Open makes the rooms of a namespace.
func (memory) Open(_ string, local Local) Rooms {
	return &localRooms{local: local, sockets: make(map[string]set), rooms: make(map[string]set)}
}

type set map[string]struct{}

// localRooms are two maps, each the other's reverse.
type localRooms struct {
	local Local

	// Guarded by mu.
	mu      sync.RWMutex
	sockets map[string]set // by id: its rooms
	rooms   map[string]set // by room: its sockets
}

// Join puts a socket into rooms.
func (l *localRooms) Join(id string, rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, room := range rooms {
		link(l.sockets, id, room)
		link(l.rooms, room, id)
	}
}

func link(m map[string]set, from, to string) {
	s := m[from]
	if s == nil {
		s = make(set)
		m[from] = s
	}
	s[to] = struct{}{}
}

func unlink(m map[string]set, from, to string) {
	delete(m[from], to)
	if len(m[from]) == 0 {
		delete(m, from)
	}
}

// Leave takes a socket out of a room.
func (l *localRooms) Leave(id, room string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	unlink(l.sockets, id, room)
	unlink(l.rooms, room, id)
}

// LeaveAll takes a socket out of its rooms.
func (l *localRooms) LeaveAll(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for room := range l.sockets[id] {
		unlink(l.rooms, room, id)
	}
	delete(l.sockets, id)
}

// Of returns a socket's rooms.
func (l *localRooms) Of(id string) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Collect(maps.Keys(l.sockets[id]))
}

// All returns the rooms.
func (l *localRooms) All() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Collect(maps.Keys(l.rooms))
}

// Sockets returns a target's sockets.
func (l *localRooms) Sockets(to Target) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(to.Rooms) == 0 {
		return without(l, l.sockets, to.Except)
	}
	if len(to.Rooms) == 1 {
		return without(l, l.rooms[to.Rooms[0]], to.Except)
	}
	found := make(set)
	for _, room := range to.Rooms {
		maps.Copy(found, l.rooms[room])
	}
	return without(l, found, to.Except)
}

// without returns the keys that are not in rooms. It is called with mu held.
func without[V any](l *localRooms, from map[string]V, except []string) []string {
	found := make([]string, 0, len(from))
	for id := range from {
		in := func(room string) bool { _, in := l.rooms[room][id]; return in }
		if !slices.ContainsFunc(except, in) {
			found = append(found, id)
		}
	}
	return found
}

// Broadcast delivers a packet to a target's sockets.
func (l *localRooms) Broadcast(to Target, packet Packet) {
	for _, id := range l.Sockets(to) {
		l.local.Deliver(id, packet)
	}
}

// Ask collects what a target's sockets acknowledge.
func (l *localRooms) Ask(ctx context.Context, to Target, event Packet, ack func(string, Packet)) error {
	return l.local.Ask(ctx, l.Sockets(to), event, ack)
}

// Order has a target's sockets carry out an order.
func (l *localRooms) Order(to Target, order Order) {
	for _, id := range l.Sockets(to) {
		l.local.Carry(id, order)
	}
}

// Fetch describes a target's sockets.
func (l *localRooms) Fetch(_ context.Context, to Target) ([]Remote, error) {
	ids := l.Sockets(to)
	all := make([]Remote, 0, len(ids))
	for _, id := range ids {
		if r, ok := l.local.Describe(id); ok {
			all = append(all, r)
		}
	}
	return all, nil
}

// Close has nothing to do.
func (l *localRooms) Close() {}
