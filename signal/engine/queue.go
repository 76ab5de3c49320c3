package engine

// Limits of what waits for a slow client.
const (
	queueBytes    = 1 << 20
	queuePackets  = 1024
	volatileBytes = 64 << 10 // beyond which volatile messages are dropped

	// Beyond one of these a client is behind; it has caught up at a quarter of both.
	behindBytes   = volatileBytes
	behindPackets = queuePackets / 4

	keepPackets = 8 // of a slice that an idle connection holds
)

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
	if len(messages) > 0 && messages[0].Volatile && c.bytes > volatileBytes {
		return nil, nil
	}
	if c.full(len(messages), size) && c.volatile > 0 {
		c.shed()
	}
	if c.full(len(messages), size) {
		if c.space == nil {
			c.space = make(chan struct{})
		}
		return c.space, nil
	}
	for _, m := range messages {
		c.push(packet{kind: k, Message: m})
	}
	c.wake()
	return nil, nil
}

// full is called with mu held.
func (c *Conn) full(packets, size int) bool {
	return c.packets > 0 && (c.bytes+size > queueBytes || c.packets+packets > queuePackets)
}

// push is called with mu held.
func (c *Conn) push(p packet) {
	c.queue = append(c.queue, p)
	c.bytes += len(p.Data)
	c.packets++
	if p.Volatile {
		c.volatile++
	}
}

// shed drops what is volatile. Messages that belong together are all in the
// queue, because it is taken as a whole. It is called with mu held.
func (c *Conn) shed() {
	kept := c.queue[:0]
	for _, p := range c.queue {
		if !p.Volatile {
			kept = append(kept, p)
			continue
		}
		c.bytes -= len(p.Data)
		c.packets--
	}
	clear(c.queue[len(kept):])
	c.queue, c.volatile = kept, 0
}

// forget drops all that waits, whole messages only, because the queue is taken as
// a whole. It is called with mu held.
func (c *Conn) forget() {
	for _, p := range c.queue {
		c.bytes -= len(p.Data)
	}
	c.packets -= len(c.queue)
	clear(c.queue)
	c.queue, c.volatile = c.queue[:0], 0
}

// take returns what waits, and the transport for it. Without any, it returns
// the reason of the end, or nil and notes that the writer stops.
func (c *Conn) take() (t transport, batch []packet, reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hard {
		return nil, nil, nil
	}
	if len(c.queue) == 0 {
		c.writing = c.reason != nil
		return c.transport, nil, c.reason
	}
	batch, c.queue, c.spare = c.queue, c.spare[:0], nil
	c.volatile = 0
	if c.ping == pingQueued {
		c.ping = pingSent
	}
	return c.transport, batch, nil
}

// Behind tells whether much waits for the client, more than 64 KiB or 256
// packets: what the next of its kind replaces is better sent later. If so,
// caughtUp is called once, from a goroutine that writes to the client, when only
// a quarter is left; never if the connection ends before.
func (c *Conn) Behind(caughtUp func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes <= behindBytes && c.packets <= behindPackets {
		return false
	}
	c.behind = append(c.behind, caughtUp)
	return true
}

// wrote makes space, and tells who waits for the client to catch up.
func (c *Conn) wrote(packets []packet) {
	for _, caughtUp := range c.sent(packets) {
		caughtUp()
	}
}

// sent counts what was written, and returns who is to be told.
func (c *Conn) sent(packets []packet) (behind []func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range packets {
		c.bytes -= len(p.Data)
	}
	c.packets -= len(packets)
	if c.space != nil {
		close(c.space)
		c.space = nil
	}
	if c.bytes <= behindBytes/4 && c.packets <= behindPackets/4 {
		behind, c.behind = c.behind, nil
	}
	return behind
}

// recycle keeps a slice that was sent for the next batch.
func (c *Conn) recycle(batch []packet) {
	clear(batch)
	if cap(batch) > keepPackets {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = batch[:0]
}
