package sfu

import (
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// SubscribeOptions configures a [Subscription]. The zero value sends to any
// free slot at once.
type SubscribeOptions struct {
	// MID names the slot to use. If empty, any free one of the right kind;
	// [Subscription.Update] ignores it.
	MID string
	// Paused keeps the slot without sending.
	Paused bool
}

// Subscription is one publication as sent to one peer.
type Subscription struct {
	peer *Peer
	slot *slot

	// Guarded by server.mu.
	pub    *Publication
	paused bool
	closed bool
}

// Subscribe binds pub to a slot of the peer and starts sending it, video from
// the next key frame on. No negotiation is needed. Subscribing twice returns
// the same subscription, and ignores opts. It fails with [ErrNoSlot] if no slot
// of the kind is free, [ErrUnknownSlot] if opts.MID names none, [ErrNoCodec] if
// the slot cannot decode pub, or [ErrClosed]. A slot that opts.MID names is
// taken from the subscription that has it.
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
	slot, err := p.choose(pub, opts.MID)
	if err != nil {
		return nil, err
	}
	r := route(&pub.section, &slot.section)
	if r == nil {
		return nil, ErrNoCodec
	}
	if slot.sub != nil {
		slot.sub.end()
	}
	sub := &Subscription{peer: p, slot: slot, pub: pub, paused: opts.Paused}
	slot.sub = sub
	pub.subs = append(pub.subs, sub)
	pub.reach(p.worker())
	p.post(plane.Bind{Slot: slot.key, Publication: pub.key, Route: r, Paused: opts.Paused})
	return sub, nil
}

// choose finds the slot for a publication. The caller holds the server's mutex.
func (p *Peer) choose(pub *Publication, mid string) (*slot, error) {
	if mid != "" {
		if s := p.slot(mid); s != nil && s.section.Audio == pub.section.Audio {
			return s, nil
		}
		return nil, ErrUnknownSlot
	}
	for _, s := range p.slots {
		if s.sub == nil && s.section.Audio == pub.section.Audio {
			return s, nil
		}
	}
	return nil, ErrNoSlot
}

// Publication returns what is subscribed to.
func (s *Subscription) Publication() *Publication {
	s.peer.server.mu.Lock()
	defer s.peer.server.mu.Unlock()
	return s.pub
}

// Peer returns the subscriber.
func (s *Subscription) Peer() *Peer { return s.peer }

// MID returns the media section (slot) that carries the subscription.
func (s *Subscription) MID() string { return s.slot.section.MID }

// Update pauses or resumes sending. No negotiation is needed. Video resumes at
// the next key frame.
func (s *Subscription) Update(opts SubscribeOptions) error {
	srv := s.peer.server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.paused = opts.Paused
	s.peer.post(plane.Pause{Slot: s.slot.key, Paused: opts.Paused})
	return nil
}

// Replace makes the subscription show another publication of the same kind
// without negotiation, video from its next key frame on. The receiver sees one
// continuous stream. The codec may change if the slot negotiated both. It fails
// with [ErrUnknownSlot] if the kinds differ, [ErrNoCodec] or [ErrClosed].
func (s *Subscription) Replace(pub *Publication) error {
	srv := s.peer.server
	srv.mu.Lock()
	defer srv.mu.Unlock()
	switch {
	case s.closed || pub.closed:
		return ErrClosed
	case pub.section.Audio != s.pub.section.Audio:
		return ErrUnknownSlot
	case pub == s.pub:
		return nil
	}
	r := route(&pub.section, &s.slot.section)
	if r == nil {
		return ErrNoCodec
	}
	old := s.pub
	old.subs = without(old.subs, s)
	s.pub = pub
	pub.subs = append(pub.subs, s)
	pub.reach(s.peer.worker())
	s.peer.post(plane.Bind{Slot: s.slot.key, Publication: pub.key, Route: r, Paused: s.paused})
	old.leave(s.peer.worker())
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
	s.pub.subs = without(s.pub.subs, s)
	s.slot.sub = nil
	s.peer.post(plane.Unbind{Slot: s.slot.key})
	s.pub.leave(s.peer.worker())
}
