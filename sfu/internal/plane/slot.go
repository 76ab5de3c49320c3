package plane

import (
	"encoding/binary"
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	// plainMost bounds a packet in the clear, so that what is sent has at most
	// 1,232 bytes of UDP payload: 1,280 of IPv6 less its headers. plainTarget
	// leaves room for a source and the number of a retransmission.
	plainMost    = 1232 - srtp.MaxOverhead
	plainTarget  = plainMost - 4 - 2
	bindingsKept = 16  // runs whose packets can be sent again
	repeatsKept  = 256 // numbers whose last retransmission is remembered
)

// Slot is a receive-only section of a peer: constant SSRC, changing content.
// Owned by the plane.
type Slot struct {
	transport *Transport
	outbound  *Outbound // nil while idle
	next      *Outbound // takes its place as soon as it can be entered; nil mostly
	follow    *follow   // nil without a rule
	line      *line     // nil before the first Bind: many slots never have one
	account   account
	stats     OutboundStats // begins with what each packet counts
	spec      SlotSpec
	id        ID
	shown     Shown     // what EventLayer said last
	tellNext  mono.Time // when it may say something else
	reportNow bool
	reported  reported
	first     uint64    // index of the first packet
	repair    uint64    // index of the next retransmission, of the RTX SSRC
	start     uint32    // timestamp at begin
	begin     mono.Time // when the slot was made
}

// line is what makes one stream of the changing content of a slot.
type line struct {
	last      moment // of the newest packet sent, for reports
	tag       uint32 // of the newest binding
	timestamp rewrite.Timestamp
	sequence  rewrite.Sequence // begins with what each packet needs
	bindings  [bindingsKept]binding
	repeats   [repeatsKept]repeat
}

// moment says when something was captured, in the publisher's timestamps and on
// the server's clock.
type moment struct {
	stamp, rate uint32
	captured    mono.Time
}

// repeat remembers when a number was last sent again.
type repeat struct {
	number  uint16
	answers uint8
	at      mono.Time
}

// OutboundStats counts what one slot was sent.
type OutboundStats struct {
	PacketsSent   uint64
	BytesSent     uint64 // of payload
	MID           string
	SSRC          uint32
	Retransmitted uint64
	NACKs, PLIs   uint32
	FractionLost  uint8 // of 256 of what was sent, by the last report
	Shown         Shown // now
	Cost          Cost  // since the slot exists
	Bound         Cost  // since the present publication was bound; zero while idle
	Drops         [NumDropReasons]uint64
}

func newSlot(t *Transport, c AddSlot, now mono.Time) *Slot {
	s := &Slot{
		transport: t,
		id:        c.Slot,
		spec:      c.Spec,
		first:     t.resume(c.Spec.SSRC, c.Sequence),
		start:     c.Timestamp,
		begin:     now,
		account:   account{payer: PayOutbound},
	}
	s.reported.next = s.first
	s.stats.MID, s.stats.SSRC = c.Spec.MID, c.Spec.SSRC
	s.repair = t.resume(c.Spec.RTX, c.Repair)
	return s
}

// resume returns the index that an SSRC goes on with: what the key protects
// outlives the slot, so that no index is sealed twice.
func (t *Transport) resume(ssrc uint32, first uint16) uint64 {
	if next, ok := t.sent[ssrc]; ok {
		return next
	}
	return uint64(first & 0x7fff)
}

// retire notes where the SSRCs of a slot that ends have got to.
func (t *Transport) retire(s *Slot) {
	t.inherit(&s.account)
	t.sent[s.spec.SSRC] = s.first
	if s.line != nil {
		t.sent[s.spec.SSRC] = s.line.sequence.Next()
	}
	if s.spec.RTX != 0 {
		t.sent[s.spec.RTX] = s.repair
	}
}

