package room

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	mostPublications = 8    // of one member
	mostHeld         = 1024 // events
)

// Member is one participant of a room.
type Member struct {
	room     *Room
	id       string
	session  string
	name     atomic.Pointer[string] // changed by the room's goroutine; never nil
	kind     string                 // "web", or "whip", "whep" or "bot" without signalling
	resource *resource              // of "whip" and "whep", else nil
	input    *Input                 // of what comes as plain RTP, else nil
	// Of the grant with which it joined.
	identity string
	joined   time.Time

	// Owned by the room's goroutine.
	keys       keys
	base       Grant  // what its token says
	grant      Grant  // with what was changed since
	conn       Conn   // nil without signalling
	remote     string // address of conn
	visitor    string // by its cookie; may be empty
	state      string
	peer       *sfu.Peer // nil before the first offer
	socketGone bool
	goneAt     time.Time      // of the socket
	mediaGone  bool           // nothing was heard for 4 s, or peer is not connected
	connected  bool           // peer was, at some time
	parked     bool           // it has a seat only
	kept       []*Publication // of a parked member
	offers     bucket
	messages   bucket
	parcels    bucket
	reactions  bucket
	captions   bucket
	changes    bucket // of name, attributes and hand
	ballots    bucket
	uploads    int               // files that it is sending
	raised     int64             // when it was raised, in ms; 0 while it is down
	attrs      map[string]string // never changed, only replaced
	captionID  string            // of what it says now; empty between two sentences
	grade      grader
	tally      tally
	tallied    *sfu.Peer              // whose counters tally knows
	silentAt   time.Time              // when mediaGone became true
	channels   [channelKinds]*channel // open data channels of peer
	newest     int                    // id of the newest offer
	audio      string
	wanted     map[string]bool               // by publication: what the client said
	showing    map[string]showing            // by publication: the same
	layers     bool                          // the client understands the event
	backups    bool                          // the client sends a second codec when it is asked to
	lacks      map[string]bool               // publications that it gets, or waits for, in their backup
	unsaid     map[*sfu.Publication]bool     // whose demand a client that is behind was not told
	demand     map[*sfu.Publication][]string // RIDs of its own that somebody wants; unknown at first
	subs       map[string]*sfu.Subscription  // by publication
	voices     int                           // publications of audio
	ruled      map[string]ruleArg            // by MID: what the client said
	rules      map[string]*rule              // by MID: slots that follow
	crowded    bool                          // there are more voices than slots for them
	stale      atomic.Bool                   // slotsChanged waits for the room's goroutine; owned by nobody
	sections   map[string]*section           // by MID: what is sent
	told       map[string]SlotInfo           // by MID
	asked      int                           // audio slots that it was asked for since its last offer
	holding    bool                          // events wait for an acknowledgement
	held       []heldEvent
	behind     bool // the client has much to read yet
	owed       owed
	knows      int // how many of the room's earlier changes its client knows
	cids       map[string]messageAck
	cidOrder   []string
	ended      bool
	sent       *errand     // where it is asked to go; nil for nowhere
	entry      Grant       // what the token said that it came with first, before it was moved
	from       *origin     // whose place it takes, until it is in
	claimed    *binding    // by whom another room is about to take it
	timer      *time.Timer // of what happens unless it comes back
	expiry     *time.Timer // of its token
}

type heldEvent struct {
	name string
	arg  any
}

func newMember(r *Room, req JoinRequest, g Grant, b *binding) *Member {
	m := &Member{
		room: r, id: g.IDPrefix + newID(), session: newSecret(), keys: keys{current: newSecret()},
		identity: g.Identity, joined: time.Now(), base: g, grant: g, entry: g, conn: b.conn, remote: b.remote, visitor: req.Visitor, kind: "web",
		offers: newBucket(offerRate, offerBurst), messages: newBucket(messageRate, messageBurst),
		parcels: newBucket(parcelRate, parcelBurst), reactions: newBucket(reactRate, reactBurst),
		captions: newBucket(captionRate, captionBurst), changes: newBucket(changeRate, changeBurst), ballots: newBucket(voteRate, voteBurst),
		layers: b.layers, backups: b.backups, lacks: make(map[string]bool), showing: make(map[string]showing),
		demand: make(map[*sfu.Publication][]string), unsaid: make(map[*sfu.Publication]bool),
		state: "live", mediaGone: true, audio: "auto",
		wanted: make(map[string]bool), subs: make(map[string]*sfu.Subscription),
		ruled: make(map[string]ruleArg), rules: make(map[string]*rule),
		sections: make(map[string]*section), told: make(map[string]SlotInfo), cids: make(map[string]messageAck),
	}
	m.rename(cleanName(cmp.Or(g.Name, req.Name)))
	return m
}

func (m *Member) rename(name string) { m.name.Store(&name) }

// ID is unique in the room: [Grant.IDPrefix] and 12 characters of [A-Za-z0-9_-].
func (m *Member) ID() string { return m.id }

// Name is what was asked to be shown, cleaned: at most 64 bytes without control
// characters; not unique, and perhaps empty. The member may change it.
func (m *Member) Name() string { return *m.name.Load() }

// Room returns the room that the member joined.
func (m *Member) Room() *Room { return m.room }

