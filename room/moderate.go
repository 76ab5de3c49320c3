package room

import (
	"time"
)

// Mute mutes a publication of the member: nobody is sent it until the member
// unmutes it itself. It fails with ErrNoPublication if the member has no such
// publication.
func (m *Member) Mute(p *Publication) error {
	return m.order(func() error {
		if p.member != m || m.room.publication(p.id) != p {
			return ErrNoPublication
		}
		m.room.quiet(p, nil)
		return nil
	})
}

// Promote makes the member a moderator, and Demote a guest.
func (m *Member) Promote() error { return m.SetRole(RoleModerator) }

// Demote takes a moderator's rights from the member.
func (m *Member) Demote() error { return m.SetRole(RoleGuest) }

// SetRole gives the member the rights of a role, of which the room's policy takes
// as it does when somebody joins. It fails with ErrBadRequest for what is no role.
func (m *Member) SetRole(role Role) error {
	if _, ok := role.Grant(); !ok {
		return ErrBadRequest.because("unknown role %q", role)
	}
	return m.order(func() error { m.room.promoteTo(m, role); return nil })
}

// Ban removes the member and keeps it out until a time; zero is for as long as
// the server remembers. See [Ban] for who is kept out. It fails with ErrLimit if
// there are too many bans; the member is removed all the same.
func (m *Member) Ban(until time.Time) error {
	return m.order(func() error { return m.room.ban(m, until) })
}

// Ban keeps an identity of tokens out of the room until a time, and removes its
// members; zero is for as long as the server remembers. See [Member.Ban].
func (r *Room) Ban(identity string, until time.Time) error {
	return r.order(func() error { return r.banIdentity(identity, until) })
}

// Unban lifts the bans of an identity, or of who had the ID of a member; either
// may be empty. It fails with ErrNoMember if there is none.
func (r *Room) Unban(identity, member string) error {
	return r.server.Unban(r.main().name, identity, member)
}

// MuteAll mutes what the members who do not moderate say; see [Member.Mute].
func (r *Room) MuteAll() error {
	return r.order(func() error { r.quietAll(nil); return nil })
}

// Lock has nobody enter who does not moderate, or ends that.
func (r *Room) Lock(locked bool) error {
	return r.order(func() error { r.lock(locked); return nil })
}

// Lobby has whoever comes wait until a moderator lets them in, or ends that and
// lets in who waits.
func (r *Room) Lobby(on bool) error {
	return r.order(func() error { r.setLobby(on); return nil })
}

// Spotlight asks everybody to look at a publication; nil ends that. It fails with
// ErrNoPublication for one that is not in the room.
func (r *Room) Spotlight(p *Publication) error {
	return r.order(func() error {
		if p == nil {
			r.setSpotlight("")
			return nil
		}
		if r.publication(p.id) != p {
			return ErrNoPublication
		}
		r.setSpotlight(p.id)
		return nil
	})
}

// End removes everybody and ends the room. It does not wait for that; see
// [Room.Close].
func (r *Room) End() error {
	return r.order(func() error { r.ending = true; return nil })
}

// setMuted notes that a publication is muted, or is not any more.
func (r *Room) setMuted(p *Publication, muted bool) {
	if p.muted == muted {
		return
	}
	p.muted = muted
	if s := p.member.sections[p.media.MID()]; s != nil {
		s.pub.Muted = muted
	}
	r.changes.setPublication(publicationChange{ID: p.id, Muted: muted})
	r.changed()
}

// quiet mutes a publication that is not one's own. A nil by is who embeds the
// room.
func (r *Room) quiet(p *Publication, by *Member) {
	r.setMuted(p, true)
	r.silence(p, true)
	p.member.emit("muted", mutedEvent{Publication: p.id, By: by.author()})
}

// silence stops sending a publication to anybody, or goes on with it. A client
// that does not mute what it was told to mute is not heard all the same.
func (r *Room) silence(p *Publication, silent bool) {
	if p.silenced == silent {
		return
	}
	p.silenced = silent
	if silent {
		_ = r.group.Remove(p.media) // or it has ended
	} else {
		r.rank(p)
	}
	for _, m := range r.members {
		if sub := m.subs[p.id]; sub != nil {
			_ = sub.Update(m.options(p, sub.MID())) // or it has ended
		}
	}
}

// quietAll mutes all voices but those of moderators and of one member.
func (r *Room) quietAll(except *Member) {
	for _, p := range r.voices {
		if m := p.member; m != except && !m.grant.CanModerate && !p.muted {
			r.quiet(p, except)
		}
	}
}

func (r *Room) promoteTo(m *Member, role Role) {
	g, _ := role.Grant()
	g.ByRoom = m.base.ByRoom
	r.setGrant(m, r.options.Limit(g))
}

// ban removes a member and keeps it out.
func (r *Room) ban(m *Member, until time.Time) error {
	if id := m.grant.Identity; id != "" {
		return r.banIdentity(id, until)
	}
	x := Ban{Room: r.main().name, Member: m.id, Visitor: m.visitor, Network: network(m.remote), Until: until}
	err := r.server.keep(r.server.bans.add(x, time.Now()))
	for _, o := range r.everybody() { // in all tabs
		if o == m || x.Visitor != "" && x.Visitor == o.visitor && o.grant.Identity == "" {
			r.remove(o, "banned")
		}
	}
	return err
}

func (r *Room) banIdentity(identity string, until time.Time) error {
	if identity == "" {
		return ErrBadRequest.because("a ban needs an identity or a member")
	}
	x := Ban{Room: r.main().name, Identity: identity, Until: until}
	for _, m := range r.everybody() {
		if m.grant.Identity == identity {
			x.Member = m.id
		}
	}
	err := r.server.keep(r.server.bans.add(x, time.Now()))
	r.banish(identity)
	return err
}

// banish removes the members of an identity, also from the parts of the room.
func (r *Room) banish(identity string) {
	for _, m := range r.everybody() {
		if m.grant.Identity == identity {
			r.remove(m, "banned")
		}
	}
	if r.breakout != nil {
		for _, p := range r.breakout.list() {
			p.room.post(func() { p.room.banish(identity) }) // parts wait for nobody
		}
	}
}

func (r *Room) setSpotlight(id string) {
	if r.spotlight != id {
		r.spotlight = id
		r.roomChanged()
	}
}

// withMember finds a member that others may learn of, present or lost.
func (r *Room) withMember(id string) (*Member, error) {
	for _, m := range r.everybody() {
		if m.id == id && !m.unseen() {
			return m, nil
		}
	}
	return nil, ErrNoMember
}

// errOwnRights is for a moderator who gives what is not its own to give.
var errOwnRights = ErrDenied.because("you cannot give a right that you do not have")

// regrant gives a member the rights that a moderator names.
func (r *Room) regrant(by, m *Member, can *rightsInfo) error {
	if can == nil {
		return ErrBadRequest.because("can is missing")
	}
	for _, s := range can.Publish {
		if s.kind() == "" {
			return ErrBadRequest.because("publish: unknown source %q", s)
		}
	}
	g := can.grant()
	if !by.grant.covers(g) {
		return errOwnRights
	}
	r.setGrant(m, g)
	return nil
}
