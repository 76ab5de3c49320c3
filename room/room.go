package room

import (
	"context"
	"crypto/subtle"
	"iter"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	mailbox = 1024 // commands that wait; a full one refuses with server_busy
)

// Room is a set of members who may see each other's publications.
//
// One goroutine owns everything in it and carries out commands in order; media
// never waits for it.
type Room struct {
	server  *Server
	name    string
	log     *slog.Logger
	created time.Time
	codecs  []webrtc.RTPCodecParameters // nil: those of the media server
	inbox   chan func()
	done    chan struct{}
	group   *sfu.Group               // of what is published here
	near    atomic.Pointer[sfu.Peer] // of a member, whose core others should share; nil at first
	listed  atomic.Bool              // see [Room.List]
	seen    atomic.Int32             // members that others see

	// Owned by the room's goroutine.
	options      Options
	members      []*Member      // in the order of joining
	seats        []*Member      // who is lost and may come back
	publications []*Publication // oldest first
	voices       []*Publication // those of audio, oldest first
	age          int            // of the newest publication
	byID         map[string]*Publication
	rev          int
	changes      changes
	earlier      []changes // before those, oldest first: each ends where somebody was shown the whole
	flushAt      time.Time // zero: nothing to tell
	flushed      time.Time // when everybody was told last
	speakers     []speaker
	emptySince   time.Time
	chat         []messageEvent
	chatBytes    int
	messages     int
	messageRate  bucket
	locked       bool
	lobby        bool
	waiting      []*waiter // longest first
	founder      string    // visitor who opened the room; may be empty
	spotlight    string    // ID of a publication, or empty
	parcels      int       // carried so far
	carried      bucket    // bytes of parcels, and of what is told beside
	numbered     int       // things told so far, by number
	handAt       int64     // when the last hand was raised, in ms
	polls        []*poll   // oldest first
	pollsAt      time.Time // zero: nothing to tell of them
	openings     bucket    // of polls
	judgeAt      time.Time // when connections are graded; zero: nobody is there
	judging      bool      // their counters are being read
	ending       bool
	breakout     *breakout // what it is divided into; nil for nothing
	looksAt      time.Time // for what is new in its parts
	endsAt       time.Time // of a part that is closed; zero for one that is not
	part         *breakout // that it is a part of; nil for none. It is never changed
}

func newRoom(s *Server, name string, o Options) *Room {
	now := time.Now()
	o = o.over(s.cfg.options(name))
	r := &Room{
		server:      s,
		name:        name,
		log:         s.log.With("room", name),
		created:     now,
		options:     o.lasting(),
		locked:      o.Locked != nil && *o.Locked,
		lobby:       o.Lobby != nil && *o.Lobby,
		codecs:      o.Codecs,
		part:        o.part,
		emptySince:  now,
		byID:        make(map[string]*Publication),
		inbox:       make(chan func(), mailbox),
		done:        make(chan struct{}),
		messageRate: newBucket(roomMessageRate, roomMessageBurst),
		carried:     newBucket(carryRate, carryBurst),
		openings:    newBucket(openingRate, openingBurst),
	}
	r.locked = r.locked || r.part != nil // for who was not sent
	r.group = s.cfg.Media.NewGroup(sfu.GroupOptions{OnSpeakers: r.heard})
	return r
}

// Name returns the name the room was opened with.
func (r *Room) Name() string { return r.name }

// Done is closed when the room has ended.
func (r *Room) Done() <-chan struct{} { return r.done }

// Members ranges over a snapshot of the members, hidden ones and players too, in
// the order of joining.
func (r *Room) Members() iter.Seq[*Member] {
	return slices.Values(read(r, func() []*Member { return slices.Clone(r.members) }))
}

// Publications ranges over a snapshot of what is published, oldest first.
func (r *Room) Publications() iter.Seq[*Publication] {
	return slices.Values(read(r, func() []*Publication { return slices.Clone(r.publications) }))
}

// Close removes all members and ends the room.
func (r *Room) Close() {
	r.post(func() { r.ending = true })
	<-r.done
}

