package room

import (
	"context"
	"time"
)

// role is what others see of the member's rights.
func (m *Member) role() string { return string(m.grant.Role()) }

// Grant returns what the member may do now. It waits for the room.
func (m *Member) Grant() Grant { return read(m.room, func() Grant { return m.grant }) }

// SetGrant gives the member the rights in a grant, at once and whatever its token
// says; who it is and until when it may stay are not changed. What it publishes
// and may not any more ends. It fails with ErrNoMember if the member is gone.
func (m *Member) SetGrant(g Grant) error {
	return m.order(func() error { m.room.setGrant(m, g); return nil })
}

// order has the room carry out f for a member who is there or has a seat. It
// waits if many commands wait.
func (m *Member) order(f func() error) error {
	return m.room.order(func() error {
		if m.ended {
			return ErrNoMember
		}
		return f()
	})
}

// order has the room carry out f, and waits if many commands wait. It fails with
// ErrClosed if the room has ended.
func (r *Room) order(f func() error) error {
	if err := read(r, func() *error { err := f(); return &err }); err != nil {
		return *err
	}
	return ErrClosed
}

// setGrant changes rights: everybody is told the role, the member itself all of
// it.
func (r *Room) setGrant(m *Member, g Grant) {
	if before, after := m.grant, m.grant.withRights(g).effective(); !sameRights(before, after) {
		m.setRights(after)
		if !before.CanModerate {
			m.tellWaiting()
		}
	}
	r.promote()
}

// setRights is setGrant without looking who moderates now.
func (m *Member) setRights(g Grant) {
	r := m.room
	m.grant = g
	if !g.CanModerate && m.visitor != "" && m.visitor == r.founder {
		r.founder = ""
	}
	for _, p := range r.of(m) {
		if !g.MayPublish(p.source) {
			r.unpublish(p)
		}
	}
	can := rightsOf(g)
	if !m.parked && !m.unseen() {
		r.changes.setMember(memberChange{ID: m.id, Role: m.role(), Can: &can})
		r.changed()
	}
	r.report()
	m.emit("grant", grantEvent{Role: m.role(), Can: can})
}

// sameRights tells whether two grants allow the same.
func sameRights(a, b Grant) bool { return a.covers(b) && b.covers(a) }

// renew takes what a new token says. What was changed in the room stays, as long
// as the rights in the token are those of the last one, or of the first one if it
// was moved since: a page that is loaded again has that.
func (m *Member) renew(g Grant) {
	rights := m.room.options.Limit(g)
	if sameRights(g, m.base) || sameRights(g, m.entry) {
		rights = m.grant
	} else {
		m.entry = m.entry.withRights(g)
	}
	rights = g.withRights(rights).effective()
	changed, unseen := !sameRights(rights, m.grant), m.unseen()
	m.base = g
	m.grant = g.withRights(m.grant)
	m.reveal(unseen)
	if changed {
		m.room.setGrant(m, rights)
	}
	m.watchExpiry()
}

// inherit takes over what was changed about the rights of an older member of the
// same client.
func (m *Member) inherit(old *Member) {
	if sameRights(m.base, old.base) {
		m.grant = m.grant.withRights(old.grant).effective()
	}
}

// elect makes a candidate the moderator of a room that has none, and again if it
// was the one who opened it.
func (r *Room) elect(m *Member) {
	switch {
	case !m.grant.Candidate, r.part != nil:
	case !r.moderated():
		if r.unattended() {
			r.founder = m.visitor
		}
		m.grant = m.led()
	case r.founded(m):
		m.grant = m.led()
	}
}

// founded tells whether m is who opened the room.
func (r *Room) founded(m *Member) bool { return m.visitor != "" && m.visitor == r.founder }

// doubles lists the older members of an identity of which there may be only one.
func (r *Room) doubles(m *Member) (list []*Member) {
	if !m.grant.Single || m.grant.Identity == "" {
		return nil
	}
	for _, o := range r.everybody() {
		if o != m && o.grant.Identity == m.grant.Identity {
			list = append(list, o)
		}
	}
	return list
}

// watchExpiry has the member go when its token expires.
func (m *Member) watchExpiry() {
	m.stopExpiry()
	at := m.base.Expires
	if at.IsZero() {
		return
	}
	m.expiry = time.AfterFunc(time.Until(at), func() {
		m.room.post(func() {
			if m.base.Expires.Equal(at) {
				m.room.remove(m, "expired")
			}
		})
	})
}

func (m *Member) stopExpiry() {
	if m.expiry != nil {
		m.expiry.Stop()
	}
}

// renew takes a new token of a member.
func (b *binding) renew(ctx context.Context, arg *tokenArg) (any, error) {
	m := b.current()
	if m == nil {
		return nil, ErrNotJoined
	}
	if arg.Token == nil {
		return nil, ErrBadRequest.because("token is missing")
	}
	if err := b.server.joins.take(b.remote, time.Now()); err != nil {
		return nil, err
	}
	grant, err := b.server.authorize(ctx, b.request(m.room.Name(), m.Name(), *arg.Token))
	if err != nil {
		b.server.joins.failed(b.remote, time.Now())
		return nil, err
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if grant.Identity != m.grant.Identity {
			return nil, ErrDenied.because("the token is somebody else's")
		}
		if err := r.readmit(m, grant); err != nil {
			return nil, err
		}
		m.renew(grant)
		m.hold()
		return okAck{OK: true}, nil
	})
}

// readmit counts a token that a member has not shown before.
func (r *Room) readmit(m *Member, g Grant) error {
	if g.Pass == m.base.Pass || g.Pass == m.entry.Pass {
		return nil
	}
	return r.server.usePass(g)
}
