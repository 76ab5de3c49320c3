package room

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	mostParts = 50
	// partsLook is how often a divided room looks who is in its parts.
	partsLook = 500 * time.Millisecond
	// partsEnd is how long the members of a part have to go back.
	partsEnd = 30 * time.Second
)

var errWhole = ErrBadRequest.because("the room is not divided")

// division is what somebody asks of a room, or of one that it is a part of.
type division struct {
	*breakoutArg
	room *Room  // the main one
	by   string // ID of the member
	name string // of it
}

// divisions are what the event breakout can do, each in the goroutine of the main
// room.
var divisions = map[string]func(x division, now time.Time) error{
	"open":    division.open,
	"assign":  division.assign,
	"message": division.message,
	"close": func(x division, now time.Time) error {
		if x.room.divided() == nil {
			return errWhole
		}
		x.room.unite(now)
		return nil
	},
}

// divide takes the event breakout, in the room or in one of its parts.
func (b *binding) divide(ctx context.Context, arg *breakoutArg) (any, error) {
	now := time.Now()
	if err := arg.check(now); err != nil {
		return nil, err
	}
	asked, err := b.in(ctx, func(r *Room, m *Member) (any, error) {
		if arg.Op == "message" {
			if !Permissions.Message.Allows(m.grant) {
				return nil, ErrDenied
			}
			if wait := m.messages.take(now); wait > 0 {
				return nil, limited(wait)
			}
		}
		return division{breakoutArg: arg, room: r.main(), by: m.id, name: m.Name()}, nil
	})
	if err != nil {
		return nil, err
	}
	x := asked.(division)
	return call(ctx, x.room, func() (any, error) {
		if x.room.ending {
			return nil, ErrClosed
		}
		if err := divisions[arg.Op](x, now); err != nil {
			return nil, err
		}
		x.room.log.Info("divided", "op", arg.Op, "member", x.by)
		return breakoutAck{OK: true, Breakout: x.room.division()}, nil
	})
}

func (a *breakoutArg) check(now time.Time) error {
	switch {
	case divisions[a.Op] == nil:
		return ErrBadRequest.because("unknown op %q", a.Op)
	case len(a.Rooms) > mostParts:
		return ErrLimit.because("a room has at most %d parts", mostParts)
	case a.Op == "open" && len(a.Rooms) == 0:
		return ErrBadRequest.because("rooms is empty")
	case a.Op == "open" && a.Ends != 0 && !time.UnixMilli(a.Ends).After(now):
		return ErrBadRequest.because("ends is over")
	case a.Op == "message" && (a.Text == "" || !utf8.ValidString(a.Text)):
		return ErrBadRequest.because("text is empty or not UTF-8")
	case a.Op == "message" && utf8.RuneCountInString(a.Text) > longestText:
		return ErrTooLarge.because("a message has at most %d characters", longestText)
	}
	return nil
}

// open opens the parts, and sends members there.
func (x division) open(time.Time) error {
	r := x.room
	if r.divided() != nil {
		return ErrBadRequest.because("the room is divided already")
	}
	b := &breakout{main: r}
	if x.Ends != 0 {
		b.ends = time.UnixMilli(x.Ends)
	}
	n := 0 // of the newest name
	for _, a := range x.Rooms {
		for opened := false; !opened; {
			var err error
			if n++; n > 2*mostParts {
				err = ErrLimit.because("too many names of parts are taken")
			} else {
				opened, err = r.openPart(b, r.name+"."+strconv.Itoa(n), a.Name)
			}
			if err != nil {
				b.end()
				return err
			}
		}
	}
	r.breakout = b
	r.roomChanged()
	for i, p := range b.list() {
		r.sendAll(x.Rooms[i].Members, p.room.name)
	}
	return nil
}

// openPart adds a part. False if there is a room of that name already.
func (r *Room) openPart(b *breakout, name, shown string) (bool, error) {
	if !validRoom(name) {
		return false, ErrLimit.because("the name of the room is too long to be divided")
	}
	o := r.options
	o.part = b
	p, opened, err := r.server.open(name, o)
	if err == nil && opened {
		b.add(p, cleanName(shown))
	}
	return opened, err
}

