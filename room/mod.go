package room

import (
	"context"
	"time"
)

// moderation is a mod event under way.
type moderation struct {
	*modArg
	room *Room
	by   *Member
}

// ops are what the event mod can do. Each is carried out in the room's goroutine,
// for a member whose grant allows it.
var ops = map[string]func(moderation) error{
	"kick": func(x moderation) error {
		return x.withMember(func(m *Member) error { x.room.remove(m, "kicked"); return nil })
	},
	"move": func(x moderation) error {
		return x.withMember(func(m *Member) error { return x.room.send(m, x.Room, false) })
	},
	"ban":   moderation.ban,
	"unban": func(x moderation) error { return x.room.Unban(x.Identity, x.Member) },
	"mute": func(x moderation) error {
		return x.withPublication(func(p *Publication) { x.room.quiet(p, x.by) })
	},
	"mute_all": func(x moderation) error { x.room.quietAll(x.by); return nil },
	"ask_unmute": func(x moderation) error {
		return x.withPublication(func(p *Publication) {
			p.member.emit("ask_unmute", askUnmuteEvent{Publication: p.id, By: x.by.author()})
		})
	},
	"grant": func(x moderation) error {
		return x.withMember(func(m *Member) error { return x.room.regrant(x.by, m, x.Can) })
	},
	"lower_hand": func(x moderation) error {
		if x.Member == "" {
			x.room.lowerHands()
			return nil
		}
		return x.withMember(func(m *Member) error { x.room.raise(m, false); return nil })
	},
	"promote":     func(x moderation) error { return x.become(RoleModerator) },
	"demote":      func(x moderation) error { return x.become(RoleGuest) },
	"lock":        func(x moderation) error { x.room.lock(true); return nil },
	"unlock":      func(x moderation) error { x.room.lock(false); return nil },
	"lobby":       func(x moderation) error { x.room.setLobby(x.On == nil || *x.On); return nil },
	"admit":       func(x moderation) error { return x.room.withWaiter(x.Ticket, x.room.admit) },
	"deny":        func(x moderation) error { return x.room.withWaiter(x.Ticket, x.room.deny) },
	"spotlight":   moderation.spotlight,
	"record":      moderation.record,
	"stop_record": moderation.record,
	"end":         func(moderation) error { return nil }, // done when it is acknowledged
}

// moderate takes the event mod.
func (b *binding) moderate(ctx context.Context, arg *modArg) (any, error) {
	op := ops[arg.Op]
	if op == nil {
		return nil, ErrBadRequest.because("unknown op %q", arg.Op)
	}
	m := b.current()
	ack, err := b.in(ctx, func(r *Room, m *Member) (any, error) {
		if err := op(moderation{modArg: arg, room: r, by: m}); err != nil {
			return nil, err
		}
		r.log.Info("moderated", "op", arg.Op, "member", m.id)
		return okAck{OK: true}, nil
	})
	if err == nil && arg.Op == "end" {
		b.afterAck(func() { m.room.post(func() { m.room.ending = true }) })
	}
	return ack, err
}

func (x moderation) withMember(f func(*Member) error) error {
	m, err := x.room.withMember(x.Member)
	if err != nil {
		return err
	}
	return f(m)
}

func (x moderation) withPublication(f func(*Publication)) error {
	p := x.room.publication(x.Publication)
	if p == nil {
		return ErrNoPublication
	}
	f(p)
	return nil
}

func (x moderation) ban() error {
	until := time.Time{}
	if x.Until != 0 {
		if until = time.UnixMilli(x.Until); !until.After(time.Now()) {
			return ErrBadRequest.because("until is over")
		}
	}
	if x.Member == "" {
		return x.room.banIdentity(x.Identity, until)
	}
	return x.withMember(func(m *Member) error { return x.room.ban(m, until) })
}

func (x moderation) become(role Role) error {
	g, _ := role.Grant()
	if !x.by.grant.covers(g) {
		return errOwnRights
	}
	return x.withMember(func(m *Member) error { x.room.promoteTo(m, role); return nil })
}

// record refuses: recording is no part of what this server knows, and its caps say
// so.
func (x moderation) record() error {
	if !x.by.grant.CanRecord {
		return ErrDenied
	}
	return ErrBadRequest.because("this server does not record")
}

func (x moderation) spotlight() error {
	if x.Publication == "" {
		x.room.setSpotlight("")
		return nil
	}
	return x.withPublication(func(p *Publication) { x.room.setSpotlight(p.id) })
}
