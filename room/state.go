package room

import (
	"cmp"
	"slices"
	"time"
)

// Changes are told together with those of the next coalesce, but for who comes and
// goes, which is told at once. In a room of more than few, between two state events
// lies perMember for each who is told: else the comings and goings of thousands
// would take all the time there is.
const (
	coalesce  = 50 * time.Millisecond
	few       = 100
	perMember = 200 * time.Microsecond
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
func (r *Room) changed() { r.tellAt(time.Now().Add(coalesce)) }

// hurry schedules a state event for right after the command.
func (r *Room) hurry() { r.tellAt(time.Now()) }

// tellAt schedules a state event, unless there is one before.
func (r *Room) tellAt(at time.Time) {
	if n := len(r.members); n > few {
		if earliest := r.flushed.Add(time.Duration(n) * perMember); at.Before(earliest) {
			at = earliest
		}
	}
	if r.flushAt.IsZero() || at.Before(r.flushAt) {
		r.flushAt = at
	}
}

// flush tells everybody what changed. What a member receives by itself changes with
// it.
func (r *Room) flush(now time.Time) {
	r.flushAt, r.flushed = time.Time{}, now
	if c := r.since(0); !c.empty() {
		r.rev++
		e := &shared{arg: c.event(r.rev)}
		for _, m := range r.members {
			if m.knows == 0 {
				m.tellState(e, c)
			} else {
				m.tellState(nil, r.since(m.knows))
			}
		}
	}
	r.earlier, r.changes = nil, changes{}
	for _, m := range r.members {
		m.knows = 0
		m.assign()
		if !m.lags() {
			m.tellSlots()
			m.tellNeed()
		}
	}
	r.releaseBackups()
}

// since returns what changed and is not told, without the first n of the earlier
// changes.
func (r *Room) since(n int) changes {
	if n == len(r.earlier) {
		return r.changes
	}
	var all changes
	for _, c := range r.earlier[n:] {
		all.merge(c)
	}
	all.merge(r.changes)
	return all
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

// snapshot is the whole room as m sees it now, with what others are still to be
// told.
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
	if !r.changes.empty() {
		r.earlier, r.changes = append(r.earlier, r.changes), changes{}
	}
	m.knows = len(r.earlier)
	ahead := m.knows > 0 || m.owed.skipped < 0 // it knows what the next revision will tell, or was ahead
	m.owed = owed{}
	if ahead {
		s.Rev++
		m.owed.skipped = -1
	}
	return s
}
