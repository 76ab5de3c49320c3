package sfu

import "sync"

// calls calls handlers one after the other, on a goroutine that lives as long as
// there are some. What can wait is bounded by what a peer can cause: a few calls
// per section, state and change of silence.
type calls struct {
	ended func() // called after the last call

	// Guarded by mu.
	mu      sync.Mutex
	list    []func()
	last    bool // list ends with the last call
	running bool
}

func (c *calls) add(f func()) { c.push(f, false) }

// end adds the last call; later ones are not taken.
func (c *calls) end(f func()) { c.push(f, true) }

func (c *calls) push(f func(), last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last {
		return
	}
	c.list = append(c.list, f)
	c.last = last
	if !c.running {
		c.running = true
		go c.run()
	}
}

func (c *calls) run() {
	for {
		f, last := c.take()
		if f == nil {
			return
		}
		f()
		if last {
			c.ended()
			return
		}
	}
}

func (c *calls) take() (f func(), last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		c.running, c.list = false, nil
		return nil, false
	}
	f = c.list[0]
	c.list[0] = nil
	c.list = c.list[1:]
	return f, c.last && len(c.list) == 0
}
