package plane

import (
	"cmp"
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
)

const (
	// deliverBytes is how much one Deliver puts into the outbox, so that it is
	// sent while it is still in the core's cache.
	deliverBytes = 192 << 10
	// deliverAt is how many packets may wait for Deliver.
	deliverAt = 256
	// mostPadding is how many bytes a packet is padded at the most to be as long
	// as its neighbours: encoders split a frame into parts that differ by one.
	mostPadding = 4
)

// arrival is a packet that waits for Deliver.
type arrival struct {
	in    *Inbound
	entry nack.Entry
	b     []byte // in the clear; of the batch that was read
	pad   uint8  // bytes of padding, counted into the entry's payload
}

// delivery is what a batch brought, from Receive to Deliver. Packets wait there
// for the end of their batch, so that all that go to one address follow each
// other, over all publications: they are sent as trains.
type delivery struct {
	fans    []*Fanout    // that have arrivals
	packets int          // of all fans
	busy    []*Transport // to deliver to, as soon as one is delivered to
	next    int          // of busy
	first   uint32       // who is first, of 2^32; turns, so that nobody is always the last
	starved mono.Time    // when somebody last lost what could not be written
}

// Waiting tells whether so many packets wait for [Plane.Deliver] that it should
// be called before the next Receive.
func (p *Plane) Waiting() bool { return p.delivery.packets >= deliverAt }

// Deliver forwards what Receive took in to its subscribers, one after the other.
// It must be called before the datagrams given to Receive are overwritten, and
// before Apply. It returns true if it stopped because the outbox has got some
// 200 KB; the caller sends them and calls again.
func (p *Plane) Deliver(now mono.Time) (more bool) {
	d := &p.delivery
	if len(d.fans) == 0 {
		return false
	}
	if len(d.busy) == 0 {
		d.gather(now)
	}
	p.outbox.begin(now)
	end := p.outbox.taken + deliverBytes
	for d.next < len(d.busy) {
		if p.outbox.taken >= end {
			return true
		}
		t := d.busy[d.next]
		d.next++
		p.current = t
		t.deliver(now)
	}
	p.current = nil
	d.settle()
	return false
}

// gather lists who is to be delivered to, and what: audio first. While there is
// more than can be written, those who lost most come first.
func (d *delivery) gather(now mono.Time) {
	for _, audio := range [...]bool{true, false} {
		for _, f := range d.fans {
			if f.spec.Audio != audio {
				continue
			}
			if !audio {
				equalize(f.arrivals)
			}
			for _, o := range f.outbounds {
				t := o.slot.transport
				if len(t.work) == 0 {
					d.busy = append(d.busy, t)
				}
				t.work = append(t.work, o)
			}
		}
	}
	d.first += 0x9e3779b9 // a golden section on: no rhythm of batches finds the same
	rotate(d.busy, int(uint64(d.first)*uint64(len(d.busy))>>32))
	if d.starved != 0 && now.Sub(d.starved) < reportEvery {
		slices.SortStableFunc(d.busy, func(a, b *Transport) int { return cmp.Compare(b.starved, a.starved) })
	}
}

// rotate makes the element at i the first one.
func rotate(list []*Transport, i int) {
	slices.Reverse(list[:i])
	slices.Reverse(list[i:])
	slices.Reverse(list)
}

func (d *delivery) settle() {
	for _, f := range d.fans {
		f.arrivals, f.listed = f.arrivals[:0], false
	}
	d.fans, d.busy, d.next, d.packets = d.fans[:0], d.busy[:0], 0, 0
}

// equalize pads neighbours that differ by a few bytes to one size, so that they
// make one train instead of two.
func equalize(a []arrival) {
	for start := 0; start < len(a); {
		low := a[start].entry.View.PayloadSize
		high, end := low, start+1
		for ; end < len(a); end++ {
			n := a[end].entry.View.PayloadSize
			if max(high, n)-min(low, n) > mostPadding {
				break
			}
			low, high = min(low, n), max(high, n)
		}
		for ; start < end; start++ {
			a[start].padTo(high)
		}
	}
}

// padTo makes the payload size bytes long, if there is room: padding (RFC 3550,
// section 5.1) is written behind it, where the authentication tag was.
func (a *arrival) padTo(size uint16) {
	v := &a.entry.View
	end, n := int(v.PayloadOffset)+int(v.PayloadSize), size-v.PayloadSize
	if n == 0 || v.PayloadSize == 0 || cap(a.b) < end+int(n) {
		return
	}
	a.b = a.b[:end+int(n)]
	clear(a.b[end:])
	a.b[end+int(n)-1] = byte(n)
	v.PayloadSize, a.pad = size, uint8(n)
}

// deliver sends the transport what it subscribed to of the batch.
func (t *Transport) deliver(now mono.Time) {
	for _, o := range t.work {
		if o.slot.outbound != o && o.slot.next != o {
			continue // another took its place, or the publication ended by a bug
		}
		for i := range o.fan.arrivals {
			o.forward(now, &o.fan.arrivals[i])
		}
	}
	t.work = t.work[:0]
}
