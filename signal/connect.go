package signal

import (
	"encoding/json"
	"slices"

	"github.com/switchyard-rtc/switchyard/signal/engine"
	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// connect lets the application decide.
func (s *Socket) connect() {
	s.enter()
	if err := s.decide(); err != nil {
		s.refuse(err)
		return
	}
	hello, _ := json.Marshal(struct {
		SID string `json:"sid"`
		PID string `json:"pid,omitempty"`
	}{s.id, s.key}) // strings can always be written
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []engine.Message(encodePlain(sio.Connect, s.namespace.name, hello))
	for _, p := range append(s.missed, s.held...) {
		all = append(all, p...)
	}
	s.missed, s.held, s.connected = nil, nil, true
	s.connection.accepted()
	if s.reason == "" {
		_ = s.connection.engine.Send(all...) // the reader sees the end, too
	}
}

// enter makes the socket known in its namespace, as the one that its client was
// before if it can be recovered.
func (s *Socket) enter() {
	r := s.namespace.recovery
	if r == nil {
		s.namespace.add(s)
		return
	}
	key, last, ok := asked(s.auth)
	if !ok || !s.replaces(r.holder(key)) || !r.restore(s, key, last) {
		r.enter(s)
		s.namespace.add(s)
	}
}

// replaces ends the socket that the client was before, if its connection still
// seems to live. It waits for its last handler; false if it is not worth it any
// more.
func (s *Socket) replaces(old *Socket) bool {
	if old == nil {
		return true
	}
	old.end(ReasonTransport)
	old.connection.stop(ReasonTransport)
	select {
	case <-old.finished:
		return true
	case <-s.done:
		return false
	}
}

// recover makes the socket the one that its client was before. It is called with
// the recovery's mutex held.
func (s *Socket) recover(was session, missed []Packet) {
	s.mu.Lock()
	s.id, s.key, s.joined, s.data = was.id, was.key, was.rooms, was.data
	s.recovered, s.missed = true, missed
	s.mu.Unlock()
	s.namespace.add(s)
	for room := range was.rooms {
		if room != everyone {
			s.namespace.rooms.Join(s.id, room)
		}
	}
}

// decide asks the application. One that panics has refused.
func (s *Socket) decide() error {
	h := s.namespace.handlers
	for _, f := range append(slices.Clip(h.Admit), h.OnConnect) {
		if f == nil {
			continue
		}
		err := errPanicked
		s.guard("connect", func() { err = f(s.ctx, s) })
		if err != nil {
			return err
		}
	}
	return nil
}

// refuse ends a socket that the application did not want.
func (s *Socket) refuse(why error) {
	no := encodeRefusal(s.namespace.name, why)
	s.mu.Lock()
	over := s.reason != ""
	if !over {
		s.reason = "refused"
	}
	s.mu.Unlock()
	if r := s.namespace.recovery; r != nil {
		r.leave(s, nil, false)
	}
	s.namespace.remove(s)
	if over {
		return // its end follows
	}
	s.connection.forget(s)
	_ = s.connection.engine.Send(no...)
	s.finish()
	s.leftBehind()
}

// encodeRefusal writes CONNECT_ERROR.
func encodeRefusal(namespace string, why error) Packet {
	f := describe(why)
	b, err := json.Marshal(map[string]any{"message": f.Message, "data": f})
	if err != nil { // of the application's details
		b, _ = json.Marshal(map[string]any{"message": f.Message})
	}
	return encodePlain(sio.ConnectError, namespace, b)
}
