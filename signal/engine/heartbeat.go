package engine

// ping is how far a ping has come.
type ping byte

const (
	pingAnswered ping = iota // or none was sent
	pingQueued
	pingSent // the writer has taken it
)

// tick is called when the heartbeat's timer fires: it is time for a ping, or the
// pong has not come, or the end has taken too long.
func (c *Conn) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	if c.reason == nil && c.ping == pingAnswered {
		c.ping = pingQueued
		c.push(packet{kind: kindPing}) // whatever else waits
		c.beat.Reset(c.timeout)
		c.wake()
		return
	}
	c.sever(ErrPingTimeout)
}

// ponged takes in a pong. One that comes before its ping can have been seen
// counts for nothing, so that a client which reads nothing is found out.
func (c *Conn) ponged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ping != pingSent || c.reason != nil {
		return
	}
	c.ping = pingAnswered
	c.beat.Reset(c.interval)
}
