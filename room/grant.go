package room

import (
	"slices"
	"time"
)

// Grant tells what a member may do. The zero value may watch nothing and say
// nothing.
type Grant struct {
	Identity     string    // who it is, for this server and others; may be empty
	Name         string    // to be shown in place of what the client asks for; may be empty
	IDPrefix     string    // stands before the random id of the member; up to 16 of [A-Za-z0-9_-], or empty
	Publish      []Source  // sources that may be sent; nil means none
	CanSubscribe bool      // receive audio and video
	CanChat      bool      // new_message
	CanData      bool      // send data to other members; receiving needs no right
	CanModerate  bool      // decide about others
	CanRecord    bool      // start and stop recordings
	Hidden       bool      // no other member learns of it; it sends nothing, whatever else the grant says
	Single       bool      // a newer member of the identity takes the place of the older
	Expires      time.Time // when the member has to show a new token, or to go; zero means never
	ByRoom       bool      // no token names its rights, so that the room takes from them; see [Options]
	Candidate    bool      // moderates a room that nobody else moderates, as who opened it or is there longest
	Pass         string    // names the token, so that it can be counted and withdrawn; may be empty
	Uses         int       // how many members may join with Pass; 0 is any number
}

// Sources returns all sources.
func Sources() []Source { return []Source{Microphone, Camera, Screen, ScreenAudio, Other} }

// Role is a name for a set of rights, which members see of each other.
type Role string

// Roles, each with all that the one before has.
const (
	RoleViewer    Role = "viewer"    // receives, and chats
	RoleGuest     Role = "guest"     // sends all sources and data, too
	RoleModerator Role = "moderator" // moderates and records, too
)

// Grant returns the rights of a role, and false for what is no role.
func (r Role) Grant() (Grant, bool) {
	switch r {
	case RoleViewer:
		return Grant{CanSubscribe: true, CanChat: true}, true
	case RoleGuest:
		return guest(), true
	case RoleModerator:
		g := guest()
		g.CanModerate, g.CanRecord = true, true
		return g, true
	}
	return Grant{}, false
}

// Guest returns the grant of rooms without access control: send and receive
// everything, and talk, and moderate where nobody else does.
func Guest() Grant {
	g := guest()
	g.Candidate, g.ByRoom = true, true
	return g
}

func guest() Grant {
	return Grant{Publish: Sources(), CanSubscribe: true, CanChat: true, CanData: true}
}

// Role returns the largest role of which the grant has all rights; the viewer's
// if there is none.
func (g Grant) Role() Role {
	for _, r := range []Role{RoleModerator, RoleGuest} {
		if all, _ := r.Grant(); g.covers(all) {
			return r
		}
	}
	return RoleViewer
}

// covers tells whether the grant has all rights of another.
func (g Grant) covers(o Grant) bool {
	for _, s := range o.Publish {
		if !g.MayPublish(s) {
			return false
		}
	}
	return (g.CanSubscribe || !o.CanSubscribe) && (g.CanChat || !o.CanChat) && (g.CanData || !o.CanData) &&
		(g.CanModerate || !o.CanModerate) && (g.CanRecord || !o.CanRecord)
}

// withRights returns the grant with the rights of another, for the same person.
func (g Grant) withRights(o Grant) Grant {
	g.Publish, g.CanSubscribe, g.CanChat, g.CanData = o.Publish, o.CanSubscribe, o.CanChat, o.CanData
	g.CanModerate, g.CanRecord = o.CanModerate, o.CanRecord
	return g
}

// asModerator returns the grant with what a moderator has more than others.
func (g Grant) asModerator() Grant {
	g.CanModerate, g.CanRecord = true, true
	return g
}

// MayPublish tells whether a source may be sent.
func (g Grant) MayPublish(s Source) bool { return slices.Contains(g.Publish, s) }
