package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// offerEvery is how far the EventOffer of a publication are apart at the least.
const offerEvery = time.Second

// allocate learns what the publisher says that it means to send, which comes
// with key frames and on change.
func (f *Fanout) allocate(v packet.View, b []byte) {
	element := v.Extension(b, f.spec.Extensions[packet.ExtVLA])
	if element == nil {
		return
	}
	a, ok := codec.ReadAllocation(element)
	if !ok {
		return
	}
	for i := range min(len(f.survey.facts), codec.MaxAllocated) {
		if adopt(&f.survey.facts[i], &a.Layers[i]) {
			f.survey.changed = true
		}
	}
}

// adopt notes what an allocation tells of an encoding: the size, which not every
// codec's packets tell, and the bit rates; it tells whether they are others.
func adopt(x *layer.Encoding, spatial *[codec.MaxAllocated]codec.Allocated) (changed bool) {
	if l := &spatial[x.Spatial]; l.Width > 0 && (l.Width != x.Width || l.Height != x.Height) {
		x.Width, x.Height, changed = l.Width, l.Height, true
	}
	sum := int64(0)
	for s := range spatial {
		if t := spatial[s].Temporal; t > 0 {
			sum += 1000 * int64(spatial[s].Bitrates[t-1])
		}
		if differs(x.Targets[s], sum) {
			x.Targets[s], changed = sum, true
		}
	}
	return changed
}

// offer tells what there is of the publication, or keeps that for later.
func (f *Fanout) offer(now mono.Time) {
	v := &f.survey
	if f.transport == nil || v.offered == v.ladder || now < v.nextOffer {
		return
	}
	v.offered, v.nextOffer = v.ladder, now.Add(offerEvery)
	f.plane.emit(Event{Kind: EventOffer, Publication: f.id, Ladder: v.ladder})
}
