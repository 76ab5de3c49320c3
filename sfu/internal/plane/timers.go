package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// regular returns the last moment up to at for what is done over and over: they
// are multiples of 10 ms, so that a core wakes up once for many transports.
func regular(at mono.Time) mono.Time { return at - at%mono.Time(10*time.Millisecond) }

// timers orders transports by when they next have something to do: a binary
// heap, so that a thousand idle transports cost a packet nothing.
type timers struct{ heap []*Transport }

func (h *timers) deadline() mono.Time {
	if len(h.heap) == 0 {
		return mono.Never
	}
	return h.heap[0].due
}

// due returns a transport that is due at now, or nil. The caller schedules it
// anew.
func (h *timers) due(now mono.Time) *Transport {
	if len(h.heap) == 0 || h.heap[0].due > now {
		return nil
	}
	return h.heap[0]
}

func (h *timers) add(t *Transport, at mono.Time) {
	t.due, t.place = at, len(h.heap)
	h.heap = append(h.heap, t)
	h.up(t.place)
}

// schedule sets the deadline of a transport that was added.
func (h *timers) schedule(t *Transport, at mono.Time) {
	if t.place < 0 {
		return
	}
	t.due = at
	h.up(t.place)
	h.down(t.place)
}

// hasten moves the deadline of a transport forward, never back.
func (h *timers) hasten(t *Transport, at mono.Time) {
	if t.place >= 0 && at < t.due {
		t.due = at
		h.up(t.place)
	}
}

func (h *timers) remove(t *Transport) {
	if t.place < 0 {
		return
	}
	last := len(h.heap) - 1
	i := t.place
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	t.place = -1
	if i < last {
		h.up(i)
		h.down(i)
	}
}

func (h *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if h.heap[parent].due <= h.heap[i].due {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.heap[child+1].due < h.heap[child].due {
			child++
		}
		if h.heap[i].due <= h.heap[child].due {
			return
		}
		h.swap(i, child)
		i = child
	}
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i, j
}
