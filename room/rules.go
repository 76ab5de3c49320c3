package room

import (
	"maps"
	"slices"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// rule is a slot that follows who speaks or shares.
type rule struct {
	kind   sfu.RuleKind
	rank   int
	except []*sfu.Publication
	w, h   int  // size of the picture, in pixels; 0 is any
	said   bool // by the client; else there are more voices than slots
	sub    *sfu.Subscription
}

// options returns how the slot is used.
func (r *rule) options(mid string, paused bool) sfu.SubscribeOptions {
	return sfu.SubscribeOptions{MID: mid, MaxWidth: r.w, MaxHeight: r.h, Paused: paused}
}

// shows are the words for rules; without one, voices are followed.
var shows = map[string]sfu.RuleKind{"loudest": sfu.RuleLoudest, "speaker": sfu.RuleSpeaker, "screen": sfu.RuleScreen}

// overflows tells whether there are more voices than the member has slots for, so
// that its slots follow the loudest. Up to four have slots of their own, if need
// be after another offer.
func (m *Member) overflows(slots []sfu.Slot) bool {
	if m.audio != "auto" || !m.grant.CanSubscribe {
		return false
	}
	voices := len(m.room.voices) - m.voices - len(m.deafTo())
	return voices > max(pairedSlots, countKind(slots, webrtc.RTPCodecTypeAudio))
}

func countKind(slots []sfu.Slot, kind webrtc.RTPCodecType) (n int) {
	for _, s := range slots {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

// deafTo lists the voices that the client has turned off, oldest first.
func (m *Member) deafTo() (list []*Publication) {
	for id, on := range m.wanted {
		if p := m.room.publication(id); !on && p != nil && p.audio && p.member != m {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, byAge)
	return list
}

// follow makes the slots follow that the client said, and those of voices if
// there are more voices than slots.
func (m *Member) follow() {
	slots := m.peer.Slots()
	m.crowded = m.overflows(slots)
	planned := m.plan(slots)
	for mid, r := range m.rules {
		if planned[mid] == nil {
			m.endRule(mid, r)
		}
	}
	for _, s := range slots {
		want, have := planned[s.MID], m.rules[s.MID]
		if want == nil || have != nil && want.same(have) {
			continue
		}
		what := sfu.Rule{Kind: want.kind, Rank: want.rank, Except: want.except}
		sub, err := m.peer.Follow(m.room.group, what, want.options(s.MID, false))
		if err != nil {
			continue // a slot of the other kind, or one too many
		}
		want.sub = sub
		m.rules[s.MID] = want
		m.forget(s.MID, want.said)
	}
}

// plan says which slots are to follow, and what.
func (m *Member) plan(slots []sfu.Slot) map[string]*rule {
	planned := make(map[string]*rule)
	if !m.grant.CanSubscribe {
		return planned
	}
	var except []*sfu.Publication
	for _, p := range m.deafTo() {
		except = append(except, p.media)
	}
	var ranks [3]int
	for _, s := range slots {
		arg, said := m.ruled[s.MID]
		kind := shows[arg.Show]
		audio := s.Kind == webrtc.RTPCodecTypeAudio
		if !said && (!m.crowded || !audio || m.pinned(s.Subscription)) || audio != (kind == sfu.RuleLoudest) {
			continue
		}
		r := &rule{kind: kind, rank: ranks[kind], w: arg.W, h: arg.H, said: said}
		if audio {
			r.except = except
		}
		ranks[kind]++
		planned[s.MID] = r
	}
	return planned
}

func (r *rule) same(o *rule) bool {
	return r.kind == o.kind && r.rank == o.rank && r.w == o.w && r.h == o.h && r.said == o.said && slices.Equal(r.except, o.except)
}

// pinned tells whether a subscription is one that the client asked for.
func (m *Member) pinned(s *sfu.Subscription) bool {
	for id, sub := range m.subs {
		if sub == s {
			return m.wanted[id]
		}
	}
	return false
}

// forget notes that a slot follows, in place of what it showed. That is not
// wanted any more if the client said so.
func (m *Member) forget(mid string, said bool) {
	for id, sub := range m.subs {
		if sub.MID() != mid {
			continue
		}
		delete(m.subs, id)
		p := m.room.publication(id)
		switch {
		case !said || p == nil:
		case p.audio:
			delete(m.wanted, id)
		default:
			m.wanted[id] = false
		}
	}
}

// endRule ends what a slot follows. A voice that is wanted by itself stays in the
// slot.
func (m *Member) endRule(mid string, r *rule) {
	delete(m.rules, mid)
	media := r.sub.Publication()
	if media != nil && !m.crowded {
		p := m.room.publication(media.ID())
		if p != nil && p.audio && m.subs[p.id] == nil && m.wants(p) && r.sub.Replace(media) == nil {
			m.subs[p.id] = r.sub
			return
		}
	}
	r.sub.Close()
}

// setRules notes which slots are to follow from now on.
func (m *Member) setRules(arg *subscribeArg) {
	if arg.Replace {
		clear(m.ruled)
	}
	for _, r := range arg.Rules {
		m.ruled[r.MID] = r
	}
}

// refuseRules tells which of the rules could not be followed.
func (m *Member) refuseRules(arg *subscribeArg, refuse func(id string, err error)) {
	for _, r := range arg.Rules {
		if m.rules[r.MID] == nil {
			delete(m.ruled, r.MID)
			refuse(r.MID, ErrNoSlot)
		}
	}
}

// slotsChanged is called when slots that follow show something else.
func (m *Member) slotsChanged() {
	if m.stale.Swap(true) {
		return
	}
	m.room.post(func() {
		m.stale.Store(false)
		if !m.ended && !m.parked && !m.lags() {
			m.tellSlots()
		}
	})
}

// silence ends all subscriptions and rules.
func (m *Member) silence() {
	for _, sub := range m.subs {
		sub.Close()
	}
	for _, r := range m.rules {
		r.sub.Close()
	}
}

// forgetLost forgets subscriptions and rules whose slots are gone.
func (m *Member) forgetLost(live map[*sfu.Subscription]bool) {
	maps.DeleteFunc(m.subs, func(_ string, sub *sfu.Subscription) bool { return !live[sub] })
	maps.DeleteFunc(m.rules, func(_ string, r *rule) bool { return !live[r.sub] })
}

func byAge(a, b *Publication) int { return a.age - b.age }
