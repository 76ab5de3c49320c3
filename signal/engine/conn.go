package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Conn is one Engine.IO connection. Its methods may be called by several
// goroutines, but only one at a time may read.
type Conn struct {
	id       string
	request  *http.Request
	address  string        // for the limit of connections
	interval time.Duration // from a pong to the next ping
	timeout  time.Duration // from a ping to its pong

	done  chan struct{}  // closed when it is over
	work  sync.WaitGroup // goroutines that act for it; none starts after done
	drain func()         // sends what is queued

	// Guarded by mu.
	mu        sync.Mutex
	transport transport
	probing   bool          // a second transport is being tried
	queue     []packet      // to be sent
	spare     []packet      // the slice that was sent last, to be used again
	bytes     int           // in queue and being written
	packets   int           // in queue and being written
	volatile  int           // packets in queue that may be dropped
	space     chan struct{} // closed when something was written; nil if nobody waits
	behind    []func()      // see Behind
	writing   bool          // drain runs
	beat      *time.Timer   // see tick
	ping      ping          // the last one
	reason    error         // set when the end begins
	hard      bool          // the end does not wait for the queue
	ended     bool          // done is closed
}

func newConn(id string, r *http.Request, address string, t transport, opts Options) *Conn {
	c := &Conn{
		id:        id,
		request:   r,
		address:   address,
		transport: t,
		interval:  opts.PingInterval,
		timeout:   opts.PingTimeout,
		done:      make(chan struct{}),
	}
	c.drain = c.write
	c.beat = time.AfterFunc(c.interval, c.tick)
	return c
}

// ID is the connection's session id: 128 random bits, behind the name of
// [Options.Node] if there is one. Who knows it can act for the client, wherever
// it is; see the package comment.
func (c *Conn) ID() string { return c.id }

// Request is the HTTP request that opened the connection. Its body and context
// are of no use any more.
func (c *Conn) Request() *http.Request { return c.request }

// Done is closed when the connection is over.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err tells why the connection is over; it is nil before Done is closed.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		return nil
	}
	return c.reason
}

// Read waits for the next message. It must be called all the time, because it
// also takes in the pongs that keep the connection alive. It fails when the
// connection has ended, and ends the connection when ctx does.
func (c *Conn) Read(ctx context.Context) (Message, error) {
	for {
		p, err := c.current().read(ctx)
		if err == nil && p.kind == kindMessage {
			return p.Message, nil
		}
		if err == nil {
			err = c.control(p.kind)
		}
		if err == nil || errors.Is(err, errMoved) {
			continue
		}
		if ctx.Err() != nil {
			c.abort(ErrClosed)
			return Message{}, ctx.Err()
		}
		return Message{}, c.readFailed(err)
	}
}

// current is the transport in use.
func (c *Conn) current() transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transport
}

// control handles a packet that is no message.
func (c *Conn) control(k kind) error {
	switch k {
	case kindPong:
		c.ponged()
		return nil
	case kindNoop:
		return nil
	case kindClose:
		return ErrTransportClose
	}
	return ErrParse // in version 4 only servers open, ping and answer upgrades
}

// readFailed ends the connection after err. The client is told why where the
// transport still can.
func (c *Conn) readFailed(err error) error {
	if errors.Is(err, ErrParse) || errors.Is(err, ErrTooLarge) {
		c.begin(err)
	} else {
		c.abort(err)
	}
	<-c.done
	return c.Err()
}

// Write queues m for sending, and waits while the queue is full. It fails when
// the connection or ctx ends.
func (c *Conn) Write(ctx context.Context, m Message) error {
	for {
		full, err := c.enqueue(kindMessage, m)
		if full == nil || err != nil {
			return err
		}
		select {
		case <-full:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.done:
		}
	}
}

// Send queues messages, all of them in a row, and never waits. Where 1,024
// packets or 1 MiB wait already, and would do so without those that are
// volatile, it ends the connection and returns [ErrSlowConsumer]: a client that
// reads too slowly must not hold up, or use up the memory of, the others. One
// Send larger than that passes an empty queue. If the first message is
// volatile, Send drops all of them, and returns nil, where more than 64 KiB
// wait.
func (c *Conn) Send(messages ...Message) error { return c.SendOr(nil, messages...) }

// SendOr is Send with last words for a client that reads too slowly: they are sent
// in place of all that waits, and then the connection ends. The client has as
// long as a heartbeat to read them. Without any, it is cut off at once.
func (c *Conn) SendOr(last []Message, messages ...Message) error {
	full, err := c.enqueue(kindMessage, messages...)
	if err != nil {
		return err
	}
	if full == nil {
		return nil
	}
	if len(last) == 0 {
		c.cut(ErrSlowConsumer)
	} else {
		c.dismiss(last)
	}
	return ErrSlowConsumer
}

// Close ends the connection after what is queued has been sent. It does not
// wait; Done tells when it is over.
func (c *Conn) Close() { c.begin(ErrClosed) }

// dismiss drops what waits, and begins the end with a client's last words.
func (c *Conn) dismiss(last []Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return
	}
	c.forget()
	for _, m := range last {
		c.push(packet{kind: kindMessage, Message: m})
	}
	c.expire(ErrSlowConsumer)
}

// begin starts the end: nothing more is queued, and what is has as long as a
// heartbeat. The first reason stands.
func (c *Conn) begin(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == nil {
		c.expire(reason)
	}
}

// expire is begin with mu held, where the end has not begun.
func (c *Conn) expire(reason error) {
	c.reason = reason
	c.beat.Reset(c.interval + c.timeout)
	c.wake()
}

// abort ends the connection at once.
func (c *Conn) abort(reason error) {
	c.mu.Lock()
	reason = c.finish(reason)
	t := c.transport
	c.mu.Unlock()
	t.abort(reason)
}

// cut is abort for callers that must not wait: closing a connection whose
// client reads nothing can take seconds, for instance below TLS.
func (c *Conn) cut(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sever(reason)
}

// sever is called with mu held.
func (c *Conn) sever(reason error) {
	if c.ended { // somebody aborts already
		return
	}
	if c.reason != nil {
		reason = c.reason
	}
	t := c.transport
	c.work.Go(func() { t.abort(reason) })
	c.finish(reason)
}

// finish ends the connection, once. It returns the reason that stands. It is
// called with mu held.
func (c *Conn) finish(reason error) error {
	if c.reason == nil {
		c.reason = reason
	}
	c.hard = true
	if !c.ended {
		c.ended = true
		c.beat.Stop()
		close(c.done)
	}
	return c.reason
}

// hold keeps the connection from being forgotten until release is called. False
// if it is over.
func (c *Conn) hold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.work.Add(1)
	return true
}

func (c *Conn) release() { c.work.Done() }
