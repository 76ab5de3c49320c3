package client

import "sync"

// Limits of what waits for OnEvent.
const (
	inboxBytes  = 16 << 20
	inboxEvents = 4096
)

// event is one that came from the server.
type event struct {
	name  string
	args  Args
	asked bool   // for an acknowledgement
	id    uint64 // of it
	size  int    // in bytes
}

// inbox holds the events that OnEvent has not been called for.
type inbox struct {
	changed sync.Cond

	// Guarded by changed.L.
	events []event
	bytes  int
	closed bool
}

func newInbox() *inbox { return &inbox{changed: sync.Cond{L: new(sync.Mutex)}} }

// push adds an event, or fails with [ErrSlowHandler]. One that is larger than
// the limit passes an empty inbox.
func (i *inbox) push(e event) error {
	i.changed.L.Lock()
	defer i.changed.L.Unlock()
	if i.closed {
		return nil // nobody is interested any more
	}
	if n := len(i.events); n == inboxEvents || n > 0 && i.bytes+e.size > inboxBytes {
		return ErrSlowHandler
	}
	i.events = append(i.events, e)
	i.bytes += e.size
	i.changed.Signal()
	return nil
}

// next waits for an event; false if there will be none.
func (i *inbox) next() (e event, ok bool) {
	i.changed.L.Lock()
	defer i.changed.L.Unlock()
	for len(i.events) == 0 && !i.closed {
		i.changed.Wait()
	}
	if len(i.events) == 0 {
		return event{}, false
	}
	e, i.events[0] = i.events[0], event{}
	i.events = i.events[1:]
	i.bytes -= e.size
	return e, true
}

// close takes nothing more; with discard, it throws away what waits.
func (i *inbox) close(discard bool) {
	i.changed.L.Lock()
	defer i.changed.L.Unlock()
	i.closed = true
	if discard {
		i.events, i.bytes = nil, 0
	}
	i.changed.Signal()
}