// Leave removes the member. Its connection, if there is one, is told that it was
// removed, and ends.
func (m *Member) Leave() { m.room.post(func() { m.room.remove(m, "kicked") }) }

func (m *Member) info() MemberInfo {
	return MemberInfo{
		ID: m.id, Identity: m.grant.Identity, Name: m.Name(), Role: m.role(), State: m.state, Kind: m.kind, Hand: m.raised, Attrs: m.attrs,
		Can: m.grant.special(),
	}
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

// emitVolatile sends an event that the next of its kind makes worthless.
func (m *Member) emitVolatile(event string, arg any) {
	c, ok := m.conn.(interface {
		EmitVolatile(event string, arg any) error
	})
	if !ok || m.holding || m.socketGone {
		m.emit(event, arg)
		return
	}
	_ = c.EmitVolatile(event, arg)
}

// hold keeps events back until the acknowledgement that is being made was sent,
// if the connection tells when; see [binding.holdUntilAck].
func (m *Member) hold() { _, m.holding = m.conn.(acknowledger) }

// release sends what was held back for a connection.
func (m *Member) release(c Conn) {
	if m.conn != c {
		return
	}
	held := m.held
	m.holding, m.held = false, nil
	for _, e := range held {
		m.emit(e.name, e.arg)
	}
}

// bye says why the connection ends, and ends it.
func (m *Member) bye(why *Error, reconnect string) {
	m.emit("bye", farewell(why, reconnect))
	m.conn.Disconnect(true)
}

// farewell is what a client is told that has to go.
func farewell(why *Error, reconnect string) byeEvent {
	return byeEvent{Code: why.code, Message: why.message, Reconnect: reconnect}
}

// newPeer makes the media side.
func (m *Member) newPeer() (*sfu.Peer, error) {
	r := m.room
	var p *sfu.Peer
	made := make(chan struct{})
	near := r.near.Load()
	p, err := r.server.cfg.Media.NewPeer(sfu.PeerOptions{
		ID:     m.id,
		Near:   near,
		Codecs: r.codecs,
		Handlers: sfu.PeerHandlers{
			OnDataChannel: func(dc *webrtc.DataChannel) {
				<-made
				m.openChannel(p, dc)
			},
			OnShow:      func(*sfu.Subscription) { m.slotsChanged() },
			OnUnpublish: func(*sfu.Publication) { r.post(func() { m.mediaChanged() }) },
			OnDemand: func(pub *sfu.Publication, rids []string) {
				r.post(func() { m.demanded(pub, rids) })
			},
			OnSilence: func(silent bool) {
				<-made
				r.post(func() { m.setMedia(p, silent) })
			},
			OnState: func(s webrtc.PeerConnectionState) {
				if s == webrtc.PeerConnectionStateConnected {
					<-made
					r.post(func() { m.mediaConnected(p) })
				}
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
	m.peer, m.mediaGone, m.silentAt, m.connected = p, true, time.Now(), false
}

// mediaConnected notes that media can be heard from now on.
func (m *Member) mediaConnected(p *sfu.Peer) {
	if !m.ended && m.peer == p && !m.connected {
		m.connected, m.mediaGone = true, p.Silent()
		m.checkAlive()
	}
}

// setMedia notes whether media is heard. While it is not, the client is asked to
// restart ICE: perhaps it did not notice.
func (m *Member) setMedia(p *sfu.Peer, silent bool) {
	if m.ended || m.peer != p || !m.connected {
		return
	}
	m.mediaGone = silent
	if silent {
		m.silentAt = time.Now()
		m.emit("need", need{Restart: true})
	}
	m.checkAlive()
}

// peerClosed notes that a transport has ended: the client is asked to offer
// again.
func (m *Member) peerClosed(p *sfu.Peer) {
	if m.ended || m.peer != p {
		return
	}
	m.dropPeer()
	m.emit("need", need{Restart: true})
	m.checkAlive()
}

// dropPeer forgets the peer, which has ended or will be closed.
func (m *Member) dropPeer() {
	m.peer = nil
	m.channels = [channelKinds]*channel{}
	clear(m.subs)
	clear(m.lacks)
	clear(m.rules)
	clear(m.told)
	m.mediaGone = true
	m.connected = false
	m.asked = 0
	m.room.withdraw(m)
}

// closePeer closes what was the member's peer.
func (m *Member) closePeer(p *sfu.Peer) {
	if p != nil {
		m.room.server.ended.Go(func() { p.Close() })
	}
}

// end closes what the member had. The room has removed it already.
func (m *Member) end(why string) {
	m.ended = true
	m.room.server.noteSession(m, false)
	m.stopTimer()
	m.stopExpiry()
	m.closePeer(m.peer)
	if m.conn == nil || m.socketGone {
		return
	}
	m.release(m.conn)
	switch why {
	case "replaced", "moved":
		m.bye(errReplaced, "no")
	case "ended":
		if b := m.claimed; b != nil && b.conn == m.conn { // it is on its way to another room
			b.dismiss(m, ErrClosed)
			return
		}
		m.bye(ErrClosed, "no")
	case "kicked":
		m.bye(errKicked, "no")
	case "banned":
		m.bye(ErrBanned, "no")
	case "expired":
		m.bye(ErrTokenExpired, "no")
	}
}
