package engine

import "time"

// run is the writer: it sends what is queued and keeps the heartbeat. It
// returns when the connection is over and the transport is closed.
func (c *Conn) run() {
	defer c.transport.abort()
	defer c.stall.Stop()
	var batch []packet
	beat := time.NewTimer(c.interval)
	defer beat.Stop()
	waiting := false // for a pong
	for {
		select {
		case <-c.wake:
			var last bool
			if batch, last = c.flush(batch); last {
				return
			}
		case <-c.pong:
			if waiting {
				waiting = false
				beat.Reset(c.interval)
			}
		case <-beat.C:
			if waiting && !c.ponged() {
				c.abort(ErrPingTimeout)
				return
			}
			if waiting {
				waiting = false
				beat.Reset(c.interval)
				continue
			}
			waiting = true
			c.ping()
			beat.Reset(c.timeout)
		case <-c.done:
			return
		}
	}
}

// ponged tells whether a pong came while the writer was busy elsewhere.
func (c *Conn) ponged() bool {
	select {
	case <-c.pong:
		return true
	default:
		return false
	}
}

// ping queues a ping whatever else waits; one is never refused.
func (c *Conn) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == nil {
		c.queue = append(c.queue, packet{kind: kindPing})
		c.packets++
		notify(c.wake)
	}
}

// flush sends the queue. It reports the end of the connection. It takes and
// returns the slice that was written last, to use it again.
func (c *Conn) flush(spare []packet) (batch []packet, last bool) {
	clear(spare)
	c.mu.Lock()
	batch, c.queue = c.queue, spare[:0]
	reason, hard := c.reason, c.hard
	c.mu.Unlock()

	if hard {
		c.finish()
		return nil, true
	}
	if len(batch) > 0 && !c.send(batch) {
		return nil, true
	}
	if reason == nil {
		return batch, false
	}
	c.stall.Reset(c.interval + c.timeout)
	c.transport.close(reason)
	c.finish()
	return nil, true
}

// send writes a batch. A client that takes nothing for a whole heartbeat is
// gone: it could not have seen a ping.
func (c *Conn) send(batch []packet) bool {
	for i := range batch {
		c.stall.Reset(c.interval + c.timeout)
		err := c.transport.write(batch[i : i+1])
		if err != nil {
			c.abort(err)
			return false
		}
		c.mu.Lock()
		c.bytes -= len(batch[i].Data)
		c.packets--
		if c.space != nil {
			close(c.space)
			c.space = nil
		}
		c.mu.Unlock()
	}
	c.stall.Stop()
	if cap(batch) > queuePackets/16 {
		batch = nil // the caller keeps its own; see flush
	}
	return true
}
