package room

import (
	"time"

	"github.com/pion/webrtc/v4"
)

// mostHistory bounds how many messages a room keeps, whatever it was told.
const mostHistory = 10_000

// Options are what one room has otherwise than others. Zero values mean what
// [Config] says, or of a room that is open already that nothing changes.
type Options struct {
	MaxMembers int           // hidden ones and players count
	Linger     time.Duration // see [Config.Linger]
	// History is how many chat messages who comes later may read. If zero, 200; if
	// negative, none.
	History int
	// Codecs are as [Config.Codecs] returns them. They cannot be changed.
	Codecs []webrtc.RTPCodecParameters
	// Publish, Chat and Data are the policy of the room: what those may send at the
	// most whose rights no token names; see [Grant.ByRoom]. It takes rights away, and
	// gives none, and who moderates the room is not bound by it. Nil takes nothing
	// away.
	Publish    []Source
	Chat, Data *bool
	// Locked and Lobby are as [Room.Lock] and [Room.Lobby] set them, from the moment
	// on at which the room is opened. If nil, they are not. What they are later a
	// [Description] tells.
	Locked, Lobby *bool

	part *breakout // that the room is a part of; nil for none
}

// over returns o with what is zero taken from another.
func (o Options) over(other Options) Options {
	if o.MaxMembers == 0 {
		o.MaxMembers = other.MaxMembers
	}
	if o.Linger == 0 {
		o.Linger = other.Linger
	}
	if o.History == 0 {
		o.History = other.History
	}
	if o.Codecs == nil {
		o.Codecs = other.Codecs
	}
	if o.Publish == nil {
		o.Publish = other.Publish
	}
	if o.Chat == nil {
		o.Chat = other.Chat
	}
	if o.Data == nil {
		o.Data = other.Data
	}
	o.History = min(o.History, mostHistory)
	return o
}

// lasting returns the options without what changes with the room.
func (o Options) lasting() Options {
	o.Locked, o.Lobby = nil, nil
	return o
}

// check tells what is wrong with options.
func (o Options) check() error {
	if o.MaxMembers < 0 || o.Linger < 0 {
		return ErrBadRequest.because("an option is below zero")
	}
	for _, s := range o.Publish {
		if s.kind() == "" {
			return ErrBadRequest.because("publish: unknown source %q", s)
		}
	}
	return nil
}

// options returns what a room has that was told nothing else.
func (c Config) options(name string) Options {
	return Options{MaxMembers: c.MaxMembers, Linger: c.Linger, History: historyLength, Codecs: c.Codecs(name)}
}

// OpenWith is [Server.Open] for a room of its own kind. A room that is there
// already takes over the options that are not zero, at once; it fails with
// ErrBadRequest for options that cannot be, and if the codecs of a room were to
// change. It waits for the room, and tells whether there was none before.
func (s *Server) OpenWith(name string, o Options) (r *Room, opened bool, err error) {
	if err := o.check(); err != nil {
		return nil, false, err
	}
	r, opened, err = s.open(name, o)
	if err != nil || opened {
		return r, opened, err
	}
	if o.Codecs != nil {
		return nil, false, ErrBadRequest.because("the codecs of a room are chosen when it is opened")
	}
	if !r.post(func() { r.apply(o) }) {
		return nil, false, ErrClosed
	}
	return r, false, nil
}

// apply takes over the options that are not zero.
func (r *Room) apply(o Options) {
	before := r.info()
	if o.Locked != nil {
		r.lock(*o.Locked)
	}
	if o.Lobby != nil {
		r.setLobby(*o.Lobby)
	}
	r.setOptions(o.over(r.options).lasting())
	r.trim()
	if r.info() != before {
		r.roomChanged()
	}
}
