package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Limits of what waits for a slow client.
const (
	queueBytes   = 1 << 20
	queuePackets = 1024
)

// Conn is one Engine.IO connection. Its methods may be called by several
// goroutines, but only one at a time may read.
type Conn struct {
	id        string
	request   *http.Request
	transport transport
	interval  time.Duration // from one ping to the next
	timeout   time.Duration // from a ping to its pong

	wake  chan struct{} // the writer has something to do
	pong  chan struct{} // a pong came
	done  chan struct{} // closed by finish
	stall *time.Timer   // aborts a write that stands still

	cutting sync.WaitGroup // see cut

	// Guarded by mu.
	mu      sync.Mutex
	queue   []packet
	bytes   int           // in queue and being written
	packets int           // in queue and being written
	space   chan struct{} // closed when something was written; nil if nobody waits
	reason  error         // set when the end begins
	hard    bool          // the end does not wait for the queue
	ended   bool          // done is closed
}

func newConn(id string, t transport, opts Options) *Conn {
	c := &Conn{
		id:        id,
		transport: t,
		interval:  opts.PingInterval,
		timeout:   opts.PingTimeout,
		wake:      make(chan struct{}, 1),
		pong:      make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	c.stall = time.AfterFunc(time.Hour, func() { c.abort(ErrPingTimeout) })
	c.stall.Stop()
	return c
}

// ID is the connection's random session id, of 128 bits.
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
		p, err := c.transport.read(ctx)
		if err == nil && p.kind == kindMessage {
			return p.Message, nil
		}
		if err == nil {
			err = c.control(p.kind)
		}
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			c.abort(ErrClosed)
			return Message{}, ctx.Err()
		}
		return Message{}, c.readFailed(err)
	}
}

// control handles a packet that is no message.
func (c *Conn) control(k kind) error {
	switch k {
	case kindPong:
		notify(c.pong)
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
		c.begin(err, false)
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
// packets or 1 MiB wait already, it ends the connection and returns
// [ErrSlowConsumer]: a client that reads too slowly must not hold up, or use up
// the memory of, the others. One Send larger than that passes an empty queue.
func (c *Conn) Send(messages ...Message) error {
	full, err := c.enqueue(kindMessage, messages...)
	if err != nil {
		return err
	}
	if full != nil {
		c.cut(ErrSlowConsumer)
		return ErrSlowConsumer
	}
	return nil
}

// enqueue adds packets of one kind to the queue. If it is full, it adds none and
// returns a channel that is closed when there is more space.
func (c *Conn) enqueue(k kind, messages ...Message) (full <-chan struct{}, err error) {
	size := 0
	for _, m := range messages {
		size += len(m.Data)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return nil, c.reason
	}
	if c.packets > 0 && (c.bytes+size > queueBytes || c.packets+len(messages) > queuePackets) {
		if c.space == nil {
			c.space = make(chan struct{})
		}
		return c.space, nil
	}
	for _, m := range messages {
		c.queue = append(c.queue, packet{kind: k, Message: m})
	}
	c.bytes += size
	c.packets += len(messages)
	notify(c.wake)
	return nil, nil
}

// Close ends the connection after what is queued has been sent. It does not
// wait; Done tells when it is over.
func (c *Conn) Close() { c.begin(ErrClosed, false) }

// begin starts the end: nothing more is queued. A hard end throws the queue
// away. The first reason stands.
func (c *Conn) begin(reason error, hard bool) {
	c.mu.Lock()
	if c.reason == nil {
		c.reason = reason
	}
	c.hard = c.hard || hard
	c.mu.Unlock()
	notify(c.wake)
}

// abort ends the connection at once.
func (c *Conn) abort(reason error) {
	c.begin(reason, true)
	c.finish()
	c.transport.abort()
}

// cut is abort for callers that must not wait: closing a connection whose
// client reads nothing can take seconds, for instance below TLS.
func (c *Conn) cut(reason error) {
	c.begin(reason, true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended { // else somebody aborts already
		c.ended = true
		c.cutting.Go(c.transport.abort)
		close(c.done)
	}
}

// finish closes done, once.
func (c *Conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.done)
	}
}

// notify leaves a note in a channel of one place.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
