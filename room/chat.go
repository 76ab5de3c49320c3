package room

import (
	"context"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	longestText   = 4000 // characters
	cidsKept      = 64
	historyLength = 200 // messages
	// historyBytes keeps what a join answers below what may wait for a client.
	historyBytes = 256 << 10
)

func (b *binding) message(ctx context.Context, arg *messageArg) (any, error) {
	switch {
	case !utf8.ValidString(arg.Text) || arg.Text == "":
		return nil, ErrBadRequest.because("text is empty or not UTF-8")
	case utf8.RuneCountInString(arg.Text) > longestText:
		return nil, ErrTooLarge.because("a message has at most %d characters", longestText)
	case !validID(arg.CID):
		return nil, ErrBadRequest.because("cid has 1 to 32 of letters, digits, '-' and '_'")
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) { return r.say(m, arg) })
}

// say passes a message on to everybody else, or to one. A message that was sent
// before has the same answer, and is not passed on again.
func (r *Room) say(m *Member, arg *messageArg) (any, error) {
	if ack, ok := m.remembered(arg.CID); ok {
		return ack, nil
	}
	e, err := r.speak(m, messageEvent{Text: arg.Text, To: arg.To})
	if err != nil {
		return nil, err
	}
	ack := messageAck{OK: true, ID: e.ID, TS: e.TS}
	m.rememberMessage(arg.CID, ack)
	return ack, nil
}

// speak passes on what m says, and returns it as others see it.
func (r *Room) speak(m *Member, e messageEvent) (messageEvent, error) {
	now := time.Now()
	if wait := max(m.messages.ready(now), r.messageRate.ready(now)); wait > 0 {
		return e, limited(wait)
	}
	m.messages.take(now)
	r.messageRate.take(now)
	to := r.find(e.To)
	if to == nil && e.To != "" {
		return e, ErrNoMember
	}
	e.ID, e.TS, e.Sender, e.Name = r.nextMessage(), now.UnixMilli(), m.id, m.Name()
	if to != nil {
		to.emit("new_message", e)
	} else {
		r.emit("new_message", e, m)
	}
	r.keep(e)
	return e, nil
}

// keep adds a message to the history, of which the oldest are forgotten.
func (r *Room) keep(e messageEvent) {
	r.chat = append(r.chat, e)
	r.chatBytes += e.size()
	r.trim()
}

// size is how many bytes of the history a message counts.
func (e *messageEvent) size() int {
	if e.Attachment == nil {
		return len(e.Text)
	}
	return len(e.Text) + len(e.Attachment.Name) + len(e.Attachment.Type) + 100
}

// trim forgets the oldest messages of a history that is too long.
func (r *Room) trim() {
	drop := 0
	for len(r.chat)-drop > max(0, r.options.History) || r.chatBytes > historyBytes {
		r.chatBytes -= r.chat[drop].size()
		drop++
	}
	r.chat = slices.Delete(r.chat, 0, drop)
}

// history is what m may read of it.
func (r *Room) history(m *Member) []messageEvent {
	list := make([]messageEvent, 0, len(r.chat))
	for _, e := range r.chat {
		if e.To == "" || e.To == m.id || e.Sender == m.id {
			list = append(list, e)
		}
	}
	return list
}

// nextMessage numbers chat messages.
func (r *Room) nextMessage() string {
	r.messages++
	return "m" + strconv.Itoa(r.messages)
}

// remembered returns the answer to a message that was sent before.
func (m *Member) remembered(cid string) (messageAck, bool) {
	a, ok := m.cids[cid]
	return a, ok
}

func (m *Member) rememberMessage(cid string, a messageAck) {
	if len(m.cidOrder) == cidsKept {
		delete(m.cids, m.cidOrder[0])
		m.cidOrder = m.cidOrder[1:]
	}
	m.cids[cid] = a
	m.cidOrder = append(m.cidOrder, cid)
}
