package room

import (
	"cmp"
	"slices"
	"time"
)

// Memory is what a server knows about access that no token says. It can be written
// as JSON and read again, so that it outlives the process; package store keeps it
// in files. What is over, or too much, is forgotten.
type Memory struct {
	Bans   []Ban  `json:"bans"`   // of all rooms, oldest first
	Passes []pass `json:"passes"` // by ID
	// Changed is called when there is something new to keep; memory returns all of
	// it, as it is when that is called, by any goroutine. Rooms call it, several at
	// a time, and wait for it, so it leaves writing to another goroutine. If nil,
	// nothing is kept.
	Changed func(memory func() Memory) `json:"-"`
}

// pass is a token that has a name: an invitation, or one that is counted.
type pass struct {
	ID        string    `json:"id"`
	Room      string    `json:"room,omitempty"` // of an invitation
	Used      int       `json:"used,omitempty"` // how many joined with it, if it is counted
	Withdrawn bool      `json:"withdrawn,omitempty"`
	Expires   time.Time `json:"expires,omitzero"` // zero for never
}

// passLeeway is how long a pass is remembered after it expired: clocks differ.
const passLeeway = time.Minute

func (x pass) over(now time.Time) bool {
	return !x.Expires.IsZero() && now.After(x.Expires.Add(passLeeway))
}

// Memory returns what outlives the server, without what is over.
func (s *Server) Memory() Memory {
	now := time.Now()
	return Memory{Bans: s.bans.present(now), Passes: s.passes.present(now)}
}

// recall takes over what an earlier process left.
func (s *Server) recall(past Memory) {
	now := time.Now()
	bans := slices.DeleteFunc(slices.Clone(past.Bans), func(x Ban) bool { return x.over(now) })
	s.bans.list = bans[max(0, len(bans)-mostBans):]
	for _, x := range past.Passes {
		if x.ID != "" && !x.over(now) && s.passes.room(now) {
			s.passes.known[x.ID] = &x
		}
	}
}

// keep has the memory keep what is new, if err is nil, and returns err.
func (s *Server) keep(err error) error {
	if changed := s.cfg.Memory.Changed; err == nil && changed != nil {
		changed(s.Memory)
	}
	return err
}

// present returns the bans that are not over, oldest first.
func (b *bans) present(now time.Time) []Ban {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.list), func(x Ban) bool { return x.over(now) })
}

// present returns the passes that are not over, by ID.
func (p *passes) present(now time.Time) []pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]pass, 0, len(p.known))
	for _, x := range p.known {
		if !x.over(now) {
			list = append(list, *x)
		}
	}
	slices.SortFunc(list, func(a, b pass) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
