package room_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

// asked is what the listing answers to a request from an address, with a token if
// there is one.
func asked(t *testing.T, h http.Handler, path, token string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = "192.0.2.1:1"
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == http.StatusOK && w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: Content-Type %q", path, w.Header().Get("Content-Type"))
	}
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestRoomsAreListed(t *testing.T) {
	h := open(t, room.Config{})
	l := h.Listing()
	h.guests("Ana", "Bo")
	for _, name := range []string{"lounge", "attic", "cellar"} {
		r, err := h.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.List(name != "cellar"); err != nil {
			t.Fatal(err)
		}
	}
	if _, got := asked(t, l, "/rooms", ""); got != `{"rooms":[{"name":"attic","members":0},{"name":"lounge","members":0}]}` {
		t.Errorf("without members: %s", got)
	}
	c := h.bind("c")
	c.must("join", o{"v": 1, "room": "lounge"})
	r, _ := h.Room("r")
	if err := r.List(true); err != nil {
		t.Fatal(err)
	}
	want := `{"rooms":[{"name":"r","members":2},{"name":"lounge","members":1},{"name":"attic","members":0}]}`
	if _, got := asked(t, l, "/rooms", ""); got != want {
		t.Errorf("most members first: %s", got)
	}
	c.must("leave", o{})
	if lounge, ok := h.Room("lounge"); ok {
		lounge.Summary() // when it has heard of that
	}
	if err := r.List(false); err != nil {
		t.Fatal(err)
	}
	if _, got := asked(t, l, "/rooms", ""); got != `{"rooms":[{"name":"attic","members":0},{"name":"lounge","members":0}]}` {
		t.Errorf("after that: %s", got)
	}
	if s, ok := r.Summary(); !ok || s.Listed {
		t.Errorf("summary: %+v", s)
	}
}

// Who is about to join learns who is there only if nothing keeps it out.
func TestRoomsAreLookedAt(t *testing.T) {
	all, _ := room.RoleModerator.Grant()
	h := open(t, room.Config{Authorize: func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		switch req.Token {
		case "guest":
			return room.Guest(), nil
		case "boss":
			return all, nil
		case "ghost":
			return room.Grant{Hidden: true, CanSubscribe: true}, nil
		}
		return room.Grant{}, room.ErrUnauthorized
	}})
	l := h.Listing()
	join := func(name, token string) *conn {
		c := h.bind(name)
		c.must("join", o{"v": 1, "room": "r", "name": name, "token": token})
		return c
	}
	boss := join("Ana", "boss")
	join("Bo", "guest")
	join("Ghost", "ghost")
	for _, tt := range []struct{ name, op, token, names, more string }{
		{"without a token", "unlock", "", "", `"members":2,"locked":false,"lobby":false`},
		{"with a wrong one", "unlock", "x", "", `"members":2,"locked":false,"lobby":false`},
		{"as a guest", "unlock", "guest", `"names":["Ana","Bo"]`, `"members":2`},
		{"as a guest, while it is locked", "lock", "guest", "", `"members":2,"locked":true,"lobby":false`},
		{"as a moderator", "lock", "boss", `"names":["Ana","Bo"]`, `"locked":true`},
		{"with a lobby", "lobby", "guest", "", `"lobby":true`},
	} {
		boss.must("mod", o{"op": tt.op})
		status, got := asked(t, l, "/rooms/r", tt.token)
		if status != http.StatusOK || !strings.Contains(got, tt.more) || strings.Contains(got, `"names"`) != (tt.names != "") || !strings.Contains(got, tt.names) {
			t.Errorf("%s: %d %s, want %s and names %q", tt.name, status, got, tt.more, tt.names)
		}
	}
	_, got := asked(t, l, "/rooms/nowhere", "guest")
	var a struct {
		Name    string
		Members int
		Caps    []string
	}
	if err := json.Unmarshal([]byte(got), &a); err != nil || a.Name != "nowhere" || a.Members != 0 || len(a.Caps) == 0 {
		t.Errorf("a room that is not open: %s", got)
	}
	if _, ok := h.Room("nowhere"); ok {
		t.Error("looking at a room opens it")
	}
	for path, want := range map[string]int{"/rooms/with%20space": 400, "/rooms/": 404, "/rooms/r/x": 404} {
		if status, got := asked(t, l, path, ""); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, got, want)
		}
	}
	for _, path := range []string{"/rooms", "/rooms/r", "/rooms/"} {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if kind := w.Header().Get("Content-Type"); w.Code != http.StatusMethodNotAllowed || kind != "application/problem+json" || w.Header().Get("Allow") == "" {
			t.Errorf("POST %s: %d, %q, %v", path, w.Code, kind, w.Header())
		}
	}
	last := 0
	for range 100 {
		if last, _ = asked(t, l, "/rooms", ""); last != http.StatusOK {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("a hundred questions at once: %d", last)
	}
}

// Who is banned does not learn who is there.
func TestTheBannedSeeNoNames(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	_, b := h.come("192.0.2.1", "", nil)
	if _, got := asked(t, h.Listing(), "/rooms/r", ""); !strings.Contains(got, `"names":["Ana","192.0.2.1"]`) {
		t.Errorf("before: %s", got)
	}
	a.must("mod", o{"op": "ban", "member": b.Self.ID})
	if _, got := asked(t, h.Listing(), "/rooms/r", ""); strings.Contains(got, "names") {
		t.Errorf("banned: %s", got)
	}
}
