package signal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/engine"
	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// connection is one Engine.IO connection with the sockets that it carries: at
// most one per namespace.
type connection struct {
	server *Server
	engine *engine.Conn
	live   sync.WaitGroup // sockets that have not ended
	work   sync.WaitGroup // goroutines of sockets

	// Owned by the reader.
	partial  *sio.Packet // its attachments are still coming
	attached [][]byte
	size     int                // of attached
	newest   map[string]*Socket // by namespace, even if it is over
	limiter  limiter

	// Guarded by mu.
	mu      sync.Mutex
	sockets map[string]*Socket // by namespace
	joined  bool               // one was accepted
	reason  string             // of the end, if it is ours
}

// serve carries out a connection until it has ended and all its handlers have
// returned.
func serve(s *Server, e *engine.Conn) {
	c := &connection{
		server: s, engine: e, newest: make(map[string]*Socket), sockets: make(map[string]*Socket),
		limiter: newLimiter(s.opts.Rate, time.Now()),
	}
	timer := time.AfterFunc(s.opts.ConnectTimeout, c.expire)
	defer timer.Stop()
	reason := reasonOf(c.read())
	c.mu.Lock()
	if c.reason != "" {
		reason = c.reason
	}
	sockets := c.list()
	c.mu.Unlock()
	for _, socket := range sockets {
		socket.end(reason)
	}
	c.live.Wait()
	c.work.Wait()
}

// list is called with mu held.
func (c *connection) list() []*Socket {
	all := make([]*Socket, 0, len(c.sockets))
	for _, s := range c.sockets {
		all = append(all, s)
	}
	return all
}

// expire ends a connection that joined no namespace.
func (c *connection) expire() {
	c.mu.Lock()
	joined := c.joined
	c.mu.Unlock()
	if !joined {
		c.engine.Close()
	}
}

// read takes in packets until the connection ends.
func (c *connection) read() error {
	ctx := context.Background() // the heartbeat ends a connection that is silent
	for {
		m, err := c.engine.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.message(m); err != nil {
			c.server.opts.Logger.Debug("connection closed for a malformed packet", "err", err)
			c.stop(ReasonParse)
		}
	}
}

// stop closes the connection for a reason of ours. Reading goes on until it is
// closed.
func (c *connection) stop(reason string) {
	c.mu.Lock()
	if c.reason == "" {
		c.reason = reason
	}
	c.mu.Unlock()
	c.engine.Close()
}

// dismiss ends the sockets of a client that reads too slowly. The connection is
// ending already.
func (c *connection) dismiss() {
	c.mu.Lock()
	if c.reason == "" {
		c.reason = ReasonSlowConsumer
	}
	sockets := c.list()
	c.mu.Unlock()
	for _, s := range sockets {
		s.end(ReasonSlowConsumer)
	}
}

// message takes in one text or attachment.
func (c *connection) message(m engine.Message) error {
	if m.Binary {
		return c.attachment(m.Data)
	}
	if c.partial != nil {
		return fmt.Errorf("text instead of attachment: %w", sio.ErrMalformed)
	}
	p, err := sio.Decode(m.Data)
	if errors.Is(err, sio.ErrTooDeep) {
		c.refuse(p, errTooDeep)
		return nil
	}
	if err != nil {
		return err
	}
	if p.Attachments > 0 {
		c.partial, c.attached, c.size = &p, nil, len(m.Data)
		return nil
	}
	return c.packet(p, nil, len(m.Data))
}

// attachment takes in one of the attachments of the last text. Together they
// may be as large as one message.
func (c *connection) attachment(b []byte) error {
	if c.partial == nil {
		return fmt.Errorf("attachment of nothing: %w", sio.ErrMalformed)
	}
	c.size += len(b)
	if c.size > c.server.opts.MaxPayload {
		return fmt.Errorf("attachments of %d bytes: %w", c.size, engine.ErrTooLarge)
	}
	c.attached = append(c.attached, b)
	if len(c.attached) < c.partial.Attachments {
		return nil
	}
	p, attached := *c.partial, c.attached
	c.partial, c.attached = nil, nil
	return c.packet(p, attached, c.size)
}

