package room

import "slices"

// Limit returns what the policy of the options leaves of a grant. It is one of
// [Grant.ByRoom] that does not moderate, or is returned as it is.
func (o Options) Limit(g Grant) Grant {
	if !g.ByRoom || g.CanModerate {
		return g
	}
	if o.Publish != nil {
		g.Publish = slices.DeleteFunc(slices.Clone(g.Publish), func(s Source) bool { return !slices.Contains(o.Publish, s) })
	}
	g.CanChat, g.CanData = g.CanChat && yes(o.Chat), g.CanData && yes(o.Data)
	return g
}

func yes(b *bool) bool { return b == nil || *b }

// led returns the grant of a member that moderates from now on, with what the
// policy has taken.
func (m *Member) led() Grant {
	g := m.grant
	if m.policed() {
		g = g.withRights(m.base)
	}
	return g.asModerator()
}

// policed tells whether the member has what the policy left it, and nobody decided
// otherwise.
func (m *Member) policed() bool {
	return m.base.ByRoom && !m.grant.CanModerate && sameRights(m.grant, m.room.options.Limit(m.base))
}

// setOptions changes the options. Who has what the policy before left it has what
// the new one does; what somebody decided about one of them stays.
func (r *Room) setOptions(o Options) {
	var bound []*Member
	for _, m := range r.everybody() {
		if m.policed() {
			bound = append(bound, m)
		}
	}
	r.options = o
	for _, m := range bound {
		if !m.grant.CanModerate { // as one may from now on
			r.setGrant(m, o.Limit(m.base))
		}
	}
}
