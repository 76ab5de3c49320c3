package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/switchyard-rtc/switchyard/room"
)

var (
	now    = time.Unix(1_800_000_000, 0).UTC()
	secret = strings.Repeat("s", MinSecret)
	other  = strings.Repeat("o", MinSecret)
)

func keys(t testing.TB, pairs ...[2]string) *Keys {
	t.Helper()
	k, err := NewKeys(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	k := keys(t, [2]string{"a", secret}, [2]string{"b", other})
	for _, want := range []Claims{
		{Room: "r", Expires: now.Add(time.Hour)},
		{
			Issuer: "app", Identity: "ana@example.org", Name: "Ana", Room: "*", Metadata: json.RawMessage(`{"x":1}`), ID: "inv1",
			Issued: now, From: now, Expires: now.Add(time.Hour), Single: true,
			Can: &Can{Join: true, Publish: []room.Source{room.Camera}, Moderate: true, Admin: true},
		},
	} {
		text, err := k.Sign(want)
		if err != nil {
			t.Fatal(err)
		}
		if want.Issuer == "" {
			want.Issuer = "a" // the key's id
		}
		got, err := k.Verify(text, now)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("verify: %v, want less got:\n%s", err, d)
		}
	}
}

// sign makes a token as somebody else would.
func sign(t testing.TB, method jwt.SigningMethod, key, kid any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != nil {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claims returns those of a good token, but for one, which nil takes away.
func claims(name string, v any) jwt.MapClaims {
	c := jwt.MapClaims{"room": "r", "exp": now.Add(time.Minute).Unix()}
	if c[name] = v; v == nil {
		delete(c, name)
	}
	return c
}

func TestVerify(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := keys(t, [2]string{"a", secret}, [2]string{"b", other}, [2]string{"e", prefix + base64.StdEncoding.EncodeToString(public)})
	good := claims("room", "r")
	mine := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, []byte(secret), "a", c) }
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	valid := mine(good)
	for _, tt := range []struct {
		name, token string
		want        error
	}{
		{"good", valid, nil},
		{"good, EdDSA", sign(t, jwt.SigningMethodEdDSA, private, "e", good), nil},
		{"the other key", sign(t, jwt.SigningMethodHS256, []byte(other), "b", good), nil},
		{"expired 5 s ago: clocks differ", mine(claims("exp", at(-5*time.Second))), nil},
		{"expired", mine(claims("exp", at(-time.Minute))), ErrExpired},
		{"of tomorrow", mine(claims("nbf", at(time.Minute))), ErrExpired},
		{"for ever", mine(claims("exp", nil)), ErrInvalid},
		{"of nobody's key", sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), "a", good), ErrInvalid},
		{"names another key", sign(t, jwt.SigningMethodHS256, []byte(secret), "b", good), ErrInvalid},
		{"names a key that is not there", sign(t, jwt.SigningMethodHS256, []byte(secret), "z", good), ErrInvalid},
		{"names no key, of three", sign(t, jwt.SigningMethodHS256, []byte(secret), nil, good), ErrInvalid},
		{"names a number", sign(t, jwt.SigningMethodHS256, []byte(secret), 1, good), ErrInvalid},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "a", good), ErrInvalid},
		{"another algorithm", sign(t, jwt.SigningMethodHS512, []byte(secret), "a", good), ErrInvalid},
		{"the public key as a secret", sign(t, jwt.SigningMethodHS256, []byte(public), "e", good), ErrInvalid},
		{"expired, and of nobody's key", sign(t, jwt.SigningMethodHS256, []byte(other), "a", claims("exp", at(-time.Minute))), ErrInvalid},
		{"changed", valid[:len(valid)-3] + "AAA", ErrInvalid},
		{"cut off", valid[:len(valid)-20], ErrInvalid},
		{"a right of the wrong type", mine(claims("can", "all")), ErrInvalid},
		{"nothing", "", ErrInvalid},
		{"too long", strings.Repeat("a", longest+1), ErrInvalid},
	} {
		if _, err := k.Verify(tt.token, now); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	nameless := sign(t, jwt.SigningMethodHS256, []byte(secret), nil, good)
	if _, err := keys(t, [2]string{"a", secret}).Verify(nameless, now); err != nil {
		t.Errorf("no key is named, and there is one: %v", err)
	}
}

func TestNewKeysRefuses(t *testing.T) {
	for name, pairs := range map[string][][2]string{
		"no id":         {{"", secret}},
		"twice":         {{"a", secret}, {"a", other}},
		"short":         {{"a", "short"}},
		"no public key": {{"a", prefix + "AAAA"}},
	} {
		if _, err := NewKeys(pairs); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := keys(t).Sign(Claims{Room: "r", Expires: now}); err == nil {
		t.Error("signed without a key")
	}
	if _, err := keys(t, [2]string{"a", secret}).Sign(Claims{Room: "r"}); err == nil {
		t.Error("signed for ever")
	}
}

func TestGrant(t *testing.T) {
	moderator, _ := room.RoleModerator.Grant()
	for _, tt := range []struct {
		name string
		can  *Can
		want room.Role
		err  error
	}{
		{"nothing is said", nil, room.RoleViewer, nil}, // sends, but no data
		{"a guest's rights", CanOf(room.Guest()), room.RoleGuest, nil},
		{"a moderator's rights", CanOf(moderator), room.RoleModerator, nil},
		{"may not join", &Can{Subscribe: true}, "", ErrInvalid},
		{"may only join", &Can{Join: true}, room.RoleViewer, nil},
	} {
		g, err := Claims{Can: tt.can}.Grant()
		if !errors.Is(err, tt.err) || err == nil && g.Role() != tt.want {
			t.Errorf("%s: role %q, %v; want %q, %v", tt.name, g.Role(), err, tt.want, tt.err)
		}
	}
	g, err := Claims{}.Grant()
	if err != nil || !g.CanSubscribe || !g.CanChat || g.CanData || g.CanModerate || !g.MayPublish(room.Screen) {
		t.Errorf("without can: %+v, %v", g, err)
	}
}

func TestOpens(t *testing.T) {
	for _, tt := range []struct {
		claim, room string
		want        bool
	}{
		{"r", "r", true}, {"r", "R", false}, {"*", "r", true}, {"", "r", false}, {"", "", false}, {"r", "", false}, {"*", "", false},
	} {
		if got := (Claims{Room: tt.claim}).Opens(tt.room); got != tt.want {
			t.Errorf("a token for %q opens %q: %v", tt.claim, tt.room, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := keys(f, [2]string{"a", secret})
	text, err := k.Sign(Claims{Room: "r", Expires: now.Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := k.Verify(s, now); err == nil && (s != text || c.Room != "r") {
			t.Fatalf("%q was taken: %+v", s, c)
		}
	})
}
