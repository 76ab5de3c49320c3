package room

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// join enters a room with an offer inside.
func (b *binding) join(ctx context.Context, arg *joinArg) (any, error) {
	if m := b.current(); m != nil && (arg.Resume != nil || m.room.name == arg.Room || !equal(m.session, arg.Replaces)) {
		return nil, ErrAlreadyJoined
	}
	if err := b.server.joins.take(b.remote, time.Now()); err != nil {
		return nil, err
	}
	b.joinBegins()
	ack, err := b.tryJoin(ctx, arg)
	b.joinEnds(err)
	if err != nil && blames(asError(err)) {
		b.server.joins.failed(b.remote, time.Now())
	}
	return ack, err
}

// blames tells whether a join was refused for what the client sent.
func blames(e *Error) bool {
	switch e.code {
	case ErrWaiting.code, ErrLockedRoom.code, ErrFull.code, ErrBusy.code, ErrClosed.code, ErrDraining.code, ErrRateLimited.code, errInternal.code,
		ErrNoSession.code: // a server that was started anew knows none; nobody guesses 128 bits
		return false
	}
	return true
}

func (b *binding) tryJoin(ctx context.Context, arg *joinArg) (any, error) {
	switch {
	case arg.V != 1:
		return nil, ErrVersion
	case !validRoom(arg.Room):
		return nil, errRoomName
	case len(arg.Offer) > longestOffer:
		return nil, ErrTooLarge.because("an offer has at most %d bytes", longestOffer)
	}
	if err := checkPublish(arg.Publish); err != nil {
		return nil, err
	}
	b.layers, b.backups = slices.Contains(arg.Caps, "layers"), slices.Contains(arg.Caps, "backup")
	req := b.request(arg.Room, arg.Name, arg.Token)
	grant, err := b.server.authorize(ctx, req)
	if err != nil {
		return nil, err
	}
	if arg.Resume != nil {
		return b.resume(ctx, arg, grant)
	}
	from, err := b.claim(ctx, arg.Replaces, arg.Room)
	if err != nil {
		return nil, err
	}
	ack, err := b.joinAnew(ctx, arg, req, grant, from)
	from.settle(b, err == nil)
	return ack, err
}

// joinAnew enters a room as a member that was not there before, in the place of
// one of another room if from is not nil.
func (b *binding) joinAnew(ctx context.Context, arg *joinArg, req JoinRequest, grant Grant, from *origin) (any, error) {
	for try := 1; ; try++ {
		if from.astray(nil) {
			return nil, errPartEnded
		}
		r, err := b.server.Open(arg.Room)
		switch {
		case err != nil:
			return nil, err
		case from.astray(r):
			return nil, errPartEnded
		}
		m := newMember(r, req, grant, b)
		m.follows(from)
		var ack any
		if _, err = call(ctx, r, func() (any, error) { return nil, r.ask(b, m, arg) }); err == nil {
			ack, err = b.enter(ctx, m, arg)
		}
		if errors.Is(err, ErrClosed) && try < 3 {
			continue // it ended a moment ago; open it anew
		}
		return ack, err
	}
}

// request is what the client asks for. The token of its CONNECT stands in for one
// that it does not give.
func (b *binding) request(room, name, token string) JoinRequest {
	req := JoinRequest{Room: room, Name: name, Token: cmp.Or(token, b.token), Remote: b.remote}
	if v := b.server.cfg.Visitors; v != nil && b.conn.Request() != nil {
		who, _ := v.known(b.conn.Request())
		req.Visitor = who.ID
	}
	return req
}

// enter negotiates first, so that a member is never in the room without the
// publications that it came with.
func (b *binding) enter(ctx context.Context, m *Member, arg *joinArg) (any, error) {
	r := m.room
	peer, err := m.newPeer()
	if err != nil {
		return nil, err
	}
	answer := ""
	if arg.Offer != "" {
		if answer, err = b.answer(ctx, peer, arg.Offer); err != nil {
			peer.Close()
			return nil, err
		}
	}
	b.holdUntilAck(m)
	ack, err := call(ctx, r, func() (any, error) {
		err := r.add(m, arg.Replaces, arg.Ticket)
		if err == ErrWaiting { // the lobby was made meanwhile
			err = r.wait(b, m, arg.Ticket)
		}
		if err != nil {
			return nil, err
		}
		m.attach(peer)
		added := r.adopt(m, arg.Publish)
		m.assign()
		r.hurry()
		s := r.snapshot(m)
		s.Answer, s.Published = answer, added
		m.hold()
		m.greet()
		return s, nil
	})
	if err != nil {
		peer.Close()
		r.post(func() { r.remove(m, "left") }) // it may have been added all the same
		return nil, err
	}
	b.joined(m)
	return ack, nil
}

