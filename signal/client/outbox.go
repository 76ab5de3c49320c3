package client

import "sync"

// Limits of what waits to be sent.
const (
	outboxBytes    = 1 << 20
	outboxMessages = 1024
)

// outbox holds what is to be sent.
type outbox struct {
	wake chan struct{} // the writer has something to do

	// Guarded by mu.
	mu       sync.Mutex
	queue    []message
	bytes    int           // in queue and being written
	messages int           // in queue and being written
	ponged   bool          // a pong waits
	space    chan struct{} // closed when something was written; nil if nobody waits
	reason   error         // set when nothing more is taken
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put adds messages in a row. If there is no space, it adds none and returns a
// channel that is closed when there is more. What is larger than the limits
// passes an empty outbox.
func (o *outbox) put(messages []message) (full <-chan struct{}, err error) {
	size := 0
	for _, m := range messages {
		size += len(m.data)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reason != nil {
		return nil, o.reason
	}
	if o.messages > 0 && (o.bytes+size > outboxBytes || o.messages+len(messages) > outboxMessages) {
		if o.space == nil {
			o.space = make(chan struct{})
		}
		return o.space, nil
	}
	o.add(messages...)
	return nil, nil
}

// add is called with mu held.
func (o *outbox) add(messages ...message) {
	o.queue = append(o.queue, messages...)
	for _, m := range messages {
		o.bytes += len(m.data)
	}
	o.messages += len(messages)
	notify(o.wake)
}

// pong answers a ping, whatever else waits. One answers all that came before
// it was sent.
func (o *outbox) pong() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reason == nil && !o.ponged {
		o.ponged = true
		o.add(message{data: []byte{pong}})
	}
}

// take returns what waits, and whether nothing will follow.
func (o *outbox) take() (batch []message, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.queue, o.ponged = o.queue, nil, false
	return batch, o.reason != nil
}

// wrote makes space.
func (o *outbox) wrote(m message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= len(m.data)
	o.messages--
	if o.space != nil {
		close(o.space)
		o.space = nil
	}
}

// close takes nothing more after the last words.
func (o *outbox) close(reason error, last ...message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reason = reason
	o.add(last...)
}

// notify leaves a note in a channel of one place.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
