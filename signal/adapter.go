package signal

import (
	"context"
	"encoding/json"

	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// Adapter keeps which socket is in which room, and carries broadcasts to them,
// also to those on other servers that share it. Package adaptertest checks an
// implementation. One that spreads them may be late: All and Sockets tell what is
// known of other servers, and a socket that comes or goes is seen there soon.
type Adapter interface {
	// Open starts a namespace on this server. No lock of the adapter may be held
	// while a method of local is called.
	Open(namespace string, local Local) Rooms
}

// Local are the sockets of one server in a namespace, as an adapter sees them.
// Ids that are not known are ignored. Only Ask waits. All methods are safe for
// concurrent use.
type Local interface {
	// Deliver hands a packet to a socket.
	Deliver(id string, packet Packet)
	// Ask hands an event to sockets and calls ack for what each acknowledges, one
	// at a time. It returns nil when all of them have, or are over, and ctx's error
	// when that ends first; ack is not called any more then. The event comes
	// without an id for acknowledgements, which each server has its own of.
	Ask(ctx context.Context, ids []string, event Packet, ack func(id string, ack Packet)) error
	// Carry has a socket carry out an order.
	Carry(id string, order Order)
	// Describe tells what others may know of a socket. False if it is over.
	Describe(id string) (Remote, bool)
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
	// Of returns the rooms of a socket of this server, in no order.
	Of(id string) []string
	// All returns the rooms that have a socket on any server, in no order.
	All() []string
	// Sockets returns the ids of a target's sockets on all servers, each once,
	// in no order.
	Sockets(to Target) []string
	// Broadcast delivers a packet to each socket of a target once, on this server
	// and, later, on others; it does not wait for those. Packets and orders of one
	// goroutine to one socket keep their order. Messages keep their Volatile.
	Broadcast(to Target, packet Packet)
	// Ask delivers an event like Broadcast and collects what each socket
	// acknowledges, as [Local.Ask] does, on all servers: it returns nil when every
	// server has said that none of its sockets is missing, and an error when ctx
	// ends first. A server that is gone is not waited for.
	Ask(ctx context.Context, to Target, event Packet, ack func(id string, ack Packet)) error
	// Order has each socket of a target carry out an order, on this server and,
	// later, on others; it does not wait for those.
	Order(to Target, order Order)
	// Fetch describes a target's sockets on all servers, each once, in no order.
	// It fails when ctx ends before all servers have answered, and returns those
	// of the servers that have. A server that is gone is not waited for.
	Fetch(ctx context.Context, to Target) ([]Remote, error)
	// Close ends the namespace on this server.
	Close()
}

// Target is a set of sockets.
type Target struct {
	// Rooms whose sockets belong to it. If empty, all sockets do.
	Rooms []string `json:"rooms,omitempty"`
	// Except are rooms whose sockets do not belong to it.
	Except []string `json:"except,omitempty"`
}

// Order is what sockets are told to do, wherever they are. The zero value is
// nothing.
type Order struct {
	// Join and Leave are rooms to enter, and then to leave.
	Join  []string `json:"join,omitempty"`
	Leave []string `json:"leave,omitempty"`
	// Disconnect and Close are [Socket.Disconnect], the latter with its connection.
	Disconnect bool `json:"disconnect,omitempty"`
	Close      bool `json:"close,omitempty"`
}

// Remote is a socket of any server as it was when it was asked for.
type Remote struct {
	ID    string   `json:"id"`
	Rooms []string `json:"rooms"` // one of which is its id
	// Data is what [Socket.SetData] was given last; nil if nothing was.
	Data json.RawMessage `json:"data,omitempty"`
}
