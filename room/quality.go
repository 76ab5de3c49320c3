package room

import "time"

// Grades of a connection, as the event quality has them.
const (
	gradeLost = iota
	gradePoor
	gradeFair
	gradeGood
)

const (
	judgeEvery = 2 * time.Second
	// judgeSoonest is how soon after somebody was lost.
	judgeSoonest = 500 * time.Millisecond
	// steady is how many grades in a row have to be better before one is told.
	steady = 3
	// enough is how many packets tell something about loss.
	enough = 20
)

// limits of what is still good and still fair.
const (
	goodLoss, fairLoss   = 0.02, 0.08
	goodDelay, fairDelay = 250 * time.Millisecond, 500 * time.Millisecond
	poorSilence          = 4 * time.Second
	lostSilence          = 8 * time.Second
)

// health is what the server knows of a member's connection at one moment.
type health struct {
	away     bool          // its signalling is gone
	deaf     bool          // it has no media that could be heard
	silent   time.Duration // since something was heard; 0 while it is
	uplink   float64       // fraction that was lost of what it sent, 0 to 1
	downlink float64       // and of what it was sent
	delay    time.Duration // of a round trip
}

// grade is how good that is, and why it is not better.
func (h health) grade() (q int, why string) {
	switch {
	case h.silent >= lostSilence:
		return gradeLost, "silence"
	case h.away && (h.deaf || h.silent > 0):
		return gradeLost, "reconnecting"
	case h.away:
		return gradePoor, "reconnecting"
	case h.silent >= poorSilence:
		return gradePoor, "silence"
	}
	q = gradeGood
	for _, x := range []struct {
		why        string
		is         float64
		good, fair float64
	}{
		{"uplink_loss", h.uplink, goodLoss, fairLoss},
		{"downlink_loss", h.downlink, goodLoss, fairLoss},
		{"delay", h.delay.Seconds(), goodDelay.Seconds(), fairDelay.Seconds()},
	} {
		switch {
		case x.is > x.fair && q > gradePoor:
			q, why = gradePoor, x.why
		case x.is > x.good && q > gradeFair:
			q, why = gradeFair, x.why
		}
	}
	return q, why
}

// grader follows the grades of one member. What is worse counts at once; what is
// better when it has been so three times in a row, so that nothing flickers, but at
// once after a silence or a lost connection, whose end is no matter of opinion. The
// zero value is good.
type grader struct {
	below  int // the best grade minus the present one
	why    string
	best   int // worst of the grades that are better
	streak int // of them
}

// q is the present grade.
func (g *grader) q() int { return gradeGood - g.below }

// step takes what is known now, and tells whether the grade or its reason changed.
func (g *grader) step(h health) (changed bool) {
	q, why := h.grade()
	if q > g.q() && g.why != "silence" && g.why != "reconnecting" {
		if g.streak == 0 || q < g.best {
			g.best = q
		}
		g.streak++
		if g.streak < steady {
			return false
		}
		if q > g.best {
			q, why = g.best, g.why
		}
	}
	g.streak = 0
	changed = q != g.q() || why != g.why
	g.below, g.why = gradeGood-q, why
	return changed
}

// tally turns counters, which only rise, into fractions since they were read last.
type tally struct {
	received, lost float64
	sent           map[uint32]float64 // by SSRC
}

// heard is what a counter of a stream says.
type heard struct {
	ssrc     uint32
	packets  uint64
	fraction float64 // lost, of what was sent
}

// uplink takes how many packets came and how many did not, since the beginning.
// Counters that fall are those of other streams.
func (t *tally) uplink(received uint64, lost int64) (fraction float64) {
	r, l := float64(received)-t.received, float64(lost)-t.lost
	t.received, t.lost = float64(received), float64(lost)
	if r < 0 || l <= 0 || r+l < enough {
		return 0
	}
	return l / (r + l)
}

// downlink takes how many packets were sent in each stream, and what its receiver
// says is lost of it.
func (t *tally) downlink(streams []heard) (fraction float64) {
	sent := make(map[uint32]float64, len(streams))
	all, lost := 0.0, 0.0
	for _, s := range streams {
		n := float64(s.packets)
		sent[s.ssrc] = n
		if was, known := t.sent[s.ssrc]; known && n > was {
			all += n - was
			lost += (n - was) * s.fraction
		}
	}
	t.sent = sent
	if all < enough {
		return 0
	}
	return lost / all
}
