package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// authorizer decides who joins; see [room.Config].
type authorizer = func(context.Context, room.JoinRequest) (room.Grant, error)

// access returns who may join, and what signs invitations, if a key does. An open
// server has a key of its own for those.
func access(c *config, own []byte) (authorizer, func(room.Invitation) (string, error)) {
	keys := c.keys
	if keys.Len() == 0 {
		// The id and the length are as they should be.
		keys, _ = token.NewKeys([][2]string{{"own", hex.EncodeToString(own)}})
	}
	invite := keys.Invite
	if !keys.Signs() {
		invite = nil
	}
	if c.tokenNeeded() {
		return keys.Authorize(time.Now), invite
	}
	return keys.AuthorizeGuests(time.Now), invite
}

// newKeySecret returns 260 random bits as 52 characters.
func newKeySecret() string { return rand.Text() + rand.Text() }
