package room

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// resource is the session of a member without signalling (RFC 9725 section 4.3).
type resource struct {
	door *door
	view *view         // of WHEP
	turn chan struct{} // holds a token while a request is carried out

	// Owned by who has the turn.
	offer string
	ice   credentials // of the client
	tag   string      // entity-tag of the ICE session
}

// become makes m, who is not in the room yet, a member without signalling.
func (m *Member) become(d *door, v *view, o oneWay) {
	m.kind = d.kind
	m.resource = &resource{door: d, view: v, turn: make(chan struct{}, 1), offer: o.sdp, ice: o.ice, tag: newTag()}
	m.audio = "none" // but for what the view says
	if m.Name() == "" {
		m.rename(d.kind + "-" + m.id)
	}
}

// newTag returns a strong entity-tag that was never used.
func newTag() string { return `"` + newID() + `"` }

// checkMedia does what follows from the media of a member having come or gone who
// has nothing else: it ends with its transport, or after [Config.Grace] of
// silence, within which a restart of ICE brings it back.
func (m *Member) checkMedia() {
	r := m.room
	switch {
	case m.ended:
	case m.peer == nil:
		r.remove(m, "lost")
	case !m.mediaGone:
		m.stopTimer()
		m.setState("live")
	default:
		if m.connected {
			m.setState("reconnecting")
		}
		if m.timer == nil {
			m.after(r.server.cfg.Grace, func() { r.remove(m, "lost") })
		}
	}
}

// member returns the member whose session an address names.
func (d *door) member(ctx context.Context, a address) (*Member, error) {
	r, ok := d.server.Room(a.room)
	if !ok {
		return nil, ErrNoSession
	}
	m, err := call(ctx, r, func() (*Member, error) {
		if m := r.bySession(a.session); m != nil && !m.ended && m.kind == d.kind {
			return m, nil
		}
		return nil, ErrNoSession
	})
	if errors.Is(err, ErrClosed) {
		return nil, ErrNoSession
	}
	return m, err
}

// remove ends a session.
func (d *door) remove(_ http.ResponseWriter, r *http.Request, v visit) error {
	m, err := d.member(r.Context(), v.address)
	if err != nil {
		return err
	}
	_, err = call(r.Context(), m.room, func() (struct{}, error) {
		m.room.remove(m, "left")
		return struct{}{}, nil
	})
	if errors.Is(err, ErrClosed) {
		return nil // it ended with its room
	}
	return err
}

// patch takes candidates, which it ignores as those of an offer, or restarts ICE
// (RFC 9725 section 4.3).
func (d *door) patch(w http.ResponseWriter, r *http.Request, v visit) error {
	body, err := readBody(w, r, typeFragment)
	if err != nil {
		return err
	}
	m, err := d.member(r.Context(), v.address)
	if err != nil {
		return err
	}
	match := strings.Join(r.Header.Values("If-Match"), ",")
	if match == "" {
		return errNoTag
	}
	ice, err := readFragment(body)
	if err != nil {
		return err
	}
	s := m.resource
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	switch {
	case !matches(match, s.tag):
		return errStaleTag
	case ice.ufrag == "" || ice == s.ice:
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	answer, err := m.restart(r, ice)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", typeFragment)
	h.Set("Cache-Control", "no-store")
	h.Set("ETag", s.tag)
	_, _ = io.WriteString(w, writeFragment(answer)) // or the client went away, and tries again
	return nil
}

// matches compares a list of entity-tags with the present one, strongly (RFC 9110
// section 13.1.1). Clients that put the "*" of a restart into quotes, as drafts
// did, mean any, too.
func matches(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || t == `"*"` || t == tag {
			return true
		}
	}
	return false
}

// restart answers the offer of a member anew, with other credentials. If that
// fails the present ICE session goes on. It is called by who has the turn.
func (m *Member) restart(r *http.Request, ice credentials) (string, error) {
	peer, err := call(r.Context(), m.room, func() (*sfu.Peer, error) {
		if m.ended || m.peer == nil {
			return nil, ErrNoSession
		}
		if wait := m.offers.take(time.Now()); wait > 0 {
			return nil, limited(wait)
		}
		return m.peer, nil
	})
	if err != nil {
		return "", err
	}
	s := m.resource
	offer := withCredentials(s.offer, ice)
	b := &binding{server: m.room.server, remote: remoteOf(r)}
	a, err := peer.Answer(r.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer},
		sfu.AnswerOptions{Loopback: b.isLoopback()})
	if errors.Is(err, sfu.ErrClosed) {
		return "", ErrNoSession
	}
	if err != nil {
		return "", err
	}
	s.offer, s.ice, s.tag = offer, ice, newTag()
	return a.SDP, nil
}
