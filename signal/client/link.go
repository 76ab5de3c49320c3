package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Link is a client that comes back when its connection is lost. It is over when
// it was closed, when the server refused it or sent it out of the namespace, or
// when it has given up.
type Link struct {
	url    string
	opts   Options
	again  Reconnect
	cancel context.CancelFunc
	done   chan struct{}

	// Guarded by mu.
	mu     sync.Mutex
	client *Client // nil while there is none
	kept   []outgoing
	reason error // of the end
}

// outgoing is an event that waits for a connection.
type outgoing struct {
	event string
	args  []any
}

// Keep connects to a server and joins a namespace, as [Dial] does, again and
// again. It does not wait. If the server recovers connections, as package signal
// does with its option Recovery, what was missed comes by [Options.OnEvent] when
// the connection is back.
func Keep(url string, opts Options, again Reconnect) *Link {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Link{url: url, opts: opts, again: again.withDefaults(), cancel: cancel, done: make(chan struct{})}
	go l.run(ctx)
	return l
}

// Client returns the present connection, or nil.
func (l *Link) Client() *Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client
}

// Emit sends an event as [Client.Emit] does. Without a connection it keeps the
// event, up to [Reconnect.Buffer], or fails with [ErrAway].
func (l *Link) Emit(event string, args ...any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason != nil {
		return l.reason
	}
	if l.client != nil {
		if err := l.client.Emit(event, args...); !over(l.client, err) {
			return err
		}
	}
	if len(l.kept) >= l.again.Buffer {
		return ErrAway
	}
	l.kept = append(l.kept, outgoing{event, args})
	return nil
}

// over tells whether err is the end of a client.
func over(c *Client, err error) bool { return err != nil && errors.Is(err, c.Err()) }

// Call sends an event and waits for its acknowledgement, as [Client.Call] does.
// It fails with [ErrAway] without a connection, and when that is lost before the
// answer comes: nobody knows then whether the server has seen the event.
func (l *Link) Call(ctx context.Context, event string, args ...any) (Args, error) {
	l.mu.Lock()
	c, reason := l.client, l.reason
	l.mu.Unlock()
	if reason != nil {
		return Args{}, callError(event, reason)
	}
	if c == nil {
		return Args{}, callError(event, ErrAway)
	}
	a, err := c.Call(ctx, event, args...)
	if over(c, err) {
		err = fmt.Errorf("%w: %w", ErrAway, err)
	}
	return a, err
}

// Done is closed when the Link is over.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err tells why the Link is over; it is nil before.
func (l *Link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// Close ends the Link and its connection, as [Client.Close] does. No goroutine
// of it is left when it returns. Callbacks must not call it.
func (l *Link) Close() error {
	l.cancel()
	<-l.done
	if err := l.Err(); !errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// run connects until the end.
func (l *Link) run(ctx context.Context) {
	defer close(l.done)
	defer l.cancel()
	failed := 0
	for {
		joined, err := l.connect(ctx)
		if joined {
			failed = 0
		}
		if ctx.Err() != nil {
			err = ErrClosed
		}
		if ctx.Err() != nil || final(err) || l.again.Attempts > 0 && failed >= l.again.Attempts {
			l.finish(err)
			return
		}
		delay := l.again.delay(failed, chance())
		failed++
		l.again.OnDisconnect(err, delay)
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (l *Link) finish(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reason, l.kept = reason, nil
}

// connect makes one connection, and returns when it has ended, and why.
func (l *Link) connect(ctx context.Context) (joined bool, why error) {
	attempt, cancel := context.WithTimeout(ctx, l.again.Timeout)
	defer cancel()
	c, err := Dial(attempt, l.url, l.opts)
	if err != nil {
		return false, err
	}
	defer func() {
		l.set(nil)
		if err := c.Close(); err != nil { // it ended by itself
			why = err
		}
		c.remember(&l.opts)
	}()
	if err := l.again.OnConnect(attempt, c); err != nil {
		return false, err
	}
	if err := l.flush(ctx, c); err != nil {
		return true, err
	}
	select {
	case <-c.Done():
	case <-ctx.Done():
	}
	return true, ctx.Err()
}

func (l *Link) set(c *Client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client = c
}

// flush sends what was kept, and hands the connection to everybody when nothing
// is left.
func (l *Link) flush(ctx context.Context, c *Client) error {
	for {
		l.mu.Lock()
		if len(l.kept) == 0 {
			l.kept, l.client = nil, c
			l.mu.Unlock()
			return nil
		}
		next := l.kept[0]
		l.mu.Unlock()
		messages, err := c.encodeEvent(next.event, nil, next.args)
		if err == nil { // else it could never be sent
			if err := c.send(ctx, messages); err != nil {
				return err
			}
		}
		l.mu.Lock()
		l.kept = l.kept[1:]
		l.mu.Unlock()
	}
}

// remember has the next connection ask for what this one missed.
func (c *Client) remember(o *Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid == "" {
		return
	}
	offset := c.offset
	if offset == "" && o.position != nil && o.position.pid == c.pid {
		offset = o.position.offset
	}
	o.position = &position{pid: c.pid, offset: offset}
}
