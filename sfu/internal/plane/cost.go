package plane

import (
	"math/bits"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// Cost is what something has cost since it exists.
type Cost struct {
	CPU   time.Duration // of the worker's thread
	Bytes uint64        // of UDP payload, received and sent
}

// Add returns the sum of two costs.
func (c Cost) Add(d Cost) Cost { return Cost{CPU: c.CPU + d.CPU, Bytes: c.Bytes + d.Bytes} }

func (c Cost) sub(d Cost) Cost { return Cost{CPU: c.CPU - d.CPU, Bytes: c.Bytes - d.Bytes} }

// Payer is who pays for a piece of work.
type Payer uint8

// Payers.
const (
	PayShared    Payer = iota // nobody in particular: commands, STUN, strangers
	PayTransport              // a peer: RTCP both ways, timers, what was not authentic
	PayInbound                // a stream of a publisher: receive, open, parse, keep
	PayOutbound               // a slot of a subscriber: choose, rewrite, seal, send
	NumPayers
)

// account is a payer's cost, and what it had done since the last Charge in
// units of about a nanosecond. A batch's units only divide the time that the
// batch took in truth, so it is their ratios that matter.
type account struct {
	Cost
	payer            Payer
	read, work, send uint64
}

// Spent is thread time by what it was spent on.
type Spent struct {
	Read time.Duration // fetching datagrams from the system
	Work time.Duration // the plane, and what it causes
	Send time.Duration // handing datagrams to the system
}

// weights are the units of what depends on the protection profile. What grows
// with the bytes of a datagram is in 1/1024.
type weights struct{ open, openByte, seal, sealByte uint64 }

// table has the weights of all profiles.
type table struct{ cm, gcm128, gcm256, plain weights }

// protect is the table for this machine.
var protect = tableFor(srtp.Blocks())

// tableFor returns what the plane took for packets of 100 and of 1,200 bytes, in
// ns, where GCM seals so many blocks at once: to open is the time of one without
// subscribers, to seal what each of 16 subscribers adds. Measured by the thread's
// clock with Go 1.26, as the fastest tenth of 300 batches, and of that the median
// of eight runs, with two blocks on an AMD EPYC, with four on an Intel Xeon; what
// holds for two serves for one, too. TestCostFollowsWork of package micro measures
// again and compares the ratios. How CM and GCM-256 open with four is guessed from
// how they seal, and plain RTP to be GCM-128 without the cipher.
func tableFor(blocks int) table {
	if blocks == 4 {
		return table{
			cm:     weights{open: 800, openByte: 1400, seal: 740, sealByte: 1349},
			gcm128: weights{open: 534, openByte: 534, seal: 172, sealByte: 135},
			gcm256: weights{open: 534, openByte: 560, seal: 176, sealByte: 146},
			plain:  weights{open: 430, openByte: 100, seal: 130, sealByte: 30},
		}
	}
	return table{
		cm:     weights{open: 642, openByte: 867, seal: 433, sealByte: 812},
		gcm128: weights{open: 420, openByte: 310, seal: 142, sealByte: 183},
		gcm256: weights{open: 410, openByte: 345, seal: 146, sealByte: 199},
		plain:  weights{open: 340, openByte: 80, seal: 80, sealByte: 30},
	}
}

const (
	weightDrop     = 10  // a packet that a slot does not get
	weightStray    = 300 // a datagram of nobody, or for the control plane
	weightCommand  = 1000
	weightTimers   = 300 // of one transport
	weightHandover = 150 // a packet to or from another core

	// Of reading a datagram.
	weightRead     = 1000
	weightReadByte = 145 // in 1/1024

	// Of sending, as `switchyard bench limit` has it for trains of 1 to 16.
	weightMessage  = 2000 // a system's message: a datagram or a train of them
	weightSend     = 250  // each datagram of it
	weightSendByte = 145  // in 1/1024
)

// weightsOf returns the weights of what a sealer protects.
func weightsOf(s *srtp.Sealer) *weights {
	switch s.Profile() {
	case srtp.AES128CMHMACSHA180:
		return &protect.cm
	case srtp.AEADAES256GCM:
		return &protect.gcm256
	}
	return &protect.gcm128
}

// spend notes work that was done for a.
func (p *Plane) spend(a *account, work uint64) {
	if a.work == 0 {
		p.touched = append(p.touched, a)
	}
	a.work += work
}

// spendStray notes that a datagram of n bytes was read, and nothing of ours.
func (p *Plane) spendStray(n int) {
	p.spend(&p.shared, weightStray)
	p.shared.Bytes += uint64(n)
	p.shared.read += weightRead + uint64(n)*weightReadByte>>10
}

// spendOpen notes that a datagram of n bytes was read and opened.
func (p *Plane) spendOpen(a *account, w *weights, n int) {
	p.spend(a, w.open+uint64(n)*w.openByte>>10)
	a.Bytes += uint64(n)
	a.read += weightRead + uint64(n)*weightReadByte>>10
}

// spendSeal notes that a datagram of n bytes was sealed, and will be sent: as
// the first of a message, or behind others.
func (p *Plane) spendSeal(a *account, w *weights, n int, first bool) {
	p.spend(a, w.seal+uint64(n)*w.sealByte>>10)
	a.Bytes += uint64(n)
	a.send += weightSend + uint64(n)*weightSendByte>>10
	if first {
		a.send += weightMessage
	}
}

// Charge divides the time that was spent since the last Charge over those for
// whom it was. Not a nanosecond is lost: what was for nobody is shared.
func (p *Plane) Charge(t Spent) {
	var all account
	for _, a := range p.touched {
		all.read += a.read
		all.work += a.work
		all.send += a.send
	}
	read, work, send := divide(t.Read, all.read), divide(t.Work, all.work), divide(t.Send, all.send)
	for _, a := range p.touched {
		cpu := read.next(a.read) + work.next(a.work) + send.next(a.send)
		a.CPU += cpu
		p.stats.CPU[a.payer] += cpu
		p.stats.Units[a.payer] += a.read + a.work + a.send
		a.read, a.work, a.send = 0, 0, 0
	}
	rest := read.left + work.left + send.left
	p.shared.CPU += rest
	p.stats.CPU[PayShared] += rest
	p.touched = p.touched[:0]
}

// division hands out a time in proportion to units.
type division struct {
	perUnit uint64        // ns as a fraction of 2^32
	units   uint64        // handed out so far
	given   time.Duration // for them
	left    time.Duration
}

// divide begins to hand out t over some units. More than 4 s for each of them is
// no measurement, and left.
func divide(t time.Duration, units uint64) division {
	d := division{left: max(0, t)}
	if high := uint64(d.left) >> 32; high < units {
		d.perUnit, _ = bits.Div64(high, uint64(d.left)<<32, units)
	}
	return d
}

// next returns the share of some units. Shares are differences of rounded sums,
// so that their own sum is never off by more than a nanosecond.
func (d *division) next(units uint64) time.Duration {
	d.units += units
	high, low := bits.Mul64(d.units, d.perUnit)
	upTo := time.Duration(high<<32 | low>>32)
	share := min(upTo-d.given, d.left)
	d.given = upTo
	d.left -= share
	return share
}

// waive makes everybody pay for what was done for a transport since the last
// Charge, since it goes to another core.
func (p *Plane) waive(t *Transport) {
	accounts := []*account{&t.account}
	for _, in := range t.inbounds {
		accounts = append(accounts, &in.account)
	}
	for _, s := range t.slots {
		accounts = append(accounts, &s.account)
	}
	p.spend(&p.shared, 1)
	for _, a := range accounts {
		p.shared.read, p.shared.work, p.shared.send = p.shared.read+a.read, p.shared.work+a.work, p.shared.send+a.send
		a.read, a.work, a.send = 0, 0, 0
	}
	p.touched = slices.DeleteFunc(p.touched, func(a *account) bool { return a.work == 0 })
}

// inherit takes over what a stream that ends has cost.
func (t *Transport) inherit(a *account) { t.account.Cost = t.account.Add(a.Cost) }

// cost is that of the peer: its own and that of its streams.
func (t *Transport) cost() Cost {
	c := t.account.Cost
	for _, in := range t.inbounds {
		c = c.Add(in.account.Cost)
	}
	for _, s := range t.slots {
		c = c.Add(s.account.Cost)
	}
	return c
}

// cost is that of the stream and of its retransmissions.
func (in *Inbound) cost() Cost {
	c := in.account.Cost
	if in.rtx != nil {
		c = c.Add(in.rtx.account.Cost)
	}
	return c
}

// SendUnits returns the units of sending n datagrams of size bytes with GCM-128,
// as trains of so many each.
func SendUnits(n, size, train float64) float64 {
	w := &protect.gcm128
	each := float64(w.seal+weightSend) + size*float64(w.sealByte+weightSendByte)/1024
	return n * (each + weightMessage/train)
}
