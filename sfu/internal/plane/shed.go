package plane

// Stale says that what [Plane.Receive] is given from now on has waited for longer
// than video is of use, or that it has not: a core that has more to do than it
// can catches up by not forwarding it.
func (p *Plane) Stale(stale bool) { p.stale = stale }

// shed keeps back video that has waited for too long. Its subscribers go on with
// the next key frame that is in time; audio is little and is sent all the same.
func (f *Fanout) shed() bool {
	if !f.plane.stale || f.spec.Audio {
		return false
	}
	for _, o := range f.outbounds {
		o.stop()
		o.slot.drop(DropOverload)
	}
	return true
}