// run is the room's goroutine.
func (r *Room) run() {
	defer close(r.done)
	timer := time.NewTimer(r.options.Linger)
	defer timer.Stop()
	hooks := &r.server.cfg.Hooks
	if hooks.OnOpen != nil {
		hooks.OnOpen(r)
	}
	for !r.over() {
		timer.Reset(time.Until(r.wakes(time.Now(), r.next())))
		select {
		case f := <-r.inbox:
			f()
		case <-timer.C:
		}
		r.tick(time.Now())
	}
	r.endParts()
	empty, why := !r.ending, "ended"
	if empty {
		why = "empty"
	}
	if hooks.OnEnd != nil {
		hooks.OnEnd(r, why)
	}
	r.server.forget(r)
	r.refuse()
	r.server.files.forget(r)
	if empty && hooks.OnEmpty != nil {
		hooks.OnEmpty(r)
	}
}

// over tells whether the room has ended: it was closed, or empty for long.
func (r *Room) over() bool {
	if r.ending {
		for _, m := range slices.Concat(r.members, r.seats) {
			r.take(m, "ended")
		}
		r.sendAway()
		return true
	}
	if r.lasts() || r.inUse() || len(r.inbox) > 0 || r.part == nil && time.Since(r.emptySince) < r.options.Linger {
		return false
	}
	for len(r.seats) > 0 {
		r.take(r.seats[0], "ended") // an input that nothing came from
	}
	return true
}

// inUse tells whether somebody is there, waits or may come back. An input that
// nothing comes from is nobody.
func (r *Room) inUse() bool {
	return len(r.members)+len(r.waiting) > 0 || slices.ContainsFunc(r.seats, func(m *Member) bool { return m.input == nil })
}

// refuse carries out what still waits, so that nobody waits for ever; members
// that come too late are refused by the commands themselves.
func (r *Room) refuse() {
	r.ending = true
	for {
		select {
		case f := <-r.inbox:
			f()
		default:
			return
		}
	}
}

