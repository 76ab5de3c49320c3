package plane

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/internal/speaker"
)

// replaceEvery is how often a stream may be replaced by one with another SSRC: a
// publisher that alternates would cost a new history each time.
const replaceEvery = time.Second

// Fanout is a publication on this core: the streams that come in and those that
// go out. Owned by the plane.
type Fanout struct {
	plane     *Plane
	transport *Transport // of the publisher; nil in a mirror
	id        ID
	spec      Publication
	kinds     [128]packet.Codec // by payload type of media
	repairs   [128]uint8        // payload type of media by that of its RTX
	rates     [128]uint32       // RTP clock by payload type
	encodings []*Inbound        // one per RID, or one; nil until known
	outbounds []*Outbound
	survey    survey
	wants     wanted
	mirrors   []int // cores that have one, of held and shown
	arrivals  []arrival
	listed    bool // in the fans of the delivery

	keys        nack.KeyFrames
	askedOrigin mono.Time // in a mirror: when it wanted a key frame
	askedUrgent bool      // and how much
	nextReplace mono.Time

	input    *input // of plain RTP; nil for what was negotiated
	voice    speaker.Voice
	reported Event // the last EventLevel

	enlisted   *Enlist // in a group; nil in none, and in a mirror
	held       []int   // of mirrors: for subscriptions there
	shown      []int   // of mirrors: for slots there that follow
	subscribed bool    // of a mirror: somebody here may be subscribed
	followed   *group  // of a mirror: slots here may follow it
}

func newFanout(p *Plane, t *Transport, id ID, spec Publication, now mono.Time) *Fanout {
	spec.RIDs = spec.RIDs[:min(len(spec.RIDs), layer.MaxEncodings)]
	n := max(1, len(spec.RIDs))
	f := &Fanout{
		plane:     p,
		transport: t,
		id:        id,
		spec:      spec,
		encodings: make([]*Inbound, n),
		survey:    newSurvey(n),
		wants:     newWanted(now, n),
		reported:  Event{Level: 127},
	}
	for _, k := range spec.Codecs {
		f.kinds[k.PayloadType&0x7f] = k.Codec
		f.rates[k.PayloadType&0x7f] = k.ClockRate
		if k.RTX != 0 {
			f.repairs[k.RTX&0x7f] = k.PayloadType
			f.rates[k.RTX&0x7f] = k.ClockRate
		}
	}
	return f
}

// accepts tells whether the section negotiated the payload type.
func (f *Fanout) accepts(pt uint8) bool { return f.rates[pt&0x7f] != 0 }

// declare adds the streams that the description names.
func (f *Fanout) declare(now mono.Time) {
	for i, s := range f.spec.Streams {
		if i >= len(f.encodings) {
			return
		}
		f.addMedia(now, s.SSRC, i, f.spec.Codecs[0].ClockRate)
		if s.RTX != 0 {
			f.addRepair(now, s.RTX, i)
		}
	}
}

// discover maps an SSRC that no description declared to an encoding, by the RID
// and repaired-RID extensions (RFC 8852), which packets carry until the first
// report about their SSRC. It returns nil if that cannot be told.
func (f *Fanout) discover(now mono.Time, v packet.View, b []byte) *Inbound {
	if !f.accepts(v.PayloadType) {
		return nil
	}
	repair := f.repairs[v.PayloadType&0x7f] != 0
	name := packet.ExtRID
	if repair {
		name = packet.ExtRepairedRID
	}
	encoding := 0
	if len(f.spec.RIDs) > 0 {
		encoding = f.encoding(v.Extension(b, f.spec.Extensions[name]))
	}
	if encoding < 0 {
		return nil
	}
	if repair {
		return f.addRepair(now, v.SSRC, encoding)
	}
	return f.addMedia(now, v.SSRC, encoding, f.rates[v.PayloadType&0x7f])
}

func (f *Fanout) encoding(rid []byte) int {
	for i, r := range f.spec.RIDs {
		if string(rid) == r {
			return i
		}
	}
	return -1
}

// addMedia makes ssrc the stream of an encoding; a publisher that starts anew
// with another SSRC replaces its old stream. It is nil if that happened a moment
// ago.
func (f *Fanout) addMedia(now mono.Time, ssrc uint32, encoding int, rate uint32) *Inbound {
	if f.transport.inbounds[ssrc] != nil {
		return nil
	}
	if old := f.encodings[encoding]; old != nil {
		if !f.mayReplace(now, old) {
			return nil
		}
		f.forget(old)
	}
	in := f.newInbound(ssrc, encoding, rate)
	if f.spec.NACK {
		in.repair = nack.New(nack.Config{})
	}
	f.encodings[encoding] = in
	f.reportEarly(now)
	return in
}

