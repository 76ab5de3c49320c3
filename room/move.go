package room

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"
)

// errand is where a member is asked to go.
type errand struct {
	event moveEvent
	// trusted is who was sent by somebody who may decide about both rooms: it
	// keeps its rights, and neither lock nor lobby keep it out.
	trusted bool
	to      *breakout // that the room is a part of; nil for another
}

// origin is a member of another room, as it was when somebody came with its
// session: who takes its place there.
type origin struct {
	member   *Member
	id       string
	base     Grant
	grant    Grant
	name     string
	attrs    map[string]string
	cids     map[string]messageAck
	cidOrder []string
	entry    Grant     // see Member
	trusted  bool      // see errand
	to       *breakout // that the room has to be a part of; nil for any
}

// MoveTo asks the member's client to go to another room, which nobody waits for.
// If trusted, it keeps its rights there, and neither lock nor lobby keep it out; if
// not, it comes in as everybody does. It fails with ErrBadRequest for what is no
// other room, with ErrDenied for a member without signalling, and with
// ErrNoMember if it is gone.
func (m *Member) MoveTo(name string, trusted bool) error {
	return m.order(func() error { return m.room.send(m, name, trusted) })
}

// send asks a member to go to another room. Between a room and its parts a
// moderator decides about both.
func (r *Room) send(m *Member, to string, trusted bool) error {
	switch {
	case !validRoom(to):
		return errRoomName
	case to == r.name:
		return ErrBadRequest.because("the member is there already")
	case m.conn == nil:
		return ErrDenied.because("who has no signalling cannot be moved")
	}
	x := &errand{event: moveEvent{Room: to}, trusted: trusted}
	if b, ok := r.related(to); ok {
		x.trusted = true
		if to != b.main.name {
			x.to = b
			if !b.ends.IsZero() {
				x.event.Until = b.ends.UnixMilli()
			}
		}
	}
	if x.trusted {
		x.event.Token = m.pass(to)
	}
	m.sent = x
	m.emit("move", x.event)
	return nil
}

// pass signs what lets the member into another room. Empty if it needs nothing, or
// nobody here can sign.
func (m *Member) pass(to string) string {
	g, s := m.grant, m.room.server
	if s.cfg.Invite == nil || g.Candidate {
		return ""
	}
	if g.ByRoom = m.policed(); g.ByRoom {
		g = g.withRights(m.base) // of which the other room takes what its policy wants
	}
	i := Invitation{ID: g.Pass, Room: to, Role: g.Role(), Expires: g.Expires, Grant: &g}
	if g.Uses > 0 { // nobody else may use it
		i.ID, i.Uses = "move-"+newID(), 1
	}
	if i.Expires.IsZero() {
		i.Expires = time.Now().Add(invitationLife)
	}
	token, err := s.cfg.Invite(i)
	if err != nil {
		s.log.Warn("moved without a token", "room", to, "err", err)
	}
	return token
}

// tellErrand repeats what a member was asked that has not gone.
func (m *Member) tellErrand() {
	if m.sent != nil {
		m.emit("move", m.sent.event)
	}
}

// errPartEnded is for who was sent to a part that is no more.
var errPartEnded = ErrClosed.because("the breakout room has ended")

// claim finds the member of another room with a session, whose place is to be
// taken in a room; nil if there is none. Only one may have it at a time; see
// [origin.settle].
func (b *binding) claim(ctx context.Context, session, to string) (*origin, error) {
	m := b.server.bySession(session)
	if m == nil || m.room.name == to {
		return nil, nil
	}
	from, err := call(ctx, m.room, func() (*origin, error) {
		if m.ended || m.conn == nil || m.claimed != nil && m.claimed != b && !over(m.claimed.conn) {
			return nil, nil
		}
		m.claimed = b
		sent := m.sent != nil && m.sent.event.Room == to
		o := &origin{
			member: m, id: m.id, base: m.base, grant: m.grant, name: m.Name(), attrs: m.attrs, cids: maps.Clone(m.cids), cidOrder: slices.Clone(m.cidOrder),
			trusted: sent && m.sent.trusted || m.room.isPart(to), entry: m.entry,
		}
		if sent {
			o.to = m.sent.to
		}
		return o, nil
	})
	if errors.Is(err, ErrClosed) {
		return nil, nil // it has ended with its room
	}
	return from, err
}

// over tells whether a connection has ended.
func over(c Conn) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// astray tells whether who comes was sent to a part that is no more, or has not been
// opened as r.
func (o *origin) astray(r *Room) bool {
	return o != nil && o.to != nil && (o.to.isClosed() || r != nil && r.part != o.to)
}

// settle ends the member that was claimed, if another has taken its place, or lets
// it be. What it is told before comes before the acknowledgement of that.
func (o *origin) settle(b *binding, taken bool) {
	if o == nil {
		return
	}
	m := o.member
	read(m.room, func() struct{} {
		switch m.claimed = nil; {
		case m.ended || !taken:
		default:
			if m.conn == b.conn { // which is another member's from now on
				m.socketGone, m.holding, m.held = true, false, nil
			}
			m.room.remove(m, "moved")
		}
		return struct{}{}
	})
}

// follows makes m, who is in no room yet, the one who takes the place of a member
// of another room.
func (m *Member) follows(o *origin) {
	if o == nil {
		return
	}
	m.from, m.entry = o, o.entry
	m.cids, m.cidOrder = o.cids, o.cidOrder
	if o.trusted {
		m.id, m.attrs = o.id, o.attrs
		m.rename(o.name)
	}
}

// arrive gives a member the rights that it had where it was sent from.
func (m *Member) arrive() {
	if m.from != nil && m.from.trusted {
		m.grant = m.grant.withRights(m.from.grant).effective()
	}
	m.from = nil
}

// isSent tells whether a moderator sent who comes.
func (m *Member) isSent() bool { return m.from != nil && m.from.trusted }

// shown tells whether the token that m came with was counted when it was shown
// before, by who m takes the place of.
func (m *Member) shown(old *Member) bool {
	return old != nil && old.base.Pass == m.base.Pass || m.from != nil && (m.from.base.Pass == m.base.Pass || m.from.entry.Pass == m.base.Pass)
}

// sessionKey is by what a session is found, so that looking for it does not tell
// how much of a guess is right.
func sessionKey(session string) [sha256.Size]byte { return sha256.Sum256([]byte(session)) }

// bySession returns the member of any room with a session, or nil.
func (s *Server) bySession(session string) *Member {
	if session == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[sessionKey(session)]
}

// noteSession makes a member known by its session, or forgets it.
func (s *Server) noteSession(m *Member, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there {
		s.sessions[sessionKey(m.session)] = m
	} else {
		delete(s.sessions, sessionKey(m.session))
	}
}