// next returns when tick has something to do.
func (r *Room) next() time.Time {
	switch {
	case len(r.members) > 0:
	case len(r.waiting) > 0:
		return time.Now().Add(time.Hour) // until somebody decides, or they give up
	case r.inUse():
		return time.Now().Add(r.server.cfg.Grace)
	default:
		return r.emptySince.Add(r.options.Linger)
	}
	next := time.Now().Add(time.Hour) // until somebody does something
	for _, at := range [...]time.Time{r.flushAt, r.pollsAt, r.judgeAt} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func (r *Room) tick(now time.Time) {
	if !r.flushAt.IsZero() && !now.Before(r.flushAt) {
		r.flush(now)
	}
	if !r.pollsAt.IsZero() && !now.Before(r.pollsAt) {
		r.tellPolls()
	}
	if !r.judgeAt.IsZero() && !now.Before(r.judgeAt) {
		r.judge(now)
	}
	r.tickParts(now)
	if !r.endsAt.IsZero() && !now.Before(r.endsAt) {
		r.ending = true
	}
}

// post hands a command to the room's goroutine, and waits if many wait. It is
// for news that must not be lost; false if the room has ended.
func (r *Room) post(f func()) bool {
	select {
	case <-r.done:
		return false
	default:
	}
	select {
	case r.inbox <- f:
		return true
	case <-r.done:
		return false
	}
}

// call carries out f in the room's goroutine. It fails with ErrBusy when the
// mailbox is full, and with ErrClosed when the room has ended.
func call[T any](ctx context.Context, r *Room, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	var none T
	reply := make(chan result, 1)
	select {
	case r.inbox <- func() { v, err := f(); reply <- result{v, err} }:
	case <-r.done:
		return none, ErrClosed
	default:
		return none, ErrBusy
	}
	select {
	case x := <-reply:
		return x.v, x.err
	case <-r.done:
		select {
		case x := <-reply:
			return x.v, x.err
		default:
			return none, ErrClosed
		}
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// read asks the room's goroutine, and waits if many commands wait. It returns
// the zero value when the room has ended.
func read[T any](r *Room, f func() T) T {
	var none T
	reply := make(chan T, 1)
	if !r.post(func() { reply <- f() }) {
		return none
	}
	select {
	case v := <-reply:
		return v
	case <-r.done:
		select {
		case v := <-reply:
			return v
		default:
			return none
		}
	}
}

// emit sends an event to all members but one, who may be nil.
func (r *Room) emit(event string, arg any, except *Member) {
	arg = &shared{arg: arg}
	for _, m := range r.members {
		if m != except {
			m.emit(event, arg)
		}
	}
}

// member returns the member with an id, or nil.
func (r *Room) member(id string) *Member {
	for _, m := range r.members {
		if m.id == id {
			return m
		}
	}
	return nil
}

// publication returns the publication with an id, or nil.
func (r *Room) publication(id string) *Publication { return r.byID[id] }

// add makes m a member, if it may enter. It replaces an older member of the same
// session, whose rights and sent messages it takes over.
func (r *Room) add(m *Member, replaces, ticket string) error {
	if r.ending {
		return ErrClosed
	}
	old := r.bySession(replaces)
	if err := r.mayEnter(m, old, ticket); err != nil {
		return err
	}
	if !m.shown(old) {
		if err := r.server.usePass(m.base); err != nil {
			return err
		}
	}
	m.grant = r.options.Limit(m.grant)
	if old != nil {
		m.cids, m.cidOrder = old.cids, old.cidOrder
		m.inherit(old)
		r.take(old, "replaced")
	}
	for _, o := range r.doubles(m) {
		r.take(o, "replaced")
	}
	m.arrive()
	r.elect(m)
	m.watchExpiry()
	r.leaveLobby(m.conn, ticket)
	r.enter(m)
	r.log.Info("member joined", "member", m.id)
	return nil
}

// bySession returns the member with a session, present or lost, or nil.
func (r *Room) bySession(session string) *Member {
	for _, m := range slices.Concat(r.members, r.seats) {
		if subtle.ConstantTimeCompare([]byte(m.session), []byte(session)) == 1 {
			return m
		}
	}
	return nil
}

// moderated tells whether there is a moderator that others see, who may be about
// to come back.
func (r *Room) moderated() bool {
	is := func(m *Member) bool { return m.grant.CanModerate && !m.unseen() }
	return slices.ContainsFunc(r.members, is) || slices.ContainsFunc(r.seats, is) || r.breakout != nil && r.breakout.leads()
}

// enter puts m among the members.
func (r *Room) enter(m *Member) {
	r.members = append(r.members, m)
	r.server.noteSession(m, true)
	r.census()
	if r.judgeAt.IsZero() {
		r.judgeAt = time.Now().Add(judgeEvery)
	}
	m.grade = grader{} // others take it for good until they are told
	if !m.unseen() {
		r.changes.addMember(m.info())
		r.changed()
	}
	r.report()
	if h := r.server.cfg.Hooks.OnJoin; h != nil {
		h(m)
	}
}

// remove ends a member: its tiles vanish for the others, its peer is closed.
func (r *Room) remove(m *Member, why string) {
	if r.take(m, why) {
		r.promote()
		r.hurry()
	}
}

// take is remove without telling the others at once. False if m is no member.
func (r *Room) take(m *Member, why string) bool {
	i := slices.Index(r.seats, m)
	switch {
	case i >= 0: // the others know
		r.seats = slices.Delete(r.seats, i, i+1)
		r.emptySince = time.Now()
	case slices.Contains(r.members, m):
		for _, p := range r.of(m) {
			r.unpublish(p)
		}
		r.exit(m, why)
	default:
		return false
	}
	m.end(why)
	r.report()
	r.log.Info("member left", "member", m.id, "why", why)
	return true
}

// of returns what a member publishes.
func (r *Room) of(m *Member) []*Publication {
	var list []*Publication
	for _, p := range r.publications {
		if p.member == m {
			list = append(list, p)
		}
	}
	return list
}

// exit takes m, who publishes nothing any more, from among the members.
func (r *Room) exit(m *Member, why string) {
	r.members = slices.DeleteFunc(r.members, func(o *Member) bool { return o == m })
	r.census()
	if !m.unseen() {
		r.changes.removeMember(m.id, why)
		r.changed()
	}
	if h := r.server.cfg.Hooks.OnLeave; h != nil {
		h(m, why)
	}
	if len(r.members) == 0 {
		r.emptySince = time.Now()
		r.speakers = nil
	}
}

// promote makes the longest present candidate the moderator if there is none.
func (r *Room) promote() {
	if r.part != nil || r.moderated() { // who moderates in a part does so in the main room
		return
	}
	if i := slices.IndexFunc(r.members, func(m *Member) bool { return m.grant.Candidate }); i >= 0 {
		m := r.members[i]
		r.setGrant(m, m.led())
	}
}
