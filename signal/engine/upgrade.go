package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// probeTime is how long a client has to show that a second transport works.
const probeTime = 10 * time.Second

// upgrade tries a WebSocket for a connection that polls. Only the WebSocket
// ends when that fails.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, c *Conn) {
	p := c.claim()
	if p == nil {
		s.refuse(w, errBad)
		return
	}
	defer c.unclaim()
	t, err := accept(w, r, s.opts.MaxPayload)
	if err != nil {
		s.opts.Logger.Debug("upgrade refused", "err", err)
		return
	}
	err = c.probe(p, t)
	if err == nil {
		return
	}
	s.opts.Logger.Debug("upgrade failed", "err", err)
	if errors.Is(err, ErrParse) || errors.Is(err, ErrTooLarge) {
		t.close(err)
	}
	t.abort(err)
}

// claim begins a probe. It returns nil unless the connection polls, goes on, and
// is not being probed.
func (c *Conn) claim() *polling {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.transport.(*polling)
	if !ok || c.reason != nil || c.probing {
		return nil
	}
	c.probing = true
	return p
}

func (c *Conn) unclaim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probing = false
}

// probe moves the connection to t when the client has shown that it works and
// has come to rest on p.
func (c *Conn) probe(p *polling, t transport) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	var watch sync.WaitGroup
	defer watch.Wait()
	watch.Go(func() {
		select {
		case <-c.done:
			t.abort(ErrTransport)
		case <-ctx.Done():
		}
	})
	defer cancel() // before watch is waited for
	if err := expect(ctx, t, kindPing, "probe"); err != nil {
		return err
	}
	if _, err := t.write([]packet{{kind: kindPong, Message: Message{Data: []byte("probe")}}}); err != nil {
		return err
	}
	p.probe(true)
	if err := expect(ctx, t, kindUpgrade, ""); err != nil {
		p.probe(false)
		return err
	}
	return c.moveTo(p, t)
}

// expect reads a packet, which has to be a certain one.
func expect(ctx context.Context, t transport, k kind, data string) error {
	m, err := t.read(ctx)
	if err != nil {
		return err
	}
	if m.kind != k || string(m.Data) != data || m.Binary {
		return ErrParse
	}
	return nil
}

// moveTo replaces the transport. Reader and writer go on with the new one, the
// writer with the packet that it was at, be it one of the last: a client that has
// come to rest asks for none on the old one.
func (c *Conn) moveTo(p *polling, t transport) error {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return ErrTransport
	}
	c.transport = t
	c.mu.Unlock()
	p.move()
	return nil
}
