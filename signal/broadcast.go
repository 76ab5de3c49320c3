package signal

import (
	"context"
	"slices"

	"github.com/switchyard-rtc/switchyard/signal/engine"
	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Broadcast is a set of sockets to send to. It is a value: Except returns
// another one.
type Broadcast struct {
	namespace *Namespace
	target    Target
	volatile  bool
}

// To adds the sockets of rooms.
func (b Broadcast) To(rooms ...string) Broadcast {
	b.target.Rooms = append(slices.Clip(b.target.Rooms), rooms...)
	return b
}

// In is another name of [Broadcast.To].
func (b Broadcast) In(rooms ...string) Broadcast { return b.To(rooms...) }

// Volatile makes its events ones that may be lost; see [Socket.EmitVolatile].
func (b Broadcast) Volatile() Broadcast {
	b.volatile = true
	return b
}

// Except leaves the sockets of rooms out; a socket's id is a room, too.
func (b Broadcast) Except(rooms ...string) Broadcast {
	b.target.Except = append(slices.Clip(b.target.Except), rooms...)
	return b
}

// Emit sends an event with one argument to all of them. It does not wait; it
// fails if the argument is no JSON or the name is reserved.
func (b Broadcast) Emit(event string, arg any) error { return b.EmitArgs(event, arg) }

// EmitArgs sends an event with any number of arguments; see [Socket.EmitArgs].
func (b Broadcast) EmitArgs(event string, args ...any) error {
	if r := b.namespace.recovery; r != nil {
		return r.broadcast(b.namespace, b.target, event, args, b.volatile)
	}
	p, err := encodeEvent(b.namespace.name, event, nil, args)
	if err != nil {
		return err
	}
	if b.volatile {
		p = p.volatile()
	}
	b.namespace.rooms.Broadcast(b.target, p)
	return nil
}

// Ack is what a socket acknowledged a broadcast with.
type Ack struct {
	Socket string // its id
	Args   Args
}

// Call sends an event to all of them, and waits until those that are left have
// acknowledged it. When ctx ends first, it returns its error and what came until
// then; without a deadline, one client that does not answer can keep it waiting.
func (b Broadcast) Call(ctx context.Context, event string, args ...any) ([]Ack, error) {
	p, err := encodeEvent(b.namespace.name, event, nil, args)
	if err != nil {
		return nil, err
	}
	if b.volatile {
		p = p.volatile()
	}
	var acks []Ack
	err = b.namespace.rooms.Ask(ctx, b.target, p, func(id string, ack Packet) {
		if args, err := ack.args(); err == nil {
			acks = append(acks, Ack{Socket: id, Args: args})
		}
	})
	return acks, err
}

// Join has all of them enter rooms. As the methods below, it works on all
// servers that share the adapter, and does not wait for others.
func (b Broadcast) Join(rooms ...string) { b.namespace.rooms.Order(b.target, Order{Join: rooms}) }

// Leave has all of them leave rooms.
func (b Broadcast) Leave(rooms ...string) { b.namespace.rooms.Order(b.target, Order{Leave: rooms}) }

// Disconnect ends all of them; see [Socket.Disconnect].
func (b Broadcast) Disconnect(close bool) {
	b.namespace.rooms.Order(b.target, Order{Disconnect: true, Close: close})
}

// Fetch describes the sockets that are in the set, in no order. When ctx ends
// before all servers have answered, it returns those of the servers that have,
// and an error.
func (b Broadcast) Fetch(ctx context.Context) ([]Remote, error) {
	return b.namespace.rooms.Fetch(ctx, b.target)
}

// Sockets returns the ids of the sockets that are in the set now, on all
// servers that share the adapter.
func (b Broadcast) Sockets() []string { return b.namespace.rooms.Sockets(b.target) }

// encodeEvent writes an event once for all its receivers. id asks for an
// acknowledgement.
func encodeEvent(namespace, event string, id *uint64, args []any) (Packet, error) {
	if sio.Reserved(event) {
		return nil, ErrReserved
	}
	p := sio.Packet{Type: sio.Event, Namespace: namespace}
	if id != nil {
		p.HasID, p.ID = true, *id
	}
	return encode(p, append([]any{event}, args...))
}

// encode writes a packet whose data are values.
func encode(p sio.Packet, values []any) (Packet, error) {
	data, attached, err := sio.Marshal(values...)
	if err != nil {
		return nil, err
	}
	p.Data, p.Attachments = data, len(attached)
	if len(attached) > 0 && p.Type == sio.Event {
		p.Type = sio.BinaryEvent
	} else if len(attached) > 0 {
		p.Type = sio.BinaryAck
	}
	out := make(Packet, 0, 1+len(attached))
	out = append(out, engine.Message{Data: sio.Append(nil, p)})
	for _, b := range attached {
		out = append(out, engine.Message{Data: slices.Clone(b), Binary: true})
	}
	return out, nil
}

// volatile marks a packet that nobody else has yet as one that may be lost.
func (p Packet) volatile() Packet {
	for i := range p {
		p[i].Volatile = true
	}
	return p
}

// encodePlain writes a packet that has no array of values.
func encodePlain(t sio.Type, namespace string, data []byte) Packet {
	return Packet{{Data: sio.Append(nil, sio.Packet{Type: t, Namespace: namespace, Data: data})}}
}
