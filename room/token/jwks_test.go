package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider publishes keys.
type provider struct {
	*JWKS
	asked atomic.Int32

	// Guarded by mu.
	mu     sync.Mutex
	answer http.HandlerFunc
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		p.mu.Lock()
		answer := p.answer
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	var err error
	if p.JWKS, err = NewJWKS(JWKSConfig{URL: s.URL + "/jwks.json", Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *provider) publishes(keys ...map[string]string) {
	b, _ := json.Marshal(map[string]any{"keys": keys})
	p.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) })
}

// public describes a key as it is published.
func public(id string, k crypto.PublicKey) map[string]string {
	text := base64.RawURLEncoding.EncodeToString
	switch k := k.(type) {
	case *rsa.PublicKey:
		return map[string]string{"kid": id, "kty": "RSA", "n": text(k.N.Bytes()), "e": text(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		b, _ := k.Bytes()
		return map[string]string{"kid": id, "kty": "EC", "crv": "P-256", "x": text(b[1:33]), "y": text(b[33:])}
	case ed25519.PublicKey:
		return map[string]string{"kid": id, "kty": "OKP", "crv": "Ed25519", "x": text(k)}
	}
	return nil
}

func with(m map[string]string, name, value string) map[string]string {
	m[name] = value
	return m
}

// signers are keys of each kind.
type signers struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

func newSigners(t *testing.T) (s signers) {
	t.Helper()
	var errs [3]error
	s.rsa, errs[0] = rsa.GenerateKey(rand.Reader, leastRSA)
	s.ec, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, s.ed, errs[2] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return s
}

// Tokens of each algorithm, good ones and those that confuse keys and algorithms.
func TestJWKS(t *testing.T) {
	p, by := newProvider(t), newSigners(t)
	p.publishes(
		public("r", &by.rsa.PublicKey), public("e", &by.ec.PublicKey), public("d", by.ed.Public()),
		with(public("encrypts", by.ed.Public()), "use", "enc"), with(public("ps", &by.rsa.PublicKey), "alg", "PS256"),
		map[string]string{"kid": "secret", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString([]byte(secret))},
		map[string]string{"kid": "off", "kty": "EC", "crv": "P-256", "x": base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "y": base64.RawURLEncoding.EncodeToString(make([]byte, 32))},
		map[string]string{"kid": "small", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
	)
	k := keys(t, [2]string{"own", secret}).With(Options{JWKS: p.JWKS})
	spki, err := x509.MarshalPKIXPublicKey(&by.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	good := claims("room", "r")
	for _, tt := range []struct {
		name, token string
		want        error
	}{
		{"RS256", sign(t, jwt.SigningMethodRS256, by.rsa, "r", good), nil},
		{"ES256", sign(t, jwt.SigningMethodES256, by.ec, "e", good), nil},
		{"EdDSA", sign(t, jwt.SigningMethodEdDSA, by.ed, "d", good), nil},
		{"own key", sign(t, jwt.SigningMethodHS256, []byte(secret), "own", good), nil},
		{"expired", sign(t, jwt.SigningMethodEdDSA, by.ed, "d", claims("exp", now.Add(-time.Minute).Unix())), ErrExpired},
		{"RS384", sign(t, jwt.SigningMethodRS384, by.rsa, "r", good), ErrInvalid},
		{"PS256", sign(t, jwt.SigningMethodPS256, by.rsa, "r", good), ErrInvalid},
		{"by a key that is not for it", sign(t, jwt.SigningMethodRS256, by.rsa, "ps", good), ErrInvalid},
		{"by a key to encrypt", sign(t, jwt.SigningMethodEdDSA, by.ed, "encrypts", good), ErrInvalid},
		{"by a published secret", sign(t, jwt.SigningMethodHS256, []byte(secret), "secret", good), ErrInvalid},
		{"HS256 with the public key", sign(t, jwt.SigningMethodHS256, spki, "r", good), ErrInvalid},
		{"HS256 with the bytes of one", sign(t, jwt.SigningMethodHS256, []byte(by.ed.Public().(ed25519.PublicKey)), "d", good), ErrInvalid},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "r", good), ErrInvalid},
		{"another's id", sign(t, jwt.SigningMethodEdDSA, by.ed, "e", good), ErrInvalid},
		{"not on the curve", sign(t, jwt.SigningMethodES256, by.ec, "off", good), ErrInvalid},
		{"small key", sign(t, jwt.SigningMethodRS256, by.rsa, "small", good), ErrInvalid},
		{"unknown id", sign(t, jwt.SigningMethodEdDSA, by.ed, "x", good), ErrInvalid},
		{"no id", sign(t, jwt.SigningMethodEdDSA, by.ed, "", good), ErrInvalid},
	} {
		if _, err := k.Verify(tt.token, now); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	if k.Len() != 2 {
		t.Errorf("%d keys", k.Len())
	}
}

// A token without a signature, or of a secret, is no reason to fetch anything.
func TestJWKSIsNotFetchedInVain(t *testing.T) {
	p := newProvider(t)
	p.publishes()
	k := keys(t).With(Options{JWKS: p.JWKS})
	for _, token := range []string{
		sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "r", claims("room", "r")), sign(t, jwt.SigningMethodHS256, []byte(secret), "r", claims("room", "r")), "a.b.c",
	} {
		if _, err := k.Verify(token, now); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
	if n := p.asked.Load(); n != 0 {
		t.Errorf("fetched %d times", n)
	}
}

// A new key is found at once, but not more often than every 30 s; one that is gone
// is forgotten after a while.
func TestJWKSRotates(t *testing.T) {
	p, old, young := newProvider(t), newSigners(t), newSigners(t)
	k := keys(t).With(Options{JWKS: p.JWKS})
	by := func(s signers, id string) string {
		return sign(t, jwt.SigningMethodEdDSA, s.ed, id, claims("exp", now.Add(24*time.Hour).Unix()))
	}
	try := func(at time.Duration, token string, want error, fetches int32) {
		t.Helper()
		before := p.asked.Load()
		if _, err := k.Verify(token, now.Add(at)); !errors.Is(err, want) {
			t.Errorf("after %v: %v, want %v", at, err, want)
		}
		if n := p.asked.Load() - before; n != fetches {
			t.Errorf("after %v: fetched %d times, want %d", at, n, fetches)
		}
	}
	p.publishes(public("old", old.ed.Public()))
	try(0, by(old, "old"), nil, 1)
	try(1*time.Second, by(old, "old"), nil, 0)
	p.publishes(public("young", young.ed.Public()), public("old", old.ed.Public()))
	try(2*time.Second, by(young, "young"), ErrInvalid, 0) // too early
	try(31*time.Second, by(young, "young"), nil, 1)
	p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	try(20*time.Minute, by(young, "young"), nil, 1) // it cannot be fetched, and the old set stays
	try(20*time.Minute+time.Second, by(old, "old"), nil, 0)
	p.publishes(public("young", young.ed.Public()))
	try(40*time.Minute, by(old, "old"), ErrInvalid, 1) // it is gone
	try(40*time.Minute+time.Second, by(old, "old"), ErrInvalid, 0)
	try(40*time.Minute+time.Second, by(young, "young"), nil, 0)
}

// Many unknown ids at once are one fetch.
func TestJWKSStorm(t *testing.T) {
	p, by := newProvider(t), newSigners(t)
	p.publishes(public("d", by.ed.Public()))
	k := keys(t).With(Options{JWKS: p.JWKS})
	var all sync.WaitGroup
	for i := range 100 {
		id := "x" + string(rune('0'+i%10))
		if i%2 == 0 {
			id = "d"
		}
		token := sign(t, jwt.SigningMethodEdDSA, by.ed, id, claims("room", "r"))
		all.Go(func() {
			if _, err := k.Verify(token, now); (err == nil) != (id == "d") {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	all.Wait()
	if n := p.asked.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// What is no set of keys, or comes from elsewhere, is refused.
func TestBadJWKS(t *testing.T) {
	by := newSigners(t)
	token := sign(t, jwt.SigningMethodEdDSA, by.ed, "d", claims("room", "r"))
	b, err := json.Marshal(map[string]any{"keys": []any{public("d", by.ed.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) }))
	defer elsewhere.Close()
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
	}{
		{"good", say(good), nil},
		{"not found", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, good, http.StatusNotFound) }, ErrInvalid},
		{"no JSON", say("<html>"), ErrInvalid},
		{"no keys", say(`{"keys":[]}`), ErrInvalid},
		{"too large", say(good + strings.Repeat(" ", largestJWKS)), ErrInvalid},
		{"too many", say(`{"keys":[` + strings.Repeat("{},", mostJWKs) + strings.TrimPrefix(good, `{"keys":[`)), ErrInvalid},
		{"redirect", http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, ErrInvalid},
	} {
		p := newProvider(t)
		p.answers(tt.answer)
		if _, err := keys(t).With(Options{JWKS: p.JWKS}).Verify(token, now); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// A provider that does not answer holds nobody up for long.
func TestSlowJWKS(t *testing.T) {
	p, by := newProvider(t), newSigners(t)
	p.client.Timeout = 50 * time.Millisecond
	p.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	began := time.Now()
	if _, err := keys(t).With(Options{JWKS: p.JWKS}).Verify(sign(t, jwt.SigningMethodEdDSA, by.ed, "d", claims("room", "r")), now); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > fetchWithin {
		t.Errorf("took %v", took)
	}
}

func TestJWKSAddresses(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://example.org/jwks.json": true, "http://127.0.0.1:8/x": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://example.org/x": false, "http://10.0.0.1/x": false, "file:///etc/passwd": false, "": false, "https://": false,
		"https://u:p@example.org/": false, "ftp://localhost/x": false, "http://localhost.example.org/": false,
	} {
		if _, err := NewJWKS(JWKSConfig{URL: url}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"https://169.254.169.254/latest", "https://[fe80::1]/"} {
		j, err := NewJWKS(JWKSConfig{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.get(); err == nil || !strings.Contains(err.Error(), "not one of where keys may be") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func FuzzJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kid":"a","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":[{"kid":"a","kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kid":"b","kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseJWKS(b)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for id, k := range keys {
			if id == "" || k.inspect == nil || k.sign != nil {
				t.Errorf("key %q: %+v", id, k)
			}
		}
	})
}
