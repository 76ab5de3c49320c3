package room

import (
	"errors"
	"maps"
	"slices"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// pairedSlots is how many audio and video slots of the same rank are played in
// sync by browsers.
const pairedSlots = 4

// mostSections is how many media sections a description may have.
const mostSections = 64

// wants tells whether a member is to receive a publication: as its client said,
// else audio by itself.
func (m *Member) wants(p *Publication) bool {
	if p.member == m || !m.grant.CanSubscribe {
		return false
	}
	if on, said := m.wanted[p.id]; said {
		return on
	}
	return p.audio && m.hearsAll()
}

// hearsAll tells whether voices have slots of their own without being asked for.
func (m *Member) hearsAll() bool { return m.audio == "all" || m.audio == "auto" && !m.crowded }

// desired lists what is to be received in slots of its own, oldest first.
func (m *Member) desired() (list []*Publication) {
	for id, on := range m.wanted {
		if p := m.room.publication(id); on && p != nil && m.wants(p) {
			list = append(list, p)
		}
	}
	if m.hearsAll() {
		for _, p := range m.room.voices {
			if _, said := m.wanted[p.id]; !said && m.wants(p) {
				list = append(list, p)
			}
		}
	}
	slices.SortFunc(list, byAge)
	return list
}

// assign makes the member's subscriptions what it wants, as far as there are
// slots.
func (m *Member) assign() {
	if m.peer == nil {
		return
	}
	if m.resource != nil && m.resource.view != nil {
		m.aim(m.resource.view)
	}
	m.follow()
	m.drop()
	taken := false
	for _, p := range m.desired() {
		if m.subs[p.id] == nil {
			taken = m.subscribe(p, "") == nil || taken // without a slot now, the next change tries again
		}
	}
	if taken && len(m.rules) > 0 {
		m.follow()
	}
}

// drop ends what is not wanted any more.
func (m *Member) drop() {
	for id, sub := range m.subs {
		if p := m.room.publication(id); p != nil && !m.wants(p) {
			sub.Close()
			delete(m.subs, id)
		}
	}
	for id := range m.lacks {
		if p := m.room.publication(id); p != nil && !m.wants(p) {
			delete(m.lacks, id)
		}
	}
}

// subscribe binds a publication to a slot, to the one with the given MID if
// that is not empty. What that slot showed is not wanted any more.
func (m *Member) subscribe(p *Publication, mid string) error {
	if m.peer == nil {
		return ErrNoSlot
	}
	if mid == "" {
		if mid = m.choose(p); mid == "" {
			return ErrNoSlot
		}
	}
	sub, err := m.peer.Subscribe(p.media, m.options(p, mid))
	switch {
	case err == nil:
		delete(m.lacks, p.id)
	case errors.Is(err, sfu.ErrNoCodec):
		sub, err = m.fallBack(p, mid)
	}
	if err != nil {
		return err
	}
	for id, old := range m.subs {
		switch {
		case old == sub:
		case id == p.id: // in another slot
			old.Close()
		case old.MID() == mid: // over
			delete(m.subs, id)
			m.wanted[id] = false
		}
	}
	m.subs[p.id] = sub
	delete(m.rules, mid)
	delete(m.ruled, mid)
	return nil
}

// prune forgets subscriptions whose slots an offer took away.
func (m *Member) prune() {
	live := make(map[*sfu.Subscription]bool, len(m.subs))
	for _, s := range m.peer.Slots() {
		live[s.Subscription] = true
	}
	m.forgetLost(live)
}

// choose finds a slot: a free one; for a voice, if there is none, one that follows
// the loudest. Of the free ones it is the one beside a slot of the same publisher,
// then one beside which nobody is, then any. Browsers keep slots of the same rank
// in sync, which is right for one person's picture and voice.
func (m *Member) choose(p *Publication) string {
	var own, other []sfu.Slot
	for _, s := range m.peer.Slots() {
		if (s.Kind == webrtc.RTPCodecTypeAudio) == p.audio {
			own = append(own, s)
		} else {
			other = append(other, s)
		}
	}
	best, rank := "", -1
	for k, s := range own {
		if s.Subscription != nil {
			if f := m.rules[s.MID]; f != nil && !f.said && (rank < 0 || rank == 0 && f.sub.Publication() == p.media) {
				best, rank = s.MID, 0
			}
			continue
		}
		r := 2
		if k < pairedSlots && k < len(other) && other[k].Subscription != nil {
			r = 1
			if m.publisher(other[k].Subscription) == p.member {
				r = 3
			}
		}
		if r > rank {
			best, rank = s.MID, r
		}
	}
	return best
}

// publisher returns whose publication a subscription shows, or nil.
func (m *Member) publisher(s *sfu.Subscription) *Member {
	if p := m.shows(s); p != nil {
		return p.member
	}
	return nil
}

// shows returns what a subscription shows, or nil.
func (m *Member) shows(s *sfu.Subscription) *Publication {
	if s == nil {
		return nil
	}
	for id, sub := range m.subs {
		if sub == s {
			return m.room.publication(id) // perhaps by its backup
		}
	}
	if p := s.Publication(); p != nil {
		return m.room.publication(p.ID())
	}
	return nil
}

// change applies a subscribe event.
func (m *Member) change(arg *subscribeArg) (subscribeAck, error) {
	m.setModes(arg)
	m.setRules(arg)
	ack := subscribeAck{OK: true}
	refuse := func(id string, err error) {
		ack.Refused = append(ack.Refused, refusal{ID: id, Code: asError(err).code})
	}
	// What is to stop comes first, so that its slots are free.
	before := maps.Clone(m.wanted)
	var on []subscribeOne
	var back []*Publication
	for _, one := range arg.Publications {
		p := m.room.publication(one.ID)
		if p == nil || p.member == m {
			refuse(one.ID, ErrNoPublication)
			continue
		}
		said, known := m.wanted[p.id]
		m.wanted[p.id] = one.On == nil || *one.On
		switch {
		case !m.wanted[p.id]:
		case known && !said && p.audio && m.audio == "auto" && one.MID == "":
			delete(m.wanted, p.id) // as it was before it was turned off
			back = append(back, p)
		default:
			m.show(p, showing{width: one.W, height: one.H, rate: one.FPS})
			on = append(on, one)
		}
	}
	m.drop()
	for _, one := range on {
		if !m.wanted[one.ID] {
			continue // turned off later in the list, or its slot was given away
		}
		if err := m.turnOn(m.room.publication(one.ID), one.MID, before); err != nil {
			refuse(one.ID, err)
		}
	}
	m.assign()
	m.room.releaseBackups()
	for _, p := range back {
		if m.wants(p) && m.subs[p.id] == nil {
			refuse(p.id, ErrLimit.because("no slot is free"))
		}
	}
	m.refuseRules(arg, refuse)
	if missing := m.missing(); missing != (need{}) && len(ack.Refused) > 0 {
		ack.Need = &missing
	}
	ack.Slots = m.slots()
	m.remember(ack.Slots)
	m.hold()
	return ack, nil
}

// setModes applies what a subscribe event says about publications that it does
// not name.
func (m *Member) setModes(arg *subscribeArg) {
	if arg.Audio != "" {
		m.audio = arg.Audio
	}
	for id, on := range m.wanted {
		if p := m.room.publication(id); arg.Replace || arg.Audio == "none" && on && p != nil && p.audio {
			delete(m.wanted, id)
		}
	}
}

// turnOn subscribes to a publication. Without a free slot it stays wanted, for
// when there is one; any other failure leaves things as they were before.
func (m *Member) turnOn(p *Publication, mid string, before map[string]bool) error {
	if sub := m.subs[p.id]; sub != nil && (mid == "" || mid == sub.MID()) {
		return nil
	}
	err := m.subscribe(p, mid)
	switch {
	case err == nil:
		m.wanted[p.id] = true
		return nil
	case errors.Is(err, errAwaited): // it is shown when it comes
		m.wanted[p.id] = true
		return nil
	case errors.Is(err, ErrNoSlot) && mid == "":
		return ErrLimit.because("no slot is free")
	}
	if was, said := before[p.id]; said {
		m.wanted[p.id] = was
	} else {
		delete(m.wanted, p.id)
	}
	return err
}

// missing tells how many slots there should be of each kind that has too few;
// never more than fit into one description.
func (m *Member) missing() need {
	var n need
	if m.peer == nil {
		return n
	}
	for _, p := range m.desired() {
		switch {
		case m.subs[p.id] != nil:
		case p.audio:
			n.Audio++
		default:
			n.Video++
		}
	}
	slots := m.peer.Slots()
	if m.crowded {
		n.Audio += max(0, pairedSlots-countKind(slots, webrtc.RTPCodecTypeAudio))
	}
	if n == (need{}) {
		return n
	}
	audio, video := 0, 0
	for _, s := range slots {
		total, short := &video, &n.Video
		if s.Kind == webrtc.RTPCodecTypeAudio {
			total, short = &audio, &n.Audio
		}
		*total++
		if s.Subscription == nil {
			*short-- // it would do, but does not decode what is wanted
		}
	}
	left := mostSections - mostPublications - audio - video
	for _, k := range []struct{ short, total *int }{{&n.Audio, &audio}, {&n.Video, &video}} {
		*k.short = max(0, min(*k.short, left))
		left -= *k.short
		if *k.short > 0 {
			*k.short += *k.total
		}
	}
	return n
}

// tellNeed asks the client for audio slots when somebody is not heard for lack
// of one. It asks once for each number and offer.
func (m *Member) tellNeed() {
	n := m.missing()
	if n.Audio <= m.asked {
		return
	}
	m.asked = n.Audio
	m.emit("need", need{Audio: n.Audio})
}

// slots says what each slot of the member shows.
func (m *Member) slots() []SlotInfo {
	list := []SlotInfo{}
	if m.peer == nil {
		return list
	}
	for _, s := range m.peer.Slots() {
		info := SlotInfo{MID: s.MID, State: "idle"}
		if p := m.shows(s.Subscription); p != nil {
			info.Publication, info.State = &p.id, "live"
			if p.muted {
				info.State, info.Why = "paused", "muted"
			}
			info.setLayer(s.Subscription.Layer())
		}
		list = append(list, info)
	}
	return list
}

// remember notes what the client was told.
func (m *Member) remember(list []SlotInfo) {
	clear(m.told)
	for _, s := range list {
		m.told[s.MID] = s
	}
}

// tellSlots tells the client which slots changed.
func (m *Member) tellSlots() {
	now := m.slots()
	var changed []SlotInfo
	for _, s := range now {
		old, ok := m.told[s.MID]
		if !ok || !same(old, s) {
			changed = append(changed, s)
		}
	}
	m.remember(now)
	if len(changed) > 0 {
		m.emit("slots", slotsEvent{Slots: changed})
	}
}

func same(a, b SlotInfo) bool {
	if (a.Publication == nil) != (b.Publication == nil) || a.Publication != nil && *a.Publication != *b.Publication {
		return false
	}
	return a.State == b.State && a.Why == b.Why && a.RID == b.RID && a.W == b.W && a.H == b.H
}
