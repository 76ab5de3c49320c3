package room

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	longestEmoji   = 16  // bytes
	longestCaption = 500 // characters
	longestLang    = 35  // bytes, of which RFC 5646 says that they are enough
	longestKey     = 64  // bytes, of an attribute's name
	mostAttrs      = 4 << 10
	// Of one member, a second.
	reactRate, reactBurst     = 3, 10
	captionRate, captionBurst = 10, 20
	changeRate, changeBurst   = 2, 10 // of name, attributes and hand
)

// tells takes what it costs to tell everybody size bytes from a limit of the
// member and from what the room carries, or returns ErrRateLimited.
func (r *Room) tells(b *bucket, size int) error {
	now := time.Now()
	cost := min(carryBurst, float64(len(r.members)*(size+parcelCost)))
	if wait := max(b.ready(now), r.carried.lacks(now, cost)); wait > 0 {
		return limited(wait)
	}
	b.take(now)
	r.carried.tokens -= cost
	return nil
}

// number names something that is told; ids of a kind begin with the same letter.
func (r *Room) number(kind string) string {
	r.numbered++
	return kind + strconv.Itoa(r.numbered)
}

// emitVolatile sends an event that the next of its kind makes worthless to all
// members but one, who may be nil.
func (r *Room) emitVolatile(event string, arg any, except *Member) {
	arg = &shared{arg: arg}
	for _, m := range r.members {
		if m != except {
			m.emitVolatile(event, arg)
		}
	}
}

// hand takes the event hand.
func (b *binding) hand(ctx context.Context, arg *handArg) (any, error) {
	if arg.Up == nil {
		return nil, ErrBadRequest.because("up is missing")
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if *arg.Up != (m.raised != 0) {
			if err := r.tells(&m.changes, 0); err != nil {
				return nil, err
			}
			r.raise(m, *arg.Up)
		}
		return okAck{OK: true}, nil
	})
}

// raise notes that a member raised its hand, or lowered it. No two are up since
// the same time, so that they are a queue.
func (r *Room) raise(m *Member, up bool) {
	if up == (m.raised != 0) {
		return
	}
	m.raised = 0
	if up {
		r.handAt = max(time.Now().UnixMilli(), r.handAt+1)
		m.raised = r.handAt
	}
	if !m.parked && !m.unseen() {
		hand := m.raised
		r.changes.setMember(memberChange{ID: m.id, Hand: &hand})
		r.changed()
	}
}

// lowerHands lowers all of them.
func (r *Room) lowerHands() {
	for _, m := range r.everybody() {
		r.raise(m, false)
	}
}

// react takes the event react.
func (b *binding) react(ctx context.Context, arg *reactArg) (any, error) {
	if !isEmoji(arg.Emoji) {
		return nil, ErrBadRequest.because("emoji has 1 to %d bytes, and no letters", longestEmoji)
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if err := r.tells(&m.reactions, len(arg.Emoji)); err != nil {
			return nil, err
		}
		r.emitVolatile("react", reactEvent{
			ID: r.number("r"), TS: time.Now().UnixMilli(), Sender: m.id, Emoji: arg.Emoji,
		}, m)
		return okAck{OK: true}, nil
	})
}

// isEmoji tells whether s may be shown as a reaction. Which signs there are, every
// version of Unicode decides anew, so only what would be words is refused.
func isEmoji(s string) bool {
	return s != "" && len(s) <= longestEmoji && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsLetter(c) || unicode.IsSpace(c) || unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
	})
}

// caption takes the event caption.
func (b *binding) caption(ctx context.Context, arg *captionArg) (any, error) {
	switch {
	case arg.Text == "" || !utf8.ValidString(arg.Text):
		return nil, ErrBadRequest.because("text is empty or not UTF-8")
	case utf8.RuneCountInString(arg.Text) > longestCaption:
		return nil, ErrTooLarge.because("a caption has at most %d characters", longestCaption)
	case !isLang(arg.Lang):
		return nil, ErrBadRequest.because("lang is no language such as en-GB")
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if err := r.tells(&m.captions, len(arg.Text)); err != nil {
			return nil, err
		}
		return r.write(m, arg), nil
	})
}

func isLang(s string) bool {
	return len(s) <= longestLang && !strings.ContainsFunc(s, func(c rune) bool { return c > 'z' || c == '_' || !isIDByte(byte(c)) })
}

// write passes on what a member says, in words. They have one ID until they are
// final; what comes before that may be lost.
func (r *Room) write(m *Member, arg *captionArg) captionAck {
	if m.captionID == "" {
		m.captionID = r.number("c")
	}
	e := captionEvent{
		ID: m.captionID, TS: time.Now().UnixMilli(), Sender: m.id, Text: arg.Text, Final: arg.Final, Lang: arg.Lang,
	}
	if arg.Final {
		m.captionID = ""
		r.emit("caption", e, m)
	} else {
		r.emitVolatile("caption", e, m)
	}
	return captionAck{OK: true, ID: e.ID, TS: e.TS}
}

// set takes the event set.
func (b *binding) set(ctx context.Context, arg *setArg) (any, error) {
	if arg.Name == nil && arg.Attrs == nil {
		return nil, ErrBadRequest.because("there is neither a name nor attrs")
	}
	for k, v := range arg.Attrs {
		if k == "" || len(k) > longestKey || !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, ErrBadRequest.because("the name of an attribute has 1 to %d bytes of UTF-8", longestKey)
		}
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		change, err := m.alteration(arg)
		if err != nil || change.Name == "" && change.Attrs == nil {
			return okAck{OK: err == nil}, err
		}
		if err := r.tells(&m.changes, attrsSize(change.Attrs)); err != nil {
			return nil, err
		}
		m.alter(change)
		return okAck{OK: true}, nil
	})
}

// alteration is what the event set changes, if the member may.
func (m *Member) alteration(arg *setArg) (memberChange, error) {
	change := memberChange{ID: m.id}
	if arg.Name != nil {
		change.Name = cleanName(*arg.Name)
		switch {
		case m.base.Name != "":
			return change, ErrDenied.because("the name is that of the token")
		case change.Name == "":
			return change, ErrBadRequest.because("nothing of the name can be shown")
		case change.Name == m.Name():
			change.Name = ""
		}
	}
	if arg.Attrs != nil {
		change.Attrs = make(map[string]string) // never changed once it is told
		maps.Copy(change.Attrs, m.attrs)
		maps.Copy(change.Attrs, arg.Attrs)
		maps.DeleteFunc(change.Attrs, func(_, v string) bool { return v == "" })
		if attrsSize(change.Attrs) > mostAttrs {
			return change, ErrTooLarge.because("attributes have at most %d bytes", mostAttrs)
		}
		if maps.Equal(change.Attrs, m.attrs) {
			change.Attrs = nil
		}
	}
	return change, nil
}

// attrsSize is how many bytes attributes have, each counted with what it costs to
// keep.
func attrsSize(attrs map[string]string) int {
	n := 0
	for k, v := range attrs {
		n += len(k) + len(v) + 6
	}
	return n
}

// alter changes what a member says of itself.
func (m *Member) alter(c memberChange) {
	if c.Name != "" {
		m.rename(c.Name)
	}
	if c.Attrs != nil {
		m.attrs = c.Attrs
	}
	if !m.unseen() {
		m.room.changes.setMember(c)
		m.room.changed()
		m.room.report()
	}
}
