package signal

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

const (
	inboxBytes = 1 << 20
	inboxSteps = 256
)

// inbox holds what a socket has yet to do. Its goroutine runs only while there
// is something, so that an idle socket costs none.
type inbox struct {
	start func()          // runs drain in a goroutine
	over  <-chan struct{} // the connection has ended
	space chan struct{}   // a step was carried out

	// Guarded by mu.
	mu      sync.Mutex
	steps   []step
	bytes   int
	running bool
}

type step struct {
	do   func()
	size int
}

// push adds a step. With a size, which only the reader gives, it waits while
// too much is waiting already: then the client's messages wait in the network.
func (i *inbox) push(size int, do func()) {
	for size > 0 && i.full() {
		select {
		case <-i.space:
			continue
		case <-i.over:
		}
		break
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.steps = append(i.steps, step{do, size})
	i.bytes += size
	if !i.running {
		i.running = true
		i.start()
	}
}

func (i *inbox) full() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.bytes > inboxBytes || len(i.steps) >= inboxSteps
}

// drain carries out steps until there are none.
func (i *inbox) drain() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.steps) > 0 {
		s := i.steps[0]
		i.steps[0] = step{}
		i.steps = i.steps[1:]
		i.mu.Unlock()
		s.do()
		i.mu.Lock()
		i.bytes -= s.size
		select {
		case i.space <- struct{}{}:
		default:
		}
	}
	i.steps, i.running = nil, false
}

func (s *Socket) push(size int, do func()) { s.inbox.push(size, do) }

// event queues an event for its handler.
func (s *Socket) event(p sio.Packet, attached [][]byte, size int) error {
	name, raw, err := sio.Split(p.Data)
	if err != nil {
		return err
	}
	args, err := sio.NewArgs(raw, attached)
	if err != nil {
		return err
	}
	s.push(size, func() { s.dispatch(name, args, p) })
	return nil
}

// dispatch calls the handler of an event and acknowledges it.
func (s *Socket) dispatch(name string, args Args, p sio.Packet) {
	ack := s.call(name, s.handler(name), args)
	defer s.acknowledged()
	if !p.HasID {
		return
	}
	out, err := encode(sio.Packet{Type: sio.Ack, Namespace: s.namespace.name, HasID: true, ID: p.ID}, ack)
	if err != nil {
		s.connection.server.opts.Logger.Error("acknowledgement is no JSON", "event", name, "err", err)
		out, _ = encode(sio.Packet{Type: sio.Ack, Namespace: s.namespace.name, HasID: true, ID: p.ID},
			[]any{failure{Code: codeInternal, Message: "internal error"}})
	}
	_ = s.send(out) // the client may be gone
}

// handler returns what handles an event, with the middleware around it.
func (s *Socket) handler(name string) Handler {
	s.mu.Lock()
	h := s.handlers[name]
	if h == nil {
		h = s.handlers[""]
	}
	s.mu.Unlock()
	if h == nil {
		h = func(context.Context, Args) ([]any, error) { return nil, errUnknownEvent }
	}
	for _, m := range slices.Backward(s.namespace.handlers.Middleware) {
		next := h
		h = func(ctx context.Context, args Args) ([]any, error) { return m(ctx, s, name, args, next) }
	}
	return h
}

// acknowledged calls what waits for the acknowledgement.
func (s *Socket) acknowledged() {
	s.mu.Lock()
	after := s.after
	s.after = nil
	s.mu.Unlock()
	for _, f := range after {
		s.guard("after acknowledgement", f)
	}
}

// guard runs a function of the application. One that panics costs its
// connection, and nobody else's.
func (s *Socket) guard(event string, f func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.connection.server.opts.Logger.Error("handler panicked", "event", event, "err", p, "stack", string(debug.Stack()))
			s.push(0, func() { s.Disconnect(true) })
		}
	}()
	f()
	return true
}

// call runs a handler. One that panics has failed.
func (s *Socket) call(name string, h Handler, args Args) (ack []any) {
	log := s.connection.server.opts.Logger
	err := errPanicked
	s.guard(name, func() { ack, err = h(s.ctx, args) })
	if err != nil {
		f := describe(err)
		if f.Code == codeInternal && err != errPanicked {
			log.Warn("handler failed", "event", name, "err", err)
		}
		return []any{f}
	}
	return ack
}

// end begins the end of the socket, once. Its last handlers run after those of
// the events that came before.
func (s *Socket) end(reason string) {
	s.mu.Lock()
	if s.reason != "" {
		s.mu.Unlock()
		return
	}
	s.reason = reason
	s.mu.Unlock()
	s.connection.forget(s)
	s.finish()
	s.push(0, func() { s.ended(reason) })
}

// finish lets go of everybody who waits for the socket.
func (s *Socket) finish() {
	close(s.done)
	s.cancel()
	s.abandon()
}

// ended tells the application, before and after the socket leaves its rooms.
func (s *Socket) ended(reason string) {
	defer s.leftBehind()
	s.mu.Lock()
	connected := s.connected
	s.mu.Unlock()
	h := s.namespace.handlers
	if connected && h.OnDisconnecting != nil {
		s.guard("disconnecting", func() { h.OnDisconnecting(s, reason) })
	}
	if r := s.namespace.recovery; r != nil {
		r.leave(s, s.Rooms(), connected && lost(reason))
	}
	s.namespace.remove(s)
	if connected && h.OnDisconnect != nil {
		s.guard("disconnect", func() { h.OnDisconnect(s, reason) })
	}
}

// lost tells whether a client whose socket ended for a reason may come back.
func lost(reason string) bool {
	return reason == ReasonClosed || reason == ReasonTransport || reason == ReasonPingTimeout
}

// leftBehind notes that nothing of the socket will run any more.
func (s *Socket) leftBehind() {
	close(s.finished)
	s.connection.live.Done()
}
