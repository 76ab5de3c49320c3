package bench

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// inbox is the receiving half of one client. It is used by who holds the
// network's media alone, but for first.
//
// The header of every packet is read, in the clear: its number tells what is
// lost, repeated or late. The payload is authenticated and decrypted of one
// packet in so many, and of each that does not follow the one before it, may be
// nothing but padding, or has another source: its stamp tells which packet of
// which track it is, and the ones that follow it by number are those that were
// sent after it.
type inbox struct {
	meter  *meter
	tracks *trackTable
	opener *srtp.Opener
	rule   receiving
	loss   loss
	flows  []*flow // few; the newest packet's first
	came   map[*publication]*reception
	first  atomic.Int64 // when the first media came
	// settled is from when on what is sent is late by the server's doing: who came
	// just now is sent what it missed, at first.
	settled int64

	reports *reporting // nil if the client sends none
	wide    *wide      // nil without transport-wide feedback
}

// mostPadding is more than a packet has behind its header that is nothing but
// padding (RFC 3550, section 5.1), with the tag of SRTP.
const mostPadding = 255 + 32

// receiving says how clients take in what comes.
type receiving struct {
	sample int     // one packet in so many is opened
	drop   float64 // fraction thrown away
	report bool    // receiver reports are sent
	nack   bool    // what is missing is asked for
	wide   bool    // transport-wide feedback is sent
}

func newInbox(r *run, plan memberPlan, keys srtp.Keys, sections map[string]answered) (*inbox, error) {
	o, err := srtp.NewOpener(keys.Profile, keys.RemoteKey, keys.RemoteSalt)
	if err != nil {
		return nil, err
	}
	i := &inbox{
		meter: r.meter, tracks: &r.tracks, opener: o, rule: r.receiving,
		loss: newLoss(r.receiving.drop), came: make(map[*publication]*reception),
		flows: []*flow{{}}, // of no SSRC, so that there is a first
	}
	if plan.slow {
		i.meter = r.slowly
	}
	if r.churns.Load() {
		i.settled = time.Now().Add(newcomerTime).UnixNano()
	}
	for _, s := range sections {
		if s.ssrc != 0 && s.rtx != 0 {
			media := i.flow(s.ssrc)
			media.nack = i.rule.nack
			i.flow(s.rtx).repairs = media
		}
	}
	return i, nil
}

// flow returns the stream of an SSRC, and makes it the first.
func (i *inbox) flow(ssrc uint32) *flow {
	n := slices.IndexFunc(i.flows, func(f *flow) bool { return f.ssrc == ssrc })
	if n < 0 {
		n = len(i.flows)
		i.flows = append(i.flows, &flow{ssrc: ssrc})
	}
	i.flows[0], i.flows[n] = i.flows[n], i.flows[0]
	return i.flows[0]
}

// receive takes in one packet. It decrypts b in place.
func (i *inbox) receive(b []byte, arrived int64) {
	w, ok := readHeader(b)
	if !ok {
		return
	}
	if i.loss.strikes() {
		i.meter.dropped++
		return
	}
	if i.wide != nil {
		i.wide.note(b, w.ssrc, arrived)
	}
	f := i.flows[0]
	if f.ssrc != w.ssrc {
		f = i.flow(w.ssrc)
	}
	extended := f.extend(w.number)
	if f.sealed > 0 && extended == f.highest+1 && w.source == f.source && !(w.padded && len(b) < w.header+mostPadding) {
		f.sealed--
		f.serial++
		f.note(arrived, extended, false)
		if kind, at := i.count(f.arrivals, f.track, f.serial, len(b)); kind != seen {
			f.arrivals.note(f.serial, at)
			if at == inside {
				f.since++
			}
		}
		return
	}
	i.open(f, w, extended, b, arrived)
}

// open takes in a packet that is authenticated.
func (i *inbox) open(f *flow, w rtpHeader, extended uint32, b []byte, arrived int64) {
	n, err := i.opener.OpenRTP(b, w.ssrc, w.number, w.header)
	switch {
	case errors.Is(err, srtp.ErrReplay):
		i.meter.duplicate++
		return
	case err != nil:
		i.meter.refused++
		return
	}
	ahead := int32(extended-f.highest) > 0 || f.count == 0
	f.note(arrived, extended, f.nack)
	if len(f.gaps.missing) > 0 {
		i.reports.miss()
	}
	if w.padded && n > w.header { // RFC 3550, section 5.1
		n = max(w.header, n-int(b[n-1]))
	}
	if f.repairs != nil {
		i.repaired(f.repairs, b[w.header:n], arrived, len(b))
		return
	}
	s, t := i.stamped(b[w.header:n])
	if t == nil {
		i.meter.foreign++
		if ahead {
			f.sealed = 0 // its number is one that no track has
		}
		return
	}
	f.measure(w, arrived, t.rate())
	i.heard(arrived)
	came := i.reception(t)
	a := came.of(t)
	if ahead {
		f.track, f.arrivals, f.serial, f.source = t, a, s.serial, w.source
		f.sealed = i.rule.sample - 1
		came.turn(t)
	}
	if kind, at := i.count(a, t, s.serial, len(b)); kind != seen {
		i.place(came, t, s, at)
		if at == inside {
			i.measure(s.sent, arrived, f.since+1)
		}
		f.since = 0
	}
}

