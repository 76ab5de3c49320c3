package sfu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// PeerOptions configures a [Peer].
type PeerOptions struct {
	// ID names the peer in logs and stats. If empty, one is made up.
	ID string
	// Near, if set, asks to place the peer on the same worker as this one, so
	// that packets between them never change cores. Use it for one room. A
	// worker that is loaded or crowded takes no more.
	Near *Peer
	// Codecs lists what the peer may negotiate, most preferred first: what it
	// sends is answered in this order, and of H.264 in one profile, so that all
	// peers with the same list can watch each other. If nil, [Config.Codecs].
	Codecs []webrtc.RTPCodecParameters
	// Handlers are called one at a time from a goroutine of the peer's own, never
	// concurrently, and never after OnClosed returned. They may call any
	// method, but not wait for [Server.Close].
	Handlers PeerHandlers
}

// PeerHandlers are the events of a peer. Nil fields are skipped.
type PeerHandlers struct {
	// OnPublish is called when an answered offer added a send section. No
	// method waits for a handler: Answer may return before or after it, and
	// [Peer.Publications] is true at once. Packets may come later or never.
	OnPublish func(*Publication)
	// OnUnpublish is called when a publication ended: its section was stopped,
	// or it or its peer was closed.
	OnUnpublish func(*Publication)
	// OnShow is called when a slot that follows a [Rule] shows another
	// publication; [Subscription.Publication] tells which. Changes that are over
	// by then are skipped.
	OnShow func(*Subscription)
	// OnDemand is called when subscribers want other encodings of a video
	// publication than before, with the RIDs of those that somebody wants: one
	// that is empty without simulcast, none if nobody watches. It is called at
	// once when more are wanted, after 2.5 s when fewer are. At first all are.
	OnDemand func(pub *Publication, rids []string)
	// OnDataChannel is called when the peer opened a data channel. No message is
	// read before it has returned, so that its handlers can be set in time.
	OnDataChannel func(*webrtc.DataChannel)
	// OnState reports changes of the transport.
	OnState func(webrtc.PeerConnectionState)
	// OnSilence is called with true when nothing authenticated (connectivity
	// check, SRTP, SRTCP) was heard from the peer for 4 s, also at the start,
	// and with false when it is heard again.
	OnSilence func(silent bool)
	// OnClosed is the last event. The error is nil after [Peer.Close].
	OnClosed func(error)
}

// mostDataChannels is how many data channels a peer may open in its life.
const mostDataChannels = 256

// Errors that OnClosed reports.
var (
	errGone   = errors.New("sfu: the peer ended the transport")
	errFailed = errors.New("sfu: the transport failed")
	// errChannels is for a peer that opens data channels without end, each of
	// which costs memory for the life of the peer.
	errChannels = errors.New("sfu: too many data channels")
	errBug      = errors.New("sfu: closed by a bug in the data plane, see the log")
)

// Peer is one remote WebRTC endpoint: one bundled ICE and DTLS transport.
type Peer struct {
	server   *Server
	id       string
	key      plane.ID
	log      *slog.Logger
	handlers PeerHandlers
	pc       *pionpc.PC    // nil in an input's
	input    *Input        // nil in others
	turn     chan struct{} // holds a token while a negotiation runs
	near     *Peer         // nil once the peer is placed
	place    atomic.Int32  // index of its worker; changes under server.mu and server.paths.mu
	silent   atomic.Bool
	done     chan struct{}
	calls    calls
	channels atomic.Int32 // data channels opened so far

	// Guarded by server.mu.
	publications []*Publication
	slots        []*slot // in the order of the media sections
	closed       bool

	// Guarded by server.paths.mu.
	path plane.Path
	gone bool // no path is bound any more
}

// slot is a receive-only section.
type slot struct {
	key     plane.ID
	section pionpc.Section
	sub     *Subscription // nil if free
}

// Slot is a receive-only media section that the remote side offered.
type Slot struct {
	MID  string // identification tag of the section (RFC 9143)
	Kind webrtc.RTPCodecType
	// Subscription is what the slot shows; nil if it is free.
	Subscription *Subscription
}

