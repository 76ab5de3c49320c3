package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
)

const (
	// stopAfter is how many frames of the others come before an encoding of which
	// nothing comes has stopped: a third of a second of two others at 30 per
	// second. One at a sixth of their rate has not.
	stopAfter = 20
	// surveyEvery is how often a publication may seem to be another one.
	surveyEvery = 100 * time.Millisecond
	// A rate that is measured counts as changed by more than a quarter.
	rateChange = 4
)

// tally counts what came of an encoding since the last survey.
type tally struct {
	bytes  [layer.MaxSpatial]uint32 // of payload
	frames [layer.MaxTemporal]uint16
	idle   uint8 // frames of other encodings since the last packet
}

// survey is what is known of the layers of a publication. Where the publisher is,
// it is learned from the packets; a mirror is given the ladder.
type survey struct {
	ladder  *layer.Ladder // never nil
	facts   []layer.Encoding
	changed bool      // facts that are not in the ladder
	next    mono.Time // when it may be made anew
	counted mono.Time // since when the tallies count

	offered   *layer.Ladder // of the last EventOffer
	nextOffer mono.Time
}

func newSurvey(encodings int) survey {
	return survey{ladder: &layer.Ladder{}, facts: make([]layer.Encoding, encodings)}
}

// observe learns from a packet of the publisher.
func (f *Fanout) observe(now mono.Time, in *Inbound, e *nack.Entry) {
	v, x := &f.survey, &f.survey.facts[in.encoding]
	in.tally.idle = 0
	if !x.Live {
		x.Known, x.Live = true, true
		v.changed, v.next = true, 0
	}
	fr := &e.Frame
	spatial := min(fr.Spatial, layer.MaxSpatial-1)
	if spatial > x.Spatial {
		grow(x, spatial)
		v.changed = true
	}
	if w, h := fr.Width, fr.Height; w > 0 && spatial == x.Spatial && (w != x.Width || h != x.Height) {
		x.Width, x.Height = w, h
		v.changed = true
	}
	in.tally.bytes[spatial] += uint32(e.View.PayloadSize)
	if fr.End && fr.Spatial == 0 {
		x.Temporal = max(x.Temporal, min(fr.Temporal, layer.MaxTemporal-1))
		in.tally.frames[min(fr.Temporal, layer.MaxTemporal-1)]++
		f.watch(in)
	}
	if v.changed && now >= v.next {
		f.retarget(now)
	}
}

// grow notes a higher spatial layer, whose size its key frame tells.
func grow(x *layer.Encoding, spatial uint8) {
	by := spatial - x.Spatial
	x.Width, x.Height, x.Spatial = x.Width<<by, x.Height<<by, spatial
}

// watch finds encodings that are not sent any more.
func (f *Fanout) watch(in *Inbound) {
	for i, other := range f.encodings {
		if other == nil || other == in || !f.survey.facts[i].Live {
			continue
		}
		if other.tally.idle++; other.tally.idle >= stopAfter {
			f.survey.facts[i].Live = false
			f.survey.changed = true
		}
	}
}

// renew turns the tallies into rates, once a second.
func (f *Fanout) renew(now mono.Time) {
	if f.spec.Audio {
		return
	}
	v := &f.survey
	elapsed := now.Sub(v.counted)
	v.counted = now
	if elapsed <= 0 {
		return
	}
	for i, in := range f.encodings {
		if in == nil {
			continue
		}
		t := in.tally
		in.tally = tally{idle: t.idle}
		if v.facts[i].Live && t.bytes != [layer.MaxSpatial]uint32{} {
			v.changed = t.rate(&v.facts[i], elapsed) || v.changed
		}
	}
	if v.changed {
		f.retarget(now)
		return
	}
	f.offer(now)
	f.demand(now)
	f.repeat()
}

// repeat tells cores that are handed over nothing what there is: what they were
// told may be lost.
func (f *Fanout) repeat() {
	live := uint8(0)
	for i := range f.survey.facts {
		if f.survey.facts[i].Live {
			live |= 1 << i
		}
	}
	for _, core := range f.mirrors {
		if mask, _ := f.wants.of(core); mask&live == 0 {
			f.announce(core)
		}
	}
}

// rate notes the rates of a period; it tells whether they are others.
func (t *tally) rate(x *layer.Encoding, elapsed time.Duration) (changed bool) {
	var bits, frames int64
	top := uint8(0)
	for s, n := range t.bytes {
		bits += int64(n) * 8 * int64(time.Second) / int64(elapsed)
		if old := x.Bitrates[s]; differs(old, bits) {
			x.Bitrates[s], changed = bits, true
		}
		if n > 0 {
			top = uint8(s)
		}
	}
	for i, n := range t.frames {
		frames += (int64(n)*int64(time.Second) + int64(elapsed)/2) / int64(elapsed)
		if old := int64(x.FrameRates[i]); differs(old, frames) {
			x.FrameRates[i], changed = uint16(min(frames, 0xffff)), true
		}
	}
	if top < x.Spatial {
		x.Width, x.Height = x.Width>>(x.Spatial-top), x.Height>>(x.Spatial-top)
		x.Spatial, changed = top, true
	}
	return changed
}

func differs(a, b int64) bool { return max(a, b)-min(a, b) > max(a, b)/rateChange }

// retarget makes the ladder anew and lets every subscriber choose again.
func (f *Fanout) retarget(now mono.Time) {
	v := &f.survey
	v.ladder, v.changed, v.next = layer.NewLadder(v.facts), false, now.Add(surveyEvery)
	f.offer(now)
	f.choose(now)
	for _, core := range f.mirrors {
		f.announce(core)
	}
}

// choose lets every subscriber here choose among what there is.
func (f *Fanout) choose(now mono.Time) {
	for _, o := range f.outbounds {
		o.aim()
	}
	f.demand(now)
}
