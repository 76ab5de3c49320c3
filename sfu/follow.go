package sfu

import (
	"fmt"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// RuleKind tells what a followed slot shows.
type RuleKind uint8

// Kinds of rules.
const (
	// RuleLoudest, of audio slots: one of the loudest voices.
	RuleLoudest = RuleKind(plane.ListLoudest)
	// RuleSpeaker, of video slots: the camera of who speaks, or of who spoke last.
	RuleSpeaker = RuleKind(plane.ListSpeakers)
	// RuleScreen, of video slots: the screen that was shared last.
	RuleScreen = RuleKind(plane.ListScreens)
)

// mostRank is the number of ranks of each kind.
var mostRank = [...]int{RuleLoudest: 15, RuleSpeaker: 7, RuleScreen: 7}

// Rule says what a followed slot shows. The zero value is the loudest voice.
type Rule struct {
	Kind RuleKind
	// Rank is the place among those that the kind shows, from 0, without the
	// follower's own; less than 15 for voices and 7 for pictures. The slots of one
	// peer with ranks 0 to k-1 show the first k, each once, and who rises or falls
	// among them stays in the same slot.
	Rank int
	// Except lists publications that the rule does not show, and neither do
	// other rules of the kind in slots of the same peer.
	Except []*Publication
}

// Follow binds a slot to a rule instead of one publication: from now on it shows
// what the rule says, audio at once and video from the next key frame on, until
// which what was shown goes on. That needs no negotiation and nothing of the
// caller. The peer's own publications are never shown, and voices that it is
// subscribed to keep their slots and are not shown by a rule as well.
//
// [Subscription.Publication] tells what is shown, and [PeerHandlers.OnShow] when
// that changes. A slot that opts.MID names is taken over from the subscription
// that has it, and goes on with what it shows if the rule shows that, too: so to
// change a rule, follow again.
//
// It fails with [ErrNoSlot] if no slot of the kind is free, [ErrUnknownSlot] if
// opts.MID names none, [ErrNoRule] if there is no such kind or rank, or
// [ErrClosed].
func (p *Peer) Follow(g *Group, rule Rule, opts SubscribeOptions) (*Subscription, error) {
	if int(rule.Kind) >= len(mostRank) || rule.Rank < 0 || rule.Rank >= mostRank[rule.Kind] {
		return nil, fmt.Errorf("%w: kind %d, rank %d", ErrNoRule, rule.Kind, rule.Rank)
	}
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	slot, err := p.choose(rule.Kind == RuleLoudest, opts.MID)
	if err != nil {
		return nil, err
	}
	a := g.use(p)
	sub := &Subscription{peer: p, slot: slot, group: g, opts: opts}
	old := slot.sub
	if old != nil { // goes on, until the worker says what else
		sub.shown.Store(old.shown.Load())
		if old.pub != nil {
			sub.shown.Store(uint32(old.pub.key))
		}
	}
	slot.sub = sub
	s.live.Store(slot.key, sub)
	p.post(plane.Follow{
		Slot: slot.key, Group: a.key, Home: a.home, Paused: opts.Paused, Demand: sub.demand(),
		Rule:  plane.Rule{List: plane.List(rule.Kind), Rank: rule.Rank, Except: rule.except()},
		Route: slot.route(s),
	})
	if old != nil {
		old.closed = true
		if old.pub != nil {
			old.pub.subs = without(old.pub.subs, old)
		}
		p.forsake(old.pub, old.group)
	}
	p.share(sub)
	return sub, nil
}

func (r *Rule) except() (keys []plane.ID) {
	for _, p := range r.Except {
		keys = append(keys, p.key)
	}
	return keys
}

// route returns what names the packets of any publication in the slot. It is
// called by workers: it takes no lock, and what it reads never changes.
func (s *slot) route(server *Server) func(plane.ID) *plane.Route {
	section := &s.section
	return func(key plane.ID) *plane.Route {
		pub := server.alive(key)
		if pub == nil {
			return nil
		}
		return pub.route(section)
	}
}

// forsake lets go what a subscription had: a publication, or the group that it
// followed. The caller holds the server's mutex.
func (p *Peer) forsake(pub *Publication, g *Group) {
	if g != nil {
		g.release()
		return
	}
	pub.leave(p.worker())
}

// onEvent is called by the peer's worker.
func (s *Subscription) onEvent(e plane.Event) {
	s.shown.Store(uint32(e.Publication))
	if s.peer.handlers.OnShow == nil || s.pending.Swap(true) {
		return
	}
	s.peer.calls.add(func() {
		s.pending.Store(false)
		s.peer.handlers.OnShow(s)
	})
}

// Kind tells audio from video.
func (s *Subscription) Kind() webrtc.RTPCodecType { return kindOf(s.slot.section.Audio) }
