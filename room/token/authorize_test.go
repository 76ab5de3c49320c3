package token

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/switchyard-rtc/switchyard/room"
)

func clock() time.Time { return now }

// Who comes with what, and what becomes of it; where there are keys, and where
// the server is open.
func TestAuthorize(t *testing.T) {
	k := keys(t, [2]string{"a", secret})
	mine := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, []byte(secret), "a", c) }
	for _, tt := range []struct {
		name, token string
		want, open  error
	}{
		{"good", mine(claims("room", "r")), nil, nil},
		{"any room", mine(claims("room", "*")), nil, nil},
		{"none", "", room.ErrUnauthorized, nil},
		{"nonsense", "a.b.c", room.ErrUnauthorized, room.ErrUnauthorized},
		{"forged", sign(t, jwt.SigningMethodHS256, []byte(other), "a", claims("room", "r")), room.ErrUnauthorized, room.ErrUnauthorized},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "a", claims("room", "r")), room.ErrUnauthorized, room.ErrUnauthorized},
		{"expired", mine(claims("exp", now.Add(-time.Minute).Unix())), room.ErrTokenExpired, room.ErrTokenExpired},
		{"of tomorrow", mine(claims("nbf", now.Add(time.Hour).Unix())), room.ErrTokenExpired, room.ErrTokenExpired},
		{"another room", mine(claims("room", "s")), room.ErrDenied, room.ErrDenied},
		{"no room", mine(claims("room", nil)), room.ErrDenied, room.ErrDenied},
		{"lets nobody join", mine(claims("can", map[string]any{"subscribe": true})), room.ErrDenied, room.ErrDenied},
		{"counted without a name", mine(claims("uses", 1)), room.ErrUnauthorized, room.ErrUnauthorized},
	} {
		req := room.JoinRequest{Room: "r", Token: tt.token}
		if _, err := k.Authorize(clock)(t.Context(), req); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if _, err := k.AuthorizeGuests(clock)(t.Context(), req); !errors.Is(err, tt.open) {
			t.Errorf("%s, open server: %v, want %v", tt.name, err, tt.open)
		}
	}
	g, err := k.AuthorizeGuests(clock)(t.Context(), room.JoinRequest{Room: "r"})
	if err != nil || !g.Candidate || !g.CanData {
		t.Errorf("a guest: %+v, %v", g, err)
	}
}

// A refusal says nothing about what is wrong with a signature.
func TestRefusalsLeakNothing(t *testing.T) {
	k := keys(t, [2]string{"a", secret})
	for _, token := range []string{"a.b.c", sign(t, jwt.SigningMethodHS256, []byte(other), "zzz", claims("room", "r"))} {
		_, err := k.Authorize(clock)(t.Context(), room.JoinRequest{Room: "r", Token: token})
		if err == nil || strings.Contains(err.Error(), "zzz") || strings.Contains(err.Error(), "signature") {
			t.Errorf("%.20s: %v", token, err)
		}
	}
}

func TestInvite(t *testing.T) {
	k := keys(t, [2]string{"a", secret})
	text, err := k.Invite(room.Invitation{ID: "inv-1", Room: "r", Role: room.RoleViewer, Expires: now.Add(time.Hour), Uses: 3})
	if err != nil {
		t.Fatal(err)
	}
	g, err := k.Authorize(clock)(t.Context(), room.JoinRequest{Room: "r", Token: text})
	if err != nil || g.Role() != room.RoleViewer || g.Pass != "inv-1" || g.Uses != 3 || g.CanModerate ||
		!g.Expires.Equal(now.Add(time.Hour+leeway)) {
		t.Errorf("came as %+v, %v", g, err)
	}
	moved := room.Grant{Identity: "ana", Name: "Ana", Publish: []room.Source{room.Camera}, CanChat: true, Single: true}
	text, err = k.Invite(room.Invitation{Room: "s", Role: room.RoleViewer, Expires: now.Add(time.Hour), Grant: &moved})
	if err != nil {
		t.Fatal(err)
	}
	g, err = k.Authorize(clock)(t.Context(), room.JoinRequest{Room: "s", Token: text})
	moved.Expires = g.Expires
	if err != nil || !reflect.DeepEqual(g, moved) || !g.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("moved as %+v, %v; want %+v", g, err, moved)
	}
	moved = room.Grant{Identity: "ana", Publish: room.Sources(), CanSubscribe: true, CanChat: true, ByRoom: true}
	text, err = k.Invite(room.Invitation{Room: "s", Expires: now.Add(time.Hour), Grant: &moved})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = k.Authorize(clock)(t.Context(), room.JoinRequest{Room: "s", Token: text}); err != nil || !g.ByRoom {
		t.Errorf("moved as %+v, %v; want a grant that the room takes from", g, err)
	}
	if _, err := k.Invite(room.Invitation{Room: "r", Role: "king", Expires: now}); err == nil {
		t.Error("a role that there is not was taken")
	}
}
