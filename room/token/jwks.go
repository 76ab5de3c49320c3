package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	fetchWithin  = 5 * time.Second
	fetchApart   = 30 * time.Second // fetches at the least, whether they succeed or not
	refreshAfter = 15 * time.Minute // so that a key that was withdrawn is forgotten
	largestJWKS  = 256 << 10        // bytes
	mostJWKs     = 100
	leastRSA     = 2048 // bits
	mostRSA      = 8192
)

// JWKS is a set of public keys that somebody else publishes at an address (JSON
// Web Key Set, RFC 7517), such as an identity provider. It is fetched when it is
// needed first, again for a key that it does not have, at most every 30 s, and
// when it is older than 15 minutes. While it cannot be fetched, the keys that are
// known stay good. Of its keys those are used that check RS256 (RSA of 2048 to
// 8192 bits), ES256 (P-256) or EdDSA (Ed25519) and have an id; each checks
// nothing but its own algorithm.
//
// Any number of goroutines may use it.
type JWKS struct {
	url    string
	log    *slog.Logger
	client *http.Client

	fetching sync.Mutex // held by who fetches

	// Guarded by mu.
	mu      sync.Mutex
	keys    map[string]key
	fetched time.Time // when it was fetched; zero: never
	tried   time.Time // when that was tried
}

// JWKSConfig configures a [JWKS].
type JWKSConfig struct {
	// URL is where the set is: by https, or by http on this machine.
	URL string
	// Logger is told when it cannot be fetched. If nil, [slog.Default].
	Logger *slog.Logger
}

// NewJWKS returns a set that was not fetched yet. It fails if the address cannot
// be used.
func NewJWKS(cfg JWKSConfig) (*JWKS, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("token: the address of the keys is not a URL such as https://example.org/jwks.json")
	}
	local := u.Scheme == "http"
	if u.Scheme != "https" && !(local && isLoopbackName(u.Hostname())) {
		return nil, errors.New("token: the address of the keys is neither https, nor http on this machine")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &JWKS{url: cfg.URL, log: cfg.Logger.With("host", u.Host), client: newFetcher(local)}, nil
}

func isLoopbackName(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.Unmap().IsLoopback()
}

// newFetcher returns a client that follows no redirect, and goes nowhere near the
// metadata of a cloud; without TLS it does not leave this machine.
func newFetcher(local bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: fetchWithin,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || local && !ap.Addr().Unmap().IsLoopback() || ap.Addr().Unmap().IsLinkLocalUnicast() {
				return errors.New("the address is not one of where keys may be")
			}
			return nil
		},
	}
	return &http.Client{
		Timeout: fetchWithin,
		Transport: &http.Transport{ // without a proxy, which would resolve names itself
			DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchWithin, MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives: true, // it is asked rarely
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("it redirects") },
	}
}

// find returns the key with an id. It waits for the set if that has to be
// fetched.
func (j *JWKS) find(id string, now time.Time) (key, bool) {
	k, known, due := j.look(id, now)
	switch {
	case !due:
		return k, known
	case known && !j.fetching.TryLock(): // somebody does it
		return k, true
	case !known:
		j.fetching.Lock()
	}
	defer j.fetching.Unlock()
	if k, known, due = j.look(id, now); due {
		j.fetch(now)
		k, known, _ = j.look(id, now)
	}
	return k, known
}

// look returns a key as it is known, and whether the set has to be fetched.
func (j *JWKS) look(id string, now time.Time) (k key, known, due bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	k, known = j.keys[id]
	due = !known || now.Sub(j.fetched) > refreshAfter
	return k, known, due && (j.tried.IsZero() || now.Sub(j.tried) >= fetchApart)
}

// fetch gets the set anew. If that fails the old one stays. It is called by who
// holds fetching.
func (j *JWKS) fetch(now time.Time) {
	keys, err := j.get()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tried = now
	if err != nil {
		j.log.Warn("keys could not be fetched", "known", len(j.keys), "err", err)
		return
	}
	j.keys, j.fetched = keys, now
}

func (j *JWKS) get() (map[string]key, error) {
	resp, err := j.client.Get(j.url)
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return nil, failed.Err // without the address, which may have a secret in its query
	case err != nil:
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, largestJWKS+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > largestJWKS:
		return nil, fmt.Errorf("the set has more than %d bytes", largestJWKS)
	}
	return parseJWKS(b)
}

// jwk is a key as it is published (RFC 7517, RFC 7518 section 6, RFC 8037).
type jwk struct {
	Type  string `json:"kty"`
	ID    string `json:"kid"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	Curve string `json:"crv"`
	N     string `json:"n"`
	E     string `json:"e"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

// parseJWKS returns the keys of a set that can be used, by id. Others are passed
// over, as RFC 7517 section 5 wants it; a set without any is an error.
func parseJWKS(b []byte) (map[string]key, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, errors.New("it is no set of keys")
	}
	if len(set.Keys) > mostJWKs {
		return nil, fmt.Errorf("the set has %d keys, at most %d are taken", len(set.Keys), mostJWKs)
	}
	keys := make(map[string]key)
	for _, one := range set.Keys {
		k, ok := one.key()
		if _, twice := keys[one.ID]; ok && !twice {
			keys[one.ID] = k
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no key that can be used")
	}
	return keys, nil
}

// key returns the key, bound to the algorithm of its type.
func (w *jwk) key() (k key, ok bool) {
	if w.ID == "" || w.Use != "" && w.Use != "sig" {
		return key{}, false
	}
	switch {
	case w.Type == "RSA":
		k.method, k.inspect, ok = jwt.SigningMethodRS256, w.rsa(), true
	case w.Type == "EC" && w.Curve == "P-256":
		k.method, k.inspect, ok = jwt.SigningMethodES256, w.ec(), true
	case w.Type == "OKP" && w.Curve == "Ed25519":
		k.method, k.inspect, ok = jwt.SigningMethodEdDSA, w.ed25519(), true
	}
	if !ok || k.inspect == nil || w.Alg != "" && w.Alg != k.method.Alg() {
		return key{}, false
	}
	return k, true
}

func (w *jwk) rsa() any {
	n, e := new(big.Int).SetBytes(decode(w.N)), new(big.Int).SetBytes(decode(w.E))
	if n.BitLen() < leastRSA || n.BitLen() > mostRSA || n.Bit(0) == 0 || e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

func (w *jwk) ec() any {
	x, y := decode(w.X), decode(w.Y)
	if len(x) != 32 || len(y) != 32 {
		return nil
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...)) // checks that it is on the curve
	if err != nil {
		return nil
	}
	return k
}

func (w *jwk) ed25519() any {
	if x := decode(w.X); len(x) == ed25519.PublicKeySize {
		return ed25519.PublicKey(x)
	}
	return nil
}

// decode returns nothing for what is not base64url without padding.
func decode(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
