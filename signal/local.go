package signal

import (
	"context"
	"slices"
)

// local is what an adapter may do with the sockets of a namespace.
type local struct{ namespace *Namespace }

// Deliver implements [Local].
func (l local) Deliver(id string, p Packet) {
	if s, ok := l.namespace.Socket(id); ok {
		_ = s.send(p) // the socket knows that it is over
	}
}

// broadcastIDs is where the ids of broadcasts begin, which all sockets see:
// those of the calls of a socket are smaller. Clients count them in 31 bits or
// more.
const broadcastIDs = 1 << 30

// Ask implements [Local].
func (l local) Ask(ctx context.Context, ids []string, event Packet, ack func(string, Packet)) error {
	id := broadcastIDs + l.namespace.asked.Add(1)%broadcastIDs
	p, err := event.withID(id)
	if err != nil {
		return err
	}
	acks := make(chan acked, len(ids))
	var asked []*Socket
	for _, name := range ids {
		if s, ok := l.namespace.Socket(name); ok && s.expect(id, acks) == nil {
			asked = append(asked, s)
			_ = s.send(p) // the socket tells that it is over
		}
	}
	defer func() {
		for _, s := range asked {
			s.waive(id)
		}
	}()
	for range asked {
		select {
		case a := <-acks:
			if !a.over {
				ack(a.socket, a.whole())
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Carry implements [Local].
func (l local) Carry(id string, o Order) {
	s, ok := l.namespace.Socket(id)
	if !ok {
		return
	}
	for _, room := range o.Join {
		s.Join(room)
	}
	for _, room := range o.Leave {
		s.Leave(room)
	}
	if o.Disconnect {
		s.Disconnect(o.Close)
	}
}

// Describe implements [Local].
func (l local) Describe(id string) (Remote, bool) {
	s, ok := l.namespace.Socket(id)
	if !ok || s.Err() != nil {
		return Remote{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Remote{ID: id, Rooms: l.namespace.rooms.Of(id), Data: slices.Clone(s.data)}, true
}
