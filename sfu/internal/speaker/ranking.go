package speaker

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// MostRanked is how many streams a [Ranking] has at the most.
const MostRanked = 16

const (
	clearly     = 6                      // dB by which the louder overtakes at once
	insist      = 200 * time.Millisecond // after which any louder one does
	keep        = 2 * time.Second        // for which who overtook is not overtaken
	mostWaiting = 2 * MostRanked         // places, those included that nobody is told of
)

// Ranking orders streams by loudness, with hysteresis, so that the first k of
// them are the k loudest for every k and change seldom: who is louder by 6 dB, or
// for 200 ms, overtakes; who overtook keeps its place for 2 s. Streams that are
// silent keep their order behind who speaks. The zero value is empty.
type Ranking struct {
	places []place
	told   []uint32 // the first MostRanked, when Push was called last
}

type place struct {
	id    uint32
	loud  uint8
	held  mono.Time // until when nobody overtakes
	rival uint32    // that is quieter, although before
	since mono.Time // when it became that
}

// Len returns how many streams are ranked.
func (r *Ranking) Len() int { return min(len(r.places), MostRanked) }

// At returns the stream at a place; 0 is the loudest.
func (r *Ranking) At(i int) (id uint32, loud uint8) { return r.places[i].id, r.places[i].loud }

// Has tells whether a stream is ranked.
func (r *Ranking) Has(id uint32) bool {
	i := r.find(id)
	return i >= 0 && i < MostRanked
}

func (r *Ranking) find(id uint32) int {
	return slices.IndexFunc(r.places, func(p place) bool { return p.id == id })
}

// Add ranks a stream that has not been heard behind all others, if there is
// room: in a small meeting everybody has a place before saying a word.
func (r *Ranking) Add(id uint32) (ranked bool) {
	if len(r.places) >= MostRanked || r.find(id) >= 0 {
		return false
	}
	r.places = append(r.places, place{id: id})
	return true
}

// Remove forgets a stream that ended.
func (r *Ranking) Remove(id uint32) {
	if i := r.find(id); i >= 0 {
		r.places = slices.Delete(r.places, i, i+1)
	}
}

// Push takes how loud streams are now; who is not among them is silent. It
// returns true if the order is not what it was after the last Push.
func (r *Ranking) Push(now mono.Time, voices []Report) (changed bool) {
	for i := range r.places {
		r.places[i].loud = 0
	}
	for i := range voices {
		v := &voices[i]
		at := r.find(v.ID)
		switch {
		case at >= 0:
			r.places[at].loud = v.Loud
		case v.Loud > 0:
			r.enter(v)
		}
	}
	for r.pass(now) {
	}
	for len(r.places) > MostRanked && r.places[len(r.places)-1].loud == 0 {
		r.places = r.places[:len(r.places)-1]
	}
	return r.compare()
}

// enter puts a stream that speaks behind all others. With many waiting, the
// quietest of those that nobody is told of gives way.
func (r *Ranking) enter(v *Report) {
	if len(r.places) < mostWaiting {
		r.places = append(r.places, place{id: v.ID, loud: v.Loud})
		return
	}
	quietest := MostRanked
	for i := MostRanked; i < len(r.places); i++ {
		if r.places[i].loud < r.places[quietest].loud {
			quietest = i
		}
	}
	if r.places[quietest].loud < v.Loud {
		r.places[quietest] = place{id: v.ID, loud: v.Loud}
	}
}

// pass lets each stream overtake the one before it, from the last place on, so
// that the loudest comes to the top before lesser ones have changed places. It
// ends: who was overtaken is quieter, or held.
func (r *Ranking) pass(now mono.Time) (changed bool) {
	for i := len(r.places) - 1; i > 0; i-- {
		if r.overtakes(now, i) {
			r.places[i].held = now.Add(keep)
			r.places[i], r.places[i-1] = r.places[i-1], r.places[i]
			changed = true
		}
	}
	return changed
}

func (r *Ranking) overtakes(now mono.Time, i int) bool {
	p, before := &r.places[i], &r.places[i-1]
	if p.loud <= before.loud {
		p.rival = 0
		return false
	}
	if p.rival != before.id {
		p.rival, p.since = before.id, now
	}
	if before.held > now {
		return false
	}
	if int(p.loud) >= int(before.loud)+clearly || now.Sub(p.since) >= insist {
		p.rival = 0
		return true
	}
	return false
}

// compare notes the order and tells whether it is a new one.
func (r *Ranking) compare() (changed bool) {
	n := r.Len()
	changed = n != len(r.told)
	for i := range n {
		if !changed && r.told[i] == r.places[i].id {
			continue
		}
		changed = true
	}
	r.told = r.told[:0]
	for i := range n {
		r.told = append(r.told, r.places[i].id)
	}
	return changed
}
