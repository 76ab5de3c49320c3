package room

import (
	"context"
	"time"
	"unicode/utf8"
)

// announcer is the sender of what the server itself says. No member has the id.
const announcer = "server"

// Announce sends a chat message in the name of the server, to everybody or, if
// to is not empty, to one member. It fails with ErrBadRequest, ErrTooLarge,
// ErrNoMember or ErrClosed.
func (r *Room) Announce(ctx context.Context, name, text, to string) error {
	switch {
	case text == "" || !utf8.ValidString(text):
		return ErrBadRequest.because("text is empty or not UTF-8")
	case utf8.RuneCountInString(text) > longestText:
		return ErrTooLarge.because("a message has at most %d characters", longestText)
	}
	_, err := call(ctx, r, func() (struct{}, error) { return struct{}{}, r.announce(cleanName(name), text, to) })
	return err
}

func (r *Room) announce(name, text, to string) error {
	if r.ending {
		return ErrClosed
	}
	e := messageEvent{ID: r.nextMessage(), TS: time.Now().UnixMilli(), Sender: announcer, Name: name, Text: text, To: to}
	if to == "" {
		r.emit("new_message", e, nil)
		r.keep(e)
		return nil
	}
	m := r.member(to)
	if m == nil {
		return ErrNoMember
	}
	m.emit("new_message", e)
	r.keep(e)
	return nil
}
