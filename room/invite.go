package room

import (
	"context"
	"net/url"
	"time"
)

// Invite returns the path and fragment of a link into the room, and notes the
// invitation so that it can be withdrawn. ID is chosen here, and Room is this one.
// If Expires is zero, it is good for a day; 30 days is the most. It fails if
// [Config.Invite] is nil.
func (r *Room) Invite(i Invitation) (link string, made Invitation, err error) {
	s := r.server
	now := time.Now()
	i.ID, i.Room = "inv-"+newID(), r.name
	if i.Expires.IsZero() {
		i.Expires = now.Add(invitationLife)
	}
	_, known := i.Role.Grant()
	switch {
	case s.cfg.Invite == nil:
		return "", i, ErrDenied.because("nobody can be invited here")
	case !known:
		return "", i, ErrBadRequest.because("unknown role %q", i.Role)
	case !i.Expires.After(now) || i.Expires.After(now.Add(longestInvitation)):
		return "", i, ErrBadRequest.because("an invitation expires within 30 days")
	case i.Uses < 0 || i.Uses > mostUses:
		return "", i, ErrBadRequest.because("uses is 0 to %d", mostUses)
	}
	token, err := s.cfg.Invite(i)
	if err != nil {
		return "", i, err
	}
	if err := s.keep(s.passes.issue(i, now)); err != nil {
		return "", i, err
	}
	return "/?room=" + url.QueryEscape(r.name) + "#token=" + token, i, nil
}

// Withdraw makes an invitation into the room worthless; who is in stays. It fails
// with ErrBadRequest if there is none of that ID.
func (r *Room) Withdraw(id string) error {
	if !r.server.passes.withdraw(r.name, id) {
		return ErrBadRequest.because("there is no such invitation into this room")
	}
	return r.server.keep(nil)
}

// invite takes the event invite.
func (b *binding) invite(ctx context.Context, arg *inviteArg) (any, error) {
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if arg.Revoke != "" {
			if err := r.Withdraw(arg.Revoke); err != nil {
				return nil, err
			}
			return inviteAck{OK: true, ID: arg.Revoke}, nil
		}
		i := Invitation{Role: arg.Role, Uses: arg.Uses}
		if arg.Expires != 0 {
			i.Expires = time.UnixMilli(arg.Expires)
		}
		if g, ok := arg.Role.Grant(); ok && !m.grant.covers(g) {
			return nil, errOwnRights
		}
		link, i, err := r.Invite(i)
		if err != nil {
			return nil, err
		}
		return inviteAck{OK: true, ID: i.ID, URL: link}, nil
	})
}
