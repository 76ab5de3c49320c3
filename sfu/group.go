package sfu

import (
	"slices"
	"sync/atomic"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// GroupOptions configures a [Group]. The zero value is valid.
type GroupOptions struct {
	// OnSpeakers is told who is heard, loudest first and at most 16, when that
	// changed and at most four times a second. It is called one at a time, from a
	// goroutine of the group's own, and what is outdated meanwhile is skipped. If
	// nil, nobody is told.
	OnSpeakers func([]Speaker)
}

// Speaker is a publication that is heard.
type Speaker struct {
	Publication *Publication
	Level       uint8 // smoothed, in -dBov (RFC 6464): 0 is loudest
	Dominant    bool  // it is the one who speaks, as [RuleSpeaker] sees it
}

// A Group is a set of publications among which speakers are ranked, such as a
// room. Workers tell one of them, ten times a second, who is heard; that one
// ranks, and tells the others at most 16 entries when they change. So what a group
// costs depends on the workers, not on its members.
//
// A group without publications and followers costs nothing, and is not closed.
type Group struct {
	server *Server
	opts   GroupOptions

	// Guarded by server.mu.
	users  int        // publications and subscriptions
	active *gathering // nil without users
}

// gathering is a group while it has users.
type gathering struct {
	group   *Group
	key     plane.ID
	home    int // index of the worker that ranks
	calls   calls
	heard   atomic.Pointer[[]plane.Speaker]
	pending atomic.Bool // a call waits
}

// NewGroup returns an empty group.
func (s *Server) NewGroup(opts GroupOptions) *Group { return &Group{server: s, opts: opts} }

// AddOptions says what a publication is in its group. The zero value suits
// somebody's voice and face.
type AddOptions struct {
	// Screen is what a peer shares: video that [RuleScreen] shows, or audio that
	// is heard as any other but makes nobody the speaker.
	Screen bool
}

// Add makes a publication one of the group until it ends or is removed. What is
// sent and shared by one peer belongs together: its camera is shown when its
// microphone is heard. Adding it again does nothing. It fails with [ErrInGroup]
// if it is in another group, and with [ErrClosed].
func (g *Group) Add(pub *Publication, opts AddOptions) error {
	s := g.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case pub.closed || s.closed:
		return ErrClosed
	case pub.group == g:
		return nil
	case pub.group != nil:
		return ErrInGroup
	}
	a := g.use(pub.peer)
	pub.group = g
	spec := pub.spec
	c := plane.Enlist{
		Group: a.key, Home: a.home, Publication: pub.key, Owner: pub.peer.key,
		Core: pub.peer.worker(), Screen: opts.Screen, Spec: &spec,
	}
	pub.peer.post(c)
	if a.home != c.Core {
		s.workers[a.home].Post(c)
	}
	return nil
}

// Remove takes a publication out of the group. It goes on, and so do
// subscriptions to it; slots that follow the group do not show it any more.
func (g *Group) Remove(pub *Publication) error {
	g.server.mu.Lock()
	defer g.server.mu.Unlock()
	switch {
	case pub.closed:
		return ErrClosed
	case pub.group == g:
		pub.delist()
	}
	return nil
}

// delist takes the publication out of its group, if it is in one. The caller
// holds the server's mutex.
func (p *Publication) delist() {
	g := p.group
	if g == nil {
		return
	}
	p.group = nil
	c := plane.Delist{Group: g.active.key, Publication: p.key}
	p.peer.post(c)
	if g.active.home != p.peer.worker() {
		p.peer.server.workers[g.active.home].Post(c)
	}
	g.release()
}

// use counts one more user of the group; the first one's worker is where the
// group is ranked. The caller holds the server's mutex, and calls release once.
func (g *Group) use(by *Peer) *gathering {
	if g.users++; g.users > 1 {
		return g.active
	}
	s := g.server
	g.active = &gathering{group: g, key: s.newKey(), home: by.worker()}
	s.ended.Add(1)
	g.active.calls.ended = s.ended.Done
	s.live.Store(g.active.key, g.active)
	return g.active
}

func (g *Group) release() {
	if g.users--; g.users > 0 {
		return
	}
	g.server.live.Delete(g.active.key)
	g.active.calls.end(func() {})
	g.active = nil
}

// onEvent is called by the home's worker.
func (a *gathering) onEvent(e plane.Event) {
	if a.group.opts.OnSpeakers == nil {
		return
	}
	a.heard.Store(&e.Speakers)
	if !a.pending.Swap(true) {
		a.calls.add(a.tell)
	}
}

// tell passes on who is heard.
func (a *gathering) tell() {
	a.pending.Store(false)
	heard := *a.heard.Load()
	list := make([]Speaker, 0, len(heard))
	for _, h := range heard {
		if p := a.group.server.alive(h.Publication); p != nil {
			list = append(list, Speaker{Publication: p, Level: h.Level, Dominant: h.Dominant})
		}
	}
	a.group.opts.OnSpeakers(slices.Clip(list))
}

// alive returns a publication by its key, or nil. It takes no lock.
func (s *Server) alive(key plane.ID) *Publication {
	v, _ := s.live.Load(key)
	p, _ := v.(*Publication)
	return p
}
