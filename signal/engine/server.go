package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
)

// Server accepts Engine.IO connections.
type Server struct {
	opts Options

	// Guarded by mu.
	mu      sync.Mutex
	conns   map[string]*Conn // by id
	clients map[string]int   // connections by address
	inside  int              // connections, also those that are being opened
	closed  bool
	empty   chan struct{} // closed by Shutdown's last connection
}

// NewServer returns a server to be mounted at a path such as "/engine.io/".
func NewServer(opts Options) *Server {
	return &Server{
		opts:    opts.withDefaults(),
		conns:   make(map[string]*Conn),
		clients: make(map[string]int),
		empty:   make(chan struct{}),
	}
}

// ServeHTTP takes in a request of the protocol: one that opens a connection, or
// of one that is open. Those of long-polling last until there is something to
// say.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r) {
		s.refuse(w, errForbidden)
		return
	}
	if r.Method == http.MethodOptions {
		preflight(w, r)
		return
	}
	if h := s.foreign(r); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	q, no := s.parse(r)
	if no != nil {
		s.refuse(w, no)
		return
	}
	if q.conn == nil {
		s.open(w, r, q)
		return
	}
	if !q.conn.hold() {
		s.refuse(w, errUnknown)
		return
	}
	defer q.conn.release()
	s.resume(w, r, q)
}

// open opens a connection.
func (s *Server) open(w http.ResponseWriter, r *http.Request, q request) {
	address := s.opts.Address(r)
	if no := s.admit(address); no != nil {
		s.refuse(w, no)
		return
	}
	id := newID(s.opts.Node)
	s.setCookie(w, id)
	if q.websocket {
		t, err := accept(w, r, s.opts.MaxPayload)
		if err != nil {
			s.opts.Logger.Debug("connection refused", "err", err)
			s.leave(address)
			return
		}
		s.start(newConn(id, r, address, t, s.opts))
		return
	}
	p := newPolling()
	c := newConn(id, r, address, p, s.opts)
	if !c.hold() { // for this request, as for all that follow
		return
	}
	defer c.release()
	s.start(c)
	s.get(w, r, c, p)
}

// handshake is what a client learns first.
type handshake struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"` // ms
	PingTimeout  int64    `json:"pingTimeout"`  // ms
	MaxPayload   int      `json:"maxPayload"`
}

// start lets a connection run, in a goroutine of its own: that of the request
// has a stack that has grown, and buffers.
func (s *Server) start(c *Conn) {
	hello := handshake{
		SID:          c.id,
		Upgrades:     []string{},
		PingInterval: s.opts.PingInterval.Milliseconds(),
		PingTimeout:  s.opts.PingTimeout.Milliseconds(),
		MaxPayload:   s.opts.MaxPayload,
	}
	if _, ok := c.transport.(*polling); ok { // nobody else has it yet
		hello.Upgrades = append(hello.Upgrades, "websocket")
	}
	data, _ := json.Marshal(hello) // strings and numbers can always be written
	s.add(c)
	_, _ = c.enqueue(kindOpen, Message{Data: data}) // fails where the server shuts down
	go s.serve(c)
}

// serve runs a connection until it is over.
func (s *Server) serve(c *Conn) {
	s.connected(c)
	<-c.done
	c.work.Wait()
	s.remove(c)
}

// connected calls the application. As with the handlers of net/http, one that
// panics costs its connection, and nobody else's.
func (s *Server) connected(c *Conn) {
	defer func() {
		if p := recover(); p != nil {
			s.opts.Logger.Error("handler panicked", "err", p, "stack", string(debug.Stack()))
			c.abort(ErrClosed)
		}
	}()
	s.opts.OnConnect(c)
}

// admit counts a connection in, unless there is a reason against it.
func (s *Server) admit(address string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errShuttingDown
	}
	if s.clients[address] >= s.opts.PerAddress {
		return errTooMany
	}
	s.clients[address]++
	s.inside++
	return nil
}

// leave counts it out.
func (s *Server) leave(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[address]--; s.clients[address] == 0 {
		delete(s.clients, address)
	}
	if s.inside--; s.closed && s.inside == 0 {
		close(s.empty)
	}
}

// add makes a connection known. If the server has begun to shut down since it
// was admitted, so does the connection.
func (s *Server) add(c *Conn) {
	s.mu.Lock()
	s.conns[c.id] = c
	closed := s.closed
	s.mu.Unlock()
	if closed {
		c.begin(ErrShutdown)
	}
}

func (s *Server) remove(c *Conn) {
	s.mu.Lock()
	delete(s.conns, c.id)
	s.mu.Unlock()
	s.leave(c.address)
}

func (s *Server) find(id string) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id]
}

// Connections returns how many there are, also those that are just being opened
// or ended.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inside
}

// Shutdown refuses new connections, ends the others after what was queued has
// been sent, and waits for all their goroutines. When ctx ends first, it aborts
// what is left, waits for that, and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.shut() {
		c.begin(ErrShutdown)
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.snapshot() {
		c.abort(ErrShutdown)
	}
	<-s.empty
	return fmt.Errorf("engine: shut down: %w", ctx.Err())
}

// shut closes the door, once, and returns who is inside.
func (s *Server) shut() []*Conn {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if first && s.inside == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
	return s.snapshot()
}

func (s *Server) snapshot() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		all = append(all, c)
	}
	return all
}
