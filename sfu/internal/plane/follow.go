package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/speaker"
)

// Follow makes a slot show what a rule says, in place of what it showed, from now
// on and without further commands. What it shows already and shall show goes on;
// [EventShown] tells what that is, and each change. [Bind], [Unbind] and
// [RemoveSlot] end it.
type Follow struct {
	Slot   ID
	Group  ID
	Home   int // index of the home's core
	Rule   Rule
	Demand layer.Demand // what the slot can show
	Paused bool
	// Route says how packets of a publication are named in the slot; nil if it
	// cannot decode them. It is called between packets, must not block, and gives
	// the same for the same publication.
	Route func(publication ID) *Route
}

// follow is the rule of a slot.
type follow struct {
	Follow
	told ID // what EventShown said last; 0 for nothing
}

// follower is a transport with slots that follow a group.
type follower struct {
	group     *group
	transport *Transport
	slots     []*Slot
}

func (c Follow) apply(p *Plane, now mono.Time) {
	s := p.slots[c.Slot]
	if s == nil || c.Rule.List >= numLists || c.Rule.Rank < 0 {
		return
	}
	if s.follow != nil && s.follow.Group != c.Group {
		s.unbind()
	}
	s.unfollow()
	s.follow = &follow{Follow: c}
	if o := s.outbound; o != nil {
		o.fit(now, c.Demand)
		o.pause(now, c.Paused)
		if o.fan.transport == nil {
			s.keep(o.fan)
		}
	}
	s.tell()
	s.enlist(now)
}

// keep holds on to a mirror that a slot shows, until the lists say whether it is
// needed.
func (s *Slot) keep(f *Fanout) {
	if f.followed != nil {
		return
	}
	f.followed = s.transport.plane.group(s.follow.Group, s.follow.Home)
	f.followed.mirrors = append(f.followed.mirrors, f)
}

// enlist makes the slot one of those that follow its group on this core.
func (s *Slot) enlist(now mono.Time) {
	t := s.transport
	s.open()
	g := t.plane.group(s.follow.Group, s.follow.Home)
	i := slices.IndexFunc(t.followers, func(f *follower) bool { return f.group == g })
	if i < 0 {
		i = len(t.followers)
		f := &follower{group: g, transport: t}
		t.followers = append(t.followers, f)
		g.followers = append(g.followers, f)
	}
	f := t.followers[i]
	f.slots = append(f.slots, s)
	f.rebind(now)
	f.attend(now)
}

// unfollow ends the rule of a slot, which goes on showing what it shows.
func (s *Slot) unfollow() {
	t := s.transport
	if s.follow == nil {
		return
	}
	s.follow = nil
	for _, f := range t.followers {
		if !slices.Contains(f.slots, s) {
			continue
		}
		f.slots = remove(f.slots, s)
		if len(f.slots) == 0 {
			t.followers = remove(t.followers, f)
			f.group.followers = remove(f.group.followers, f)
		}
		f.group.restless = true
		return
	}
}

// attend tells the home how much of the lists followers here may show: the
// largest rank and one more, because nobody is shown what is its own, and one
// more for each publication that no rule shows.
func (g *group) attend(now mono.Time, again bool) {
	var depth [numLists]int
	for _, f := range g.followers {
		for list, n := range f.depth() {
			depth[list] = max(depth[list], n)
		}
	}
	g.restless = false
	if depth == g.depth && (!again || depth == [numLists]int{}) {
		return
	}
	g.depth, g.attended = depth, now
	g.send(now, g.at, attend{group: g.id, core: g.plane.core, depth: depth})
}

// attend tells the home if the slots of the transport may show more than others
// here. What they may show less is told later.
func (f *follower) attend(now mono.Time) {
	for list, n := range f.depth() {
		if n > f.group.depth[list] {
			f.group.attend(now, false)
			return
		}
	}
	f.group.restless = true
}

// depth is how much of each list the slots of the transport may show.
func (f *follower) depth() (depth [numLists]int) {
	for list := range numLists {
		if n := f.ranks(list); n > 0 {
			depth[list] = n + 1 + len(f.barred(list))
		}
	}
	return depth
}

// attend tells the home of a group what the followers of a core may show.
type attend struct {
	group ID
	core  int
	depth [numLists]int
}

func (c attend) apply(p *Plane, now mono.Time) {
	if g := p.groups[c.group]; g != nil && g.home != nil {
		g.home.attend(now, c)
	} else if g == nil && c.depth != [numLists]int{} {
		p.group(c.group, p.core).home.attend(now, c) // nobody publishes yet
	}
}

// ranks is how many entries of a list there must be for the slots.
func (f *follower) ranks(list List) (n int) {
	for _, s := range f.slots {
		if s.follow.Rule.List == list {
			n = max(n, s.follow.Rule.Rank+1)
		}
	}
	return n
}

