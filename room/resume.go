package room

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// keysRetired is how many keys of the past a session recognises.
const keysRetired = 16

// keys prove that a client is the one that a session belongs to. Each resume
// makes a new one; the one before it counts until the client has shown that it
// is connected, because the acknowledgement that carries a key may be lost.
type keys struct {
	current, previous string
	retired           []string // newest last
}

// check tells whether a key is valid, or was once.
func (k *keys) check(key string) (valid, expired bool) {
	is := func(known string) bool {
		return known != "" && subtle.ConstantTimeCompare([]byte(known), []byte(key)) == 1
	}
	return is(k.current) || is(k.previous), slices.ContainsFunc(k.retired, is)
}

// rotate makes a new key for a client that has shown a valid one. If it does not
// know the current one, nobody does.
func (k *keys) rotate(shown string) {
	if k.previous != "" && k.previous != shown {
		k.confirm()
	}
	k.previous, k.current = shown, newSecret()
}

// confirm notes that the client knows the current key.
func (k *keys) confirm() {
	if k.previous == "" {
		return
	}
	if len(k.retired) == keysRetired {
		k.retired = slices.Delete(k.retired, 0, 1)
	}
	k.retired = append(k.retired, k.previous)
	k.previous = ""
}

// speaks tells whether c, on which an event came, is the member's connection
// still. If so, its client knows the current key.
func (m *Member) speaks(c Conn) bool {
	if m.ended || m.conn != c {
		return false
	}
	m.keys.confirm()
	return true
}

// resume makes the connection that of a member who is in the room or has a seat
// there. Without an offer its peer goes on as if nothing had happened; an offer is
// that of a new page, which knows nothing of what its predecessor negotiated.
func (b *binding) resume(ctx context.Context, arg *joinArg, grant Grant) (any, error) {
	r, ok := b.server.Room(arg.Room)
	if m := b.server.bySession(arg.Resume.Session); m != nil && m.room.isPart(arg.Room) {
		r, ok = m.room, true // who comes from a part knows the way to the main room
	}
	if !ok {
		return nil, ErrNoSession
	}
	ack, err := b.resumeIn(ctx, r, arg, grant)
	if errors.Is(err, ErrClosed) {
		return nil, ErrNoSession // the room has ended, and its sessions
	}
	return ack, err
}

func (b *binding) resumeIn(ctx context.Context, r *Room, arg *joinArg, grant Grant) (any, error) {
	m, err := call(ctx, r, func() (*Member, error) { return r.holder(arg) })
	if err != nil {
		return nil, err
	}
	var peer *sfu.Peer
	answer := ""
	if arg.Offer != "" {
		if peer, err = m.newPeer(); err != nil {
			return nil, err
		}
		if answer, err = b.answer(ctx, peer, arg.Offer); err != nil {
			peer.Close()
			return nil, err
		}
	}
	b.holdUntilAck(m)
	ack, err := call(ctx, r, func() (any, error) {
		if _, err := r.holder(arg); err != nil {
			return nil, err // it was another's turn meanwhile
		}
		if err := r.readmit(m, grant); err != nil {
			return nil, err
		}
		moved := m.takeOver(b, arg.Resume.Key, grant)
		s := r.welcome(m, peer, arg.Publish)
		if peer == nil && m.needsRestart(moved) {
			m.emit("need", need{Restart: true})
		}
		s.Answer = answer
		return s, nil
	})
	if err != nil {
		if peer != nil {
			peer.Close()
		}
		r.post(func() { m.connGone(b.conn) }) // it may have been taken over all the same
		return nil, err
	}
	b.joined(m)
	return ack, nil
}

// holder returns the member whose session and key a client shows. A key of long
// ago ends the session: either who used it later or who uses it now has stolen it.
func (r *Room) holder(arg *joinArg) (*Member, error) {
	m := r.bySession(arg.Resume.Session)
	if m == nil || m.ended {
		return nil, ErrNoSession
	}
	switch valid, expired := m.keys.check(arg.Resume.Key); {
	case valid:
		return m, nil
	case expired:
		if !m.socketGone {
			m.bye(ErrSessionExpired, "now")
		}
		r.remove(m, "lost")
		return nil, ErrSessionExpired
	}
	return nil, ErrNoSession
}

// takeOver makes the connection of b that of the member. One that still looks
// alive is told goodbye: it is half-open, or another page with the same session.
// It tells whether the client's address is another than before, so that its media
// has to find a new way, too.
func (m *Member) takeOver(b *binding, key string, grant Grant) (moved bool) {
	if !m.socketGone {
		m.holding, m.held = false, nil
		m.bye(errReplaced, "no")
	}
	moved = m.remote != b.remote
	m.conn, m.remote, m.socketGone, m.behind = b.conn, b.remote, false, false
	m.layers, m.backups = b.layers, b.backups
	m.holding, m.held = false, nil
	m.renew(grant)
	m.keys.rotate(key)
	return moved
}

// needsRestart tells whether the media of a member that is back, perhaps from
// another address, has to find a way.
func (m *Member) needsRestart(moved bool) bool {
	switch {
	case m.peer == nil:
		return true // its transport has ended
	case moved:
		return len(m.peer.Slots())+len(m.peer.Publications()) > 0
	}
	return m.connected && m.mediaGone
}

// welcome shows the room to a member that is back: on the transport that it had,
// or on a new one, which is as negotiated and empty.
func (r *Room) welcome(m *Member, peer *sfu.Peer, declared []pub) snapshot {
	if peer != nil {
		old := m.peer
		m.silence()
		m.dropPeer()
		m.closePeer(old)
		m.attach(peer)
		m.newest = 0
		clear(m.sections)
	}
	m.checkAlive()
	if peer != nil {
		r.adopt(m, declared)
	}
	m.assign()
	r.hurry()
	s := r.snapshot(m)
	for _, p := range r.of(m) {
		s.Published = append(s.Published, published{MID: p.media.MID(), Publication: p.id})
	}
	m.hold()
	m.greet()
	for _, p := range r.of(m) {
		m.tellDemand(p) // what came meanwhile was not told
	}
	return s
}
