package signal

import (
	"context"
	"errors"

	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// Emit sends an event with one argument, without waiting. An argument that is
// [Shared] is written once for all sockets that it is sent to.
func (s *Socket) Emit(event string, arg any) error { return s.emit(event, arg, false) }

// Shared is an argument that remembers how it was written, so that many sockets can
// be sent the same: as the same event, and either volatile or not. It is JSON as
// well. Its methods are called by Emit only.
type Shared interface {
	// Written returns what was kept for a key, or nil. It may have forgotten all
	// keys but one.
	Written(key any) any
	// Keep remembers how the argument is written.
	Keep(key, written any)
}

// EmitArgs sends an event, without waiting: arguments are written as by
// [json.Marshal], and a []byte, also inside of a []any or map[string]any,
// travels as attachment. It fails with [ErrReserved], when an argument is no
// JSON, or when the socket is over. A client that lets 1,024 packets or 1 MiB
// pile up is disconnected.
func (s *Socket) EmitArgs(event string, args ...any) error {
	return s.emitAll(event, args, false)
}

// EmitVolatile is [Socket.Emit] for an event that may be lost: it is dropped
// where more than 64 KiB wait for the client, and is what goes first when there
// is too much.
func (s *Socket) EmitVolatile(event string, arg any) error { return s.emit(event, arg, true) }

// emit sends one argument, which somebody may have written already.
func (s *Socket) emit(event string, arg any, volatile bool) error {
	shared, ok := arg.(Shared)
	if !ok || s.namespace.recovery != nil {
		return s.emitAll(event, []any{arg}, volatile)
	}
	if p, ok := shared.Written(s.namespace).(Packet); ok {
		return s.send(p)
	}
	p, err := s.write(event, []any{arg}, volatile)
	if err != nil {
		return err
	}
	shared.Keep(s.namespace, p)
	return s.send(p)
}

func (s *Socket) emitAll(event string, args []any, volatile bool) error {
	if r := s.namespace.recovery; r != nil {
		if err := s.Err(); err != nil {
			return err
		}
		return r.broadcast(s.namespace, Target{Rooms: []string{s.id}}, event, args, volatile)
	}
	p, err := s.write(event, args, volatile)
	if err != nil {
		return err
	}
	return s.send(p)
}

func (s *Socket) write(event string, args []any, volatile bool) (Packet, error) {
	p, err := encodeEvent(s.namespace.name, event, nil, args)
	if err == nil && volatile {
		p = p.volatile()
	}
	return p, err
}

// Call sends an event and waits for its acknowledgement. It fails when ctx or
// the socket ends first. It may be called by a handler.
func (s *Socket) Call(ctx context.Context, event string, args ...any) (Args, error) {
	acks := make(chan acked, 1)
	s.mu.Lock()
	s.lastCall++
	id := s.lastCall
	s.mu.Unlock()
	p, err := encodeEvent(s.namespace.name, event, &id, args)
	if err != nil {
		return Args{}, err
	}
	if err := s.expect(id, acks); err != nil {
		return Args{}, err
	}
	defer s.waive(id)
	if err := s.send(p); err != nil {
		return Args{}, err
	}
	select {
	case a := <-acks:
		if a.over {
			return Args{}, s.Err()
		}
		return a.args, nil
	case <-ctx.Done():
		return Args{}, ctx.Err()
	}
}

// Behind tells whether much waits for the client, more than 64 KiB or 256
// packets. What only the newest counts of can be held back then: caughtUp is
// called once when a quarter is left, from a goroutine that sends to the client,
// and never if the connection ends before.
func (s *Socket) Behind(caughtUp func()) bool { return s.connection.engine.Behind(caughtUp) }

// SetFarewell sets what the client is told if it lets too much pile up, in place
// of that; see [Socket.EmitArgs]. Without one, it is cut off.
func (s *Socket) SetFarewell(event string, arg any) error {
	p, err := encodeEvent(s.namespace.name, event, nil, []any{arg})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.farewell = p
	return nil
}

// send queues a packet, or holds it until CONNECT is answered. A client that
// reads too slowly is dismissed.
func (s *Socket) send(p Packet) error {
	err := s.queue(p)
	if errors.Is(err, engine.ErrSlowConsumer) {
		s.connection.dismiss()
	}
	if err != nil && !errors.Is(err, ErrDisconnected) {
		return ended(reasonOf(err))
	}
	return err
}

func (s *Socket) queue(p Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return ended(s.reason)
	}
	if !s.connected {
		return s.hold(p)
	}
	return s.connection.engine.SendOr(s.farewell, p...)
}

// Limits of what waits for an application that decides slowly.
const (
	mostHeld  = 1024 // packets
	heldBytes = 1 << 20
)

// hold is called with mu held. One packet larger than that may be held alone.
func (s *Socket) hold(p Packet) error {
	for _, m := range p {
		s.heldSize += len(m.Data)
	}
	if len(s.held) == mostHeld || len(s.held) > 0 && s.heldSize > heldBytes {
		s.connection.stop(ReasonSlowConsumer)
		return ended(ReasonSlowConsumer)
	}
	s.held = append(s.held, p)
	return nil
}
