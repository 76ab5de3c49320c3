package room

import (
	"slices"
	"sync"
	"time"
)

// mostBans is how many a server remembers.
const mostBans = 10_000

// Ban keeps somebody out of a room: an identity of tokens, or, of guests without
// one, a visitor by the cookie and whoever comes without a cookie from the same
// network.
type Ban struct {
	Room     string    `json:"room"`
	Member   string    `json:"member,omitempty"`   // ID of who was banned; empty for an identity that was not there
	Identity string    `json:"identity,omitempty"` // empty for a guest
	Visitor  string    `json:"visitor,omitempty"`  // of a guest; may be empty
	Network  string    `json:"network,omitempty"`  // of a guest: an IPv4 address, or a /64 of IPv6
	Until    time.Time `json:"until,omitzero"`     // zero for as long as the server remembers
}

// bans are those of all rooms, which outlive their rooms.
type bans struct {
	// Guarded by mu.
	mu   sync.Mutex
	list []Ban
}

// hold tells whether a ban is about m.
func (b *bans) hold(room string, m *Member, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.list, func(x Ban) bool {
		return x.Room == room && !x.over(now) && x.about(m)
	})
}

func (x Ban) over(now time.Time) bool { return !x.Until.IsZero() && !now.Before(x.Until) }

func (x Ban) about(m *Member) bool {
	switch {
	case x.Identity != "" || m.grant.Identity != "":
		return x.Identity == m.grant.Identity
	case x.Visitor != "" && m.visitor != "":
		return x.Visitor == m.visitor
	}
	// Whoever has a cookie is somebody: a network has many people.
	return m.visitor == "" && x.Network != "" && x.Network == network(m.remote)
}

// add remembers a ban. It fails with ErrLimit if there are too many.
func (b *bans) add(x Ban, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = slices.DeleteFunc(b.list, func(o Ban) bool { return o.over(now) || o.same(x) })
	if len(b.list) >= mostBans {
		return ErrLimit.because("there are %d bans already", mostBans)
	}
	b.list = append(b.list, x)
	return nil
}

// same tells whether two bans keep the same out of the same room.
func (x Ban) same(o Ban) bool {
	return x.Room == o.Room && x.Identity == o.Identity && x.Visitor == o.Visitor && x.Network == o.Network
}

// lift forgets the bans of a room that are about an identity or were about a
// member. False if there is none.
func (b *bans) lift(room, identity, member string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.list)
	b.list = slices.DeleteFunc(b.list, func(x Ban) bool {
		return x.Room == room && (identity != "" && x.Identity == identity || member != "" && x.Member == member)
	})
	return len(b.list) < before
}

// Bans returns those of a room that are not over, oldest first.
func (s *Server) Bans(room string) []Ban {
	return slices.DeleteFunc(s.bans.present(time.Now()), func(x Ban) bool { return x.Room != room })
}

// Unban is [Room.Unban] for a room that need not be open.
func (s *Server) Unban(room, identity, member string) error {
	if !s.bans.lift(room, identity, member) {
		return ErrNoMember.because("nobody like that is banned")
	}
	return s.keep(nil)
}
