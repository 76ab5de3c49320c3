package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// AccessConfig configures an [Access].
type AccessConfig struct {
	// Keys check tokens. If nil, or without a key, everything is answered, but only
	// to this machine; see Hosts.
	Keys *token.Keys
	// Hosts are names, without a port, by which a server without keys is asked
	// beside the loopback ones.
	Hosts []string
	// Withdrawn tells whether the token with an ID was withdrawn; see
	// [room.Server.Withdrawn]. If nil, none is.
	Withdrawn func(id string) bool
	// Now returns the time. If nil, [time.Now].
	Now func() time.Time
}

// Access decides who may ask. With keys it wants a Bearer token: one with
// can.admin may do everything, one with can.moderate what concerns its room.
// Without keys it answers who asks from this machine, by a loopback name or one
// of the configured hosts, and not on behalf of another site's page.
type Access struct {
	cfg      AccessConfig
	failures failures
}

// NewAccess returns an Access.
func NewAccess(cfg AccessConfig) *Access {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Withdrawn == nil {
		cfg.Withdrawn = func(string) bool { return false }
	}
	return &Access{cfg: cfg}
}

// Open tells whether there are no keys.
func (a *Access) Open() bool { return a.cfg.Keys == nil || a.cfg.Keys.Len() == 0 }

// right is what somebody who asks may do. The zero value may do nothing.
type right struct {
	all   bool
	rooms token.Claims // with all of its rooms; see over
	until time.Time    // zero for ever
}

type rightKey struct{}

func rightOf(ctx context.Context) right {
	r, _ := ctx.Value(rightKey{}).(right)
	return r
}

// over tells whether the right concerns a room.
func (r right) over(name string) bool {
	return r.all || r.rooms.Can != nil && r.rooms.Can.Moderate && r.rooms.Opens(name)
}

// Guard lets only those ask next that may ask something; next sees what.
func (a *Access) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		granted, p := a.admit(r)
		if p != nil {
			p.Write(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), rightKey{}, granted)))
	})
}

// GuardAll lets only those ask next that may do everything.
func (a *Access) GuardAll(next http.Handler) http.Handler {
	return a.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !rightOf(r.Context()).all {
			Refuse(w, "forbidden", "the token lacks can.admin")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// Handle has h answer the requests that a row is about, of whoever has what it
// needs; of moderate h has to find out in which room. It panics for what is no row.
func (a *Access) Handle(mux *http.ServeMux, row room.Permission, h http.Handler) {
	switch {
	case row.Name() == "":
		panic("admin: a request has no row in room.Permissions")
	case row.Needs() == room.NeedNothing:
		h = a.GuardHost(h)
	case row.Needs() == room.NeedModerate:
		h = a.Guard(h)
	default:
		h = a.GuardAll(h)
	}
	mux.Handle(row.Name(), h)
}

// GuardHost lets everybody ask next who asks the right server; see [Access]. It
// is for what is no secret.
func (a *Access) GuardHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.Open() {
			if p := a.local(r); p != nil {
				p.Write(w)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (a *Access) admit(r *http.Request) (right, *Problem) {
	if a.Open() {
		return right{all: true}, a.local(r)
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return right{}, refusal("unauthorized", "a Bearer token is needed")
	}
	now := a.cfg.Now()
	granted, no := a.read(strings.TrimSpace(text), now)
	if no != nil {
		no = a.failed(no, remote(r), now)
	}
	return granted, no
}

// read tells what a token lets its holder ask.
func (a *Access) read(text string, now time.Time) (right, *Problem) {
	claims, err := a.cfg.Keys.Verify(text, now)
	switch {
	case errors.Is(err, token.ErrExpired):
		return right{}, refusal("token_expired", "the token has expired, or is not valid yet")
	case err != nil:
		return right{}, refusal("unauthorized", "the token is not valid")
	case claims.ID != "" && a.cfg.Withdrawn(claims.ID):
		return right{}, refusal("unauthorized", "the token was withdrawn")
	case claims.Uses > 0:
		return right{}, refusal("forbidden", "the token is for joining a number of times")
	case claims.Can != nil && claims.Can.Admin:
		return right{all: true, until: claims.Expires}, nil
	case claims.Can != nil && claims.Can.Moderate:
		return right{rooms: claims, until: claims.Expires}, nil
	}
	return right{}, refusal("forbidden", "the token lacks can.admin and can.moderate")
}

// failed notes that a token was refused, and tells who brings many of them to wait.
func (a *Access) failed(no *Problem, from netip.Addr, now time.Time) *Problem {
	if wait := a.failures.wait(from, now); wait > 0 {
		p := refusal("rate_limited", "too many tokens that open nothing here")
		p.Retry = wait.Milliseconds()
		return p
	}
	a.failures.count(from, now)
	return no
}

// local refuses what does not come from this machine and its people: other
// machines, other names (DNS rebinding), other sites' pages.
func (a *Access) local(r *http.Request) *Problem {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	known := isLoopback(host) || slices.ContainsFunc(a.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case !remote(r).IsLoopback():
		return refusal("forbidden", "without keys this server answers only its own machine")
	case !known:
		return refusal("misdirected", "this server answers only loopback names")
	case origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host,
		site != "" && site != "same-origin" && site != "none":
		return refusal("forbidden", "this server answers no pages of other sites")
	}
	return nil
}

func remote(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
