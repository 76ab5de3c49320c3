package room

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	eventRate, eventBurst     = 50, 200
	offerRate, offerBurst     = 5, 10
	messageRate, messageBurst = 5, 10
	longestOffer              = 256 << 10
)

// binding joins one connection to the room that it enters. The handlers of a
// connection run one at a time.
type binding struct {
	server *Server
	conn   Conn
	remote string

	events, offers, messages bucket
	offer                    int // id of the newest offer

	// Guarded by mu.
	mu     sync.Mutex
	member *Member
}

// Bind sets the event handlers of a signalling connection that may become a
// member, and returns at once; an error refuses the connection. It is what
// signal's OnConnect calls. A connection that does not join within
// [Config.JoinTimeout] is ended.
func (s *Server) Bind(_ context.Context, c Conn) error {
	b := &binding{
		server:   s,
		conn:     c,
		remote:   remoteOf(c.Request()),
		events:   newBucket(eventRate, eventBurst),
		offers:   newBucket(offerRate, offerBurst),
		messages: newBucket(messageRate, messageBurst),
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrDraining
	}
	s.conns[b] = struct{}{}
	s.ended.Go(b.watch)
	s.mu.Unlock()
	handle(b, "join", b.join)
	handle(b, "offer", b.offered)
	handle(b, "unpublish", b.unpublish)
	handle(b, "mute", b.mute)
	handle(b, "subscribe", b.subscribe)
	handle(b, "new_message", b.message)
	handle(b, "leave", b.leave)
	handle(b, "sync", b.sync)
	return nil
}

// remoteOf returns the client's address without its port.
func remoteOf(r *http.Request) string {
	if r == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// isLoopback tells whether the client is on this machine.
func (b *binding) isLoopback() bool {
	a, err := netip.ParseAddr(b.remote)
	return err == nil && a.Unmap().IsLoopback()
}

// watch waits for the end of the connection and tells the member.
func (b *binding) watch() {
	timer := time.NewTimer(b.server.cfg.JoinTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		if b.current() == nil {
			b.bye(ErrNotJoined.because("join within %v", b.server.cfg.JoinTimeout), "no", 0)
		}
		<-b.conn.Done()
	case <-b.conn.Done():
	}
	b.server.mu.Lock()
	delete(b.server.conns, b)
	b.server.mu.Unlock()
	if m := b.current(); m != nil {
		m.room.post(m.connGone)
	}
}

func (b *binding) current() *Member {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.member
}

func (b *binding) become(m *Member) {
	b.mu.Lock()
	b.member = m
	b.mu.Unlock()
}

// bye says why the connection ends, and ends it.
func (b *binding) bye(why *Error, reconnect string, after time.Duration) {
	_ = b.conn.Emit("bye", byeEvent{
		Code: why.code, Message: why.message, Reconnect: reconnect, AfterMS: int(after.Milliseconds()),
	})
	b.conn.Disconnect(true)
}

// handle decodes an event's object for a handler and gives its errors codes.
func handle[T any](b *binding, event string, h func(context.Context, *T) (any, error)) {
	b.conn.Handle(event, func(ctx context.Context, raw json.RawMessage) (any, error) {
		if wait := b.events.take(time.Now()); wait > 0 {
			return nil, limited(wait)
		}
		arg := new(T)
		if err := decode(raw, arg); err != nil {
			return nil, err
		}
		ack, err := h(ctx, arg)
		if err != nil {
			e := asError(err)
			if e == errInternal {
				b.server.log.Warn("event failed", "event", event, "err", err)
			}
			return nil, e
		}
		return ack, nil
	})
}

// decode reads one JSON object; unknown fields are ignored.
func decode(raw json.RawMessage, to any) error {
	if len(raw) == 0 || raw[0] != '{' {
		return ErrBadRequest.because("the argument is not an object")
	}
	if err := json.Unmarshal(raw, to); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return ErrBadRequest.because("%s is of the wrong type", kind.Field)
		}
		return ErrBadRequest.because("the argument is not JSON")
	}
	return nil
}

// join enters a room with an offer inside.
func (b *binding) join(ctx context.Context, arg *joinArg) (any, error) {
	switch {
	case b.current() != nil:
		return nil, ErrAlreadyJoined
	case arg.V != 1:
		return nil, ErrVersion
	case len(arg.Offer) > longestOffer:
		return nil, ErrTooLarge.because("an offer has at most %d bytes", longestOffer)
	}
	if err := b.server.joins.take(b.remote, time.Now()); err != nil {
		return nil, err
	}
	if err := checkPublish(arg.Publish); err != nil {
		return nil, err
	}
	req := JoinRequest{Room: arg.Room, Name: arg.Name, Token: arg.Token, Remote: b.remote}
	grant, err := b.server.cfg.Authorize(ctx, req)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		r, err := b.server.Open(arg.Room)
		if err != nil {
			return nil, err
		}
		m := newMember(r, req, grant, b.conn)
		m.loopback = b.isLoopback()
		ack, err := b.enter(ctx, m, arg)
		if errors.Is(err, ErrClosed) && try < 3 {
			continue // it ended a moment ago; open it anew
		}
		return ack, err
	}
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
		if answer, err = m.answer(ctx, peer, arg.Offer); err != nil {
			peer.Close()
			return nil, err
		}
	}
	ack, err := call(ctx, r, func() (any, error) {
		if err := r.add(m, arg.Replaces); err != nil {
			return nil, err
		}
		m.attach(peer)
		added := r.reconcile(m, arg.Publish)
		r.flushTo(m)
		s := r.snapshot(m)
		s.Answer, s.Published = answer, added
		return s, nil
	})
	if err != nil {
		peer.Close()
		m.Leave()
		return nil, err
	}
	b.become(m)
	select {
	case <-b.conn.Done(): // watch may have looked before
		r.post(m.connGone)
	default:
	}
	return ack, nil
}

