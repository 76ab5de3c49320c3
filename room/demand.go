package room

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// largest is how wide and high a picture may be said to be shown, in pixels.
const largest = 1 << 14

// showing is how a client shows a publication; zero is as it comes.
type showing struct {
	width, height int
	rate          float64
}

// checkShowing refuses sizes that cannot be.
func checkShowing(list []subscribeOne) error {
	for _, one := range list {
		if one.W < 0 || one.W > largest || one.H < 0 || one.H > largest || one.FPS < 0 {
			return ErrBadRequest.because("w and h are 0 to %d pixels, fps is not negative", largest)
		}
	}
	return nil
}

// options are those of a subscription in a slot.
func (m *Member) options(p *Publication, mid string) sfu.SubscribeOptions {
	s := m.showing[p.id]
	r := m.room
	return sfu.SubscribeOptions{
		MID: mid, MaxWidth: s.width, MaxHeight: s.height, MaxFrameRate: s.rate, Paused: p.silenced,
		OnLayer: func(sfu.LayerInfo) { r.post(func() { m.tellLayer(p) }) },
	}
}

// tellLayer tells the client what is sent of a publication, if it knows where
// that is shown; all else comes with the next change of the room.
func (m *Member) tellLayer(p *Publication) {
	sub := m.subs[p.id]
	if m.ended || sub == nil || m.lags() {
		return
	}
	old := m.told[sub.MID()]
	s := old
	s.setLayer(sub.Layer())
	if old.Publication == nil || *old.Publication != p.id || same(old, s) {
		return
	}
	m.told[s.MID] = s
	m.emit("slots", slotsEvent{Slots: []SlotInfo{s}})
}

// setLayer notes which picture is sent, where there are several.
func (s *SlotInfo) setLayer(l sfu.LayerInfo) {
	s.RID, s.W, s.H = "", 0, 0
	if l.Layers > 1 {
		s.RID, s.W, s.H = l.RID, l.Width, l.Height
	}
}

// show notes how large and how often a publication is shown.
func (m *Member) show(p *Publication, s showing) {
	if m.showing[p.id] == s {
		return
	}
	m.showing[p.id] = s
	if sub := m.subs[p.id]; sub != nil {
		_ = sub.Update(m.options(p, "")) // it may have ended with its publication
	}
}

// demanded notes which encodings of a publication of the member's own somebody
// wants.
func (m *Member) demanded(media *sfu.Publication, rids []string) {
	select {
	case <-media.Done():
		return
	default:
	}
	if m.ended {
		return
	}
	m.demand[media] = rids
	for _, p := range m.room.of(m) {
		if p.media == media {
			m.tellDemand(p)
		}
	}
}

// tellDemand tells the publisher what is wanted of a publication, if it
// understands: the newest only, if the client is behind.
func (m *Member) tellDemand(p *Publication) {
	rids, known := m.demand[p.media]
	switch {
	case !known || !m.layers:
	case m.lags():
		m.unsaid[p.media] = true
	default:
		m.emit("layers", layersEvent{Publication: p.id, Active: rids})
	}
}

// tellUnsaid tells the publisher what it was not told of demand.
func (m *Member) tellUnsaid() {
	unsaid := m.unsaid
	m.unsaid = make(map[*sfu.Publication]bool)
	for _, p := range m.room.of(m) {
		if unsaid[p.media] {
			m.tellDemand(p)
		}
	}
}

// forgetDemand drops what is known of publications that have ended.
func (m *Member) forgetDemand(media []*sfu.Publication) {
	for x := range m.demand {
		if !slices.Contains(media, x) {
			delete(m.demand, x)
			delete(m.unsaid, x)
		}
	}
}
