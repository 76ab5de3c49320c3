package room

import (
	"time"

	"github.com/pion/webrtc/v4"
)

// mostHistory bounds how many messages a room keeps, whatever it was told.
const mostHistory = 10_000

// Options are what one room has otherwise than others. Zero values mean what
// [Config] says.
type Options struct {
	MaxMembers int
	Linger     time.Duration // see [Config.Linger]
	// History is how many chat messages who comes later may read. If zero, 200; if
	// negative, none.
	History int
	// Codecs are as [Config.Codecs] returns them. They cannot be changed.
	Codecs []webrtc.RTPCodecParameters

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
	o.History = min(o.History, mostHistory)
	return o
}

// options returns what a room has that was told nothing else.
func (c Config) options(name string) Options {
	return Options{MaxMembers: c.MaxMembers, Linger: c.Linger, History: historyLength, Codecs: c.Codecs(name)}
}

// OpenWith is [Server.Open] for a room of its own kind. A room that is there
// already takes over the options that are not zero; it fails with ErrBadRequest
// if its codecs were to change. It waits for the room, and tells whether there
// was none before.
func (s *Server) OpenWith(name string, o Options) (r *Room, opened bool, err error) {
	if o.MaxMembers < 0 || o.Linger < 0 {
		return nil, false, ErrBadRequest.because("an option is below zero")
	}
	r, opened, err = s.open(name, o)
	if err != nil || opened {
		return r, opened, err
	}
	if o.Codecs != nil {
		return nil, false, ErrBadRequest.because("the codecs of a room are chosen when it is opened")
	}
	if !r.post(func() { r.options = o.over(r.options); r.trim() }) {
		return nil, false, ErrClosed
	}
	return r, false, nil
}
