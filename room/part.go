package room

import (
	"slices"
	"sync"
	"time"
)

// breakout is what a room is divided into.
type breakout struct {
	main *Room
	ends time.Time // zero for when somebody says so

	// Guarded by mu.
	mu      sync.Mutex
	parts   []*part
	changed bool // since the main room looked
	closed  bool
}

// part is one of the rooms, with what it told last.
type part struct {
	room  *Room
	name  string           // shown to people
	there []breakoutMember // it is replaced, never changed
	busy  bool             // somebody is there, or may come back
	leads bool             // one of them moderates
}

// has tells whether one of ids is there. The list of parts it is from is a copy.
func (p part) has(ids map[string]bool) bool {
	return slices.ContainsFunc(p.there, func(m breakoutMember) bool { return ids[m.ID] })
}

func (b *breakout) add(r *Room, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts = append(b.parts, &part{room: r, name: name})
}

// list returns the parts as they are now.
func (b *breakout) list() []part {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]part, len(b.parts))
	for i, p := range b.parts {
		list[i] = *p
	}
	return list
}

// drop forgets a part that has ended.
func (b *breakout) drop(r *Room) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts = slices.DeleteFunc(b.parts, func(p *part) bool { return p.room == r })
	b.changed = true
}

// close notes that nobody goes to the parts any more.
func (b *breakout) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

func (b *breakout) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// end ends the parts at once.
func (b *breakout) end() {
	b.close()
	for _, p := range b.list() {
		p.room.post(func() { p.room.ending = true }) // parts wait for nobody
	}
}

// find returns the room with a name of its own, or as people see it; empty for the
// main room, and nothing for what there is not.
func (b *breakout) find(name string) string {
	list := b.list()
	i := slices.IndexFunc(list, func(p part) bool { return p.room.name == name })
	if i < 0 {
		i = slices.IndexFunc(list, func(p part) bool { return p.name == name })
	}
	switch {
	case name == "" || name == b.main.name:
		return b.main.name
	case i < 0:
		return ""
	}
	return list[i].room.name
}

// leads tells whether somebody in the parts moderates.
func (b *breakout) leads() bool {
	return slices.ContainsFunc(b.list(), func(p part) bool { return p.leads })
}

// look tells what is different since the last look, whether somebody is in a part,
// and how many parts are left.
func (b *breakout) look() (changed, busy bool, left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed, b.changed = b.changed, false
	return changed, slices.ContainsFunc(b.parts, func(p *part) bool { return p.busy }), len(b.parts)
}

// info describes it to clients, with who is where for those of the main room.
func (b *breakout) info(whole bool) *breakoutInfo {
	i := &breakoutInfo{Main: b.main.name, Rooms: []breakoutRoom{}}
	if !b.ends.IsZero() {
		i.Ends = b.ends.UnixMilli()
	}
	for _, p := range b.list() {
		x := breakoutRoom{Room: p.room.name, Name: p.name, Members: []breakoutMember{}}
		if whole {
			x.Members = append(x.Members, p.there...)
		}
		i.Rooms = append(i.Rooms, x)
	}
	return i
}

// report tells the main room who is in this part. It waits for nobody.
func (r *Room) report() {
	b := r.part
	if b == nil {
		return
	}
	var there []breakoutMember
	for _, m := range r.members {
		if !m.unseen() {
			there = append(there, breakoutMember{m.id, m.Name()})
		}
	}
	leads := slices.ContainsFunc(r.everybody(), func(m *Member) bool { return m.grant.CanModerate && !m.unseen() })
	busy := r.inUse()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.parts {
		if p.room == r {
			b.changed = b.changed || !slices.Equal(p.there, there) || p.leads != leads
			p.there, p.leads, p.busy = there, leads, busy
		}
	}
}

// related tells whether a room is the main room of this one, or a part of the same.
func (r *Room) related(name string) (b *breakout, ok bool) {
	if b = r.breakout; b == nil {
		b = r.part
	}
	if b == nil || b.isClosed() && name != b.main.name {
		return nil, false
	}
	return b, name == b.main.name || slices.ContainsFunc(b.list(), func(p part) bool { return p.room.name == name })
}

// endParts ends what the room is divided into, and is the last about a part.
func (r *Room) endParts() {
	if r.breakout != nil {
		r.breakout.end()
	}
	if r.part != nil {
		r.part.drop(r)
	}
}

// main is the room that this one is a part of, or itself.
func (r *Room) main() *Room {
	if r.part != nil {
		return r.part.main
	}
	return r
}

// isPart tells whether the room is a part of one with a name.
func (r *Room) isPart(main string) bool { return r.part != nil && r.part.main.name == main }

// lasts tells whether the room stays open though nobody is in it: a part until it
// is closed.
func (r *Room) lasts() bool { return r.part != nil && r.endsAt.IsZero() }
