package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// goodbye is how long the end waits for what was emitted to be sent, and for
// the server to say goodbye.
const goodbye = 5 * time.Second

// Client is a connection to a namespace of a server.
type Client struct {
	opts      Options
	transport transport
	hello     hello
	in        *inbox
	out       *outbox

	accepted chan struct{} // closed when CONNECT was answered
	pinged   chan struct{} // a ping came
	done     chan struct{} // closed when the end begins
	severed  chan struct{} // closed when the end has nothing to wait for
	finished chan struct{} // closed when the last goroutine ends

	// Owned by the reader.
	joined  bool
	partial *partial
	sid     string // does not change once accepted is closed
	pid     string // nor does this; see position

	// Guarded by mu.
	mu       sync.Mutex
	offset   string // of the last event; see position
	reason   error  // of the end
	hard     bool   // severed is closed
	calls    map[uint64]chan Args
	lastCall uint64
}

// Dial connects to a server and joins a namespace. The URL is http(s)://host,
// with a path if the server is not at /socket.io/; ws(s) will do as well. ctx
// limits only Dial. A server that refuses the client in the namespace makes it
// fail with a [*ConnectError].
func Dial(ctx context.Context, url string, opts Options) (*Client, error) {
	opts = opts.withDefaults()
	connect, err := opts.connect()
	if err != nil {
		return nil, err
	}
	t, h, err := open(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	c := newClient(t, h, opts)
	c.out.add(connect) // nobody else has it yet
	go c.run()
	select {
	case <-c.accepted:
		return c, nil
	case <-c.done:
	case <-ctx.Done():
		c.end(fmt.Errorf("client: join %s: %w", opts.Namespace, ctx.Err()), true)
	}
	select {
	case <-c.accepted: // and ended at once, as [Client.Err] tells
		return c, nil
	default:
	}
	<-c.finished
	return nil, c.Err()
}

// greet reads what the server says first.
func greet(ctx context.Context, t transport) (hello, error) {
	m, err := t.read(ctx)
	if err != nil {
		t.abort()
		return hello{}, err
	}
	h, err := parseHello(m)
	if err != nil {
		t.abort()
	}
	return h, err
}

func newClient(t transport, h hello, opts Options) *Client {
	return &Client{
		opts: opts, transport: t, hello: h, in: newInbox(), out: newOutbox(),
		accepted: make(chan struct{}),
		pinged:   make(chan struct{}, 1),
		done:     make(chan struct{}),
		severed:  make(chan struct{}),
		finished: make(chan struct{}),
		calls:    make(map[uint64]chan Args),
	}
}

// ID is the client's id in the namespace, which the server gave it.
func (c *Client) ID() string { return c.sid }

// Recovered tells whether the server took the client for the one that it was
// before, and sends what it missed; see [Keep].
func (c *Client) Recovered() bool {
	return c.opts.position != nil && c.pid != "" && c.pid == c.opts.position.pid
}

// Emit sends an event, without waiting: arguments are written as by
// [json.Marshal], and a []byte, also inside of a []any or map[string]any,
// travels as attachment. It fails with [ErrSlow] while 1,024 messages or 1 MiB
// wait to be sent, which the connection survives; with [ErrReserved] or
// [ErrTooLarge]; when an argument is no JSON; or when the client is over.
func (c *Client) Emit(event string, args ...any) error {
	messages, err := c.encodeEvent(event, nil, args)
	if err != nil {
		return err
	}
	full, err := c.out.put(messages)
	if full != nil {
		return ErrSlow
	}
	return err
}

// Call sends an event as [Client.Emit] does, and waits for its acknowledgement,
// and before for space to send it. It fails when ctx or the client ends first.
// It may be called by OnEvent.
func (c *Client) Call(ctx context.Context, event string, args ...any) (Args, error) {
	id, answer := c.register()
	defer c.forget(id)
	messages, err := c.encodeEvent(event, &id, args)
	if err != nil {
		return Args{}, err
	}
	if err := c.send(ctx, messages); err != nil {
		return Args{}, callError(event, err)
	}
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return Args{}, callError(event, ctx.Err())
	case <-c.done:
	}
	select {
	case a := <-answer: // it came before the end
		return a, nil
	default:
		return Args{}, callError(event, c.Err())
	}
}

func callError(event string, err error) error { return fmt.Errorf("client: call %q: %w", event, err) }

func (c *Client) register() (id uint64, answer chan Args) {
	answer = make(chan Args, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastCall++
	c.calls[c.lastCall] = answer
	return c.lastCall, answer
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// send queues messages, and waits for space.
func (c *Client) send(ctx context.Context, messages []message) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		full, err := c.out.put(messages)
		if full == nil {
			return err
		}
		select {
		case <-full:
		case <-ctx.Done():
		case <-c.done:
			return c.Err()
		}
	}
}

// Done is closed when the client is over. OnEvent is still called after it for
// events that came before; Close waits for that.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err tells why the client is over; it is nil before Done is closed.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// Close leaves the namespace and ends the connection. It waits until what was
// emitted has been sent and the server has said goodbye, for at most 5 s, and
// then for OnEvent, which is not called for events that still wait. No
// goroutine of the client is left when it returns. OnEvent must not call it.
//
// It returns nil, or why the client was over before.
func (c *Client) Close() error {
	c.end(ErrClosed, false)
	<-c.finished
	if err := c.Err(); !errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// end begins the end, once. A hard end waits neither for what is to be sent nor
// for a goodbye. The first reason stands.
func (c *Client) end(reason error, hard bool) {
	ours := errors.Is(reason, ErrClosed)
	c.mu.Lock()
	first := c.reason == nil
	if first {
		c.reason = reason
		c.in.close(ours) // before OnEvent, which may wait for the end, is called again
		close(c.done)
	}
	if hard && !c.hard {
		c.hard = true
		close(c.severed)
	}
	c.mu.Unlock()
	if !first {
		return
	}
	if ours {
		c.out.close(reason, plain(sio.Disconnect, c.opts.Namespace, nil))
		return
	}
	c.out.close(reason)
}