// joined makes m the member whose connection this is.
func (b *binding) joined(m *Member) {
	b.become(m)
	select {
	case <-b.conn.Done(): // watch may have looked before
		m.room.post(func() { m.connGone(b.conn) })
	default:
	}
}

// answer negotiates.
func (b *binding) answer(ctx context.Context, p *sfu.Peer, offer string) (string, error) {
	a, err := p.Answer(ctx, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}, sfu.AnswerOptions{Loopback: b.isLoopback()})
	return a.SDP, err
}

// greet tells a new member what is going on and no snapshot says.
func (m *Member) greet() {
	if len(m.room.speakers) > 0 {
		m.emit("speakers", speakersEvent{List: m.room.speakers})
	}
	m.tellQuality()
	m.tellNeed()
	for _, p := range m.room.of(m) {
		m.tellBackup(p)
	}
	m.tellWaiting()
	m.tellErrand()
}

// offered negotiates again.
func (b *binding) offered(ctx context.Context, arg *offerArg) (any, error) {
	m := b.current()
	switch {
	case m == nil:
		return nil, ErrNotJoined
	case len(arg.SDP) > longestOffer:
		return nil, ErrTooLarge.because("an offer has at most %d bytes", longestOffer)
	case arg.ID < 1:
		return nil, ErrBadRequest.because("the id of an offer is a number from 1")
	}
	if err := checkPublish(arg.Publish); err != nil {
		return nil, err
	}
	if _, err := b.in(ctx, func(_ *Room, m *Member) (any, error) { return nil, m.takeOffer(arg.ID) }); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		ack, err := b.negotiate(ctx, m, arg)
		if errors.Is(err, sfu.ErrClosed) && try < 3 {
			continue // the peer has ended meanwhile; the next one is new
		}
		return ack, err
	}
}

// takeOffer notes the id of an offer. The newest may be repeated, by a client that
// does not know whether it was answered, and is then answered again.
func (m *Member) takeOffer(id int) error {
	if id < m.newest {
		return ErrStaleOffer
	}
	if wait := m.offers.take(time.Now()); wait > 0 {
		return limited(wait)
	}
	m.newest = id
	return nil
}

// negotiate answers an offer. It fails with [sfu.ErrClosed] if the member's
// peer ends meanwhile.
func (b *binding) negotiate(ctx context.Context, m *Member, arg *offerArg) (any, error) {
	r := m.room
	peer, err := call(ctx, r, m.media)
	if err != nil {
		return nil, err
	}
	answer, err := b.answer(ctx, peer, arg.SDP)
	if errors.Is(err, sfu.ErrClosed) {
		select { // then the room knows it, too
		case <-peer.Done():
		case <-ctx.Done():
		}
	}
	if err != nil {
		return nil, err
	}
	return call(ctx, r, func() (any, error) {
		switch {
		case !m.speaks(b.conn):
			return nil, ErrNotJoined
		case m.peer != peer:
			return nil, sfu.ErrClosed
		}
		m.prune()
		added := r.adopt(m, arg.Publish)
		m.asked = 0
		m.assign()
		ack := offerAck{OK: true, ID: arg.ID, Answer: answer, Published: added, Slots: m.slots()}
		m.remember(ack.Slots)
		m.hold()
		m.tellNeed()
		return ack, nil
	})
}

// checkPublish checks what a client says about its send sections.
func checkPublish(list []pub) error {
	if len(list) > mostPublications {
		return ErrLimit.because("a member publishes at most %d tracks", mostPublications)
	}
	for _, p := range list {
		kind := p.Source.kind()
		switch {
		case kind == "":
			return ErrBadRequest.because("publish: unknown source %q", p.Source)
		case p.Kind != "" && p.Kind != "audio" && p.Kind != "video":
			return ErrBadRequest.because("publish: unknown kind %q", p.Kind)
		case p.Kind != "" && kind != "any" && kind != p.Kind:
			return ErrBadRequest.because("publish: a %s is not %s", p.Source, p.Kind)
		}
	}
	return nil
}

func (b *binding) leave(ctx context.Context, _ *struct{}) (any, error) {
	ack, err := b.in(ctx, func(r *Room, m *Member) (any, error) {
		r.remove(m, "left")
		return okAck{OK: true}, nil
	})
	if err == nil {
		b.become(nil)
	}
	return ack, err
}

func (b *binding) sync(ctx context.Context, _ *struct{}) (any, error) {
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if !r.flushAt.IsZero() {
			r.flush(time.Now())
		}
		s := r.snapshot(m)
		m.hold()
		return s, nil
	})
}
