package engine

import "errors"

// wake starts the writer unless it runs: an idle connection has none. It is
// called with mu held.
func (c *Conn) wake() {
	if c.writing || c.ended {
		return
	}
	c.writing = true
	c.work.Add(1)
	go c.drain()
}

// write is the writer: it sends what is queued, and then goodbye if the end has
// begun.
func (c *Conn) write() {
	defer c.work.Done()
	for {
		t, batch, reason := c.take()
		if len(batch) > 0 {
			if !c.send(t, batch) {
				return
			}
			continue
		}
		if reason != nil {
			c.sayGoodbye(t, reason)
			c.abort(reason)
		}
		return
	}
}

// sayGoodbye closes a transport, and the one to which the connection moves
// meanwhile.
func (c *Conn) sayGoodbye(t transport, reason error) {
	for {
		t.close(reason)
		next := c.current()
		if next == t {
			return
		}
		t = next
	}
}

// send writes a batch, to whatever transport the connection moves. It reports
// whether that worked.
func (c *Conn) send(t transport, batch []packet) bool {
	for rest := batch; len(rest) > 0; {
		n, err := t.write(rest)
		c.wrote(rest[:n])
		rest = rest[n:]
		if errors.Is(err, errMoved) {
			t = c.current()
			continue
		}
		if err != nil {
			c.abort(err)
			return false
		}
	}
	c.recycle(batch)
	return true
}
