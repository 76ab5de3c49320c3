package room

import (
	"cmp"
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// heard is called by the media server when other people speak, or louder; at most
// four times a second.
func (r *Room) heard(list []sfu.Speaker) { r.post(func() { r.tellSpeakers(list) }) }

// tellSpeakers tells who speaks, loudest first, if that changed.
func (r *Room) tellSpeakers(heard []sfu.Speaker) {
	var list []speaker
	for _, h := range heard {
		p := r.publication(h.Publication.ID())
		if p == nil || p.muted {
			continue
		}
		db := -5 * int((h.Level+2)/5) // steps of 5 dB: people do not hear less
		if i := slices.IndexFunc(list, func(s speaker) bool { return s.Member == p.member.id }); i >= 0 {
			list[i].DB = max(list[i].DB, db)
			continue
		}
		list = append(list, speaker{Member: p.member.id, DB: db})
	}
	slices.SortStableFunc(list, func(a, b speaker) int { return cmp.Compare(b.DB, a.DB) })
	if slices.Equal(list, r.speakers) {
		return
	}
	r.speakers = list
	if list == nil {
		list = []speaker{}
	}
	e := &shared{arg: speakersEvent{List: list}}
	for _, m := range r.members {
		m.emitVolatile("speakers", e)
	}
}
