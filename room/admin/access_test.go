package admin

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room/token"
)

// Without keys only this machine's people are answered.
func TestAccessWithoutKeys(t *testing.T) {
	a := NewAccess(AccessConfig{Hosts: []string{"admin.example"}})
	for _, tt := range []struct {
		remote, host, origin, site string
		want                       int
	}{
		{"127.0.0.1:5", "127.0.0.1:9090", "", "", 200},
		{"[::1]:5", "[::1]:9090", "", "", 200},
		{"[::ffff:127.0.0.1]:5", "localhost:9090", "", "", 200},
		{"127.0.0.1:5", "LOCALHOST", "", "", 200},
		{"127.0.0.1:5", "admin.example", "", "", 200},
		{"127.0.0.1:5", "Admin.Example:443", "https://Admin.Example:443", "same-origin", 200},
		{"127.0.0.1:5", "evil.example", "", "", 421},
		{"127.0.0.1:5", "127.0.0.1.evil.example", "", "", 421},
		{"127.0.0.1:5", "", "", "", 421},
		{"192.0.2.1:5", "localhost", "", "", 403},
		{"nonsense", "localhost", "", "", 403},
		{"127.0.0.1:5", "localhost:9090", "http://localhost:9090", "same-origin", 200},
		{"127.0.0.1:5", "localhost:9090", "http://localhost:8080", "", 403},
		{"127.0.0.1:5", "localhost:9090", "https://evil.example", "", 403},
		{"127.0.0.1:5", "localhost:9090", "null", "", 403},
		{"127.0.0.1:5", "localhost:9090", "", "none", 200},
		{"127.0.0.1:5", "localhost:9090", "", "same-site", 403},
		{"127.0.0.1:5", "localhost:9090", "", "cross-site", 403},
	} {
		for name, guard := range map[string]func(http.Handler) http.Handler{"Guard": a.Guard, "GuardAll": a.GuardAll, "GuardHost": a.GuardHost} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Host = tt.remote, tt.host
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			w := httptest.NewRecorder()
			guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%s: %+v: %d", name, tt, w.Code)
			}
		}
	}
}

// With keys what is no secret is told to everybody, and who tries tokens has to
// wait, unless it has one.
func TestAccessWithKeys(t *testing.T) {
	now := time.Now()
	h := &house{t: t, keys: newKeys(t)}
	a := NewAccess(AccessConfig{Keys: h.keys, Now: func() time.Time { return now }})
	ask := func(guard func(http.Handler) http.Handler, authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Host = "[2001:db8::1]:5", "evil.example"
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		return w
	}
	can := "bearer " + h.sign("r", token.Can{Moderate: true})
	all := "Bearer " + h.sign("r", token.Can{Admin: true})
	for i := range failuresBurst + 3 {
		want := http.StatusUnauthorized
		if i >= failuresBurst {
			want = http.StatusTooManyRequests
		}
		if w := ask(a.Guard, "Bearer x"); w.Code != want || (want == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") == "2") {
			t.Errorf("try %d: %d %v, want %d", i, w.Code, w.Header(), want)
		}
	}
	for _, tt := range []struct {
		name          string
		guard         func(http.Handler) http.Handler
		authorization string
		want          int
	}{
		{"nothing, of what is no secret", a.GuardHost, "", 200},
		{"nothing", a.Guard, "", 401},
		{"another scheme", a.Guard, "Basic eDp4", 401},
		{"a moderator", a.Guard, can, 200},
		{"a moderator, of everything", a.GuardAll, can, 403},
		{"an admin", a.GuardAll, all, 200},
		{"many wrong ones before", a.Guard, "Bearer y", 429},
	} {
		if w := ask(tt.guard, tt.authorization); w.Code != tt.want || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %d %v, want %d", tt.name, w.Code, w.Header(), tt.want)
		}
	}
	now = now.Add(2 * time.Second)
	if w := ask(a.Guard, "Bearer x"); w.Code != http.StatusUnauthorized {
		t.Errorf("after a while: %d", w.Code)
	}
}

// A token that was withdrawn, or is for joining a few times, opens nothing here.
func TestInvitationsThatAreOver(t *testing.T) {
	keys := newKeys(t)
	a := NewAccess(AccessConfig{Keys: keys, Withdrawn: func(id string) bool { return id == "gone" }})
	for _, tt := range []struct {
		id   string
		uses int
		want int
	}{{"gone", 0, 401}, {"there", 0, 200}, {"there", 2, 403}} {
		text, err := keys.Sign(token.Claims{
			ID: tt.id, Uses: tt.uses, Room: "r", Can: &token.Can{Moderate: true}, Expires: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+text)
		w := httptest.NewRecorder()
		a.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%+v: %d", tt, w.Code)
		}
	}
}

// However many addresses fail, few are kept.
func TestFailuresAreBounded(t *testing.T) {
	var f failures
	now := time.Now()
	for i := range 3 * addressesKept {
		f.count(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if n := len(f.addresses); n > addressesKept {
		t.Errorf("%d addresses are kept", n)
	}
	one, same := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	for range failuresBurst {
		f.count(one, now)
	}
	if f.wait(same, now) == 0 || f.wait(netip.MustParseAddr("2001:db8:0:1::"), now) != 0 {
		t.Error("a /64 is not one client")
	}
}

// However a token is refused, many of them are too many.
func TestRefusalsAreLimited(t *testing.T) {
	now := time.Now()
	h := &house{t: t, keys: newKeys(t)}
	a := NewAccess(AccessConfig{Keys: h.keys, Now: func() time.Time { return now }, Withdrawn: func(id string) bool { return id == "gone" }})
	sign := func(c token.Claims) string {
		text, err := h.keys.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	later := now.Add(time.Hour)
	for i, text := range []string{
		sign(token.Claims{Room: "*", Expires: now.Add(-time.Hour), Can: &token.Can{Admin: true}}),
		sign(token.Claims{Room: "*", Expires: later, Can: &token.Can{Admin: true}, ID: "gone"}),
		sign(token.Claims{Room: "*", Expires: later, Can: &token.Can{Admin: true}, ID: "few", Uses: 3}),
		sign(token.Claims{Room: "*", Expires: later, Can: &token.Can{Join: true}}),
	} {
		last := 0
		for range failuresBurst + 1 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 5).String()
			r.Header.Set("Authorization", "Bearer "+text)
			w := httptest.NewRecorder()
			a.Guard(http.NotFoundHandler()).ServeHTTP(w, r)
			if last = w.Code; last != http.StatusUnauthorized && last != http.StatusForbidden && last != http.StatusTooManyRequests {
				t.Errorf("token %d: %d", i, last)
			}
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("token %d was refused %d times, and then %d", i, failuresBurst, last)
		}
	}
}
