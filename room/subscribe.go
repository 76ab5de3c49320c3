package room

import (
	"errors"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// pairedSlots is how many audio and video slots of the same rank are played in
// sync by browsers.
const pairedSlots = 4

// wants tells whether a member is to receive a publication: as its client said,
// else audio by itself.
func (m *Member) wants(p *Publication) bool {
	if p.member == m || !m.grant.CanSubscribe {
		return false
	}
	if on, said := m.wanted[p.id]; said {
		return on
	}
	return p.audio && (m.audio == "auto" || m.audio == "all")
}

// assign makes the member's subscriptions what it wants, as far as there are
// slots.
func (m *Member) assign() {
	if m.peer == nil {
		return
	}
	for _, p := range m.room.publications {
		if sub := m.subs[p.id]; sub != nil && !m.wants(p) {
			sub.Close()
			delete(m.subs, p.id)
		}
	}
	for _, p := range m.room.publications {
		if m.subs[p.id] == nil && m.wants(p) {
			_ = m.subscribe(p, "") // without a slot now, the next change tries again
		}
	}
}

// subscribe binds a publication to a slot, to the one with the given MID if
// that is not empty.
func (m *Member) subscribe(p *Publication, mid string) error {
	if m.peer == nil {
		return ErrNoSlot
	}
	if mid == "" {
		if mid = m.choose(p); mid == "" {
			return ErrNoSlot
		}
	} else {
		m.vacate(mid)
	}
	sub, err := m.peer.Subscribe(p.media, sfu.SubscribeOptions{MID: mid})
	if err != nil {
		return err
	}
	if old := m.subs[p.id]; old != nil && old != sub {
		old.Close()
	}
	m.subs[p.id] = sub
	return nil
}

// vacate forgets what a slot shows, because something else will.
func (m *Member) vacate(mid string) {
	for id, sub := range m.subs {
		if sub.MID() == mid {
			delete(m.subs, id)
			m.wanted[id] = false
		}
	}
}

// choose finds a free slot: the one beside a slot of the same publisher, then
// one beside which nobody is, then any. Browsers keep slots of the same rank in
// sync, which is right for one person's picture and voice.
func (m *Member) choose(p *Publication) string {
	var own, other []sfu.Slot
	for _, s := range m.peer.Slots() {
		if (s.Kind == webrtc.RTPCodecTypeAudio) == p.audio {
			own = append(own, s)
		} else {
			other = append(other, s)
		}
	}
	best, rank := "", 0
	for k, s := range own {
		if s.Subscription != nil {
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
	for id, sub := range m.subs {
		if sub == s {
			if p := m.room.publication(id); p != nil {
				return p.member
			}
		}
	}
	return nil
}

// change applies a subscribe event.
func (m *Member) change(arg *subscribeArg) (subscribeAck, error) {
	if !m.grant.CanSubscribe {
		return subscribeAck{}, ErrDenied
	}
	if arg.Audio != "" {
		m.audio = arg.Audio
	}
	ack := subscribeAck{OK: true}
	if arg.Replace {
		for _, p := range m.room.publications {
			if !p.audio || m.audio == "list" || m.audio == "none" {
				m.wanted[p.id] = false
			}
		}
	}
	missing := need{}
	for _, one := range arg.Publications {
		if err := m.changeOne(one, &missing); err != nil {
			ack.Refused = append(ack.Refused, refusal{ID: one.ID, Code: asError(err).code})
		}
	}
	m.assign()
	if missing != (need{}) {
		ack.Need = &missing
	}
	ack.Slots = m.slots()
	m.remember(ack.Slots)
	return ack, nil
}

// changeOne turns one publication on or off; missing counts slots that there
// should be.
func (m *Member) changeOne(one subscribeOne, missing *need) error {
	p := m.room.publication(one.ID)
	if p == nil || p.member == m {
		return ErrNoPublication
	}
	on := one.On == nil || *one.On
	m.wanted[p.id] = on
	sub := m.subs[p.id]
	switch {
	case !on:
		if sub != nil {
			sub.Close()
			delete(m.subs, p.id)
		}
		return nil
	case sub != nil && (one.MID == "" || one.MID == sub.MID()):
		return nil
	}
	err := m.subscribe(p, one.MID)
	if err == nil {
		m.wanted[p.id] = true
		return nil
	}
	if errors.Is(err, ErrNoSlot) && one.MID == "" {
		m.count(p.audio, missing)
		return &Error{code: "limit_exceeded", message: "no slot is free"}
	}
	m.wanted[p.id] = false
	return err
}

// count raises the number of slots that would be enough.
func (m *Member) count(audio bool, missing *need) {
	if m.peer == nil {
		return
	}
	have := 0
	for _, s := range m.peer.Slots() {
		if (s.Kind == webrtc.RTPCodecTypeAudio) == audio {
			have++
		}
	}
	if audio {
		missing.Audio = max(missing.Audio, have) + 1
	} else {
		missing.Video = max(missing.Video, have) + 1
	}
}

// slots says what each slot of the member shows.
func (m *Member) slots() []SlotInfo {
	list := []SlotInfo{}
	if m.peer == nil {
		return list
	}
	shown := make(map[*sfu.Subscription]string, len(m.subs))
	for id, sub := range m.subs {
		shown[sub] = id
	}
	for _, s := range m.peer.Slots() {
		info := SlotInfo{MID: s.MID, State: "idle"}
		if p := m.room.publication(shown[s.Subscription]); s.Subscription != nil && p != nil {
			info.Publication, info.State = &p.id, "live"
			if p.muted {
				info.State, info.Why = "paused", "muted"
			}
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
	return a.State == b.State && a.Why == b.Why
}
