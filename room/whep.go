package room

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/pion/webrtc/v4"
)

// WHEP returns the handler for playback over HTTP (draft-ietf-wish-whep), to be
// served below /whep/. POST makes the client a member that receives one voice and
// one picture, each in one continuous stream: at /whep/ROOM those of the one who
// publishes, or of who speaks if there are several (with follow=screen the screen
// that was shared last); at /whep/ROOM/MEMBER those of a member; at
// /whep/ROOM/MEMBER/SOURCE that source alone. With max=720 the smallest layer is
// sent that is 720 pixels high. All else is as with [Server.WHIP].
func (s *Server) WHEP() http.Handler {
	p := Permissions.HTTP
	return newDoor(s, "whep",
		route{p.AskWHEP, (*door).describe}, route{p.ShowWHEP, (*door).show},
		route{p.WHEP, (*door).post}, route{p.WHEPMember, (*door).post}, route{p.WHEPSource, (*door).post},
		route{p.PatchWHEP, (*door).patch}, route{p.EndWHEP, (*door).remove})
}

// view is what a WHEP member is shown. It is never changed. Nil is nothing.
type view struct {
	show   string // of rules, if member is empty
	member string
	source Source // empty for voice and picture
	height int    // of the picture, in pixels; 0 is any
}

// look reads what a request wants to see; nil if it publishes.
func (d *door) look(r *http.Request, a address) (*view, error) {
	if d.kind != "whep" {
		return nil, nil
	}
	q := r.URL.Query()
	v := &view{show: "speaker", member: a.member, source: a.source}
	switch follow := q.Get("follow"); {
	case follow == "":
	case (follow == "speaker" || follow == "screen") && a.member == "":
		v.show = follow
	default:
		return nil, ErrBadRequest.because("follow is speaker or screen, of a whole room")
	}
	if s := q.Get("max"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > largest {
			return nil, ErrBadRequest.because("max is 1 to %d pixels", largest)
		}
		v.height = n
	}
	return v, nil
}

// check tells whether there is what the view is about.
func (v *view) check(r *Room) error {
	if v == nil || v.member == "" {
		return nil
	}
	m := r.find(v.member)
	switch {
	case m == nil:
		return ErrNoMember
	case v.pick(r, m, true) == nil && v.pick(r, m, false) == nil:
		return errNotLive
	}
	return nil
}

// shownFirst orders the sources of a member that a player is shown one of.
var shownFirst = []Source{Camera, Microphone, Screen, ScreenAudio, Other}

// pick returns what the view shows of a member: its newest publication of the
// source, or of the first source that it has. Nil if there is nothing.
func (v *view) pick(r *Room, m *Member, audio bool) *Publication {
	var best *Publication
	for _, p := range r.publications {
		if p.member != m || p.audio != audio || v.source != "" && p.source != v.source {
			continue
		}
		if best == nil || slices.Index(shownFirst, p.source) <= slices.Index(shownFirst, best.source) {
			best = p
		}
	}
	return best
}

// subject returns the one member that the view shows, and whether there is one:
// without, it follows a rule.
func (v *view) subject(r *Room) (m *Member, one bool) {
	if v.member != "" {
		return r.find(v.member), true
	}
	if v.show != "speaker" || len(r.publications) == 0 {
		return nil, false
	}
	m = r.publications[0].member
	for _, p := range r.publications {
		if p.member != m {
			return nil, false
		}
	}
	return m, true
}

// aim says what the slots of a WHEP member are to show, as things are now.
func (m *Member) aim(v *view) {
	r := m.room
	clear(m.wanted)
	clear(m.ruled)
	who, one := v.subject(r)
	for _, s := range m.peer.Slots() {
		audio := s.Kind == webrtc.RTPCodecTypeAudio
		if !one {
			m.ruled[s.MID] = v.rule(s.MID, audio)
			continue
		}
		if p := v.pick(r, who, audio); p != nil {
			m.wanted[p.id] = true
			m.show(p, showing{height: v.height})
		}
	}
}

// rule is what a slot follows.
func (v *view) rule(mid string, audio bool) ruleArg {
	if audio {
		return ruleArg{MID: mid, Show: "loudest"}
	}
	return ruleArg{MID: mid, Show: v.show, H: v.height}
}
