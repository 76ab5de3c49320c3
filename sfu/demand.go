package sfu

import (
	"math"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// demand is what the slot can show. The caller holds the server's mutex.
func (s *Subscription) demand() layer.Demand {
	o := &s.opts
	d := layer.Demand{
		Width: pixels(o.MaxWidth), Height: pixels(o.MaxHeight), Bitrate: s.peer.part(),
		FrameRate: uint16(min(math.Ceil(max(o.MaxFrameRate, 0)), math.MaxUint16)),
	}
	if o.Max != nil {
		d.Spatial, d.Temporal = count(o.Max.Spatial), count(o.Max.Temporal)
	}
	return d
}

func pixels(n int) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }

// count returns how many layers there are up to one; 0 for the highest.
func count(highest uint8) uint8 { return highest + 1 }

// part is what each video subscription of the peer may take, in bit/s; 0 is any.
// The caller holds the server's mutex.
func (p *Peer) part() int64 {
	if p.server.cfg.MaxDownlink <= 0 {
		return 0
	}
	n := 0
	for _, slot := range p.slots {
		if slot.sub != nil && !slot.section.Audio && !slot.sub.opts.Paused {
			n++
		}
	}
	return max(1, int64(p.server.cfg.MaxDownlink)/int64(max(1, n)))
}

// share tells the worker what the other subscriptions may take, after one has
// come, gone or paused. The caller holds the server's mutex.
func (p *Peer) share(changed *Subscription) {
	if p.server.cfg.MaxDownlink <= 0 || changed.slot.section.Audio {
		return
	}
	for _, slot := range p.slots {
		if slot.sub != nil && slot.sub != changed && !slot.section.Audio {
			p.post(plane.Show{Slot: slot.key, Demand: slot.sub.demand()})
		}
	}
}