// uses tells whether a slot sends an SSRC.
func (t *Transport) uses(ssrc uint32) bool {
	return slices.ContainsFunc(t.slots, func(s *Slot) bool {
		return ssrc != 0 && (s.spec.SSRC == ssrc || s.spec.RTX == ssrc)
	})
}

func (s *Slot) drop(r DropReason) {
	s.stats.Drops[r]++
	s.transport.plane.drop(r)
	s.transport.plane.spend(&s.account, weightDrop)
}

func (l *line) note(f *Fanout, e *nack.Entry) {
	l.last = moment{stamp: e.View.Timestamp, rate: f.rates[e.View.PayloadType&0x7f], captured: e.Captured}
}

func (l *line) binding() *binding { return &l.bindings[l.tag%bindingsKept] }

// open gives the slot its line.
func (s *Slot) open() {
	if s.line == nil {
		s.line = &line{
			sequence:  *rewrite.NewSequence(s.first),
			timestamp: *rewrite.NewTimestamp(s.start, s.begin),
		}
	}
}

// turn begins a run: numbers, timestamps and picture ids go on where they were,
// whatever source the packet comes from.
func (s *Slot) turn(now mono.Time, o *Outbound, e *nack.Entry) {
	s.promote(o)
	l := s.line
	previous := l.binding()
	l.tag++
	bd := l.binding()
	*bd = binding{
		tag: l.tag, in: o.current, route: o.route, number: uint32(o.fan.id), vp8: previous.vp8, frames: previous.frames,
		start: e.Sequence, entered: e.View.Timestamp,
	}
	bd.vp8.Start(&e.Frame)
	bd.frames.Start(&e.Frame)
	l.sequence.Start(l.tag, e.Sequence)
	rate := o.fan.rates[e.View.PayloadType&0x7f]
	if o.replay.in == o.current {
		l.timestamp.BindBehind(e.View.Timestamp, rate, e.Captured, rewrite.Behind{Now: now, Speed: o.replay.speed()})
	} else {
		l.timestamp.Bind(e.View.Timestamp, rate, e.Captured)
	}
	bd.offset, bd.chase = l.timestamp.Offset(), l.timestamp.Chase()
	l.note(o.fan, e)
	s.reportNow = true
	s.transport.plane.timers.hasten(s.transport, now)
}

// send makes and seals the packet for this slot, with the marker bit or without.
func (s *Slot) send(index uint64, a *arrival, mark bool) {
	l, e, p := s.line, &a.entry, s.transport.plane
	bd := l.binding()
	bd.marks = s.outbound.selector.Marks()
	_, bd.temporal = s.outbound.selector.Layer()
	bd.header(&p.header, &rewrite.Fields{
		Marker:      mark,
		PayloadType: bd.route.PayloadTypes[e.View.PayloadType&0x7f],
		Sequence:    uint16(index),
		Timestamp:   l.timestamp.Map(e.View.Timestamp),
		SSRC:        s.spec.SSRC,
		Padding:     a.pad > 0,
		OneByte:     s.spec.OneByte,
	}, e, a.b)
	head, rest := bd.payload(p.prefix[:0], e, a.b)
	if !s.seal(index, s.spec.SSRC, head, rest) {
		return
	}
	l.note(s.outbound.fan, e)
	s.stats.PacketsSent++
	s.stats.BytesSent += uint64(len(head) + len(rest) - int(a.pad))
}

// seal encrypts what the header scratch and the arguments hold into the outbox.
func (s *Slot) seal(index uint64, ssrc uint32, head, rest []byte) bool {
	t := s.transport
	p := t.plane
	room := p.outbox.slot()
	if room == nil {
		s.drop(DropOverload)
		return false
	}
	numbered := s.spec.TransportCC != 0 && s.number(len(head)+len(rest))
	b, err := t.sealer.SealRTP(room, p.header.Bytes(), head, rest, index, ssrc)
	if err != nil {
		s.drop(DropMalformed)
		return false
	}
	if numbered {
		t.wide++ // what is not sent is not numbered
	}
	began := p.outbox.commit(&t.out, s.class(), b)
	p.spendSeal(&s.account, t.weights, len(b), began)
	p.stats.PacketsSent++
	p.stats.BytesSent += uint64(len(b))
	return true
}

