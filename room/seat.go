package room

import (
	"slices"
	"time"
)

const (
	// longestWithoutSocket is how long a member stays whose media goes on
	// although its socket is gone.
	longestWithoutSocket = 120 * time.Second
	// lifeAfter is how long a member without media, or whose media said goodbye,
	// stays when its socket is gone: a page that is loaded again takes less.
	lifeAfter = 4 * time.Second
)

// connGone notes that the socket is gone. The member stays while its media is
// heard.
func (m *Member) connGone(c Conn) {
	if m.ended || m.conn != c || m.socketGone {
		return
	}
	m.socketGone, m.goneAt, m.behind = true, time.Now(), false
	m.holding, m.held = false, nil
	m.checkAlive()
}

// checkAlive does what follows from socket or media having come or gone: a
// member is there while it has one of them, and has a seat for a while after.
func (m *Member) checkAlive() {
	r := m.room
	switch {
	case m.ended:
	case m.resource != nil:
		m.checkMedia()
	case m.input != nil:
		m.checkInput()
	case !m.socketGone:
		m.stopTimer()
		m.setState("live")
		r.unpark(m)
	case !m.mediaGone:
		m.setState("reconnecting")
		r.unpark(m)
		m.after(time.Until(m.goneAt.Add(longestWithoutSocket)), func() { r.remove(m, "lost") })
	case m.parked: // the time of its seat is running
	case m.connected: // and silent for 4 s
		r.park(m)
	default:
		m.setState("reconnecting")
		m.after(lifeAfter, func() { r.park(m) })
	}
}

// setState tells the others, unless the member is lost to them.
func (m *Member) setState(state string) {
	if m.state == state {
		return
	}
	m.state = state
	m.room.judgeSoon(time.Now())
	if !m.parked && !m.unseen() {
		m.room.changes.setMember(memberChange{ID: m.id, State: state})
		m.room.changed()
	}
}

// after has the room carry out f after a time, in place of what it was to carry
// out before.
func (m *Member) after(d time.Duration, f func()) {
	m.stopTimer()
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		m.room.post(func() {
			if m.timer == timer {
				f()
			}
		})
	})
	m.timer = timer
}

func (m *Member) stopTimer() {
	if m.timer != nil {
		m.timer.Stop()
		m.timer = nil
	}
}

// park takes a member from the room whose socket and media are gone, and keeps
// its seat: its name and role, and its peer with keys, slots and numbers. Nothing
// is sent to it meanwhile.
func (r *Room) park(m *Member) {
	for _, p := range r.of(m) {
		r.withhold(p)
		m.kept = append(m.kept, p)
	}
	m.pause(true)
	r.exit(m, "lost")
	r.seats = append(r.seats, m)
	m.parked = true
	r.report()
	if m.input == nil { // which is kept as long as the room
		m.after(r.server.cfg.Grace, func() { r.remove(m, "lost") })
	}
	r.log.Info("member lost", "member", m.id)
	r.hurry()
}

// unpark gives a parked member its place in the room back.
func (r *Room) unpark(m *Member) {
	i := slices.Index(r.seats, m)
	if i < 0 {
		return
	}
	r.seats = slices.Delete(r.seats, i, i+1)
	m.parked = false
	m.stopTimer()
	r.enter(m)
	kept := m.kept
	m.kept = nil
	for _, p := range kept {
		if !r.publish(p) {
			p.media.Close() // the grant is another
		}
	}
	m.pause(false)
	r.log.Info("member is back", "member", m.id)
}

// pause stops what the member is sent, or goes on with it, in the same slots.
func (m *Member) pause(paused bool) {
	for id, sub := range m.subs {
		if p := m.room.publication(id); p != nil {
			opts := m.options(p, "")
			opts.Paused = paused || p.silenced
			_ = sub.Update(opts) // or it has ended
		}
	}
	for mid, r := range m.rules {
		_ = r.sub.Update(r.options(mid, paused))
	}
}
