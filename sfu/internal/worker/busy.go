package worker

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// busyWindow is what a load is measured over.
const busyWindow = 250 * time.Millisecond

// busy measures which part of the time a worker works.
type busy struct {
	began  mono.Time // of the window
	worked time.Duration
	value  atomic.Uint64 // bits of a float64
}

// push adds a round of work.
func (b *busy) push(from, to mono.Time) {
	b.worked += to.Sub(from)
	if elapsed := to.Sub(b.began); elapsed >= busyWindow {
		b.value.Store(math.Float64bits(min(1, float64(b.worked)/float64(elapsed))))
		b.began, b.worked = to, 0
	}
}

func (b *busy) load() float64 { return math.Float64frombits(b.value.Load()) }
