package plane

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	silentAfter  = 4 * time.Second // EventSilent
	consentAfter = 8 * time.Second // outbounds stop (RFC 7675 in spirit)
	inboundLimit = 64              // SSRCs that one transport may bring
)

// Transport is one bundled association with a peer: keys, streams received and
// sent, feedback (RFC 9143, RFC 3711). Owned by the plane.
type Transport struct {
	// What each packet sent to the peer needs comes first.
	plane   *Plane
	sealer  *srtp.Sealer
	weights *weights // of the keys' profile
	bound   bool
	plain   bool        // it receives plain RTP, and sends no media
	quiet   bool        // consent ran out
	wide    uint16      // next transport-wide number
	out     Path        // of the media: path, or the way to sink
	work    []*Outbound // to deliver to in this batch

	id    ID
	ssrc  uint32 // sender SSRC of our RTCP
	cname string
	path  Path
	sink  netip.Addr // see AddTransport

	opener    *srtp.Opener
	rtcpIndex uint32            // of the next SRTCP packet; lives as long as the key
	sent      map[uint32]uint64 // next index of SSRCs that no slot has now; lives as long as the key

	inbounds     map[uint32]*Inbound
	newest       *Inbound // of the last packet
	publications []*Fanout
	slots        []*Slot
	slotBySSRC   map[uint32]*Slot
	followers    []*follower // one for each group that slots follow

	feedback *report.TransportFeedback // nil until it was negotiated
	ccID     uint8                     // extension id of the transport-wide number
	clock    report.Offset
	rtt      time.Duration
	measured bool // rtt is not a guess

	heard      mono.Time
	silent     bool   // EventSilent was emitted
	starved    uint32 // datagrams that could not be written; halved each second
	nextReport mono.Time
	nextLevel  mono.Time
	due        mono.Time // owned by timers
	place      int       // owned by timers
	rtcp       []byte    // compound packet being built
	account    account   // what no stream pays
}

func newTransport(p *Plane, c AddTransport, now mono.Time) *Transport {
	t := &Transport{
		plane:      p,
		id:         c.Transport,
		ssrc:       c.SSRC,
		cname:      c.CNAME,
		sink:       c.Sink,
		sent:       make(map[uint32]uint64),
		inbounds:   make(map[uint32]*Inbound),
		slotBySSRC: make(map[uint32]*Slot),
		rtt:        firstRTT,
		heard:      now,
		nextReport: now.Add(reportEvery),
		nextLevel:  mono.Never,
		rtcp:       make([]byte, 0, packet.MaxSize),
		weights:    &protect.gcm128,
		account:    account{payer: PayTransport},
		plain:      c.Plain,
		silent:     c.Plain,
	}
	if t.plain {
		t.weights = &protect.plain
	}
	return t
}

// ready tells whether something can be sent.
func (t *Transport) ready() bool { return t.bound && t.sealer != nil }

// receiveRTP authenticates, decrypts and parses one SRTP packet. Nothing of it
// has any effect before the authentication.
func (t *Transport) receiveRTP(now mono.Time, b []byte) {
	size, ok := packet.HeaderSize(b)
	if !ok {
		t.plane.drop(DropMalformed)
		return
	}
	ssrc, number := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	n, err := t.opener.OpenRTP(b, ssrc, number, size)
	if err != nil {
		t.plane.drop(openReason(err))
		return
	}
	v, err := packet.Parse(b[:n])
	if err != nil {
		t.plane.drop(DropMalformed)
		return
	}
	t.hear(now)
	t.recordArrival(now, v, b)
	if in := t.inbound(now, v, b); in != nil {
		t.plane.payer = &in.account
		in.receive(now, v, b[:n])
	} else {
		t.plane.drop(DropUnknownSource)
	}
}

func openReason(err error) DropReason {
	if errors.Is(err, srtp.ErrReplay) {
		return DropDuplicate
	}
	return DropAuth
}

// hear notes that something authenticated came from the peer.
func (t *Transport) hear(now mono.Time) {
	t.heard = now
	if t.quiet {
		t.quiet = false
		t.enter(now)
	}
	if t.silent {
		t.silent = false
		t.plane.emit(Event{Kind: EventHeard, Transport: t.id})
		t.plane.timers.hasten(t, now)
	}
}

// recordArrival feeds transport-wide congestion control.
func (t *Transport) recordArrival(now mono.Time, v packet.View, b []byte) {
	if t.feedback == nil {
		return
	}
	if e := v.Extension(b, t.ccID); len(e) == 2 {
		t.feedback.Push(now, binary.BigEndian.Uint16(e))
		t.plane.timers.hasten(t, t.feedback.Deadline())
	}
}

