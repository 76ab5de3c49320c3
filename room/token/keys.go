package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MinSecret is how long a secret is at the least, in bytes.
	MinSecret = 32

	leeway  = 10 * time.Second // that the clocks of who signs and who checks may be apart
	longest = 8 << 10          // bytes of a token
	prefix  = "ed25519:"       // marks a public key among secrets
)

// Keys sign and check tokens, each by its id. Any number of goroutines may use
// them; they do not change.
type Keys struct {
	order   []string
	keys    map[string]key
	options Options
}

// Options are what tokens are checked with beside keys. The zero value is nothing.
type Options struct {
	// JWKS has further public keys. If nil, there are none.
	JWKS *JWKS
	// LiveKit takes tokens as they are made for LiveKit: their claim "video" says
	// the rights, in the words of it, and their issuer is the id of the key.
	LiveKit bool
}

// With returns the same keys with other options.
func (k *Keys) With(o Options) *Keys { return &Keys{order: k.order, keys: k.keys, options: o} }

// key is a secret of HS256, or a public key of Ed25519.
type key struct {
	method  jwt.SigningMethod
	sign    any // nil: it only checks
	inspect any
}

// NewKeys returns the keys of a configuration: pairs of an id and a secret of at
// least [MinSecret] bytes (HS256), or "ed25519:" and a public key in base64
// (EdDSA), with which only others sign. The first secret signs. It fails if an
// id is empty or twice there, or a key cannot be used.
func NewKeys(pairs [][2]string) (*Keys, error) {
	k := &Keys{keys: make(map[string]key)}
	for _, p := range pairs {
		id := p[0]
		if _, twice := k.keys[id]; id == "" || twice {
			return nil, fmt.Errorf("token: the id of a key is empty or not unique: %q", id)
		}
		one, err := read(p[1])
		if err != nil {
			return nil, fmt.Errorf("token: key %q %w", id, err)
		}
		k.keys[id] = one
		k.order = append(k.order, id)
	}
	return k, nil
}

func read(text string) (key, error) {
	if encoded, ok := strings.CutPrefix(text, prefix); ok {
		b, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(b) != ed25519.PublicKeySize {
			return key{}, fmt.Errorf("is not a public key of %d bytes in base64", ed25519.PublicKeySize)
		}
		return key{method: jwt.SigningMethodEdDSA, inspect: ed25519.PublicKey(b)}, nil
	}
	if len(text) < MinSecret {
		return key{}, fmt.Errorf("has %d bytes, and needs %d", len(text), MinSecret)
	}
	return key{method: jwt.SigningMethodHS256, sign: []byte(text), inspect: []byte(text)}, nil
}

// Len returns how many keys there are, where a set of others counts as one.
func (k *Keys) Len() int {
	if k.options.JWKS != nil {
		return len(k.order) + 1
	}
	return len(k.order)
}

// Signs tells whether there is a key that signs; public ones only check.
func (k *Keys) Signs() bool { return k.signer() >= 0 }

// signer is the place of the key that signs, or -1.
func (k *Keys) signer() int {
	return slices.IndexFunc(k.order, func(id string) bool { return k.keys[id].sign != nil })
}

// Sign returns a token, signed with the first key that can. It fails if there is
// none, or if the token would never expire.
func (k *Keys) Sign(c Claims) (string, error) {
	switch {
	case !k.Signs():
		return "", errors.New("token: no key here signs")
	case c.Expires.IsZero():
		return "", errors.New("token: a token has to expire")
	}
	id := k.order[k.signer()]
	if c.Issuer == "" {
		c.Issuer = id
	}
	t := jwt.NewWithClaims(k.keys[id].method, c.wire())
	t.Header["kid"] = id
	s, err := t.SignedString(k.keys[id].sign)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return s, nil
}

// Verify checks a token at a moment and returns what it says. The algorithm is
// that of the key that the token names, whatever the token says; "none" has no
// key. It fails with ErrInvalid or ErrExpired.
func (k *Keys) Verify(text string, now time.Time) (Claims, error) {
	if len(text) > longest {
		return Claims{}, ErrInvalid
	}
	var w wire
	parser := jwt.NewParser(
		jwt.WithLeeway(leeway), jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(text, &w, func(t *jwt.Token) (any, error) { return k.find(t, w.Issuer, now) })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return Claims{}, ErrExpired
	case err != nil:
		return Claims{}, ErrInvalid
	}
	if k.options.LiveKit {
		w.translate()
	}
	return w.claims(), nil
}

// find returns the key that a token names; it may leave it out where there is
// but one, and LiveKit's name it as their issuer.
func (k *Keys) find(t *jwt.Token, issuer string, now time.Time) (any, error) {
	name, named := t.Header["kid"]
	id, _ := name.(string)
	if !named {
		id = k.unnamed(issuer)
	}
	one, ok := k.keys[id]
	if j := k.options.JWKS; !ok && j != nil && named && id != "" && slices.Contains(publicAlgs, t.Method.Alg()) {
		one, ok = j.find(id, now)
	}
	if !ok || one.method.Alg() != t.Method.Alg() {
		return nil, ErrInvalid
	}
	return one.inspect, nil
}

// publicAlgs are the algorithms of published keys: for a token of another nothing
// is fetched.
var publicAlgs = []string{"RS256", "ES256", "EdDSA"}

// unnamed returns the id of the key of a token that names none.
func (k *Keys) unnamed(issuer string) string {
	if _, ok := k.keys[issuer]; ok && k.options.LiveKit {
		return issuer
	}
	if k.Len() == 1 && len(k.order) == 1 {
		return k.order[0]
	}
	return ""
}
