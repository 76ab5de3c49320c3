package signal

import "context"

// Emit sends an event with one argument, without waiting.
func (s *Socket) Emit(event string, arg any) error { return s.EmitArgs(event, arg) }

// EmitArgs sends an event, without waiting: arguments are written as by
// [json.Marshal], and a []byte, also inside of a []any or map[string]any,
// travels as attachment. It fails with [ErrReserved], when an argument is no
// JSON, or when the socket is over. A client that lets 1,024 packets or 1 MiB
// pile up is disconnected.
func (s *Socket) EmitArgs(event string, args ...any) error {
	return s.emit(event, args, false)
}

// EmitVolatile is [Socket.Emit] for an event that may be lost: it is dropped
// where more than 64 KiB wait for the client, and is what goes first when there
// is too much.
func (s *Socket) EmitVolatile(event string, arg any) error { return s.emit(event, []any{arg}, true) }

func (s *Socket) emit(event string, args []any, volatile bool) error {
	if r := s.namespace.recovery; r != nil {
		if err := s.Err(); err != nil {
			return err
		}
		return r.broadcast(s.namespace, Target{Rooms: []string{s.id}}, event, args, volatile)
	}
	p, err := encodeEvent(s.namespace.name, event, nil, args)
	if err != nil {
		return err
	}
	if volatile {
		p = p.volatile()
	}
	return s.send(p)
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

// send queues a packet, or holds it until CONNECT is answered.
func (s *Socket) send(p Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return ended(s.reason)
	}
	if !s.connected {
		return s.hold(p)
	}
	if err := s.connection.engine.Send(p...); err != nil {
		return ended(reasonOf(err))
	}
	return nil
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