func newPeer(s *Server, opts PeerOptions) *Peer {
	p := &Peer{
		server:   s,
		id:       opts.ID,
		log:      s.log.With("peer", opts.ID),
		handlers: opts.Handlers,
		near:     opts.Near,
		turn:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	p.calls.ended = func() {
		close(p.done)
		s.ended.Done()
	}
	return p
}

// ID returns the name given in [PeerOptions].
func (p *Peer) ID() string { return p.id }

// Done is closed when the peer is closed and its last handler has returned.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Silent tells whether nothing authenticated was heard from the peer for 4 s.
func (p *Peer) Silent() bool { return p.silent.Load() }

// Publications returns what the peer sends now, oldest first.
func (p *Peer) Publications() []*Publication {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return slices.Clone(p.publications)
}

// Slots returns the receive-only sections in the order of the offer.
func (p *Peer) Slots() []Slot {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	list := make([]Slot, 0, len(p.slots))
	for _, s := range p.slots {
		list = append(list, Slot{MID: s.section.MID, Kind: kindOf(s.section.Audio), Subscription: s.sub})
	}
	return list
}

// AnswerOptions tunes one answer. The zero value suits a client anywhere.
type AnswerOptions struct {
	// Loopback announces loopback addresses too, for a client on this machine.
	Loopback bool
}

// Answer applies a remote offer and returns the answer, with all candidates in
// it (the server is ICE-lite, RFC 8445 section 2.5, and does not trickle).
// Send sections of the offer become publications, receive-only ones become
// slots for [Peer.Subscribe]. Offering again adds or removes sections, or
// restarts ICE. The server never offers, so offers cannot cross. Candidates in
// the offer are ignored: the server answers where checks come from.
//
// One negotiation runs at a time; others wait for their turn or for ctx. It
// fails with [ErrBadDescription] or [ErrNoCodec], which leave the peer as it
// was; any other failure in the middle of a negotiation closes it.
func (p *Peer) Answer(ctx context.Context, offer webrtc.SessionDescription, opts AnswerOptions) (webrtc.SessionDescription, error) {
	none := webrtc.SessionDescription{}
	if p.input != nil {
		return none, fmt.Errorf("%w: an input does not negotiate", ErrBadDescription)
	}
	if offer.Type != webrtc.SDPTypeOffer {
		return none, fmt.Errorf("%w: type %v, want an offer", ErrBadDescription, offer.Type)
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return none, ctx.Err()
	case <-p.done:
		return none, ErrClosed
	}
	answer, err := p.pc.Answer(ctx, offer.SDP, opts.Loopback)
	if err != nil {
		err = p.describe(err)
		if p.pc.Stuck() {
			p.calls.add(func() { p.end(errFailed) })
		}
		return none, err
	}
	if err := p.apply(answer.Sections); err != nil {
		return none, err
	}
	return webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}, nil
}

// describe gives an error of the control plane this package's name.
func (p *Peer) describe(err error) error {
	p.server.mu.Lock()
	closed := p.closed
	p.server.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case errors.Is(err, pionpc.ErrNoCodec):
		return fmt.Errorf("%w: %w", ErrNoCodec, err)
	case errors.Is(err, pionpc.ErrBadDescription):
		return fmt.Errorf("%w: %w", ErrBadDescription, err)
	}
	return fmt.Errorf("sfu: answer peer %s: %w", p.id, err)
}

// Close ends the peer, its publications and its subscriptions. It does not wait
// for handlers; see [Peer.Done].
func (p *Peer) Close() error {
	p.end(nil)
	return nil
}

// end closes the peer once.
func (p *Peer) end(reason error) {
	s := p.server
	s.mu.Lock()
	if p.closed {
		s.mu.Unlock()
		return
	}
	p.closed = true
	for len(p.publications) > 0 {
		p.publications[0].end()
	}
	for _, slot := range p.slots {
		if slot.sub != nil {
			slot.sub.end()
		}
	}
	p.slots = nil
	delete(s.peers, p)
	s.population[p.worker()]--
	s.live.Delete(p.key)
	p.post(plane.RemoveTransport{Transport: p.key})
	s.mu.Unlock()
	s.unbind(p)
	p.disconnect()
	p.calls.end(func() {
		if p.handlers.OnClosed != nil {
			p.handlers.OnClosed(reason)
		}
	})
}

// disconnect ends what the peer was connected by.
func (p *Peer) disconnect() {
	if p.input != nil {
		p.input.close()
		return
	}
	if err := p.pc.Close(); err != nil {
		p.log.Debug("close peer connection", "err", err)
	}
}

func (p *Peer) onKeys(k srtp.Keys) {
	opener, err := srtp.NewOpener(k.Profile, k.RemoteKey, k.RemoteSalt)
	if err == nil {
		var sealer *srtp.Sealer
		if sealer, err = srtp.NewSealer(k.Profile, k.LocalKey, k.LocalSalt); err == nil {
			p.post(plane.SetKeys{Transport: p.key, Opener: opener, Sealer: sealer})
			return
		}
	}
	p.onRefused(err)
}

// onRefused is called when there are no keys that could be used.
func (p *Peer) onRefused(err error) {
	p.log.Debug("no keys", "err", err)
	p.calls.add(func() { p.end(errFailed) })
}

func (p *Peer) onPair(local netip.Addr, remote netip.AddrPort) {
	p.log.Debug("path selected", "remote", remote.String())
	p.server.bind(p, plane.Path{Local: local, Remote: remote})
}

func (p *Peer) onState(state webrtc.PeerConnectionState) {
	p.calls.add(func() {
		if p.handlers.OnState != nil {
			p.handlers.OnState(state)
		}
		switch state {
		case webrtc.PeerConnectionStateClosed:
			p.end(errGone)
		case webrtc.PeerConnectionStateFailed:
			p.end(errFailed)
		}
	})
}

// onDataChannel returns a channel that is closed when the handler has returned.
func (p *Peer) onDataChannel(c *webrtc.DataChannel) <-chan struct{} {
	handled := make(chan struct{})
	if p.channels.Add(1) > mostDataChannels {
		p.calls.add(func() { p.end(errChannels) })
		return handled
	}
	p.calls.add(func() {
		defer close(handled)
		if p.handlers.OnDataChannel != nil {
			p.handlers.OnDataChannel(c)
		}
	})
	return handled
}

// onEvent is called by the peer's worker.
func (p *Peer) onEvent(e plane.Event) {
	switch e.Kind {
	case plane.EventSilent, plane.EventHeard:
		silent := e.Kind == plane.EventSilent
		p.silent.Store(silent)
		p.calls.add(func() {
			if p.handlers.OnSilence != nil {
				p.handlers.OnSilence(silent)
			}
		})
	case plane.EventLayer:
		p.calls.add(func() { p.onLayer(e) })
	case plane.EventFailed:
		p.calls.add(func() { p.end(errBug) })
	}
}
