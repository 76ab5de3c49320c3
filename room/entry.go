package room

import (
	"crypto/subtle"
	"slices"
	"time"
)

// add makes m a member, if it may enter. It replaces an older member of the same
// session, whose rights and sent messages it takes over.
func (r *Room) add(m *Member, replaces, ticket string) error {
	if r.ending {
		return ErrClosed
	}
	old := r.bySession(replaces)
	if err := r.mayEnter(m, old, ticket); err != nil {
		return err
	}
	if !m.shown(old) {
		if err := r.server.usePass(m.base); err != nil {
			return err
		}
	}
	m.grant = r.options.Limit(m.grant)
	if old != nil {
		m.cids, m.cidOrder = old.cids, old.cidOrder
		m.inherit(old)
		r.take(old, "replaced")
	}
	for _, o := range r.doubles(m) {
		r.take(o, "replaced")
	}
	m.arrive()
	r.elect(m)
	m.watchExpiry()
	r.leaveLobby(m.conn, ticket)
	r.enter(m)
	r.log.Info("member joined", "member", m.id)
	return nil
}

// bySession returns the member with a session, present or lost, or nil.
func (r *Room) bySession(session string) *Member {
	for _, m := range slices.Concat(r.members, r.seats) {
		if subtle.ConstantTimeCompare([]byte(m.session), []byte(session)) == 1 {
			return m
		}
	}
	return nil
}

// moderated tells whether there is a moderator that others see, who may be about
// to come back.
func (r *Room) moderated() bool {
	is := func(m *Member) bool { return m.grant.CanModerate && !m.unseen() }
	return slices.ContainsFunc(r.members, is) || slices.ContainsFunc(r.seats, is) || r.breakout != nil && r.breakout.leads()
}

// enter puts m among the members.
func (r *Room) enter(m *Member) {
	r.members = append(r.members, m)
	r.server.noteSession(m, true)
	r.census()
	if r.judgeAt.IsZero() {
		r.judgeAt = time.Now().Add(judgeEvery)
	}
	m.grade = grader{} // others take it for good until they are told
	if !m.unseen() {
		r.changes.addMember(m.info())
		r.changed()
	}
	r.report()
	if h := r.server.cfg.Hooks.OnJoin; h != nil {
		h(m)
	}
}

// remove ends a member: its tiles vanish for the others, its peer is closed.
func (r *Room) remove(m *Member, why string) {
	if r.take(m, why) {
		r.promote()
		r.hurry()
	}
}

// take is remove without telling the others at once. False if m is no member.
func (r *Room) take(m *Member, why string) bool {
	i := slices.Index(r.seats, m)
	switch {
	case i >= 0: // the others know
		r.seats = slices.Delete(r.seats, i, i+1)
		r.emptySince = time.Now()
	case slices.Contains(r.members, m):
		for _, p := range r.of(m) {
			r.unpublish(p)
		}
		r.exit(m, why)
	default:
		return false
	}
	m.end(why)
	r.report()
	r.log.Info("member left", "member", m.id, "why", why)
	return true
}

// of returns what a member publishes.
func (r *Room) of(m *Member) []*Publication {
	var list []*Publication
	for _, p := range r.publications {
		if p.member == m {
			list = append(list, p)
		}
	}
	return list
}

// exit takes m, who publishes nothing any more, from among the members.
func (r *Room) exit(m *Member, why string) {
	r.members = slices.DeleteFunc(r.members, func(o *Member) bool { return o == m })
	r.census()
	if !m.unseen() {
		r.changes.removeMember(m.id, why)
		r.changed()
	}
	if h := r.server.cfg.Hooks.OnLeave; h != nil {
		h(m, why)
	}
	if len(r.members) == 0 {
		r.emptySince = time.Now()
		r.speakers = nil
	}
}

// promote makes the longest present candidate the moderator if there is none.
func (r *Room) promote() {
	if r.part != nil || r.moderated() { // who moderates in a part does so in the main room
		return
	}
	if i := slices.IndexFunc(r.members, func(m *Member) bool { return m.grant.Candidate }); i >= 0 {
		m := r.members[i]
		r.setGrant(m, m.led())
	}
}
