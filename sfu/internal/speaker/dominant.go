package speaker

import "math"

// Thresholds and parameters of Volfin and Cohen, section 4: how much more likely
// it must be that the challenger speaks than that the present speaker does, as
// the logarithm of the ratio of their scores in each window; and the rates of
// the exponential distributions that stand for who does not speak.
const (
	immediateAbove, mediumAbove, longAbove = 3.0, 2.0, 0.0
	immediateRate, mediumRate, longRate    = 0.78, 24.0, 47.0

	// leastScore stands for scores that have no logarithm.
	leastScore = 1e-10
	// cough is how many active blocks of 100 ms the long window must have at the
	// least: a cough, a laugh or a door is shorter.
	cough = 4
)

var (
	immediateScores = scores(steps, immediateRate)
	mediumScores    = scores(block, mediumRate)
	longScores      = scores(blocks, longRate)
)

// scores returns the logarithm of the score of each count in a window of n. The
// score is a log-likelihood ratio: of the count being binomial with one half,
// as in speech, to its being exponential, as in noise.
func scores(n int, rate float64) []float64 {
	list := make([]float64, n+1)
	for v := range list {
		all, _ := math.Lgamma(float64(n + 1))
		in, _ := math.Lgamma(float64(v + 1))
		out, _ := math.Lgamma(float64(n - v + 1))
		score := all - in - out - float64(n)*math.Ln2 - math.Log(rate) + rate*float64(v)
		list[v] = math.Log(max(score, leastScore))
	}
	return list
}

// Dominant chooses who speaks: one of all streams, until another clearly does.
// Somebody who is silent for long stays who spoke last. The zero value has
// nobody.
type Dominant struct{ id uint32 }

// ID returns the dominant speaker; 0 is nobody yet.
func (d *Dominant) ID() uint32 { return d.id }

// Push compares the streams as they stand now; who is not among them is silent.
// It returns true if the dominant speaker became another one.
func (d *Dominant) Push(voices []Report) (changed bool) {
	present := Report{ID: d.id}
	for i := range voices {
		if voices[i].ID == d.id {
			present = voices[i]
		}
	}
	best, by := uint32(0), 0.0
	for i := range voices {
		v := &voices[i]
		if v.ID == d.id || v.Long < cough {
			continue
		}
		if d.id == 0 {
			present = Report{}
		}
		lead, ok := present.yields(v)
		if ok && (best == 0 || lead > by) {
			best, by = v.ID, lead
		}
	}
	if best == 0 {
		return false
	}
	d.id = best
	return true
}

// yields tells whether a challenger takes over, and by how much it leads in the
// medium window, which decides among several.
func (r *Report) yields(c *Report) (lead float64, ok bool) {
	immediate := immediateScores[min(c.Immediate, steps)] - immediateScores[min(r.Immediate, steps)]
	lead = mediumScores[min(c.Medium, block)] - mediumScores[min(r.Medium, block)]
	long := longScores[min(c.Long, blocks)] - longScores[min(r.Long, blocks)]
	return lead, immediate > immediateAbove && lead > mediumAbove && long >= longAbove
}

// Remove forgets a stream that ended.
func (d *Dominant) Remove(id uint32) {
	if d.id == id {
		d.id = 0
	}
}
