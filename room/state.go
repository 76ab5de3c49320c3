package room

import (
	"cmp"
	"slices"
	"time"
)

// changes collects what is different since the last state event.
type changes struct {
	room         *roomInfo // as it is now; nil if it is as before
	members      memberChanges
	publications publicationChanges
}

func (c *changes) empty() bool {
	m, p := &c.members, &c.publications
	return c.room == nil && len(m.Add)+len(m.Set)+len(m.Del)+len(p.Add)+len(p.Set)+len(p.Del) == 0
}

func (c *changes) addMember(m MemberInfo) { c.members.Add = append(c.members.Add, m) }

// setMember merges a change into what is told already.
func (c *changes) setMember(s memberChange) {
	for i := range c.members.Add {
		if a := &c.members.Add[i]; a.ID == s.ID {
			a.take(s)
			return
		}
	}
	for i := range c.members.Set {
		if o := &c.members.Set[i]; o.ID == s.ID {
			o.merge(s)
			return
		}
	}
	c.members.Set = append(c.members.Set, s)
}

func (c *changes) removeMember(id, why string) {
	c.members.Set = slices.DeleteFunc(c.members.Set, func(s memberChange) bool { return s.ID == id })
	before := len(c.members.Add)
	c.members.Add = slices.DeleteFunc(c.members.Add, func(m MemberInfo) bool { return m.ID == id })
	if len(c.members.Add) == before {
		c.members.Del = append(c.members.Del, gone{ID: id, Why: why})
	}
}

func (c *changes) addPublication(p PublicationInfo) {
	c.publications.Add = append(c.publications.Add, p)
}

func (c *changes) setPublication(s publicationChange) {
	for i := range c.publications.Add {
		if a := &c.publications.Add[i]; a.ID == s.ID {
			a.Muted = s.Muted
			return
		}
	}
	c.publications.Set = slices.DeleteFunc(c.publications.Set, func(o publicationChange) bool { return o.ID == s.ID })
	c.publications.Set = append(c.publications.Set, s)
}

func (c *changes) removePublication(id string) {
	c.publications.Set = slices.DeleteFunc(c.publications.Set, func(s publicationChange) bool { return s.ID == id })
	before := len(c.publications.Add)
	c.publications.Add = slices.DeleteFunc(c.publications.Add, func(p PublicationInfo) bool { return p.ID == id })
	if len(c.publications.Add) == before {
		c.publications.Del = append(c.publications.Del, gone{ID: id})
	}
}

// merge adds changes that came later.
func (c *changes) merge(later changes) {
	c.room = cmp.Or(later.room, c.room)
	for _, d := range later.members.Del {
		c.removeMember(d.ID, d.Why)
	}
	for _, a := range later.members.Add {
		c.addMember(a)
	}
	for _, s := range later.members.Set {
		c.setMember(s)
	}
	for _, d := range later.publications.Del {
		c.removePublication(d.ID)
	}
	for _, a := range later.publications.Add {
		c.addPublication(a)
	}
	for _, s := range later.publications.Set {
		c.setPublication(s)
	}
}

// event returns what to tell, parts without changes left out.
func (c *changes) event(rev int) stateEvent {
	e := stateEvent{Rev: rev, Room: c.room}
	if m := &c.members; len(m.Add)+len(m.Set)+len(m.Del) > 0 {
		copied := *m
		e.Members = &copied
	}
	if p := &c.publications; len(p.Add)+len(p.Set)+len(p.Del) > 0 {
		copied := *p
		e.Publications = &copied
	}
	return e
}

// changed schedules a state event.
func (r *Room) changed() {
	if r.flushAt.IsZero() {
		r.flushAt = time.Now().Add(coalesce)
	}
}

// flush tells everybody what changed.
func (r *Room) flush() { r.flushTo(nil) }

// flushTo tells everybody but one, who learns it in another way. What a member
// receives by itself changes with it.
func (r *Room) flushTo(except *Member) {
	r.flushAt = time.Time{}
	if !r.changes.empty() {
		r.rev++
		e := &shared{arg: r.changes.event(r.rev)}
		for _, m := range r.members {
			if m != except {
				m.tellState(e, r.changes)
			}
		}
		r.changes = changes{}
	}
	for _, m := range r.members {
		m.assign()
		if m != except && !m.lags() {
			m.tellSlots()
			m.tellNeed()
		}
	}
	r.releaseBackups()
}

// info describes the room to clients.
func (r *Room) info() roomInfo {
	return roomInfo{
		Name: r.name, Locked: r.locked, Lobby: r.lobby, MaxMembers: r.options.MaxMembers, Created: r.created.UnixMilli(),
		Spotlight: r.spotlight, Breakout: r.division(),
	}
}

// roomChanged schedules to tell everybody what the room is like now.
func (r *Room) roomChanged() {
	now := r.info()
	r.changes.room = &now
	r.changed()
}

// snapshot is the whole room as m sees it.
func (r *Room) snapshot(m *Member) snapshot {
	s := snapshot{
		OK: true, V: 1, Session: m.session, Key: m.keys.current, Self: m.info(), Can: rightsOf(m.grant),
		Room:         r.info(),
		Members:      make([]MemberInfo, 0, len(r.members)),
		Publications: make([]PublicationInfo, 0, len(r.publications)),
		Rev:          r.rev,
		Slots:        m.slots(),
		ICEServers:   []struct{}{},
		GraceMS:      int(r.server.cfg.Grace.Milliseconds()),
		Limits:       limitsInfo{Text: longestText, Publications: mostPublications, Sections: mostSections, File: longestFile},
		Caps:         r.server.caps(),
		Chat:         r.history(m),
		Polls:        r.ballots(m),
	}
	for _, o := range r.members {
		if o == m || !o.unseen() {
			s.Members = append(s.Members, o.info())
		}
	}
	for _, p := range r.publications {
		s.Publications = append(s.Publications, p.info())
	}
	m.remember(s.Slots)
	m.owed = owed{}
	return s
}
