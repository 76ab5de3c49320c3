// Package token signs and checks what lets somebody into a room: a JSON Web
// Token (RFC 7519) with the rights of a member, so that another service can
// decide who may join without asking this one.
package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/switchyard-rtc/switchyard/room"
)

// Errors of [Keys.Verify]. They do not tell what was wrong with a signature.
var (
	// ErrInvalid is returned for what no key here has signed, or what lacks a
	// claim that it needs.
	ErrInvalid = errors.New("token: invalid")
	// ErrExpired is returned for a token whose time is over, or has not come.
	ErrExpired = errors.New("token: expired, or not valid yet")
)

// Claims are what a token says. The zero value says nothing and opens no room.
type Claims struct {
	Issuer   string          // iss: the id of the key, if empty
	Identity string          // sub: who it is; may be empty
	Name     string          // to be shown; may be empty
	Room     string          // the only room that it opens; "*" for any
	Metadata json.RawMessage // md: for the application; may be nil
	ID       string          // jti: names the token, so that it can be counted and withdrawn
	Uses     int             // how many may join with it, by its ID; 0 is any number
	Issued   time.Time       // iat
	From     time.Time       // nbf: zero for at once
	Expires  time.Time       // exp: needed
	Single   bool            // a newer member of the identity takes the place of the older
	Can      *Can            // nil for a member who sends, receives and chats, as far as the room lets it
}

// Can lists rights by name, as the claim "can" does.
type Can struct {
	Join      bool          `json:"join"`
	Publish   []room.Source `json:"publish,omitempty"`
	Subscribe bool          `json:"subscribe,omitempty"`
	Data      bool          `json:"data,omitempty"`
	Chat      bool          `json:"chat,omitempty"`
	Moderate  bool          `json:"moderate,omitempty"`
	Record    bool          `json:"record,omitempty"`
	Hidden    bool          `json:"hidden,omitempty"`
	Admin     bool          `json:"admin,omitempty"` // everything by the admin API, in all rooms
}

// CanOf returns the names of a grant's rights, and joins with them.
func CanOf(g room.Grant) *Can {
	return &Can{
		Join: true, Publish: g.Publish, Subscribe: g.CanSubscribe, Data: g.CanData, Chat: g.CanChat,
		Moderate: g.CanModerate, Record: g.CanRecord, Hidden: g.Hidden,
	}
}

// Opens tells whether the token opens a room.
func (c Claims) Opens(name string) bool {
	return c.Room == name && name != "" || c.Room == "*" && name != ""
}

// Grant returns the rights of who joins with the token. It fails with ErrInvalid
// if it lets nobody join.
func (c Claims) Grant() (room.Grant, error) {
	g := room.Grant{
		Identity: c.Identity, Name: c.Name, Single: c.Single, Expires: c.Expires,
		Publish: room.Sources(), CanSubscribe: true, CanChat: true, Pass: c.ID, Uses: c.Uses,
	}
	if c.Can == nil {
		g.ByRoom = true
		return g, nil
	}
	if !c.Can.Join {
		return room.Grant{}, fmt.Errorf("%w: it lets nobody join", ErrInvalid)
	}
	g.Publish, g.CanSubscribe, g.CanChat = c.Can.Publish, c.Can.Subscribe, c.Can.Chat
	g.CanData, g.CanModerate, g.CanRecord, g.Hidden = c.Can.Data, c.Can.Moderate, c.Can.Record, c.Can.Hidden
	return g, nil
}

// wire is a token's payload.
type wire struct {
	jwt.RegisteredClaims
	Name     string          `json:"name,omitempty"`
	Room     string          `json:"room,omitempty"`
	Metadata json.RawMessage `json:"md,omitempty"`
	Single   bool            `json:"single,omitempty"`
	Uses     int             `json:"uses,omitempty"`
	Can      *Can            `json:"can,omitempty"`

	// Of LiveKit's tokens.
	Video json.RawMessage `json:"video,omitempty"`
	Text  json.RawMessage `json:"metadata,omitempty"`
}

func (c Claims) wire() wire {
	w := wire{Name: c.Name, Room: c.Room, Metadata: c.Metadata, Single: c.Single, Uses: c.Uses, Can: c.Can}
	w.Issuer, w.Subject, w.ID = c.Issuer, c.Identity, c.ID
	w.IssuedAt, w.NotBefore, w.ExpiresAt = numeric(c.Issued), numeric(c.From), numeric(c.Expires)
	return w
}

func (w *wire) claims() Claims {
	return Claims{
		Issuer: w.Issuer, Identity: w.Subject, Name: w.Name, Room: w.Room, Metadata: w.Metadata, ID: w.ID,
		Issued: moment(w.IssuedAt), From: moment(w.NotBefore), Expires: moment(w.ExpiresAt), Single: w.Single, Uses: max(0, w.Uses), Can: w.Can,
	}
}

func numeric(t time.Time) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}
	return jwt.NewNumericDate(t)
}

func moment(d *jwt.NumericDate) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.Time
}
