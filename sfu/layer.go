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
	Layers        int    // spatial ones that there are to choose from, all encodings' together
	Width, Height int    // in pixels; 0 if the packets of no encoding tell
	// Bitrate is what came lately, FrameRate how many frames per second, and
	// Target what the publisher means to send; of the layer together with those
	// below it in its encoding. They are told of a publication, and 0 if they are
	// not known.
	Bitrate, Target Bitrate
	FrameRate       float64
}

// Layers returns what is received of a video publication, lowest first: each
// spatial layer of each encoding, with its highest temporal layer. It is at most
// two seconds old; Subscription.Layer counts the same layers.
func (p *Publication) Layers() []LayerInfo {
	l := p.offer.Load()
	if l == nil {
		return nil
	}
	var list []LayerInfo
	for x := range l.Pictures {
		if !x.Live {
			continue
		}
		list = append(list, LayerInfo{
			Layer: Layer{Spatial: uint8(x.Place), Temporal: x.Temporal}, RID: p.rid(int(x.Encoding)),
			Layers: l.Len(), Width: int(x.Width), Height: int(x.Height),
			Bitrate: Bitrate(x.Bitrate), Target: Bitrate(x.Target), FrameRate: float64(x.FrameRate),
		})
	}
	return list
}

// rid returns the RID of an encoding, or "" without simulcast.
func (p *Publication) rid(encoding int) string {
	if encoding >= 0 && encoding < len(p.spec.RIDs) {
		return p.spec.RIDs[encoding]
	}
	return ""
}

// describe names what a slot is sent of the publication.
func (p *Publication) describe(s plane.Shown) LayerInfo {
	return LayerInfo{
		Layer: Layer{Spatial: s.Place, Temporal: s.Temporal}, RID: p.rid(int(s.Encoding)),
		Layers: int(s.Places), Width: int(s.Width), Height: int(s.Height),
	}
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
	rids := []string{}
	names := p.spec.RIDs
	if len(names) == 0 {
		names = []string{""}
	}
	for i, rid := range names {
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
