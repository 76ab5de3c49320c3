package sfu

import (
	"strings"
	"sync/atomic"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// SubscribeOptions configures a [Subscription]. The zero value sends the best
// quality to any free slot at once.
type SubscribeOptions struct {
	// Max limits the layer, for instance for a thumbnail. Nil means [MaxLayer].
	Max *Layer
	// MaxWidth and MaxHeight, in pixels, say how large the picture is shown: the
	// smallest layer is sent that fills one of them, or nearly. Zero means as
	// large as it comes.
	MaxWidth, MaxHeight int
	// MaxFrameRate limits frames per second. Zero means no limit.
	MaxFrameRate float64
	// OnLayer is called as the handlers of the subscribing peer are, when another
	// layer of a video publication is being sent; first with the one that it
	// begins with. [Subscription.Update] does not change it.
	OnLayer func(LayerInfo)
	// MID names the slot to use. If empty, any free one of the right kind;
	// [Subscription.Update] ignores it.
	MID string
	// Paused keeps the slot without sending.
	Paused bool
}

// Subscription is one publication as sent to one peer, or what a [Rule] says.
type Subscription struct {
	peer    *Peer
	slot    *slot
	shown   atomic.Uint32 // key of the publication, by a rule
	pending atomic.Bool   // OnShow is about to be called

	// Guarded by server.mu.
	pub    *Publication // nil while group is not
	group  *Group       // that is followed; nil without a rule
	opts   SubscribeOptions
	layer  LayerInfo
	closed bool
}

// Subscribe binds pub to a slot of the peer and starts sending it, video from
// the newest key frame on if it is at most a second old, else from the next. No
// negotiation is needed. Subscribing twice returns the same subscription, and
// ignores opts. It fails with [ErrNoSlot] if no slot of the kind is free,
// [ErrUnknownSlot] if opts.MID names none, [ErrNoCodec] if the slot cannot decode
// pub, or [ErrClosed]. A slot that opts.MID names is taken from the subscription
// that has it.
func (p *Peer) Subscribe(pub *Publication, opts SubscribeOptions) (*Subscription, error) {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed || pub.closed {
		return nil, ErrClosed
	}
	for _, sub := range pub.subs {
		if sub.peer == p && (opts.MID == "" || opts.MID == sub.slot.section.MID) {
			return sub, nil
		}
	}
	slot, err := p.choose(pub.section.Audio, opts.MID)
	if err != nil {
		return nil, err
	}
	r := pub.route(&slot.section)
	if r == nil {
		return nil, ErrNoCodec
	}
	if slot.sub != nil {
		slot.sub.end()
	}
	sub := &Subscription{peer: p, slot: slot, pub: pub, opts: opts}
	slot.sub = sub
	pub.subs = append(pub.subs, sub)
	pub.reach(p.worker())
	sub.bind(r)
	p.share(sub)
	return sub, nil
}

// bind shows the publication in the slot. The caller holds the server's mutex.
func (s *Subscription) bind(r *plane.Route) {
	s.layer = LayerInfo{}
	s.peer.post(plane.Bind{
		Slot: s.slot.key, Publication: s.pub.key, Route: r, Paused: s.opts.Paused, Demand: s.demand(),
	})
}

// Fallback returns a codec in which the peer could be sent a publication that it
// cannot decode: one that pub's section negotiated beside the one that is sent,
// by its name, such as "H264". False if there is none.
func (p *Peer) Fallback(pub *Publication) (codec string, ok bool) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	for _, c := range pub.section.Codecs {
		for _, s := range p.slots {
			if s.section.Audio == pub.section.Audio && decodes(&s.section, c) {
				_, name, _ := strings.Cut(c.MimeType, "/")
				return name, true
			}
		}
	}
	return "", false
}

// choose finds a slot of a kind. The caller holds the server's mutex.
func (p *Peer) choose(audio bool, mid string) (*slot, error) {
	if mid != "" {
		if s := p.slot(mid); s != nil && s.section.Audio == audio {
			return s, nil
		}
		return nil, ErrUnknownSlot
	}
	for _, s := range p.slots {
		if s.sub == nil && s.section.Audio == audio {
			return s, nil
		}
	}
	return nil, ErrNoSlot
}

// Publication returns what is subscribed to; for a slot that follows a rule what
// it shows now, or nil.
func (s *Subscription) Publication() *Publication {
	s.peer.server.mu.Lock()
	defer s.peer.server.mu.Unlock()
	return s.publication()
}

// publication is Publication for a caller that holds the server's mutex.
func (s *Subscription) publication() *Publication {
	if s.group != nil {
		return s.peer.server.alive(plane.ID(s.shown.Load()))
	}
	return s.pub
}

// Peer returns the subscriber.
func (s *Subscription) Peer() *Peer { return s.peer }

// MID returns the media section (slot) that carries the subscription.
func (s *Subscription) MID() string { return s.slot.section.MID }

// Layer returns what is being sent of a video publication; the zero value before
// the first picture.
func (s *Subscription) Layer() LayerInfo {
	s.peer.server.mu.Lock()
	defer s.peer.server.mu.Unlock()
	return s.layer
}

// Update changes how large and how often pictures are shown, and pauses or
// resumes sending. No negotiation is needed. A larger picture comes with a key
// frame, which is asked for; video resumes with one too.
func (s *Subscription) Update(opts SubscribeOptions) error {
	srv := s.peer.server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	opts.OnLayer = s.opts.OnLayer
	paused := s.opts.Paused
	s.opts = opts
	s.peer.post(plane.Show{Slot: s.slot.key, Demand: s.demand()})
	s.peer.post(plane.Pause{Slot: s.slot.key, Paused: opts.Paused})
	if paused != opts.Paused {
		s.peer.share(s)
	}
	return nil
}

// Replace makes the subscription show another publication of the same kind
// without negotiation, video from its newest or next key frame on. The receiver
// sees one continuous stream. The codec may change if the slot negotiated both. A
// slot that followed a rule does not any more. It fails with [ErrUnknownSlot] if
// the kinds differ, [ErrNoCodec] or [ErrClosed].
func (s *Subscription) Replace(pub *Publication) error {
	srv := s.peer.server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	switch {
	case s.closed || pub.closed:
		return ErrClosed
	case pub.section.Audio != s.slot.section.Audio:
		return ErrUnknownSlot
	case pub == s.pub:
		return nil
	}
	r := pub.route(&s.slot.section)
	if r == nil {
		return ErrNoCodec
	}
	old, group := s.pub, s.group
	if old != nil {
		old.subs = without(old.subs, s)
	}
	srv.live.Delete(s.slot.key)
	s.pub, s.group = pub, nil
	pub.subs = append(pub.subs, s)
	pub.reach(s.peer.worker())
	s.bind(r)
	s.peer.forsake(old, group)
	return nil
}

// Close stops sending and frees the slot.
func (s *Subscription) Close() error {
	srv := s.peer.server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	s.end()
	return nil
}

// end frees the slot. The caller holds the server's mutex.
func (s *Subscription) end() {
	if s.closed {
		return
	}
	s.closed = true
	s.slot.sub = nil
	s.peer.server.live.Delete(s.slot.key)
	s.peer.post(plane.Unbind{Slot: s.slot.key})
	s.peer.share(s)
	if s.pub != nil {
		s.pub.subs = without(s.pub.subs, s)
	}
	s.peer.forsake(s.pub, s.group)
}
