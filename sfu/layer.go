package sfu

import "github.com/switchyard-rtc/switchyard/sfu/internal/plane"

// Layer identifies a quality of a video publication. The zero value is the
// lowest one.
type Layer struct {
	Spatial  uint8 // encoding or spatial layer, 0 is the smallest picture
	Temporal uint8 // 0 is the lowest frame rate
}

// MaxLayer is higher than any layer.
var MaxLayer = Layer{Spatial: 255, Temporal: 255}

// LayerInfo describes what is sent of a publication. The zero value is nothing.
type LayerInfo struct {
	Layer
	RID           string // of the encoding; empty without simulcast
	Width, Height int    // in pixels; guessed where the packets do not tell
}

// describe names what a slot is sent of the publication.
func (p *Publication) describe(s plane.Shown) LayerInfo {
	l := LayerInfo{
		Layer: Layer{Spatial: s.Place, Temporal: s.Temporal},
		Width: int(s.Width), Height: int(s.Height),
	}
	if i := int(s.Encoding); i < len(p.spec.RIDs) {
		l.RID = p.spec.RIDs[i]
	}
	return l
}

// onLayer notes that other layers are sent in a slot, and tells who asked for it.
func (p *Peer) onLayer(e plane.Event) {
	s := p.server
	s.mu.Lock()
	sub, pub := p.shownIn(e)
	if sub == nil {
		s.mu.Unlock()
		return
	}
	l := pub.describe(e.Shown)
	changed := l != sub.layer
	sub.layer = l
	handler := sub.opts.OnLayer
	s.mu.Unlock()
	if handler != nil && changed {
		handler(l)
	}
}

// shownIn returns the subscription that an event is about and what it shows, or
// nil if that is over. The caller holds the server's mutex.
func (p *Peer) shownIn(e plane.Event) (*Subscription, *Publication) {
	for _, slot := range p.slots {
		if slot.key != e.Slot || slot.sub == nil {
			continue
		}
		if pub := slot.sub.publication(); pub != nil && pub.key == e.Publication {
			return slot.sub, pub
		}
	}
	return nil, nil
}

// onDemand tells the publisher's side which encodings are wanted.
func (p *Publication) onDemand(mask uint8) {
	if len(p.spec.RIDs) == 0 {
		return
	}
	rids := []string{}
	for i, rid := range p.spec.RIDs {
		if i < 8 && mask>>i&1 != 0 {
			rids = append(rids, rid)
		}
	}
	p.peer.calls.add(func() {
		if h := p.peer.handlers.OnDemand; h != nil {
			h(p, rids)
		}
	})
}
