package room_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// cookieOf is the cookie of a new visitor.
func cookieOf(t *testing.T, v *room.Visitors) string {
	t.Helper()
	w := httptest.NewRecorder()
	page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	v.Page(page).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, c := range w.Result().Cookies() {
		return c.Name + "=" + c.Value
	}
	t.Fatal("there is no cookie")
	return ""
}

// idOf finds a member by its name.
func (h *house) idOf(name string) string {
	h.t.Helper()
	r, _ := h.Room("r")
	for m := range r.Members() {
		if m.Name() == name {
			return m.ID()
		}
	}
	h.t.Fatalf("%s is not there", name)
	return ""
}

// byToken grants by the token, which is the identity.
func byToken(_ context.Context, req room.JoinRequest) (room.Grant, error) {
	g, _ := room.RoleGuest.Grant()
	switch req.Token {
	case "boss":
		g, _ = room.RoleModerator.Grant()
	case "usher":
		g.CanModerate = true
	case "":
		return g, room.ErrUnauthorized
	}
	g.Identity = req.Token
	return g, nil
}

// invited knows invitations; who has none is a guest.
func invited(signed map[string]room.Invitation) func(context.Context, room.JoinRequest) (room.Grant, error) {
	return func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		i, ok := signed[req.Token]
		if !ok {
			return room.Guest(), nil
		}
		g, _ := i.Role.Grant()
		g.Pass, g.Uses, g.Expires = i.ID, i.Uses, i.Expires
		return g, nil
	}
}

// Without access control somebody always moderates; with it, only who may.
func TestWhoModerates(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken})
	if _, first := h.come("192.0.2.1", "", o{"token": "bob"}); first.Self.Role != "guest" {
		t.Errorf("the first with a guest's token is %q", first.Self.Role)
	}
	if _, second := h.come("192.0.2.1", "", o{"token": "boss"}); second.Self.Role != "moderator" {
		t.Errorf("who has a moderator's token is %q", second.Self.Role)
	}
	if _, got := h.come("192.0.2.1", "", nil); got.Code != "unauthorized" {
		t.Errorf("without a token: %q", got.Code)
	}
}

// A token that expires is the end of its member, unless it shows another in time.
func TestTokensExpire(t *testing.T) {
	expires := time.Now().Add(time.Second)
	h := open(t, room.Config{Authorize: func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		g, err := byToken(ctx, req)
		switch g.Identity {
		case "brief":
			g.Expires = expires
		case "renewed":
			g.Identity, g.CanChat = "brief", false
		}
		return g, err
	}})
	a, first := h.come("192.0.2.1", "", o{"token": "brief"})
	b, second := h.come("192.0.2.2", "", o{"token": "brief"})
	if got := b.ask("token", o{"token": "bob"}); got.Code != "forbidden" {
		t.Errorf("somebody else's token: %q", got.Code)
	}
	b.must("token", o{"token": "renewed"})
	if got := bye(a); got != "token_expired" {
		t.Errorf("bye %q", got)
	}
	if why := gone(b, first.Self.ID); why != "expired" {
		t.Errorf("gone because %q", why)
	}
	if got := b.must("sync", o{}); got.Self.ID != second.Self.ID {
		t.Errorf("who had a new token is %+v", got.Self)
	}
	if got := b.ask("new_message", o{"cid": "1", "text": "x"}); got.Code != "forbidden" {
		t.Errorf("what the new token does not allow: %q", got.Code)
	}
}

// What moderators changed stays when the member comes back with the same token.
func TestResumeKeepsWhatWasChanged(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken})
	a, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	b, first := h.come("192.0.2.2", "", o{"token": "bob"})
	a.must("mod", o{"op": "grant", "member": first.Self.ID, "can": o{"publish": []string{}, "subscribe": true}})
	b.drop()
	_, again := h.come("192.0.2.2", "", o{"token": "bob", "resume": o{"session": first.Session, "key": first.Key}})
	if again.Self.ID != first.Self.ID || again.Self.Role != "viewer" {
		t.Errorf("back as %+v", again.Self)
	}
}

// Of some identities there is one member at a time.
func TestSingleIdentity(t *testing.T) {
	h := open(t, room.Config{Authorize: func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		g, err := byToken(ctx, req)
		g.Single = true
		return g, err
	}})
	a, _ := h.come("192.0.2.1", "", o{"token": "bob"})
	_, second := h.come("192.0.2.2", "", o{"token": "bob"})
	if got := bye(a); got != "duplicate_identity" || len(second.Members) != 1 {
		t.Errorf("bye %q, %d members", got, len(second.Members))
	}
}

// A server that does not record says so, to those who might have it record.
func TestNothingIsRecorded(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken})
	boss, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	usher, _ := h.come("192.0.2.2", "", o{"token": "usher"}) // moderates, and may not record
	bob, _ := h.come("192.0.2.3", "", o{"token": "bob"})
	for _, op := range []string{"record", "stop_record"} {
		for i, want := range []string{"bad_request", "forbidden", "forbidden"} {
			if got := []*conn{boss, usher, bob}[i].ask("mod", o{"op": op}); got.Code != want {
				t.Errorf("%s, asked by %d: %q, want %q", op, i, got.Code, want)
			}
		}
	}
	if got := boss.must("sync", o{}); len(got.Members) != 3 {
		t.Errorf("members: %+v", got.Members)
	}
}
