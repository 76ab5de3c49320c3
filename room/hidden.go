package room

// effective returns what a grant is worth: who is hidden says nothing, since that
// would be seen.
func (g Grant) effective() Grant {
	if g.Hidden {
		g.Publish, g.CanChat, g.CanData, g.Candidate = nil, false, false, false
	}
	return g
}

// unseen tells whether nobody else in the room learns of the member: its grant
// says so, or it only plays, by WHEP.
func (m *Member) unseen() bool { return m.grant.Hidden || m.kind == "whep" }

// author is the member's id where others are told who did something; empty if
// nobody learns of it.
func (m *Member) author() string {
	if m == nil || m.unseen() {
		return ""
	}
	return m.id
}

// find returns the member with an id that others may learn of, or nil.
func (r *Room) find(id string) *Member {
	if m := r.member(id); m != nil && !m.unseen() {
		return m
	}
	return nil
}

// visible counts the members of a list that others may learn of.
func visible(list []*Member) (n int) {
	for _, m := range list {
		if !m.unseen() {
			n++
		}
	}
	return n
}

// reveal tells the others of a member that was unseen before and is not any more,
// or the other way round.
func (m *Member) reveal(before bool) {
	r := m.room
	switch now := m.unseen(); {
	case now == before || m.parked:
		return
	case now:
		r.changes.removeMember(m.id, "left")
	default:
		r.changes.addMember(m.info())
	}
	r.census()
	r.report()
	r.changed()
}