// number adds the transport-wide number to the header of a packet with a payload
// of a size, in place of all other extensions if there is no room for both.
func (s *Slot) number(payload int) bool {
	h, t := &s.transport.plane.header, s.transport
	if h.Room(2)+payload > plainMost {
		if h.Strip(); h.Room(2)+payload > plainMost {
			return false
		}
	}
	n := t.plane.number[:]
	binary.BigEndian.PutUint16(n, t.wide)
	return h.Extend(s.spec.TransportCC, n)
}

// retransmit answers one NACK pair from the history of the publisher's stream,
// always as RTX (RFC 4588): the same number is never sealed again. A number is
// answered at most once per round trip.
func (s *Slot) retransmit(now mono.Time, pid, blp uint16) {
	if !s.transport.ready() || s.transport.quiet || s.line == nil {
		return
	}
	eachLost(pid, blp, func(number uint16) {
		s.stats.NACKs++
		r := &s.line.repeats[number%repeatsKept]
		if r.number != number {
			*r = repeat{number: number}
		}
		if r.answers > 0 && now.Sub(r.at) < s.transport.patience(r.answers) {
			return
		}
		if s.repeat(now, number) {
			r.at, r.answers = now, min(r.answers+1, 100)
		}
	})
}

func (s *Slot) repeat(now mono.Time, number uint16) bool {
	l, p := s.line, s.transport.plane
	tag, original, ok := l.sequence.Back(number)
	bd := &l.bindings[tag%bindingsKept]
	if !ok || bd.tag != tag || bd.in == nil || bd.in.history == nil {
		return false
	}
	e, b := bd.in.history.Lookup(now, original)
	if e == nil {
		return false
	}
	pt := bd.route.Repairs[bd.route.PayloadTypes[e.View.PayloadType&0x7f]&0x7f]
	if pt == 0 || s.spec.RTX == 0 {
		return false
	}
	index := s.repair
	s.repair++
	bd.header(&p.header, &rewrite.Fields{
		Marker:      bd.ends(e),
		PayloadType: pt,
		Sequence:    uint16(index),
		Timestamp:   e.View.Timestamp + bd.offset + bd.chase.Ahead(e.View.Timestamp),
		SSRC:        s.spec.RTX,
		OneByte:     s.spec.OneByte,
	}, e, b)
	head, rest := bd.payload(binary.BigEndian.AppendUint16(p.prefix[:0], number), e, b)
	if !s.seal(index, s.spec.RTX, head, rest) {
		return false
	}
	s.stats.Retransmitted++
	return true
}

// class orders what is sent when there is more than fits.
func (s *Slot) class() Class {
	if s.spec.Audio {
		return Urgent
	}
	return Bulk
}

// reports tells whether the slot has something to report.
func (s *Slot) reports(mono.Time) bool {
	return s.outbound != nil && s.outbound.current != nil && s.stats.PacketsSent > 0
}

// senderReport maps the slot's timestamps to the server's clock: what was
// captured at a moment of the line is said to be sent then.
func (s *Slot) senderReport(now mono.Time) report.SenderInfo {
	bd, last := s.line.binding(), s.line.last
	elapsed := int64(now.Sub(last.captured)) / 1000 * int64(last.rate) / 1_000_000
	return report.SenderInfo{
		SSRC:    s.spec.SSRC,
		NTP:     s.transport.plane.ntp(now),
		RTP:     last.stamp + bd.offset + uint32(elapsed),
		Packets: uint32(s.stats.PacketsSent),
		Octets:  uint32(s.stats.BytesSent),
	}
}