// assign sends members to the room or its parts.
func (x division) assign(time.Time) error {
	b := x.room.divided()
	if b == nil {
		return errWhole
	}
	targets := make([]string, len(x.Rooms))
	for i, a := range x.Rooms {
		if targets[i] = b.find(a.Name); targets[i] == "" {
			return ErrBadRequest.because("there is no part %q", a.Name)
		}
	}
	for i, a := range x.Rooms {
		x.room.sendAll(a.Members, targets[i])
	}
	return nil
}

// sendAll sends members, wherever they are, to the room or a part of it. Who is
// gone is left out.
func (r *Room) sendAll(list []string, to string) {
	ids := make(map[string]bool, len(list)) // a client may name far more than there are
	for _, id := range list {
		ids[id] = true
	}
	r.sendThose(ids, to)
	for _, p := range r.breakout.list() {
		if p.has(ids) {
			p.room.post(func() { p.room.sendThose(ids, to) }) // parts wait for nobody
		}
	}
}

// sendThose sends members who are here.
func (r *Room) sendThose(ids map[string]bool, to string) {
	for _, m := range r.everybody() {
		if ids[m.id] {
			_ = r.send(m, to, true) // or it is there, or cannot go
		}
	}
}

// message says something in all parts.
func (x division) message(now time.Time) error {
	b := x.room.divided()
	if b == nil {
		return errWhole
	}
	for _, p := range b.list() {
		p.room.post(func() {
			e := messageEvent{ID: p.room.nextMessage(), TS: now.UnixMilli(), Sender: x.by, Name: x.name, Text: x.Text}
			p.room.emit("new_message", e, nil)
			p.room.keep(e)
		})
	}
	return nil
}

// unite sends everybody back. The parts end when they are empty, or after a while.
func (r *Room) unite(now time.Time) {
	b := r.breakout
	b.close()
	for _, p := range b.list() {
		p.room.post(func() {
			p.room.endsAt = now.Add(partsEnd)
			for _, m := range p.room.everybody() {
				_ = p.room.send(m, r.name, true) // or it came by HTTP, and goes with the part
			}
		})
	}
	r.roomChanged()
}

// divided returns what the room is divided into; nil if it is whole, or about to be.
func (r *Room) divided() *breakout {
	if r.breakout == nil || r.breakout.isClosed() {
		return nil
	}
	return r.breakout
}

// division tells clients how the room is divided; nil if it is not.
func (r *Room) division() *breakoutInfo {
	switch {
	case r.divided() != nil:
		return r.breakout.info(true)
	case r.part != nil:
		return r.part.info(false)
	}
	return nil
}

// tickParts does what is due in a divided room.
func (r *Room) tickParts(now time.Time) {
	b := r.breakout
	if b == nil || now.Before(r.looksAt) && !r.isTime(now) {
		return
	}
	r.looksAt = now.Add(partsLook)
	changed, busy, left := b.look()
	if busy && len(r.members) == 0 {
		r.emptySince = now
	}
	switch {
	case b.isClosed() && left > 0: // until then its moderators are on their way
	case b.isClosed():
		r.breakout = nil
		r.promote()
	case left == 0, r.isTime(now):
		r.unite(now)
	case changed:
		r.roomChanged()
		r.promote()
	}
}

// isTime tells whether the time of the parts is over.
func (r *Room) isTime(now time.Time) bool {
	b := r.divided()
	return b != nil && !b.ends.IsZero() && !now.Before(b.ends)
}

// wakes returns when the room has something to do because it is divided, or a
// part, if that is before at.
func (r *Room) wakes(now, at time.Time) time.Time {
	switch {
	case r.part != nil && !r.endsAt.IsZero():
		return earlier(at, r.endsAt)
	case r.part != nil && len(r.members) == 0 && at.Before(now.Add(partsLook)):
		return now.Add(partsLook) // it does not end by being empty
	case r.breakout == nil:
		return at
	}
	if b := r.divided(); b != nil && !b.ends.IsZero() {
		at = earlier(at, b.ends)
	}
	return earlier(at, r.looksAt)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
