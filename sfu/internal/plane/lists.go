package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// apply brings this core in line with the lists: first what slots may show is
// made to come here, then the slots change, then what they no longer show stops.
func (r *ranked) apply(p *Plane, now mono.Time) {
	g := p.groups[r.group]
	if g == nil || g.ranked == r {
		return
	}
	g.ranked = r
	for _, f := range slices.Clone(g.shown) {
		g.handOut(f)
	}
	for show, list := range r.lists {
		for i, e := range list {
			f := p.publications[e.publication]
			switch {
			case f != nil && f.transport != nil:
				g.handOut(f)
				if e.core != p.core { // the word that it came here was lost
					g.send(now, g.at, relocate{group: g.id, publication: f.id, core: p.core})
				}
			case e.core != p.core && i < g.depth[show]:
				g.mirror(now, f, &e)
			}
		}
	}
	for _, f := range g.followers {
		f.rebind(now)
	}
	for _, f := range slices.Clone(g.mirrors) {
		if !g.needs(f) {
			f.release()
		}
	}
	g.tidy()
}

// handOut hands a publication of this core over to those that may show it.
func (g *group) handOut(f *Fanout) {
	f.shown = f.shown[:0:0]
	for show := range numLists {
		i := g.ranked.place(show, f.id)
		for _, a := range g.ranked.attending {
			if i < 0 || i >= a.depth[show] || a.core == g.plane.core {
				continue
			}
			if !slices.Contains(f.mirrors, a.core) {
				f.wants.set(a.core, unsaid)
			}
			f.shown = append(f.shown, a.core)
		}
	}
	f.unite()
	g.shown = remove(g.shown, f)
	if len(f.shown) > 0 {
		g.shown = append(g.shown, f)
	}
}

// mirror makes a publication of another core one that comes here.
func (g *group) mirror(now mono.Time, f *Fanout, e *entry) {
	p := g.plane
	if f == nil {
		f = newFanout(p, nil, e.publication, *e.spec, now)
		f.wants.origin = e.core
		p.publications[e.publication] = f
	}
	if f.transport == nil && f.followed == nil {
		f.followed = g
		g.mirrors = append(g.mirrors, f)
	}
}

// needs tells whether slots here may show a mirror.
func (g *group) needs(f *Fanout) bool {
	for show := range numLists {
		if i := g.ranked.place(show, f.id); i >= 0 && i < g.depth[show] {
			return true
		}
	}
	return false
}

// release lets a mirror go that no slot follows, unless somebody subscribed to it.
func (f *Fanout) release() {
	f.followed.mirrors = remove(f.followed.mirrors, f)
	f.followed = nil
	if f.transport == nil && !f.subscribed {
		f.plane.removePublication(f)
	}
}

// unite lists the cores to hand over to: where somebody subscribed, and where
// slots follow.
func (f *Fanout) unite() {
	f.mirrors = append(f.mirrors[:0:0], f.held...)
	for _, to := range f.shown {
		if !slices.Contains(f.mirrors, to) {
			f.mirrors = append(f.mirrors, to)
		}
	}
}
