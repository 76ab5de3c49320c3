package plane

import (
	"cmp"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// outboxBytes bounds what waits to be sent; beyond it datagrams are dropped as
// [DropOverload].
const outboxBytes = 16 << 20

// Datagram is one datagram to send.
type Datagram struct {
	Path Path
	B    []byte // owned by the outbox until [Outbox.Done]
}

// Outbox collects the datagrams that a batch produced. Its memory grows to what
// the largest batch needed and stays.
type Outbox struct {
	datagrams []Datagram
	chunks    [][]byte // of chunkSize, filled in turn
	chunk     int
	used      int // bytes of the present chunk
	limit     int // bytes; 0 = outboxBytes
}

const chunkSize = 64 << 10

// Len returns how many datagrams wait.
func (o *Outbox) Len() int { return len(o.datagrams) }

// Bytes returns roughly how many bytes wait, in steps of 64 KiB.
func (o *Outbox) Bytes() int { return o.chunk*chunkSize + o.used }

// Datagrams returns what waits, in the order of sending. The slice and its
// bytes stay valid until [Outbox.Done].
func (o *Outbox) Datagrams() []Datagram { return o.datagrams }

// Done empties the outbox.
func (o *Outbox) Done() {
	o.datagrams = o.datagrams[:0]
	o.chunk, o.used = 0, 0
}

// slot returns room for one datagram, of length zero and a capacity of at least
// [packet.MaxSize], or nil if the outbox is full. Commit makes it a datagram;
// without Commit the room is given again.
func (o *Outbox) slot() []byte {
	if o.chunk < len(o.chunks) && chunkSize-o.used < packet.MaxSize {
		o.chunk, o.used = o.chunk+1, 0
	}
	if o.chunk == len(o.chunks) {
		if len(o.chunks)*chunkSize >= cmp.Or(o.limit, outboxBytes) {
			return nil
		}
		o.chunks = append(o.chunks, make([]byte, chunkSize))
	}
	return o.chunks[o.chunk][o.used:o.used:chunkSize]
}

// commit adds the datagram b, which was appended to what slot returned.
func (o *Outbox) commit(path Path, b []byte) {
	o.used += len(b)
	o.datagrams = append(o.datagrams, Datagram{Path: path, B: b})
}