// offered negotiates again.
func (b *binding) offered(ctx context.Context, arg *offerArg) (any, error) {
	m := b.current()
	switch {
	case m == nil:
		return nil, ErrNotJoined
	case len(arg.SDP) > longestOffer:
		return nil, ErrTooLarge.because("an offer has at most %d bytes", longestOffer)
	case arg.ID <= b.offer:
		return nil, ErrStaleOffer
	}
	if wait := b.offers.take(time.Now()); wait > 0 {
		return nil, limited(wait)
	}
	if err := checkPublish(arg.Publish); err != nil {
		return nil, err
	}
	b.offer = arg.ID
	r := m.room
	peer, err := call(ctx, r, m.media)
	if err != nil {
		return nil, err
	}
	answer, err := m.answer(ctx, peer, arg.SDP)
	if err != nil {
		return nil, err
	}
	return call(ctx, r, func() (any, error) {
		added := r.reconcile(m, arg.Publish)
		m.assign()
		ack := offerAck{OK: true, ID: arg.ID, Answer: answer, Published: added, Slots: m.slots()}
		m.remember(ack.Slots)
		return ack, nil
	})
}

func checkPublish(list []pub) error {
	if len(list) > mostPublications {
		return ErrLimit.because("a member publishes at most %d tracks", mostPublications)
	}
	for _, p := range list {
		switch p.Source {
		case Microphone, Camera, Screen, ScreenAudio, Other:
		default:
			return ErrBadRequest.because("publish: unknown source %q", p.Source)
		}
	}
	return nil
}

// in carries out f in the room of the connection's member.
func (b *binding) in(ctx context.Context, f func(r *Room, m *Member) (any, error)) (any, error) {
	m := b.current()
	if m == nil {
		return nil, ErrNotJoined
	}
	return call(ctx, m.room, func() (any, error) {
		if m.ended {
			return nil, ErrNotJoined
		}
		return f(m.room, m)
	})
}

// own returns a publication of the member itself.
func (r *Room) own(m *Member, id string) (*Publication, error) {
	p := r.publication(id)
	switch {
	case p == nil:
		return nil, ErrNoPublication
	case p.member != m:
		return nil, ErrDenied
	}
	return p, nil
}

func (b *binding) unpublish(ctx context.Context, arg *publicationArg) (any, error) {
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		p, err := r.own(m, arg.Publication)
		if err != nil {
			return nil, err
		}
		r.unpublish(p)
		return okAck{OK: true}, nil
	})
}

func (b *binding) mute(ctx context.Context, arg *publicationArg) (any, error) {
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		p, err := r.own(m, arg.Publication)
		if err != nil {
			return nil, err
		}
		if p.muted != arg.Muted {
			p.muted = arg.Muted
			r.changes.setPublication(publicationChange{ID: p.id, Muted: p.muted})
			r.changed()
		}
		return okAck{OK: true}, nil
	})
}

func (b *binding) subscribe(ctx context.Context, arg *subscribeArg) (any, error) {
	switch {
	case arg.Mode != "" && arg.Mode != "slots":
		return nil, ErrBadRequest.because("mode %q is not supported", arg.Mode)
	case len(arg.Rules) > 0:
		return nil, ErrBadRequest.because("rules are not supported")
	}
	switch arg.Audio {
	case "", "auto", "all", "list", "none":
	default:
		return nil, ErrBadRequest.because("unknown audio mode %q", arg.Audio)
	}
	return b.in(ctx, func(_ *Room, m *Member) (any, error) { return m.change(arg) })
}

func (b *binding) message(ctx context.Context, arg *messageArg) (any, error) {
	switch {
	case !utf8.ValidString(arg.Text) || arg.Text == "":
		return nil, ErrBadRequest.because("text is empty or not UTF-8")
	case utf8.RuneCountInString(arg.Text) > longestText:
		return nil, ErrTooLarge.because("a message has at most %d characters", longestText)
	case !validID(arg.CID):
		return nil, ErrBadRequest.because("cid has 1 to 32 of letters, digits, '-' and '_'")
	}
	if wait := b.messages.take(time.Now()); wait > 0 {
		return nil, limited(wait)
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) { return r.say(m, arg) })
}

// say passes a message on to everybody else, or to one. A message that was sent
// before has the same answer, and is not passed on again.
func (r *Room) say(m *Member, arg *messageArg) (any, error) {
	if !m.grant.CanChat {
		return nil, ErrDenied
	}
	if ack, ok := m.remembered(arg.CID); ok {
		return ack, nil
	}
	e := messageEvent{
		ID: r.nextMessage(), TS: time.Now().UnixMilli(), Sender: m.id, Name: m.name, Text: arg.Text, To: arg.To,
	}
	if arg.To != "" {
		to := r.member(arg.To)
		if to == nil {
			return nil, ErrNoMember
		}
		to.emit("new_message", e)
	} else {
		r.emit("new_message", e, m)
		if len(r.chat) == historyLength {
			r.chat = append(r.chat[:0], r.chat[1:]...)
		}
		r.chat = append(r.chat, e)
	}
	ack := messageAck{OK: true, ID: e.ID, TS: e.TS}
	m.rememberMessage(arg.CID, ack)
	return ack, nil
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
		r.flush()
		return r.snapshot(m), nil
	})
}
