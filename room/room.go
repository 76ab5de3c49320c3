package room

import (
	"iter"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// mailbox is how many commands wait; a full one refuses with server_busy.
const mailbox = 1024

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
