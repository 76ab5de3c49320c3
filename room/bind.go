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
)

const (
	eventRate, eventBurst     = 50, 200
	offerRate, offerBurst     = 5, 10
	messageRate, messageBurst = 5, 10
	// Of a whole room: more is nothing that people could read.
	roomMessageRate, roomMessageBurst = 100, 500
	longestOffer                      = 256 << 10
	longestList                       = 512 // publications in one subscribe
)

// binding joins one connection to the room that it enters. The handlers of a
// connection run one at a time.
type binding struct {
	server *Server
	conn   Conn
	remote string
	token  string // of CONNECT; may be empty

	events  bucket
	flood   flood
	layers  bool       // the client understands the event; set by join
	backups bool       // the client has the cap backup; set by join
	doing   Permission // row of the event that is being handled

	// Guarded by mu.
	mu      sync.Mutex
	member  *Member
	waits   *Room  // whose lobby it is in; nil for none
	joining bool   // an event join is being handled
	over    *Error // why it has to go unless that succeeds; nil for nothing
}

// Bind sets the event handlers of a signalling connection that may become a
// member, and returns at once; an error refuses the connection. It is what
// signal's OnConnect calls. A connection that does not join within
// [Config.JoinTimeout] is ended.
func (s *Server) Bind(_ context.Context, c Conn) error {
	b := &binding{
		server: s,
		conn:   c,
		remote: remoteOf(c.Request()),
		token:  tokenOf(c.Auth()),
		events: newBucket(eventRate, eventBurst),
	}
	if f, ok := c.(interface {
		SetFarewell(event string, arg any) error
	}); ok {
		_ = f.SetFarewell("bye", farewell(errSlow, "now")) // it can always be written
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrDraining
	}
	s.conns[b] = struct{}{}
	s.ended.Go(b.watch)
	s.mu.Unlock()
	handle(b, Permissions.Join, b.join)
	handle(b, Permissions.Offer, b.offered)
	handle(b, Permissions.Unpublish, b.unpublish)
	handle(b, Permissions.Mute, b.mute)
	handle(b, Permissions.Subscribe, b.subscribe)
	handle(b, Permissions.Message, b.message)
	handle(b, Permissions.Data, b.parcel)
	handle(b, Permissions.Hand, b.hand)
	handle(b, Permissions.React, b.react)
	handle(b, Permissions.Set, b.set)
	handle(b, Permissions.Caption, b.caption)
	handle(b, Permissions.Poll, b.poll)
	handle(b, Permissions.Leave, b.leave)
	handle(b, Permissions.Sync, b.sync)
	handle(b, Permissions.Token, b.renew)
	handle(b, Permissions.Mod, b.moderate)
	handle(b, Permissions.Invite, b.invite)
	handle(b, Permissions.Breakout, b.divide)
	handle(b, unknownEvent, func(context.Context, *json.RawMessage) (any, error) { return nil, ErrUnknownEvent })
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

// tokenOf reads the payload of CONNECT, which may be anything.
func tokenOf(auth json.RawMessage) string {
	var arg struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(auth, &arg) != nil {
		return ""
	}
	return arg.Token
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
		if b.current() == nil && b.lobby() == nil {
			b.bye(ErrNotJoined.because("join within %v", b.server.cfg.JoinTimeout), "no", 0)
		}
		<-b.conn.Done()
	case <-b.conn.Done():
	}
	b.server.mu.Lock()
	delete(b.server.conns, b)
	b.server.mu.Unlock()
	if m := b.current(); m != nil {
		m.room.post(func() { m.connGone(b.conn) })
	}
	if r := b.lobby(); r != nil {
		r.post(func() { r.stopWaiting(b) })
	}
}

// lobby returns the room that the client waits to be let into, or nil.
func (b *binding) lobby() *Room {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits
}

// wait notes that the client waits for a room. It waits for one at a time.
func (b *binding) wait(r *Room) {
	b.mu.Lock()
	old := b.waits
	b.waits = r
	b.mu.Unlock()
	if old != nil && old != r {
		b.server.ended.Go(func() { old.post(func() { old.stopWaiting(b) }) }) // one room never waits for another
	}
}

