package plane

import (
	"cmp"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	// outboxBytes bounds what waits to be sent; beyond it datagrams are dropped
	// as [DropOverload].
	outboxBytes = 16 << 20
	// chunkSize is small enough for what was sealed to be still in the core's
	// cache when the kernel copies it.
	chunkSize = 256 << 10

	trainSegments = 64     // datagrams of a message at the most
	trainBytes    = 65_000 // of a message at the most
)

// Class orders what waits for a full send buffer.
type Class uint8

// Classes, in the order of sending.
const (
	Urgent Class = iota // audio and RTCP: little, and missed at once
	Bulk                // video and retransmissions
	NumClasses
)

// Message is a datagram to send, or a train of them: datagrams to one address,
// all of one size but for a shorter last one, whose bytes lie one behind the
// other, as UDP_SEGMENT takes them (udp(7)).
type Message struct {
	Path    Path
	B       []byte // owned by the outbox until [Outbox.Release]
	Segment int    // size of the datagrams, in bytes
	Count   int    // of datagrams
	Made    mono.Time

	to    *Path // of the transport; nil when nothing may be added
	chunk int32
}

// Outbox collects what a batch produced. Datagrams to one address that follow
// each other become trains. Its memory grows to what the largest batch needed
// and stays. Messages leave each class in the order in which they came.
type Outbox struct {
	queues  [NumClasses]queue
	chunks  []chunk
	present int32 // index of the chunk being filled
	now     mono.Time
	taken   uint64 // bytes committed since the beginning
	limit   int    // bytes; 0 = outboxBytes
}

// queue is the messages of a class; those before head are done with.
type queue struct {
	messages []Message
	head     int
}

// chunk is memory for datagrams, used again when none in it waits.
type chunk struct {
	b       []byte
	used    int // bytes
	waiting int // messages
}

// Waiting returns the messages of a class. The slice and its bytes stay valid
// until Release or the next method of the plane.
func (o *Outbox) Waiting(c Class) []Message { q := &o.queues[c]; return q.messages[q.head:] }

// Len returns how many messages wait.
func (o *Outbox) Len() int { return len(o.Waiting(Urgent)) + len(o.Waiting(Bulk)) }

// Release ends the first n messages of a class.
func (o *Outbox) Release(c Class, n int) {
	q := &o.queues[c]
	for i := range q.messages[q.head : q.head+n] {
		o.chunks[q.messages[q.head+i].chunk].waiting--
	}
	q.head += n
	switch left := len(q.messages) - q.head; {
	case left == 0:
		q.messages, q.head = q.messages[:0], 0
	case q.head > left:
		q.messages, q.head = q.messages[:copy(q.messages, q.messages[q.head:])], 0
	}
}

// Done empties the outbox.
func (o *Outbox) Done() {
	for c := range NumClasses {
		o.Release(c, len(o.Waiting(c)))
	}
}

// begin notes the time, and that trains made so far are complete: the paths of
// transports may have changed.
func (o *Outbox) begin(now mono.Time) {
	o.now = now
	for c := range o.queues {
		if q := &o.queues[c]; len(q.messages) > 0 {
			q.messages[len(q.messages)-1].to = nil
		}
	}
}

// slot returns room for one datagram, of length zero and a capacity of at least
// [packet.MaxSize], or nil if the outbox is full. Commit makes it a datagram;
// without Commit the room is given again.
func (o *Outbox) slot() []byte {
	if len(o.chunks) == 0 || chunkSize-o.chunks[o.present].used < packet.MaxSize {
		if !o.turn() {
			return nil
		}
	}
	c := &o.chunks[o.present]
	return c.b[c.used:c.used:chunkSize]
}

// turn makes an unused chunk the present one.
func (o *Outbox) turn() bool {
	for i := range o.chunks {
		if c := &o.chunks[i]; c.waiting == 0 {
			c.used = 0
			o.present = int32(i)
			return true
		}
	}
	if len(o.chunks)*chunkSize >= cmp.Or(o.limit, outboxBytes) {
		return false
	}
	o.present = int32(len(o.chunks))
	o.chunks = append(o.chunks, chunk{b: make([]byte, chunkSize)})
	return true
}

// commit adds the datagram b, which was appended to what slot returned. It tells
// whether the datagram began a message.
func (o *Outbox) commit(path *Path, class Class, b []byte) (began bool) {
	c := &o.chunks[o.present]
	at := c.used
	c.used += len(b)
	o.taken += uint64(len(b))
	q := &o.queues[class]
	if n := len(q.messages); n > 0 {
		if m := &q.messages[n-1]; m.to == path && m.chunk == o.present && m.ends(c.b, at) && m.fits(len(b)) {
			m.B = m.B[:len(m.B)+len(b)]
			m.Count++
			if len(b) < m.Segment {
				m.to = nil
			}
			return false
		}
	}
	c.waiting++
	q.messages = append(q.messages, Message{
		Path: *path, B: c.b[at:c.used:chunkSize], Segment: len(b), Count: 1, Made: o.now, to: path, chunk: o.present,
	})
	return true
}

// ends tells whether the message's bytes end at an offset of its chunk.
func (m *Message) ends(chunk []byte, at int) bool { return cap(m.B)-len(m.B) == len(chunk)-at }

func (m *Message) fits(size int) bool {
	return size <= m.Segment && m.Count < trainSegments && len(m.B)+size <= trainBytes
}
