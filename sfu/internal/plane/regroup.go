package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// unfollow takes the transport, which moves to another core, off its groups here.
// Its slots keep their rules.
func (t *Transport) unfollow() {
	for _, f := range t.followers {
		f.group.followers = remove(f.group.followers, f)
		f.group.restless = true
	}
	t.followers = nil
}

// part divides what is known of a group between the fan-out that moves with its
// publisher and the mirror that may stay, and tells whether one does.
func (f *Fanout) part(moved *Fanout, from, to int) (stays bool) {
	elsewhere := func(cores []int) []int {
		return slices.DeleteFunc(slices.Clone(cores), func(w int) bool { return w == to })
	}
	moved.held, moved.shown = elsewhere(f.held), elsewhere(f.shown)
	f.leave()
	f.subscribed, f.followed = false, nil
	for _, o := range f.outbounds {
		if o.slot.follow == nil {
			f.subscribed = true
			continue
		}
		o.slot.keep(f)
	}
	if f.subscribed {
		moved.held = append(moved.held, from)
	}
	if f.followed != nil {
		moved.shown = append(moved.shown, from)
	}
	moved.unite()
	f.enlisted, f.held, f.shown = nil, nil, nil
	return len(f.outbounds) > 0
}

// rejoin makes the transport, which came from another core, part of its groups
// here.
func (t *Transport) rejoin(now mono.Time) {
	for _, f := range t.publications {
		if f.enlisted == nil {
			continue
		}
		f.enter(now)
		f.plane.groups[f.enlisted.Group].send(now, f.enlisted.Home,
			relocate{group: f.enlisted.Group, publication: f.id, core: f.plane.core})
	}
	for _, s := range t.slots {
		if s.follow != nil {
			s.enlist(now)
		}
	}
}
