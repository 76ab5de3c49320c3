package room

import "encoding/json"

// laggard is a [Conn] that knows whether its client is behind.
type laggard interface{ Behind(caughtUp func()) bool }

// owed is what a member whose client is behind is told when it has caught up.
type owed struct {
	changes changes
	states  int // that changes are made of
	// skipped is how many revisions fewer than the room's the client has seen
	// since it got the whole state, -1 for one more: several were told as one, or
	// it knew of some before, and it expects no gaps.
	skipped int
	polls   bool // some changed
}

// lags tells whether what can be merged is to be kept back. If so, the room hears
// of it when the client has caught up.
func (m *Member) lags() bool {
	l, ok := m.conn.(laggard)
	if m.behind || !ok || m.socketGone {
		return m.behind
	}
	c := m.conn
	m.behind = l.Behind(func() { m.room.post(func() { m.caughtUp(c) }) })
	return m.behind
}

// caughtUp tells what was kept back.
func (m *Member) caughtUp(c Conn) {
	if m.ended || m.conn != c || !m.behind {
		return
	}
	m.behind = false
	if n := m.owed.states; n > 0 {
		m.owed.skipped += n - 1
		m.emit("state", m.owed.changes.event(m.room.rev-m.owed.skipped))
		m.owed.changes, m.owed.states = changes{}, 0
	}
	m.tellSlots()
	m.tellUnsaid()
	m.tellOwedPolls()
	m.tellNeed()
}

// tellState tells what changed with the newest revision, which is e to those who
// have not skipped any; nil if it is told to this member alone.
func (m *Member) tellState(e *shared, c changes) {
	switch {
	case c.empty(): // it knows
		m.owed.skipped++
	case m.lags():
		m.owed.changes.merge(c)
		m.owed.states++
	case m.owed.skipped != 0 || e == nil:
		m.emit("state", c.event(m.room.rev-m.owed.skipped))
	default:
		m.emit("state", e)
	}
}

// shared is an argument that many members get, written once for all of them; see
// Shared of package signal. The room's goroutine owns it.
type shared struct {
	arg     any
	key     any
	written any
}

// Written returns what was kept for a key.
func (s *shared) Written(key any) any {
	if s.key != key {
		return nil
	}
	return s.written
}

// Keep remembers how the argument is written.
func (s *shared) Keep(key, written any) { s.key, s.written = key, written }

// MarshalJSON writes the argument.
func (s *shared) MarshalJSON() ([]byte, error) { return json.Marshal(s.arg) }
