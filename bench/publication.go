package bench

import (
	"sync"
	"sync/atomic"
	"time"
)

// publication is what a client sends: one track, or several encodings of one.
type publication struct {
	name   string // as the server calls it
	from   *member
	tracks []*track  // by encoding, the largest first
	began  time.Time // of being sent
}

// audio tells its kind.
func (p *publication) audio() bool { return p.tracks[0].audio }

// largest returns the encoding of which most packets were sent in the window.
func (p *publication) largest() int {
	best := 0
	for i, t := range p.tracks {
		if t.counted > p.tracks[best].counted {
			best = i
		}
	}
	return best
}

// trackTable lists the tracks of a run by number. They are added by who joins
// and looked up by who receives.
type trackTable struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*track]
}

// add gives a track its number.
func (l *trackTable) add(t *track) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*track
	if old := l.list.Load(); old != nil {
		all = *old
	}
	t.number = uint32(len(all))
	all = append(all, t) // who reads the old list does not look behind its end
	l.list.Store(&all)
}

// at returns the track of a number, nil if there is none.
func (l *trackTable) at(number uint32) *track {
	all := l.list.Load()
	if all == nil || number >= uint32(len(*all)) {
		return nil
	}
	return (*all)[number]
}
