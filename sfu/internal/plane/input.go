package plane

import (
	"net/netip"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

const (
	// takeOver is how long who sends must have been silent before packets from
	// another address are taken in place of its own.
	takeOver = time.Second
	// restartGap is how long a stream must have been silent for a packet that
	// does not continue it, or that comes from another port, to begin another. A
	// process does not start faster, and its first packets are a key frame.
	restartGap = 200 * time.Millisecond
	// A packet does not continue a stream if its number or its timestamp is so
	// far from what is expected.
	restartNumbers = 3000
	restartTime    = 5 * time.Second
	// longestPause is after what time without packets timestamps mean nothing.
	longestPause = time.Hour
)

// Input describes a publication that comes as plain RTP, without negotiation and
// without protection: all packets of one payload type that come to its port.
type Input struct {
	// SSRC is the only one that is taken; 0 is any, which may change.
	SSRC uint32
}

// input is what is known of who sends plain RTP. Owned by the plane.
type input struct {
	spec  Input
	from  netip.AddrPort // of RTP; the zero value before the first packet
	heard mono.Time      // when the last packet came from there
	rtcp  netip.AddrPort // of RTCP; the zero value before the first
	aside bool           // RTCP came to the port of its own
	stamp uint32         // timestamp of the newest packet
	stats InputStats
}

// InputStats counts what came to the ports of a publication.
type InputStats struct {
	Publication ID
	From        netip.AddrPort // who sends; the zero value before the first packet
	RTCP        netip.AddrPort // where RTCP goes to; the same
	Restarts    uint64         // of the stream: it went on with other numbers
	Drops       [NumDropReasons]uint64
}

// Feedback is RTCP for who sends plain RTP.
type Feedback struct {
	To    netip.AddrPort
	Aside bool   // from the port for RTCP, else from that of RTP
	B     []byte // not changed any more
}

// receiveInput handles a datagram that came to a port of plain RTP.
func (p *Plane) receiveInput(now mono.Time, h *Handover) {
	f := p.publications[h.Input]
	if f == nil || f.input == nil {
		p.spendStray(len(h.B))
		p.drop(DropUnknownSource)
		return
	}
	t := f.transport
	p.current, p.payer = t, &t.account
	p.stats.PacketsReceived++
	p.stats.BytesReceived += uint64(len(h.B))
	switch packet.Classify(h.B) {
	case packet.RTP:
		f.receiveRTP(now, h)
	case packet.RTCP:
		p.outbox.begin(now)
		f.receiveRTCP(now, h)
	default:
		f.drop(DropMalformed)
	}
	p.spendOpen(p.payer, t.weights, len(h.B))
	p.current = nil
}

// drop counts a packet of the publication that is not taken.
func (f *Fanout) drop(r DropReason) {
	f.plane.drop(r)
	if f.input != nil {
		f.input.stats.Drops[r]++
	}
}

// receiveRTP takes one packet in the clear.
func (f *Fanout) receiveRTP(now mono.Time, h *Handover) {
	n, t := f.input, f.transport
	v, err := packet.Parse(h.B)
	switch {
	case err != nil || h.Aside:
		f.drop(DropMalformed)
		return
	case !f.accepts(v.PayloadType):
		f.drop(DropPayloadType)
		return
	case n.spec.SSRC != 0 && v.SSRC != n.spec.SSRC:
		f.drop(DropSSRC)
		return
	case !n.listens(now, h.Path.Remote):
		f.drop(DropUnknownSource)
		return
	}
	in := f.streamOf(now, v)
	if in == nil {
		return
	}
	if n.from != h.Path.Remote {
		n.from, n.rtcp = h.Path.Remote, netip.AddrPort{}
	}
	n.heard = now
	t.hear(now)
	f.plane.payer = &in.account
	in.receive(now, v, h.B)
	if in.newest == v.Sequence {
		n.stamp = v.Timestamp
	}
}

// listens tells whether packets from an address are taken now.
func (n *input) listens(now mono.Time, from netip.AddrPort) bool {
	silence := now.Sub(n.heard)
	switch {
	case n.from == from, !n.from.IsValid():
		return true
	case n.from.Addr() == from.Addr():
		return silence >= restartGap
	}
	return silence >= takeOver
}

// streamOf returns the stream of a packet: the present one, or another that takes
// its place, as when who sends was started anew. It is nil for what is refused.
func (f *Fanout) streamOf(now mono.Time, v packet.View) *Inbound {
	in := f.encodings[0]
	other := in == nil || in.ssrc != v.SSRC
	if !other && !f.jumps(now, in, v) {
		return in
	}
	if in != nil {
		if now.Sub(in.heard) < restartGap || !f.mayReplace(now, in) {
			r := DropLate
			if other {
				r = DropSSRC
			}
			f.drop(r)
			return nil
		}
		f.input.stats.Restarts++
		f.forget(in)
	}
	in = f.newInbound(v.SSRC, 0, f.rates[v.PayloadType&0x7f])
	f.encodings[0] = in
	f.reportEarly(now)
	return in
}

// jumps tells whether a packet does not continue a stream: its number or its
// timestamp is another's.
func (f *Fanout) jumps(now mono.Time, in *Inbound, v packet.View) bool {
	if in.stats.PacketsReceived == 0 {
		return false
	}
	if ahead := int16(v.Sequence - in.newest); ahead > restartNumbers || ahead < -restartNumbers {
		return true
	}
	pause := now.Sub(in.heard)
	if pause > longestPause {
		return true
	}
	passed := time.Duration(int32(v.Timestamp-f.input.stamp)) * time.Second / time.Duration(max(1, in.receiver.Rate()))
	return passed-pause > restartTime || pause-passed > restartTime
}

// receiveRTCP takes the sender reports of who sends, and learns where it wants to
// be answered.
func (f *Fanout) receiveRTCP(now mono.Time, h *Handover) {
	n, in := f.input, f.encodings[0]
	if in == nil || n.from.Addr() != h.Path.Remote.Addr() {
		f.drop(DropUnknownSource)
		return
	}
	items, err := feedback.Parse(h.B, f.plane.items[:0])
	f.plane.items = items[:0]
	if err != nil {
		f.drop(DropMalformed)
		return
	}
	n.rtcp, n.aside = h.Path.Remote, h.Aside
	for i := range items {
		if it := &items[i]; it.Kind == feedback.SenderReport && it.Sender == in.ssrc {
			f.transport.clock.Push(now, report.NTP(it.NTP))
			in.receiver.SenderReport(now, report.NTP(it.NTP), it.RTP)
		}
	}
}

// advanceInputs does what is due for a transport that receives plain RTP: each
// publication has its own way back.
func (t *Transport) advanceInputs(now mono.Time) mono.Time {
	next := t.advanceLevels(now)
	due := t.nextReport <= now
	if due {
		t.nextReport = regular(now.Add(reportEvery))
	}
	for _, f := range t.publications {
		if f.keys.Wanted() {
			next = min(next, f.request(now))
		}
		if due {
			f.renew(now)
		}
		if due || len(t.rtcp) > 0 {
			f.answer(now)
		}
	}
	return min(next, t.nextReport)
}

// answer sends a report about the publication, and what was collected to go with
// it, to who sends it, if that has shown where it wants to have it.
func (f *Fanout) answer(now mono.Time) {
	t, n := f.transport, f.input
	asked := t.rtcp
	t.rtcp = t.rtcp[:0]
	if !n.rtcp.IsValid() {
		return
	}
	blocks := f.blocks(now, t.plane.block[:0])
	t.plane.block = blocks[:0]
	b := report.AppendReceiverReport(nil, t.ssrc, blocks)
	b = append(report.AppendSDES(b, t.ssrc, t.cname), asked...)
	t.plane.spendSeal(&t.account, t.weights, len(b), true)
	t.plane.emit(Event{Kind: EventFeedback, Publication: f.id, Feedback: &Feedback{To: n.rtcp, Aside: n.aside, B: b}})
}
