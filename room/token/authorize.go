package token

import (
	"context"
	"errors"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// Authorize returns what [room.Config] needs to let in only who shows a token
// that opens the room. now is the clock, such as [time.Now]. Refusals are
// [room.ErrUnauthorized] for what is missing or forged, [room.ErrTokenExpired],
// and [room.ErrDenied] for a token of another room, or one that lets nobody join.
func (k *Keys) Authorize(now func() time.Time) func(context.Context, room.JoinRequest) (room.Grant, error) {
	return func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		return k.authorize(req, now())
	}
}

// AuthorizeGuests is Authorize for an open server: who shows no token is a
// guest. One that is shown has to be valid.
func (k *Keys) AuthorizeGuests(now func() time.Time) func(context.Context, room.JoinRequest) (room.Grant, error) {
	return func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Token == "" {
			return room.Guest(), nil
		}
		return k.authorize(req, now())
	}
}

func (k *Keys) authorize(req room.JoinRequest, now time.Time) (room.Grant, error) {
	c, err := k.Verify(req.Token, now)
	switch {
	case errors.Is(err, ErrExpired):
		return room.Grant{}, room.ErrTokenExpired
	case err != nil, c.Uses > 0 && c.ID == "":
		return room.Grant{}, room.ErrUnauthorized
	case !c.Opens(req.Room):
		return room.Grant{}, room.ErrDenied
	}
	g, err := c.Grant()
	if err != nil {
		return room.Grant{}, room.ErrDenied
	}
	g.Expires = c.Expires.Add(leeway) // or who is late by a second would be sent away at once
	return g, nil
}

// Invite signs the token of an invitation. It is what [room.Config] needs for
// them, and fails if no key here signs.
func (k *Keys) Invite(i room.Invitation) (string, error) {
	g, ok := i.Role.Grant()
	if i.Grant != nil {
		g, ok = *i.Grant, true
		i.Expires = i.Expires.Add(-leeway) // which is in it already
	}
	if !ok {
		return "", errors.New("token: an invitation needs a role")
	}
	can := CanOf(g)
	if g.ByRoom {
		can = nil
	}
	return k.Sign(Claims{
		Room: i.Room, ID: i.ID, Uses: i.Uses, Expires: i.Expires, Can: can, Identity: g.Identity, Name: g.Name, Single: g.Single,
	})
}