// measure notes how long a packet of the window took, which stands for so many.
func (i *inbox) measure(sent, arrived int64, weight uint64) {
	if sent < i.settled {
		record(i.meter.early, arrived-sent, weight)
		return
	}
	i.meter.measure(sent, arrived, weight)
}

// stamped reads the stamp of a payload; t is nil if it has none.
func (i *inbox) stamped(payload []byte) (s stamp, t *track) {
	s, ok := readStamp(payload)
	if !ok {
		return s, nil
	}
	return s, i.tracks.at(s.track)
}

// heard notes that media came.
func (i *inbox) heard(arrived int64) {
	if i.first.Load() == 0 {
		i.first.Store(arrived)
	}
}

// reception returns what came of the publication that a track is of.
func (i *inbox) reception(t *track) *reception {
	r := i.came[t.publication]
	if r == nil {
		r = &reception{encodings: make([]*arrivals, len(t.publication.tracks)), current: t.encoding}
		i.came[t.publication] = r
	}
	return r
}

// count counts a packet, once.
func (i *inbox) count(a *arrivals, t *track, serial uint32, size int) (arrival, place) {
	kind := a.push(serial)
	if kind == seen && a.repaired(serial) {
		i.meter.repair.Redundant++ // it was only late
		return kind, before
	}
	if kind == seen {
		i.meter.duplicate++
		return kind, before
	}
	at := t.bounds.place(serial)
	if at != inside {
		return kind, at
	}
	i.take(a, size)
	if kind == older {
		i.meter.reordered++
	}
	return kind, at
}

// take adds a packet of the window.
func (i *inbox) take(a *arrivals, size int) {
	a.received++
	a.bytes += uint64(size)
	i.meter.received.Add(1)
	i.meter.bytes += uint64(size)
}

// place notes where a packet that was opened lies.
func (i *inbox) place(came *reception, t *track, s stamp, at place) {
	if came.current == t.encoding { // else the stretch that it was in is over
		came.of(t).note(s.serial, at)
	}
}

// repaired takes in the payload of a retransmission (RFC 4588, section 4): the
// number of the packet that it repeats, and that packet's payload.
func (i *inbox) repaired(media *flow, payload []byte, arrived int64, size int) {
	if len(payload) < 2 {
		return // padding, with which senders probe
	}
	media.gaps.found(arrived, binary.BigEndian.Uint16(payload), true)
	s, t := i.stamped(payload[2:])
	if t == nil {
		i.meter.foreign++
		return
	}
	i.heard(arrived)
	came := i.reception(t)
	a := came.of(t)
	if a.push(s.serial) == seen {
		i.meter.repair.Redundant++
		return
	}
	a.repair(s.serial)
	i.meter.repair.Repaired++
	at := t.bounds.place(s.serial)
	if at == inside {
		i.take(a, size)
		i.measure(s.sent, arrived, 1)
	}
	i.place(came, t, s, at)
}

// reported takes in a sender report.
func (i *inbox) reported(r *rtcp.SenderReport, now int64) {
	for _, f := range i.flows {
		if f.ssrc == r.SSRC {
			f.report, f.reported = uint32(r.NTPTime>>16), now
		}
	}
}

// loss throws packets away on purpose. The zero value throws none away.
type loss struct {
	below uint32 // of a random number
	state uint64
}

func newLoss(fraction float64) loss {
	return loss{below: uint32(fraction * (1<<32 - 1)), state: uint64(randomSSRC())<<32 | uint64(randomSSRC())}
}

// strikes tells whether the next packet is thrown away (xorshift64).
func (l *loss) strikes() bool {
	if l.below == 0 {
		return false
	}
	l.state ^= l.state << 13
	l.state ^= l.state >> 7
	l.state ^= l.state << 17
	return uint32(l.state>>32) < l.below
}
