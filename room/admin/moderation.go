package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// Switch turns something on or off.
type Switch struct {
	On bool `json:"on"`
}

// RoleChange gives a member a role.
type RoleChange struct {
	Role room.Role `json:"role" enum:"moderator,guest,viewer"`
}

// Ban keeps somebody out of a room: an identity of tokens, or who was a member.
type Ban struct {
	Member   string     `json:"member,omitempty" maxLength:"64"`
	Identity string     `json:"identity,omitempty" maxLength:"256"`
	Until    *time.Time `json:"until,omitempty" doc:"left out for as long as the server remembers"`
}

// Bans is a list of bans.
type Bans struct {
	Bans []Ban `json:"bans" nullable:"false"`
}

// Move is where a member is to go.
type Move struct {
	Room string `json:"room" minLength:"1" maxLength:"64"`
}

type moveInput struct {
	Room   string `path:"room" maxLength:"64"`
	Member string `path:"member" maxLength:"64"`
	Body   Move
}

type switchInput struct {
	Room string `path:"room" maxLength:"64"`
	Body Switch
}

type roleInput struct {
	Room   string `path:"room" maxLength:"64"`
	Member string `path:"member" maxLength:"64"`
	Body   RoleChange
}

type banInput struct {
	Room string `path:"room" maxLength:"64"`
	Body Ban
}

type unbanInput struct {
	Room     string `path:"room" maxLength:"64"`
	Member   string `query:"member" maxLength:"64" doc:"who was banned as this member"`
	Identity string `query:"identity" maxLength:"256"`
}

type bansOutput struct{ Body Bans }

func (a *api) addModeration() {
	const done = http.StatusNoContent
	add(a, operation{"mute-publication", table.MutePublication, done}, a.mute)
	add(a, operation{"mute-room", table.MuteRoom, done}, func(_ context.Context, in *roomPath) (*none, error) {
		return nil, a.in(in.Room, (*room.Room).MuteAll)
	})
	add(a, operation{"lock-room", table.LockRoom, done}, func(_ context.Context, in *switchInput) (*none, error) {
		return nil, a.in(in.Room, func(r *room.Room) error { return r.Lock(in.Body.On) })
	})
	add(a, operation{"lobby-room", table.LobbyRoom, done}, func(_ context.Context, in *switchInput) (*none, error) {
		return nil, a.in(in.Room, func(r *room.Room) error { return r.Lobby(in.Body.On) })
	})
	add(a, operation{"change-role", table.ChangeRole, done}, a.changeRole)
	add(a, operation{"move-member", table.MoveMember, done}, a.moveMember)
	add(a, operation{"list-bans", table.ListBans, 0}, a.listBans)
	add(a, operation{"ban", table.Ban, done}, a.ban)
	add(a, operation{"unban", table.Unban, done}, a.unban)
}

// in carries out f for a room that is open.
func (a *api) in(name string, f func(*room.Room) error) error {
	r, err := a.room(name)
	if err != nil {
		return err
	}
	return f(r)
}

func (a *api) mute(_ context.Context, in *publicationPath) (*none, error) {
	return nil, a.in(in.Room, func(r *room.Room) error {
		p, ok := r.Publication(in.Publication)
		if !ok {
			return room.ErrNoPublication
		}
		return p.Member().Mute(p)
	})
}

func (a *api) changeRole(_ context.Context, in *roleInput) (*none, error) {
	m, err := a.member(&memberPath{in.Room, in.Member})
	if err != nil {
		return nil, err
	}
	return nil, m.SetRole(in.Body.Role)
}

func (a *api) moveMember(ctx context.Context, in *moveInput) (*none, error) {
	m, err := a.member(&memberPath{in.Room, in.Member})
	if err != nil {
		return nil, err
	}
	return nil, m.MoveTo(in.Body.Room, rightOf(ctx).over(in.Body.Room))
}

func (a *api) listBans(_ context.Context, in *roomPath) (*bansOutput, error) {
	out := &bansOutput{Bans{Bans: []Ban{}}}
	for _, b := range a.cfg.Meter.Rooms.Bans(in.Room) {
		one := Ban{Member: b.Member, Identity: b.Identity}
		if !b.Until.IsZero() {
			one.Until = &b.Until
		}
		out.Body.Bans = append(out.Body.Bans, one)
	}
	return out, nil
}

func (a *api) ban(_ context.Context, in *banInput) (*none, error) {
	until := time.Time{}
	if in.Body.Until != nil {
		if until = *in.Body.Until; !until.After(time.Now()) {
			return nil, refusal("bad_request", "until is over")
		}
	}
	if in.Body.Member == "" {
		return nil, a.in(in.Room, func(r *room.Room) error { return r.Ban(in.Body.Identity, until) })
	}
	m, err := a.member(&memberPath{in.Room, in.Body.Member})
	if err != nil {
		return nil, err
	}
	return nil, m.Ban(until)
}

// unban needs no room that is open: bans outlive it.
func (a *api) unban(_ context.Context, in *unbanInput) (*none, error) {
	return nil, a.cfg.Meter.Rooms.Unban(in.Room, in.Identity, in.Member)
}
