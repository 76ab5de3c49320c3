package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// run is the parent of the client's goroutines: it ends with the last of them.
func (c *Client) run() {
	defer close(c.finished)
	var work sync.WaitGroup
	work.Go(c.read)
	work.Go(c.handle)
	written := make(chan struct{})
	work.Go(func() {
		defer close(written)
		c.write()
	})
	c.watch()
	patience := time.NewTimer(goodbye)
	defer patience.Stop()
	select {
	case <-written:
	case <-c.severed:
	case <-patience.C:
	}
	c.transport.abort()
	work.Wait()
}

// watch waits for the end, and brings it about when no ping comes.
func (c *Client) watch() {
	silence := time.NewTimer(c.hello.beat())
	defer silence.Stop()
	for {
		select {
		case <-c.pinged:
			silence.Reset(c.hello.beat())
		case <-silence.C:
			c.end(ErrPingTimeout, true)
			return
		case <-c.done:
			return
		}
	}
}

// write sends what is queued until the end, and says goodbye.
func (c *Client) write() {
	for {
		<-c.out.wake // also when the end begins
		batch, last := c.out.take()
		for len(batch) > 0 {
			n, err := c.transport.write(batch)
			if err != nil {
				c.end(err, true)
				return
			}
			for _, m := range batch[:n] {
				c.out.wrote(m)
			}
			batch = batch[n:]
		}
		if last {
			c.transport.close(c.Err())
			return
		}
	}
}

// handle calls OnEvent until the end.
func (c *Client) handle() {
	for {
		e, ok := c.in.next()
		if !ok {
			return
		}
		ack := c.opts.OnEvent(e.name, e.args)
		if e.asked {
			c.acknowledge(e, ack)
		}
	}
}

// acknowledge waits for space: a server that asks for much has to read as well.
func (c *Client) acknowledge(e event, ack []any) {
	p := sio.Packet{Type: sio.Ack, Namespace: c.opts.Namespace, HasID: true, ID: e.id}
	messages, err := c.encode(p, ack)
	if err != nil {
		c.end(fmt.Errorf("client: acknowledge %q: %w", e.name, err), false)
		return
	}
	_ = c.send(context.Background(), messages) // fails when the client is over
}