// packet takes in one whole packet.
func (c *connection) packet(p sio.Packet, attached [][]byte, size int) error {
	if !c.mayDo(p) {
		return nil
	}
	if p.Type == sio.Connect {
		return c.connect(p)
	}
	c.mu.Lock()
	s := c.sockets[p.Namespace]
	c.mu.Unlock()
	if s == nil { // it may have been told to go a moment ago
		c.server.opts.Logger.Debug("packet for a namespace that the client is not in")
		return nil
	}
	switch p.Type {
	case sio.Disconnect:
		s.end(ReasonClientLeft)
		return nil
	case sio.Ack, sio.BinaryAck:
		wanted, err := s.takeAck(p, attached)
		if err == nil && !wanted {
			c.idleTalk()
		}
		return err
	case sio.Event, sio.BinaryEvent:
		return s.event(p, attached, size)
	}
	return sio.ErrMalformed // only servers refuse
}

// mayDo holds the client to its rate, and refuses what is beyond.
func (c *connection) mayDo(p sio.Packet) bool {
	if p.Type != sio.Connect && p.Type != sio.Event && p.Type != sio.BinaryEvent {
		return true
	}
	wait, flood := c.limiter.take(time.Now())
	if wait == 0 {
		return true
	}
	if flood {
		c.stop(ReasonRate)
		return false
	}
	c.refuse(p, &refusal{code: "rate_limited", message: "too many packets", retry: wait})
	return false
}

// idleTalk holds a client to its rate that says what nobody asked for.
func (c *connection) idleTalk() {
	if _, flood := c.limiter.take(time.Now()); flood {
		c.stop(ReasonRate)
	}
}

// refuse answers a packet that reaches no handler, where it can be answered.
func (c *connection) refuse(p sio.Packet, no *refusal) {
	switch {
	case p.Type == sio.Connect:
		_ = c.engine.Send(encodeRefusal(p.Namespace, no)...) // the reader sees the end, too
	case p.Type == sio.Event && p.HasID, p.Type == sio.BinaryEvent && p.HasID:
		out, _ := encode(sio.Packet{Type: sio.Ack, Namespace: p.Namespace, HasID: true, ID: p.ID}, []any{describe(no)})
		_ = c.engine.Send(out...)
	}
}

// connect joins a namespace.
func (c *connection) connect(p sio.Packet) error {
	n := c.server.namespaces[p.Namespace]
	if n == nil {
		return c.engine.Send(encodePlain(sio.ConnectError, p.Namespace, []byte(`{"message":"Invalid namespace"}`))...)
	}
	c.mu.Lock()
	twice := c.sockets[p.Namespace] != nil
	c.mu.Unlock()
	if twice {
		return fmt.Errorf("connected to %s twice: %w", p.Namespace, sio.ErrMalformed)
	}
	if !c.settled(p.Namespace) {
		return nil
	}
	s := newSocket(c, n, slices.Clone(p.Data))
	c.newest[p.Namespace] = s
	c.mu.Lock()
	c.sockets[p.Namespace] = s
	c.mu.Unlock()
	c.live.Add(1)
	s.push(0, s.connect)
	return nil
}

// settled waits until the client's last socket in a namespace has run its last
// handler, so that one which comes and goes does not pile them up. False if the
// connection ended.
func (c *connection) settled(namespace string) bool {
	last := c.newest[namespace]
	if last == nil {
		return true
	}
	select {
	case <-last.finished:
		return true
	case <-c.engine.Done():
		return false
	}
}

// accepted notes that a namespace has taken the client in.
func (c *connection) accepted() {
	c.mu.Lock()
	c.joined = true
	c.mu.Unlock()
}

// forget removes a socket that is over; the client may join again.
func (c *connection) forget(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sockets[s.namespace.name] == s {
		delete(c.sockets, s.namespace.name)
	}
}

// disconnect ends all sockets of the connection, then itself.
func (c *connection) disconnect() {
	c.mu.Lock()
	sockets := c.list()
	c.mu.Unlock()
	for _, s := range sockets {
		s.leave()
	}
	c.engine.Close()
}
