package worker

import (
	"sync"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// inboxBytes is what an inbox holds; what other workers hand over beyond it, in
// one round of the worker, is dropped.
const inboxBytes = 2 << 20

// inbox takes what other workers hand over to one: a copy, once per batch, under
// a lock. Its memory is taken when the first of them does.
type inbox struct {
	wake func()

	// Guarded by mu.
	mu      sync.Mutex
	filling load

	// Owned by the worker.
	taken load
}

// load is what was handed over since the last round.
type load struct {
	list  []plane.Handover
	bytes []byte // of inboxBytes capacity, or nil
}

// push copies those elements of list that are for the worker with an index. It
// returns how many there was no room for.
func (b *inbox) push(to int, list []plane.Handover) (dropped int) {
	b.mu.Lock()
	before := len(b.filling.list)
	for i := range list {
		if list[i].To == to && !b.filling.add(&list[i]) {
			dropped++
		}
	}
	after := len(b.filling.list)
	b.mu.Unlock()
	if before == 0 && after > 0 {
		b.wake()
	}
	return dropped
}

func (l *load) add(h *plane.Handover) bool {
	if l.bytes == nil {
		l.bytes = make([]byte, 0, inboxBytes)
	}
	at, room := len(l.bytes), len(h.B)+plane.HandoverRoom
	if cap(l.bytes)-at < room || room > packet.MaxSize+plane.HandoverRoom {
		return false
	}
	l.bytes = l.bytes[:at+room]
	l.list = append(l.list, *h)
	l.list[len(l.list)-1].B = l.bytes[at : at+copy(l.bytes[at:], h.B) : at+room]
	return true
}

// take returns what was handed over. It stays valid until the next call.
func (b *inbox) take() []plane.Handover {
	b.taken.list, b.taken.bytes = b.taken.list[:0], b.taken.bytes[:0]
	b.mu.Lock()
	b.filling, b.taken = b.taken, b.filling
	b.mu.Unlock()
	return b.taken.list
}
