package sfu

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// silence is the audio level of nothing (RFC 6464).
const silence = 127

// Publication is one track that a peer sends. With simulcast it has several
// encodings (RFC 8853).
type Publication struct {
	peer    *Peer
	key     plane.ID
	section pionpc.Section
	spec    plane.Publication
	level   atomic.Uint32 // -dBov, and bit 8 for speech
	offer   atomic.Pointer[layer.Ladder]
	routes  atomic.Pointer[[]*plane.Route] // those made first, see route
	done    chan struct{}

	// Guarded by server.mu.
	subs    []*Subscription
	mirrors []int // subscriptions of each worker but the publisher's; nil if none ever
	group   *Group
	closed  bool
}

func newPublication(p *Peer, key plane.ID, c pionpc.Section, spec plane.Publication) *Publication {
	pub := &Publication{peer: p, key: key, section: c, spec: spec, done: make(chan struct{})}
	pub.level.Store(silence)
	return pub
}

// ID identifies the publication on this server.
func (p *Publication) ID() string { return "p" + strconv.FormatUint(uint64(p.key), 36) }

// Number identifies the publication in forwarded packets: it is their one
// contributing source (CSRC, RFC 3550 section 5.1).
func (p *Publication) Number() uint32 { return uint32(p.key) }

// Peer returns the publishing peer.
func (p *Publication) Peer() *Peer { return p.peer }

// Kind tells audio from video.
func (p *Publication) Kind() webrtc.RTPCodecType { return kindOf(p.section.Audio) }

// Codec returns the codec that was negotiated first, redundancy apart; the
// publisher may change to another of its section at any time.
func (p *Publication) Codec() webrtc.RTPCodecParameters {
	c := p.section.Codecs[max(0, firstMedia(p.section.Codecs))]
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: c.MimeType, ClockRate: c.ClockRate, Channels: c.Channels, SDPFmtpLine: c.Fmtp,
		},
		PayloadType: webrtc.PayloadType(c.PayloadType),
	}
}

// MID returns the identification tag of the media section (RFC 9143).
func (p *Publication) MID() string { return p.section.MID }

// StreamID returns the media stream that the browser put the track in
// (RFC 8830).
func (p *Publication) StreamID() string { return p.section.StreamID }

// AudioLevel returns the smoothed level in -dBov (RFC 6464), where 0 is loudest
// and 127 is silence, and whether it is speech. It is at most 100 ms old.
func (p *Publication) AudioLevel() (dbov uint8, speaking bool) {
	v := p.level.Load()
	return uint8(v), v&0x100 != 0
}

// onEvent is called by a worker.
func (p *Publication) onEvent(e plane.Event) {
	switch e.Kind {
	case plane.EventKeyFrame:
		p.peer.server.workers[p.peer.worker()].TryPost(plane.AskKeyFrame{
			Publication: p.key, Encoding: e.Encoding, Urgent: e.Urgent,
		})
	case plane.EventOffer:
		p.offer.Store(e.Ladder)
	case plane.EventDemand:
		p.onDemand(e.Encodings)
	case plane.EventFeedback:
		p.peer.input.answer(p.key, e.Feedback)
	case plane.EventFailed: // on another core than the peer's
		p.peer.calls.add(func() { p.peer.end(errBug) })
	case plane.EventLevel:
		v := uint32(e.Level)
		if e.Speaking {
			v |= 0x100
		}
		p.level.Store(v)
	}
}

// RequestKeyFrame asks the publisher for a key frame (RFC 4585 PLI). Requests
// of all subscribers are merged, and a publisher is asked at most twice in a
// row and then once a second, at least 320 ms and a round trip apart.
func (p *Publication) RequestKeyFrame() error {
	s := p.peer.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.peer.post(plane.AskKeyFrame{Publication: p.key})
	return nil
}

// Done is closed when the publication has ended.
func (p *Publication) Done() <-chan struct{} { return p.done }

// Close removes the publication and all its subscriptions. The peer may go on
// sending; what it sends is dropped.
func (p *Publication) Close() error {
	s := p.peer.server
	s.mu.Lock()
	defer s.mu.Unlock()
	p.end()
	return nil
}

// end removes the publication. The caller holds the server's mutex.
func (p *Publication) end() {
	if p.closed {
		return
	}
	p.closed = true
	close(p.done)
	for len(p.subs) > 0 {
		p.subs[0].end()
	}
	p.delist()
	owner := p.peer
	owner.publications = slices.DeleteFunc(owner.publications, func(x *Publication) bool { return x == p })
	owner.server.live.Delete(p.key)
	owner.post(plane.RemovePublication{Publication: p.key})
	owner.calls.add(func() {
		if owner.handlers.OnUnpublish != nil {
			owner.handlers.OnUnpublish(p)
		}
	})
}