// barred lists what no slot is to show by a list: what rules except, and voices
// that the transport is sent by subscriptions.
func (f *follower) barred(list List) (out []ID) {
	for _, s := range f.slots {
		if s.follow.Rule.List == list {
			for _, id := range s.follow.Rule.Except {
				if !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
	}
	if list != ListLoudest {
		return out
	}
	for _, s := range f.transport.slots {
		if s.follow == nil && s.outbound != nil && s.spec.Audio {
			out = append(out, s.outbound.fan.id)
		}
	}
	return out
}

// repin is called when a transport's subscriptions changed.
func (t *Transport) repin(now mono.Time) {
	for _, f := range slices.Clone(t.followers) {
		f.rebind(now)
		f.attend(now)
	}
}

// rebind makes the slots of the transport show what the lists say now.
func (f *follower) rebind(now mono.Time) {
	r := f.group.ranked
	if r == nil {
		return
	}
	for show, list := range r.lists {
		barred := f.barred(List(show))
		var mine [speaker.MostRanked]entry
		n := 0
		for _, e := range list {
			if e.owner != f.transport.id && !slices.Contains(barred, e.publication) {
				mine[n] = e
				n++
			}
		}
		f.assign(now, List(show), mine[:n])
	}
}

// assign gives each slot of a list its entry. A slot that shows one of those
// that are to be shown keeps it, whatever its rank is by now.
func (f *follower) assign(now mono.Time, show List, list []entry) {
	var free [speaker.MostRanked]bool // entries that are to be shown and are not yet
	for _, s := range f.slots {
		if r := s.follow.Rule; r.List == show && r.Rank < len(list) {
			free[r.Rank] = true
		}
	}
	var waiting []*Slot
	for _, s := range f.slots {
		if s.follow.Rule.List != show {
			continue
		}
		i := slices.IndexFunc(list, func(e entry) bool { return e.publication == s.target() })
		if i < 0 || !free[i] {
			waiting = append(waiting, s)
			continue
		}
		free[i] = false
	}
	for k, s := range waiting { // what is still sent, although something else was to follow it
		i := slices.IndexFunc(list, func(e entry) bool { return s.outbound != nil && e.publication == s.outbound.fan.id })
		if i >= 0 && free[i] {
			free[i], waiting[k] = false, nil
			s.show(now, list[i].publication)
		}
	}
	for _, s := range waiting {
		if s == nil {
			continue
		}
		i := slices.Index(free[:], true)
		if i < 0 {
			s.clear()
			continue
		}
		free[i] = false
		s.show(now, list[i].publication)
	}
}

// target is the publication that the slot shows, or will show as soon as it can
// be entered.
func (s *Slot) target() ID {
	switch {
	case s.next != nil:
		return s.next.fan.id
	case s.outbound != nil:
		return s.outbound.fan.id
	}
	return 0
}

// show makes a publication the one to show. What the slot shows goes on until
// the new one can be entered.
func (s *Slot) show(now mono.Time, id ID) {
	p := s.transport.plane
	f := p.publications[id]
	if s.next != nil {
		s.next.end()
	}
	if f == nil || s.outbound != nil && s.outbound.fan == f {
		return
	}
	route := s.follow.Route(id)
	if route == nil {
		return
	}
	o := newOutbound(s, f, Bind{Route: route, Demand: s.follow.Demand, Paused: s.follow.Paused})
	f.outbounds = append(f.outbounds, o)
	o.aim()
	f.demand(now)
	if s.outbound == nil || s.outbound.paused {
		s.clear()
		s.outbound = o
		s.tell()
	} else {
		s.next = o
	}
	o.enter(now)
}

// promote makes an outbound that can be entered the one of its slot.
func (s *Slot) promote(o *Outbound) {
	if s.next != o {
		return
	}
	old := s.outbound
	s.outbound, s.next = o, nil
	old.fan.outbounds = remove(old.fan.outbounds, old)
	o.before = s.account.Cost
	s.tell()
}

// clear makes a slot that follows idle until there is something to show.
func (s *Slot) clear() {
	if s.next != nil {
		s.next.end()
	}
	if s.outbound != nil {
		s.outbound.end()
	}
}

// tell reports what a slot that follows shows.
func (s *Slot) tell() {
	if s.follow == nil {
		return
	}
	now := ID(0)
	if s.outbound != nil {
		now = s.outbound.fan.id
	}
	if now != s.follow.told {
		s.follow.told = now
		s.transport.plane.emit(Event{Kind: EventShown, Transport: s.transport.id, Slot: s.id, Publication: now})
	}
}

// end takes the outbound off its slot. One that waits takes the place.
func (o *Outbound) end() {
	s := o.slot
	o.fan.outbounds = remove(o.fan.outbounds, o)
	switch o {
	case s.next:
		s.next = nil
	case s.outbound:
		s.outbound, s.next = s.next, nil
		s.tell()
	}
}
