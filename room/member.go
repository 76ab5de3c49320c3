package room

import (
	"context"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	mostPublications = 8    // of one member
	mostHeld         = 1024 // events
	// longestWithoutSocket is how long a member stays whose media goes on
	// although its socket is gone.
	longestWithoutSocket = 120 * time.Second
)

// Member is one participant of a room.
type Member struct {
	room     *Room
	id       string
	session  string
	key      string
	name     string
	grant    Grant
	conn     Conn // nil without signalling
	loopback bool

	// Owned by the room's goroutine.
	role       string
	state      string
	peer       *sfu.Peer // nil before the first offer
	socketGone bool
	mediaGone  bool // nothing was heard for 4 s, or there is no peer
	audio      string
	wanted     map[string]bool              // by publication: what the client said
	subs       map[string]*sfu.Subscription // by publication
	sections   map[string]*section          // by MID: what is sent
	told       map[string]SlotInfo          // by MID
	asked      int                          // audio slots that it was asked for since its last offer
	holding    bool                         // events wait for an acknowledgement
	held       []heldEvent
	cids       map[string]messageAck
	cidOrder   []string
	ended      bool
	expiry     *time.Timer
}

type heldEvent struct {
	name string
	arg  any
}

func newMember(r *Room, req JoinRequest, g Grant, c Conn) *Member {
	return &Member{
		room: r, id: newID(), session: newSecret(), key: newSecret(), name: cleanName(req.Name), grant: g, conn: c,
		role: "guest", state: "live", mediaGone: true, audio: "auto",
		wanted: make(map[string]bool), subs: make(map[string]*sfu.Subscription),
		sections: make(map[string]*section), told: make(map[string]SlotInfo), cids: make(map[string]messageAck),
	}
}

// ID is unique in the room, of 12 characters of [A-Za-z0-9_-].
func (m *Member) ID() string { return m.id }

// Name is what was asked to be shown, cleaned: at most 64 bytes without control
// characters; not unique, and perhaps empty.
func (m *Member) Name() string { return m.name }

// Room returns the room that the member joined.
func (m *Member) Room() *Room { return m.room }

// Leave removes the member. Its connection, if there is one, is told that it was
// removed, and ends.
func (m *Member) Leave() { m.room.post(func() { m.room.remove(m, "kicked") }) }

func (m *Member) info() MemberInfo {
	return MemberInfo{ID: m.id, Identity: m.grant.Identity, Name: m.name, Role: m.role, State: m.state, Kind: "web"}
}

// emit sends an event. An error means that the connection is over, which the
// room is told otherwise.
func (m *Member) emit(event string, arg any) {
	switch {
	case m.conn == nil || m.socketGone:
	case !m.holding:
		_ = m.conn.Emit(event, arg)
	case len(m.held) < mostHeld:
		m.held = append(m.held, heldEvent{event, arg})
	default:
		m.holding, m.held = false, nil
		m.bye(errSlow, "now")
	}
}

// hold keeps events back until the acknowledgement that is being made was sent,
// if the connection tells when; see [binding.holdUntilAck].
func (m *Member) hold() { _, m.holding = m.conn.(acknowledger) }

// release sends what was held back.
func (m *Member) release() {
	held := m.held
	m.holding, m.held = false, nil
	for _, e := range held {
		m.emit(e.name, e.arg)
	}
}

// bye says why the connection ends, and ends it.
func (m *Member) bye(why *Error, reconnect string) {
	m.emit("bye", byeEvent{Code: why.code, Message: why.message, Reconnect: reconnect})
	m.conn.Disconnect(true)
}

// newPeer makes the media side.
func (m *Member) newPeer() (*sfu.Peer, error) {
	r := m.room
	var p *sfu.Peer
	made := make(chan struct{})
	near := r.near.Load()
	p, err := r.server.cfg.Media.NewPeer(sfu.PeerOptions{
		ID:   m.id,
		Near: near,
		Handlers: sfu.PeerHandlers{
			OnUnpublish: func(*sfu.Publication) { r.post(func() { m.mediaChanged() }) },
			OnSilence: func(silent bool) {
				<-made
				r.post(func() { m.setMedia(p, silent) })
			},
			OnClosed: func(error) {
				<-made
				r.post(func() { m.peerClosed(p) })
			},
		},
	})
	close(made)
	if err == nil && (near == nil || ended(near)) {
		r.near.CompareAndSwap(near, p)
	}
	return p, err
}

func ended(p *sfu.Peer) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// mediaChanged notes that the peer sends less than before. What it sends more is
// the business of whoever answered the offer and knows what it declared.
func (m *Member) mediaChanged() {
	if !m.ended {
		m.room.withdraw(m)
	}
}

// answer negotiates; it is called by the connection's goroutine.
func (m *Member) answer(ctx context.Context, p *sfu.Peer, offer string) (string, error) {
	a, err := p.Answer(ctx, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}, sfu.AnswerOptions{Loopback: m.loopback})
	return a.SDP, err
}

// media returns the member's peer, a new one if the old one has ended.
func (m *Member) media() (*sfu.Peer, error) {
	if m.ended {
		return nil, ErrNotJoined
	}
	if m.peer == nil {
		p, err := m.newPeer()
		if err != nil {
			return nil, err
		}
		m.attach(p)
	}
	return m.peer, nil
}

// attach makes p the member's peer.
func (m *Member) attach(p *sfu.Peer) {
	m.peer = p
	m.mediaGone = p.Silent()
}

// setMedia notes whether media is heard.
func (m *Member) setMedia(p *sfu.Peer, silent bool) {
	if m.peer == p {
		m.mediaGone = silent
		m.checkAlive()
	}
}

// peerClosed notes that a transport has ended: the client is asked to offer
// again.
func (m *Member) peerClosed(p *sfu.Peer) {
	if m.ended || m.peer != p {
		return
	}
	m.peer = nil
	clear(m.subs)
	clear(m.told)
	m.mediaGone = true
	m.asked = 0
	m.room.withdraw(m)
	m.emit("need", need{Restart: true})
	m.checkAlive()
}

// connGone notes that the socket is gone. The member stays while its media is
// heard.
func (m *Member) connGone() {
	if m.ended || m.socketGone {
		return
	}
	m.socketGone = true
	if m.checkAlive() {
		m.state = "reconnecting"
		m.room.changes.setMember(memberChange{ID: m.id, State: m.state})
		m.room.changed()
		m.expiry = time.AfterFunc(longestWithoutSocket, func() {
			m.room.post(func() { m.room.remove(m, "lost") })
		})
	}
}

// checkAlive removes a member that has neither socket nor media.
func (m *Member) checkAlive() bool {
	if !m.ended && m.socketGone && m.mediaGone {
		m.room.remove(m, "lost")
	}
	return !m.ended
}

// end closes what the member had. The room has removed it already.
func (m *Member) end(why string) {
	m.ended = true
	if m.expiry != nil {
		m.expiry.Stop()
	}
	if m.peer != nil {
		p := m.peer
		m.room.server.ended.Go(func() { p.Close() })
	}
	if m.conn == nil || m.socketGone {
		return
	}
	m.release()
	switch why {
	case "replaced":
		m.bye(errReplaced, "no")
	case "ended":
		m.bye(ErrClosed, "no")
	case "kicked":
		m.bye(errKicked, "no")
	}
}
