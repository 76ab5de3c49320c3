package bench

import "time"

const (
	gapWait      = 10 * time.Millisecond // a packet may be late before it is asked for
	gapTries     = 10
	gapDoublings = 3    // of the time between two requests
	mostGaps     = 1024 // numbers of one stream that are missing at a time
	firstRTT     = 30 * time.Millisecond
)

// gaps finds out which numbers of a stream are missing and when to ask for them
// (RFC 4585, section 6.2.1). It has no clock; times are in nanoseconds. The zero
// value has seen nothing.
type gaps struct {
	missing []gap // oldest first
	rtt     time.Duration
}

type gap struct {
	number uint16
	tries  int
	asked  int64
	due    int64
}

// jump notes that the numbers from first to before last did not come.
func (g *gaps) jump(now int64, first, last uint16) {
	for n := first; n != last; n++ {
		if len(g.missing) == mostGaps {
			g.missing = append(g.missing[:0], g.missing[1:]...)
		}
		g.missing = append(g.missing, gap{number: n, due: now + int64(gapWait)})
	}
}

// found notes that a number came. A repair of what was asked for once tells the
// round-trip time: of what was asked for more often nobody knows which request
// it answers.
func (g *gaps) found(now int64, number uint16, repair bool) (missed bool) {
	for i, m := range g.missing {
		if m.number != number {
			continue
		}
		if repair && m.tries == 1 {
			sample := time.Duration(now - m.asked)
			if g.rtt == 0 {
				g.rtt = sample
			}
			g.rtt = (7*g.rtt + sample) / 8
		}
		g.missing = append(g.missing[:i], g.missing[i+1:]...)
		return true
	}
	return false
}

func (g *gaps) roundTrip() time.Duration {
	if g.rtt == 0 {
		return firstRTT
	}
	return g.rtt
}

// poll appends the numbers to ask for now to out. Each is asked for again after
// a round trip, then after two, four and so on; what was asked for often enough
// is given up.
func (g *gaps) poll(now int64, out []uint16) []uint16 {
	kept := g.missing[:0]
	for _, m := range g.missing {
		if m.due <= now {
			if m.tries == gapTries {
				continue
			}
			wait := max(g.roundTrip(), gapWait) << min(m.tries, gapDoublings)
			m.tries++
			m.asked, m.due = now, now+int64(wait)
			out = append(out, m.number)
		}
		kept = append(kept, m)
	}
	g.missing = kept
	return out
}
