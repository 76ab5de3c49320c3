package room

import (
	"crypto/subtle"
	"slices"
	"time"
)

// mostWaiters is how many may wait for one room.
const mostWaiters = 100

// waiter is somebody in the lobby of a room, whom a moderator has to let in.
type waiter struct {
	ticket string // 128 random bits
	name   string
	since  time.Time
	conn   *binding
	let    bool // it may come in
}

// Admit lets in who waits with a ticket. It fails with ErrNoMember if nobody does.
func (r *Room) Admit(ticket string) error { return r.withTicket(ticket, r.admit) }

// Deny sends away who waits with a ticket. It fails with ErrNoMember if nobody
// does.
func (r *Room) Deny(ticket string) error { return r.withTicket(ticket, r.deny) }

func (r *Room) withTicket(ticket string, f func(*waiter)) error {
	return r.order(func() error { return r.withWaiter(ticket, f) })
}

// withWaiter finds who waits with a ticket.
func (r *Room) withWaiter(ticket string, f func(*waiter)) error {
	w := r.waiter(ticket)
	if w == nil {
		return ErrNoMember.because("nobody waits with this ticket")
	}
	f(w)
	return nil
}

// equal compares secrets.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// everybody lists the members, present and lost.
func (r *Room) everybody() []*Member { return slices.Concat(r.members, r.seats) }

// ask decides, before anything is negotiated, whether m may enter. Who has to be
// let in waits from then on.
func (r *Room) ask(b *binding, m *Member, arg *joinArg) error {
	if r.ending {
		return ErrClosed
	}
	old := r.bySession(arg.Replaces)
	err := r.mayEnter(m, old, arg.Ticket)
	if err == ErrWaiting {
		return r.wait(b, m, arg.Ticket)
	}
	if err == nil && !m.shown(old) {
		err = r.server.passes.check(m.base)
	}
	return err
}

// mayEnter tells why m, who takes the place of old if that is not nil, may not
// enter.
func (r *Room) mayEnter(m, old *Member, ticket string) error {
	leads := m.grant.CanModerate || m.grant.Candidate && r.part == nil && (!r.moderated() || r.founded(m))
	switch {
	case r.server.bans.hold(r.main().name, m, time.Now()):
		return ErrBanned
	case r.part != nil && r.part.isClosed(): // whose members have been sent back
		return errPartEnded
	case old != nil:
		return nil
	case r.locked && !leads && !m.isSent():
		return ErrLockedRoom
	case len(r.members)+len(r.seats)-len(r.doubles(m)) >= r.options.MaxMembers:
		return ErrFull
	case r.lobby && !leads && !m.grant.Hidden && !m.isSent() && !r.admits(ticket): // whose knock all moderators would hear
		return ErrWaiting
	}
	return nil
}

// admits tells whether a ticket was let in.
func (r *Room) admits(ticket string) bool {
	w := r.waiter(ticket)
	return w != nil && w.let
}

// waiter returns who has a ticket, or nil.
func (r *Room) waiter(ticket string) *waiter {
	for _, w := range r.waiting {
		if equal(w.ticket, ticket) {
			return w
		}
	}
	return nil
}

// wait puts a client into the lobby, or back there. The error tells its ticket.
func (r *Room) wait(b *binding, m *Member, ticket string) error {
	w := r.waiter(ticket)
	if w == nil {
		if i := slices.IndexFunc(r.waiting, func(w *waiter) bool { return w.conn == b }); i >= 0 {
			w = r.waiting[i]
		}
	}
	if w == nil {
		if len(r.waiting) >= mostWaiters {
			return ErrFull.because("too many wait to be let in")
		}
		w = &waiter{ticket: newSecret(), name: m.Name(), since: time.Now()}
		r.waiting = append(r.waiting, w)
		r.tellModerators(knockEvent{Ticket: w.ticket, Name: w.name})
	}
	w.conn = b
	b.wait(r)
	select {
	case <-b.conn.Done(): // watch may have looked before
		r.stopWaiting(b)
	default:
	}
	e := *ErrWaiting
	e.details = map[string]any{"ticket": w.ticket}
	return &e
}

// stopWaiting forgets who waited on a connection.
func (r *Room) stopWaiting(b *binding) {
	r.leaveLobby(b.conn, "")
	if len(r.members)+len(r.seats) == 0 {
		r.emptySince = time.Now()
	}
}

// leaveLobby forgets who waited on a connection, or has a ticket.
func (r *Room) leaveLobby(c Conn, ticket string) {
	r.waiting = slices.DeleteFunc(r.waiting, func(w *waiter) bool {
		if w.conn.conn != c && !equal(w.ticket, ticket) {
			return false
		}
		if !w.let {
			r.tellModerators(knockEvent{Ticket: w.ticket, Name: w.name, Gone: true})
		}
		w.conn.waitNoMore(r)
		return true
	})
}

// sendAway tells those who wait that the room has ended.
func (r *Room) sendAway() {
	for _, w := range slices.Clone(r.waiting) {
		r.dismiss(w, ErrClosed)
	}
}

// dismiss sends somebody away who waits. Who is in another room meanwhile stays
// there.
func (r *Room) dismiss(w *waiter, why *Error) {
	r.stopWaiting(w.conn)
	if w.conn.current() == nil {
		w.conn.dismiss(nil, why)
	}
}

// tellModerators tells who can decide about it.
func (r *Room) tellModerators(e knockEvent) {
	for _, m := range r.members {
		if m.grant.CanModerate {
			m.emit("knock", e)
		}
	}
}

// tellWaiting tells a moderator who waits.
func (m *Member) tellWaiting() {
	if !m.grant.CanModerate {
		return
	}
	for _, w := range m.room.waiting {
		if !w.let {
			m.emit("knock", knockEvent{Ticket: w.ticket, Name: w.name})
		}
	}
}

// admit lets somebody in who waits.
func (r *Room) admit(w *waiter) {
	if w.let {
		return
	}
	w.let = true
	_ = w.conn.conn.Emit("admitted", admittedEvent{Ticket: w.ticket}) // or it is gone
	r.tellModerators(knockEvent{Ticket: w.ticket, Name: w.name, Gone: true})
}

// deny sends somebody away who waits.
func (r *Room) deny(w *waiter) { r.dismiss(w, errRejected) }

// setLobby has who comes from now on wait, or lets in all who wait.
func (r *Room) setLobby(on bool) {
	if r.lobby == on {
		return
	}
	r.lobby = on
	r.roomChanged()
	if !on {
		for _, w := range r.waiting {
			r.admit(w)
		}
	}
}

// lock has nobody come in from now on who does not moderate.
func (r *Room) lock(locked bool) {
	if r.locked != locked {
		r.locked = locked
		r.roomChanged()
	}
}