// addRepair makes ssrc the retransmission stream of an encoding. It is nil
// while the encoding itself is not known: probes come before the first media.
func (f *Fanout) addRepair(now mono.Time, ssrc uint32, encoding int) *Inbound {
	media := f.encodings[encoding]
	if media == nil || f.transport.inbounds[ssrc] != nil {
		return nil
	}
	if old := media.rtx; old != nil {
		if !f.mayReplace(now, old) {
			return nil
		}
		f.forget(old)
	}
	in := f.newInbound(ssrc, encoding, media.receiver.Rate())
	in.media, media.rtx = media, in
	f.reportEarly(now)
	return in
}

// mayReplace tells whether a stream may give way to another.
func (f *Fanout) mayReplace(now mono.Time, old *Inbound) bool {
	if !old.receiver.Started() {
		return true
	}
	if now < f.nextReplace {
		return false
	}
	f.nextReplace = now.Add(replaceEvery)
	return true
}

func (f *Fanout) newInbound(ssrc uint32, encoding int, rate uint32) *Inbound {
	in := &Inbound{
		fan:      f,
		ssrc:     ssrc,
		serial:   f.plane.nextSerial(),
		encoding: encoding,
		receiver: report.NewReceiver(ssrc, rate),
		account:  account{payer: PayInbound},
	}
	in.stats.SSRC, in.stats.ClockRate, in.stats.MID = ssrc, rate, f.spec.MID
	if len(f.spec.RIDs) > 0 {
		in.stats.RID = f.spec.RIDs[encoding]
	}
	f.transport.inbounds[ssrc] = in
	return in
}

// reportEarly brings the next receiver report forward, since the sender repeats
// MID and RID on every packet until it has seen one.
func (f *Fanout) reportEarly(now mono.Time) {
	t := f.transport
	t.nextReport = min(t.nextReport, now.Add(reportEarly))
	f.plane.timers.hasten(t, t.nextReport)
}

// forget removes a stream and its retransmission stream. What slots were sent
// of it cannot be sent again: they would keep the history for a long time.
func (f *Fanout) forget(in *Inbound) {
	if t := f.transport; t != nil {
		delete(t.inbounds, in.ssrc)
		t.inherit(&in.account)
		if in.rtx != nil {
			delete(t.inbounds, in.rtx.ssrc)
			t.inherit(&in.rtx.account)
		}
		t.newest = nil
	}
	if in.media != nil {
		in.media.rtx = nil
	}
	in.history = nil
	f.arrivals = slices.DeleteFunc(f.arrivals, func(a arrival) bool { return a.in == in })
	for _, o := range f.outbounds {
		if o.current == in {
			o.stop()
		}
	}
}

// take keeps one packet for everyone who subscribed to the publication.
func (f *Fanout) take(now mono.Time, in *Inbound, e *nack.Entry, b []byte) {
	if f.spec.Audio {
		f.listen(now, e.View, b)
	} else if e.Frame.Key && e.Frame.Start {
		f.keys.Came(in.encoding)
	}
	if f.shed() {
		return
	}
	f.handOver(in, e, b)
	if len(f.outbounds) == 0 {
		return
	}
	d := &f.plane.delivery
	if !f.listed {
		f.listed = true
		d.fans = append(d.fans, f)
	}
	d.packets++
	f.arrivals = append(f.arrivals, arrival{in: in, entry: *e, b: b})
}

// listen follows the audio level (RFC 6464).
func (f *Fanout) listen(now mono.Time, v packet.View, b []byte) {
	if f.transport == nil {
		return
	}
	id := f.spec.Extensions[packet.ExtAudioLevel]
	if dbov, voice, ok := packet.VoiceLevel(v.Extension(b, id)); id != 0 && ok {
		f.voice.Push(now, dbov, voice)
	} else if id == 0 && v.PayloadSize > mostUpdate {
		f.voice.PushUnknown(now)
	}
}

func (f *Fanout) reportLevel(now mono.Time) {
	dbov, speaking := f.voice.Level.Value(now)
	e := Event{Kind: EventLevel, Transport: f.transport.id, Publication: f.id, Level: dbov, Speaking: speaking}
	if e.Level != f.reported.Level || e.Speaking != f.reported.Speaking {
		f.reported = e
		f.plane.emit(e)
	}
}

// blocks appends the report blocks of the streams.
func (f *Fanout) blocks(now mono.Time, out []report.Block) []report.Block {
	for _, in := range f.encodings {
		if in == nil || !in.receiver.Started() {
			continue
		}
		out = append(out, in.receiver.Block(now))
		if in.rtx != nil && in.rtx.receiver.Started() {
			out = append(out, in.rtx.receiver.Block(now))
		}
	}
	return out
}
