package layer

// Demand is what a subscription can show. The zero value is everything.
type Demand struct {
	// Width and Height are the size on the screen, in pixels; 0 is any. A picture
	// is shown as large as fits, so it needs to reach only one of the two.
	Width, Height uint16
	// FrameRate is how many frames per second are of use; 0 is any.
	FrameRate uint16
	// Spatial and Temporal are how many layers at the most, counted from the
	// lowest; 0 is any. Encodings count as spatial layers.
	Spatial, Temporal uint8
	// Bitrate is what may be spent, in bit/s; 0 is any.
	Bitrate int64
}

// Choice is what a [Demand] comes to.
type Choice struct {
	// Target is to be sent of what there is; its Down is not set. The encoding is
	// None as long as there is nothing.
	Target
	// Wanted has a bit for each encoding that the publisher should send for it:
	// that of the target, the better one that it does not send now, and those of
	// which nothing is known yet.
	Wanted uint8
}

// Choose returns the smallest picture that is enough, or the largest one that
// the demand's limits allow. A picture is enough if it has three quarters of the
// pixels in a direction: what it is scaled up by then is not seen.
func (l *Ladder) Choose(d Demand) Choice {
	c := Choice{Target: Target{Encoding: None}, Wanted: l.unknown}
	if l.n == 0 {
		return c
	}
	want := l.enough(d)
	send := l.live(want)
	r := &l.rungs[send]
	c.Wanted |= 1<<l.rungs[want].encoding | 1<<r.encoding
	c.Encoding, c.Spatial, c.Temporal = r.encoding, r.spatial, r.temporal(d)
	if r.highest {
		c.Spatial = Highest
	}
	return c
}

// enough returns the rung that the demand is for.
func (l *Ladder) enough(d Demand) int {
	i := 0
	for i < l.n-1 && !l.rungs[i].fills(d) {
		i++
	}
	if d.Spatial > 0 {
		i = min(i, int(d.Spatial)-1)
	}
	for i > 0 && d.Bitrate > 0 && l.rungs[i].bitrate > d.Bitrate {
		i--
	}
	return i
}

func (r *rung) fills(d Demand) bool {
	if d.Width == 0 && d.Height == 0 {
		return false
	}
	return d.Width > 0 && 4*int(r.width) >= 3*int(d.Width) || d.Height > 0 && 4*int(r.height) >= 3*int(d.Height)
}

// live returns the best rung up to a wanted one that is being sent, else the
// lowest above it, else the wanted one.
func (l *Ladder) live(want int) int {
	for i := want; i >= 0; i-- {
		if l.rungs[i].live {
			return i
		}
	}
	for i := want + 1; i < l.n; i++ {
		if l.rungs[i].live {
			return i
		}
	}
	return want
}

// temporal returns the lowest temporal layer that is enough. Rates are measured,
// so four fifths of a rate is that rate.
func (r *rung) temporal(d Demand) uint8 {
	t := uint8(Highest)
	if d.FrameRate > 0 {
		for i, rate := range r.rates {
			if 5*int(rate) >= 4*int(d.FrameRate) && rate < r.rates[MaxTemporal-1] {
				t = uint8(i)
				break
			}
		}
	}
	if d.Temporal > 0 {
		t = min(t, d.Temporal-1)
	}
	return t
}