// inbound returns the stream of a packet, or nil if it belongs to none.
func (t *Transport) inbound(now mono.Time, v packet.View, b []byte) *Inbound {
	if t.newest != nil && t.newest.ssrc == v.SSRC {
		return t.newest
	}
	in := t.inbounds[v.SSRC]
	if in == nil {
		in = t.discover(now, v, b)
	}
	if in != nil {
		t.newest = in
	}
	return in
}

// discover maps an SSRC that no description declared to a media section: by the
// MID extension, else by a payload type that one section alone has (RFC 9143,
// section 9.2).
func (t *Transport) discover(now mono.Time, v packet.View, b []byte) *Inbound {
	if len(t.inbounds) >= inboundLimit {
		return nil
	}
	var found *Fanout
	for _, f := range t.publications {
		if id := f.spec.Extensions[packet.ExtMID]; id != 0 {
			if mid := v.Extension(b, id); mid != nil {
				if string(mid) == f.spec.MID {
					return f.discover(now, v, b)
				}
				continue
			}
		}
		if !f.accepts(v.PayloadType) {
			continue
		}
		if found != nil {
			return nil
		}
		found = f
	}
	if found == nil {
		return nil
	}
	return found.discover(now, v, b)
}

// advance does what is due for the transport and returns when it is next.
func (t *Transport) advance(now mono.Time) mono.Time {
	next := t.checkSilence(now)
	switch {
	case t.plain && !t.quiet:
		return min(next, t.advanceInputs(now))
	case !t.ready() || t.quiet:
		return next
	}
	next = min(next, t.advanceRepair(now), t.advanceKeyFrames(now), t.advanceLevels(now))
	next = min(next, t.advanceReplays(now))
	next = min(next, t.advanceFeedback(now), t.advanceReports(now))
	t.flushRTCP()
	return next
}

func (t *Transport) advanceFeedback(now mono.Time) mono.Time {
	if t.feedback == nil {
		return mono.Never
	}
	if t.feedback.Deadline() <= now {
		t.rtcp = t.feedback.Append(now, t.mediaSSRC(), t.rtcp)
	}
	return t.feedback.Deadline()
}

// checkSilence says when the peer has not been heard for long, and stops
// sending to it when it has not been heard for very long.
func (t *Transport) checkSilence(now mono.Time) (next mono.Time) {
	silence := now.Sub(t.heard)
	if silence < silentAfter {
		return t.heard.Add(silentAfter)
	}
	if !t.silent {
		t.silent = true
		t.plane.emit(Event{Kind: EventSilent, Transport: t.id})
	}
	if silence < consentAfter {
		return t.heard.Add(consentAfter)
	}
	t.quiet = true
	return mono.Never
}

// mediaSSRC is what transport-wide feedback names as its media source.
func (t *Transport) mediaSSRC() uint32 {
	if t.newest != nil {
		return t.newest.ssrc
	}
	return 0
}

// bind makes path the way to the peer.
func (t *Transport) bind(now mono.Time, path Path) {
	p, ready := t.plane, t.ready()
	moved := t.path != path && t.path != (Path{})
	if t.bound && t.path != path {
		delete(p.paths, t.path)
	}
	if other := p.paths[path]; other != nil && other != t {
		other.bound = false
	}
	delete(p.elsewhere, path)
	t.path, t.out, t.bound = path, path, true
	if t.sink.IsValid() {
		t.out.Remote = netip.AddrPortFrom(t.sink, path.Remote.Port())
	}
	p.paths[path] = t
	t.hear(now)
	t.replay(now)
	if moved {
		t.measured = false // another way, another length
		t.refresh(now)
	}
	if !ready && t.ready() {
		t.enter(now)
	}
	p.timers.hasten(t, now)
}

// refresh asks for a key frame of all video that the peer sends or is sent: on
// the path that it left more was lost than can be sent again.
func (t *Transport) refresh(now mono.Time) {
	for _, f := range t.plane.publications {
		if f.transport == t {
			for i := range f.encodings {
				f.ask(now, i, true) // again: what was asked went the old way
			}
		}
	}
	for _, s := range t.slotBySSRC {
		if s.outbound != nil && !s.outbound.paused {
			s.outbound.ask(now)
		}
	}
}

// replay handles what came over the path before path and keys were both known,
// whose memory is given back at once.
func (t *Transport) replay(now mono.Time) {
	if !t.ready() {
		return
	}
	t.plane.pending.take(t.path, func(_ mono.Time, b []byte) {
		t.plane.receive(now, t, packet.Classify(b), b)
	})
	for t.plane.Deliver(now) {
	}
}
