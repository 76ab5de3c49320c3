package room

import (
	"errors"
	"sync"
	"time"
)

const (
	mostPasses        = 10_000
	invitationLife    = 24 * time.Hour
	longestInvitation = 30 * 24 * time.Hour
	mostUses          = 10_000
)

// Invitation lets its holder into a room as if it had a token, which it is.
type Invitation struct {
	ID      string // names it, to withdraw it; [Grant.Pass] of who comes with it
	Room    string
	Role    Role
	Expires time.Time
	Uses    int // how many may join with it; 0 is any number
	// Grant is that of the member who is moved to the room; nil for an invitation,
	// whose holder has the rights of Role. If it is of [Grant.ByRoom], the token is
	// to name no rights.
	Grant *Grant
}

// passes count tokens that have a name, and know which are withdrawn.
type passes struct {
	// Guarded by mu.
	mu    sync.Mutex
	known map[string]*pass // by ID
}

var (
	errWithdrawn = ErrUnauthorized.because("the invitation was withdrawn")
	errUsed      = ErrUnauthorized.because("the token was used as often as it may be")
)

// Withdrawn tells whether the invitation, or the token, with an ID was withdrawn.
func (s *Server) Withdrawn(id string) bool {
	return errors.Is(s.passes.check(Grant{Pass: id}), errWithdrawn)
}

// check tells why a member may not join with a token.
func (p *passes) check(g Grant) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal(g)
}

// refusal is called with mu held.
func (p *passes) refusal(g Grant) error {
	known := p.known[g.Pass]
	switch {
	case g.Pass == "" || known == nil:
		return nil
	case known.Withdrawn:
		return errWithdrawn
	case g.Uses > 0 && known.Used >= g.Uses:
		return errUsed
	}
	return nil
}

// usePass counts a join.
func (s *Server) usePass(g Grant) error {
	err := s.passes.use(g, time.Now())
	if g.Pass == "" || g.Uses == 0 {
		return err // nothing was counted
	}
	return s.keep(err)
}

// use counts a join.
func (p *passes) use(g Grant, now time.Time) error {
	if g.Pass == "" || g.Uses == 0 {
		return p.check(g)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(g); err != nil {
		return err
	}
	known := p.known[g.Pass]
	if known == nil {
		if !p.room(now) {
			return ErrBusy.because("too many tokens are counted")
		}
		known = &pass{ID: g.Pass, Expires: g.Expires}
		p.known[g.Pass] = known
	}
	known.Used++
	return nil
}

// room makes place for one more, with mu held. False if there is none.
func (p *passes) room(now time.Time) bool {
	if p.known == nil {
		p.known = make(map[string]*pass)
	}
	if len(p.known) >= mostPasses {
		for id, x := range p.known {
			if x.over(now) {
				delete(p.known, id)
			}
		}
	}
	return len(p.known) < mostPasses
}

// issue notes an invitation.
func (p *passes) issue(i Invitation, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.room(now) {
		return ErrLimit.because("there are %d invitations already", mostPasses)
	}
	p.known[i.ID] = &pass{ID: i.ID, Room: i.Room, Expires: i.Expires}
	return nil
}

// withdraw makes an invitation to a room worthless. False if there is none.
func (p *passes) withdraw(room, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.known[id]
	if x == nil || x.Room != room {
		return false
	}
	x.Withdrawn = true
	return true
}
