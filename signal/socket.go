package signal

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Handler handles an event; see [Socket.On].
type Handler func(ctx context.Context, args Args) (ack []any, err error)

// Socket is one client in one namespace.
type Socket struct {
	id         string
	key        string // to come back with; see Recovery
	auth       json.RawMessage
	namespace  *Namespace
	connection *connection
	ctx        context.Context // ends with the socket; handlers get it
	cancel     context.CancelFunc
	done       chan struct{}
	finished   chan struct{} // its last handler has returned

	inbox inbox

	// Guarded by mu.
	mu        sync.Mutex
	handlers  map[string]Handler
	connected bool     // CONNECT was answered
	held      []Packet // emitted before
	heldSize  int      // in bytes
	recovered bool
	missed    []Packet          // while it was away
	joined    map[string]uint64 // by room: the last packet kept before
	reason    string            // of the end; empty until then
	calls     map[uint64]chan<- acked
	lastCall  uint64
	data      json.RawMessage // see SetData
	after     []func()        // see AfterAck
	farewell  Packet          // see SetFarewell
}

func newSocket(c *connection, n *Namespace, auth json.RawMessage) *Socket {
	s := &Socket{
		id: newID(), auth: auth, namespace: n, connection: c, done: make(chan struct{}),
		finished: make(chan struct{}), handlers: make(map[string]Handler), calls: make(map[uint64]chan<- acked),
	}
	if n.recovery != nil {
		s.key, s.joined = newID(), make(map[string]uint64)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.inbox = inbox{
		start: func() { c.work.Go(s.inbox.drain) },
		over:  c.engine.Done(),
		space: make(chan struct{}, 1),
	}
	return s
}

// newID returns 128 random bits.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ID is random and unique among all servers.
func (s *Socket) ID() string { return s.id }

// Auth is the payload of CONNECT, an object; nil if there was none.
func (s *Socket) Auth() json.RawMessage { return s.auth }

// Request is the HTTP request that opened the connection.
func (s *Socket) Request() *http.Request { return s.connection.engine.Request() }

// Namespace returns where the socket is.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Done is closed when the socket is over; handlers that are still to run run
// after it.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Err tells why the socket is over, as [ErrDisconnected] with the reason; it is
// nil before Done is closed.
func (s *Socket) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == "" {
		return nil
	}
	return ended(s.reason)
}

// Recovered tells whether the client was this socket before, and got the events
// that it missed; see [Recovery].
func (s *Socket) Recovered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recovered
}

// SetData notes what others shall know of the socket, on all servers; see
// [Broadcast.Fetch]. v is written as by [json.Marshal].
func (s *Socket) SetData(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("signal: data of a socket: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = b
	return nil
}

// On sets the handler of an event, or removes it if h is nil. What it returns
// is the acknowledgement, if the client asked for one; an error becomes
// {ok:false, code, message, retry_after_ms}, with the code of its method
// Code() string, or "internal", and with further fields if it has a method
// Details() map[string]any. An event without a handler goes to that of the
// empty name, or is acknowledged with the code "unknown_event".
//
// Handlers of one socket run one at a time, in the order of the events. ctx
// ends with the socket.
func (s *Socket) On(event string, h func(ctx context.Context, args Args) (ack []any, err error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h == nil {
		delete(s.handlers, event)
		return
	}
	s.handlers[event] = h
}

// Handle is [Socket.On] for events of one argument and one answer. arg is nil
// if the event has none.
func (s *Socket) Handle(event string, h func(ctx context.Context, arg json.RawMessage) (any, error)) {
	s.On(event, func(ctx context.Context, args Args) ([]any, error) {
		arg, err := args.JSON(0)
		if err != nil && !errors.Is(err, ErrNoArgument) {
			return nil, err
		}
		ack, err := h(ctx, arg)
		if err != nil {
			return nil, err
		}
		return []any{ack}, nil
	})
}

// AfterAck has f called after the acknowledgement of the event that is being
// handled was sent, or was not because the client asked for none. So what f
// emits, or lets others emit, comes after it. Only handlers may call it.
func (s *Socket) AfterAck(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}

// Join enters a room of the namespace.
func (s *Socket) Join(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return
	}
	if r := s.namespace.recovery; r != nil {
		s.joined[room] = r.last.Load()
	}
	s.namespace.rooms.Join(s.id, room)
}

// Leave leaves a room.
func (s *Socket) Leave(room string) { s.namespace.rooms.Leave(s.id, room) }

// Rooms returns the rooms that the socket is in, one of which is its own id.
func (s *Socket) Rooms() []string { return s.namespace.rooms.Of(s.id) }

// To returns everyone in the rooms but this socket; without rooms, everyone
// else in the namespace.
func (s *Socket) To(rooms ...string) Broadcast { return s.namespace.To(rooms...).Except(s.id) }

// In is another name of [Socket.To].
func (s *Socket) In(rooms ...string) Broadcast { return s.To(rooms...) }

// Except returns everyone in the namespace who is not in the rooms and not this
// socket.
func (s *Socket) Except(rooms ...string) Broadcast { return s.To().Except(rooms...) }

// Disconnect ends the socket after what was emitted has been sent; with close,
// the whole connection and its sockets in other namespaces. Stock clients do
// not come back by themselves.
func (s *Socket) Disconnect(close bool) {
	if close {
		s.connection.disconnect()
		return
	}
	s.leave()
}

// leave tells the client to go.
func (s *Socket) leave() {
	_ = s.send(encodePlain(sio.Disconnect, s.namespace.name, nil)) // fails if it is gone already
	s.end(ReasonServerLeft)
}