// waitNoMore notes that the client does not wait for a room.
func (b *binding) waitNoMore(r *Room) {
	b.mu.Lock()
	if b.waits == r {
		b.waits = nil
	}
	b.mu.Unlock()
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

// dismiss says goodbye to who was m, or waited for a room, in which case m is nil.
// While the client is joining another room, it depends on how that ends; see
// [binding.joinEnds].
func (b *binding) dismiss(m *Member, why *Error) {
	b.mu.Lock()
	joining := b.joining
	if joining {
		b.over = why
	}
	if m != nil && b.member == m {
		b.member = nil
	}
	b.mu.Unlock()
	if !joining {
		b.bye(why, "no", 0)
	}
}

// joinBegins notes that the client is joining.
func (b *binding) joinBegins() {
	b.mu.Lock()
	b.joining = true
	b.mu.Unlock()
}

// joinEnds notes how that went. Who did not come in, nor waits, and was dismissed
// meanwhile, is told so after the acknowledgement.
func (b *binding) joinEnds(err error) {
	b.mu.Lock()
	why := b.over
	b.joining, b.over = false, nil
	b.mu.Unlock()
	if why != nil && err != nil && !errors.Is(err, ErrWaiting) {
		b.afterAck(func() { b.bye(why, "no", 0) })
	}
}

// bye says why the connection ends, and ends it.
func (b *binding) bye(why *Error, reconnect string, after time.Duration) {
	_ = b.conn.Emit("bye", byeEvent{
		Code: why.code, Message: why.message, Reconnect: reconnect, AfterMS: int(after.Milliseconds()),
	})
	b.conn.Disconnect(true)
}

// unknownEvent stands for every event that has no row in the table.
var unknownEvent Permission

// handle decodes the object of the event that a row of the table is about, and
// gives the errors of its handler codes. What the row needs, [binding.in] checks.
func handle[T any](b *binding, row Permission, h func(context.Context, *T) (any, error)) {
	event := row.name
	b.conn.Handle(event, func(ctx context.Context, raw json.RawMessage) (any, error) {
		now := time.Now()
		if b.flood.event(now) {
			b.bye(limited(floodSeconds*time.Second), "later", floodSeconds*time.Second)
		}
		if wait := b.events.take(now); wait > 0 {
			return nil, limited(wait)
		}
		arg := new(T)
		if err := decode(raw, arg); err != nil && event != "" {
			return nil, err
		}
		b.doing = row
		ack, err := h(ctx, arg)
		if err != nil {
			e := asError(err)
			if e == errInternal && ctx.Err() == nil {
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

// acknowledger is a [Conn] that tells when an event was acknowledged.
type acknowledger interface{ AfterAck(f func()) }

// holdUntilAck makes sure that what a member is told after the room has carried
// out an event, and called [Member.hold], comes after its acknowledgement. It is
// called by the event's handler.
func (b *binding) holdUntilAck(m *Member) {
	if a, ok := b.conn.(acknowledger); ok {
		a.AfterAck(func() { m.room.post(func() { m.release(b.conn) }) })
	}
}

// afterAck calls f after the acknowledgement of the event that is being handled, or
// at once if the connection does not tell.
func (b *binding) afterAck(f func()) {
	if a, ok := b.conn.(acknowledger); ok {
		a.AfterAck(f)
		return
	}
	f()
}

// in carries out f in the room of the connection's member, if its grant allows
// the event at that moment.
func (b *binding) in(ctx context.Context, f func(r *Room, m *Member) (any, error)) (any, error) {
	m := b.current()
	if m == nil {
		return nil, ErrNotJoined
	}
	b.holdUntilAck(m)
	row := b.doing
	return call(ctx, m.room, func() (any, error) {
		if !m.speaks(b.conn) {
			return nil, ErrNotJoined
		}
		if !row.Allows(m.grant) {
			return nil, ErrDenied
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
		if s := m.sections[p.media.MID()]; s != nil {
			s.stopped = true
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
		if arg.Muted == nil {
			return nil, ErrBadRequest.because("muted is missing")
		}
		r.setMuted(p, *arg.Muted)
		r.silence(p, false)
		return okAck{OK: true}, nil
	})
}

func (b *binding) subscribe(ctx context.Context, arg *subscribeArg) (any, error) {
	switch {
	case arg.Mode != "" && arg.Mode != "slots":
		return nil, ErrBadRequest.because("mode %q is not supported", arg.Mode)
	case len(arg.Rules) > mostSections:
		return nil, ErrLimit.because("one request names at most %d rules", mostSections)
	case len(arg.Publications) > longestList:
		return nil, ErrLimit.because("one request names at most %d publications", longestList)
	}
	switch arg.Audio {
	case "", "auto", "all", "list", "none":
	default:
		return nil, ErrBadRequest.because("unknown audio mode %q", arg.Audio)
	}
	if err := checkShowing(arg.Publications); err != nil {
		return nil, err
	}
	for _, r := range arg.Rules {
		if _, ok := shows[r.Show]; !ok {
			return nil, ErrBadRequest.because("unknown rule %q", r.Show)
		}
	}
	return b.in(ctx, func(_ *Room, m *Member) (any, error) { return m.change(arg) })
}
