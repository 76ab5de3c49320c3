package signal

import "github.com/switchyard-rtc/switchyard/signal/engine"

// Adapter keeps which socket is in which room, and carries broadcasts to them,
// also to those on other servers that share it. Package adaptertest checks an
// implementation. One that spreads them may be late: All and Sockets tell what is
// known of other servers, and a socket that comes or goes is seen there soon.
type Adapter interface {
	// Open starts a namespace on this server. deliver hands a packet to one
	// socket of this server; it does not wait, and ids that it does not know it
	// ignores. No lock of the adapter may be held while it is called.
	Open(namespace string, deliver func(id string, packet Packet)) Rooms
}

// Packet is one Socket.IO packet as it goes over the wire: its text and its
// attachments. Receivers share it; nobody may change it.
type Packet []engine.Message

// Rooms are the rooms of one namespace. Every socket is also in a room named
// by its own id, so that rooms and ids can be used alike. All methods are safe
// for concurrent use.
type Rooms interface {
	// Join puts a socket of this server into rooms.
	Join(id string, rooms ...string)
	// Leave takes a socket of this server out of one room.
	Leave(id, room string)
	// LeaveAll takes a socket of this server out of all rooms.
	LeaveAll(id string)
	// Of returns the rooms of a socket, in no order.
	Of(id string) []string
	// All returns the rooms that have a socket on any server, in no order.
	All() []string
	// Sockets returns the ids of a target's sockets on all servers, each once,
	// in no order.
	Sockets(to Target) []string
	// Broadcast delivers a packet to each socket of a target once, on this server
	// and, later, on others; it does not wait for those. Packets of one goroutine
	// to one socket keep their order. Messages keep their Volatile.
	Broadcast(to Target, packet Packet)
	// Close ends the namespace on this server.
	Close()
}

// Target is a set of sockets.
type Target struct {
	// Rooms whose sockets belong to it. If empty, all sockets do.
	Rooms []string
	// Except are rooms whose sockets do not belong to it.
	Except []string
}
