package room_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// move is the event.
type move struct {
	Room, Token string
	Until       int64
}

// moves waits for the event.
func moves(c *conn) move {
	c.t.Helper()
	return next(c, "move", func(move) bool { return true })
}

// follow goes where a client was asked to go, on its own connection.
func (c *conn) follow(m move, session string) ack {
	c.t.Helper()
	return c.ask("join", o{"v": 1, "room": m.Room, "name": c.id, "token": m.Token, "replaces": session})
}

// keysFor is a server with keys, and what signs with them.
func keysFor(t *testing.T, cfg room.Config) (*house, *token.Keys) {
	t.Helper()
	keys, err := token.NewKeys([][2]string{{"k", matrixSecret}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Authorize, cfg.Invite = keys.Authorize(time.Now), keys.Invite
	return open(t, cfg), keys
}

// grantOf signs a token of a role.
func grantOf(t *testing.T, keys *token.Keys, name string, role room.Role) string {
	t.Helper()
	g, _ := role.Grant()
	text, err := keys.Sign(token.Claims{Room: name, Identity: string(role), Expires: time.Now().Add(time.Hour), Can: token.CanOf(g)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Who is moved is the same member in another room, on the same connection or on
// another one, and is gone from the first as moved.
func TestMove(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	for _, same := range []bool{true, false} {
		b, first := h.enter("Bo")
		if err := h.member("r", first.Self.ID).MoveTo("s", true); err != nil {
			t.Fatal(err)
		}
		m := moves(b)
		if m.Room != "s" || m.Token != "" || m.Until != 0 {
			t.Errorf("move %+v", m)
		}
		c := b
		if !same {
			c = h.bind("Bo elsewhere")
		}
		second := c.follow(m, first.Session)
		if second.Code != "" || second.Self.ID != first.Self.ID || second.Session == first.Session {
			t.Fatalf("joined as %+v, %q", second.Self, second.Code)
		}
		if why := gone(a, first.Self.ID); why != "moved" {
			t.Errorf("gone because %q", why)
		}
		if !same {
			if got := bye(b); got != "duplicate_identity" {
				t.Errorf("the other connection: bye %q", got)
			}
		}
		if got := c.must("sync", o{}); got.Self.ID != first.Self.ID || len(got.Members) != 1 {
			t.Errorf("in the other room: %+v", got.Members)
		}
		if got := h.bind("late").ask("join", o{"v": 1, "room": "s", "name": "late", "replaces": first.Session}); got.Self.ID == first.Self.ID {
			t.Error("a session was taken over twice")
		}
		c.must("leave", o{})
		r, _ := h.Room("s")
		r.Close()
	}
	for _, d := range drain(a) {
		if d == "bye" {
			t.Error("who stayed is told goodbye")
		}
	}
}

// drain returns the names of the events so far.
func drain(c *conn) (names []string) {
	for len(c.events) > 0 {
		e := <-c.events
		names = append(names, e.name)
	}
	return names
}

// Nothing of the old room comes after the acknowledgement of the new one.
func TestMoveIsClean(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	b, first := h.enter("Bo")
	if err := h.member("r", first.Self.ID).MoveTo("s", true); err != nil {
		t.Fatal(err)
	}
	m := moves(b)
	a.must("new_message", o{"cid": "1", "text": "before"})
	b.must("join", o{"v": 1, "room": m.Room, "name": "Bo", "replaces": first.Session})
	drain(b)
	a.must("new_message", o{"cid": "2", "text": "after"})
	h.enter("Cy")
	a.must("sync", o{})
	if got := drain(b); len(got) > 0 {
		t.Errorf("events of the old room: %v", got)
	}
	if got := b.ask("join", o{"v": 1, "room": "t", "replaces": "guessed"}); got.Code != "already_joined" {
		t.Errorf("join of a third: %q", got.Code)
	}
}

// A refused join leaves everything as it was.
func TestMoveIsRefused(t *testing.T) {
	h := open(t, room.Config{MaxMembers: 2})
	a, _ := h.enter("Ana")
	b, first := h.enter("Bo")
	full := h.bind("x")
	full.must("join", o{"v": 1, "room": "full", "name": "x"})
	h.bind("y").must("join", o{"v": 1, "room": "full", "name": "y"})
	member := h.member("r", first.Self.ID)
	if err := member.MoveTo("full", true); err != nil {
		t.Fatal(err)
	}
	if got := b.follow(moves(b), first.Session); got.Code != "room_full" {
		t.Errorf("into a full room: %q", got.Code)
	}
	if got := b.must("sync", o{}); got.Self.ID != first.Self.ID || len(got.Members) != 2 {
		t.Errorf("afterwards: %+v", got.Members)
	}
	// Without trust it is as for everybody.
	full.must("mod", o{"op": "lock"})
	a.must("mod", o{"op": "move", "member": first.Self.ID, "room": "full"})
	if got := b.follow(moves(b), first.Session); got.Code != "locked" {
		t.Errorf("into a locked room: %q", got.Code)
	}
	for arg, want := range map[string]string{
		`{"op":"move","member":"` + first.Self.ID + `","room":"r"}`:   "bad_request",
		`{"op":"move","member":"` + first.Self.ID + `","room":"a b"}`: "bad_request",
		`{"op":"move","member":"` + first.Self.ID + `"}`:              "bad_request",
		`{"op":"move","member":"nobody","room":"s"}`:                  "member_not_found",
	} {
		if got := a.raw("mod", arg); got.Code != want {
			t.Errorf("%s: %q, want %q", arg, got.Code, want)
		}
	}
}

// With keys who is sent gets a token of the other room, with the rights that it
// has; a link alone gives nothing.
func TestMoveWithKeys(t *testing.T) {
	h, keys := keysFor(t, room.Config{Grace: time.Minute})
	boss := h.bind("boss")
	boss.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleModerator)})
	b := h.bind("Bo")
	first := b.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleGuest)})
	boss.must("mod", o{"op": "grant", "member": first.Self.ID, "can": o{"publish": []string{"microphone"}, "subscribe": true}})
	boss.must("mod", o{"op": "move", "member": first.Self.ID, "room": "s"})
	if m := moves(b); m.Token != "" {
		t.Error("a moderator of one room signs for another")
	}
	if err := h.member("r", first.Self.ID).MoveTo("s", true); err != nil {
		t.Fatal(err)
	}
	m := moves(b)
	second := b.follow(m, first.Session)
	if second.Code != "" || second.Self.Identity != "guest" {
		t.Fatalf("joined as %+v, %q", second.Self, second.Code)
	}
	want := room.Grant{Publish: []room.Source{room.Microphone}, CanSubscribe: true}
	if got := h.member("s", second.Self.ID).Grant(); got.CanChat || got.CanData || !got.CanSubscribe || len(got.Publish) != len(want.Publish) {
		t.Errorf("rights %+v", got)
	}
	b.drop()
	again := h.bind("Bo")
	third := again.ask("join", o{"v": 1, "room": "s", "token": m.Token, "resume": o{"session": second.Session, "key": second.Key}})
	if third.Code != "" || third.Self.ID != first.Self.ID {
		t.Errorf("resumed as %+v, %q", third.Self, third.Code)
	}
	if got := h.bind("x").ask("join", o{"v": 1, "room": "t", "token": m.Token}); got.Code != "forbidden" {
		t.Errorf("the token in a third room: %q", got.Code)
	}
}

// An invitation for one is not one for many after a move.
func TestMovedInvitationsAreCounted(t *testing.T) {
	h, keys := keysFor(t, room.Config{})
	text, err := keys.Sign(token.Claims{Room: "r", ID: "once", Uses: 1, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b := h.bind("Bo")
	first := b.must("join", o{"v": 1, "room": "r", "token": text})
	if err := h.member("r", first.Self.ID).MoveTo("s", true); err != nil {
		t.Fatal(err)
	}
	m := moves(b)
	if got := b.follow(m, first.Session); got.Code != "" {
		t.Fatalf("moved: %q", got.Code)
	}
	if got := h.bind("eve").ask("join", o{"v": 1, "room": "s", "token": m.Token}); got.Code != "unauthorized" {
		t.Errorf("somebody else with its token: %q", got.Code)
	}
}

// Who was away when it was asked is asked again.
func TestMoveIsRepeated(t *testing.T) {
	h := open(t, room.Config{})
	h.enter("Ana")
	b, first := h.enter("Bo")
	b.drop()
	if err := h.member("r", first.Self.ID).MoveTo("s", true); err != nil {
		t.Fatal(err)
	}
	c := h.bind("Bo")
	c.must("join", o{"v": 1, "room": "r", "resume": o{"session": first.Session, "key": first.Key}})
	if m := moves(c); m.Room != "s" {
		t.Errorf("move %+v", m)
	}
}

// Who is moved is bound by the policies of rooms as before: its token of the other
// room names no rights, if nobody decided about them.
func TestMoveKeepsThePolicy(t *testing.T) {
	h, keys := keysFor(t, room.Config{})
	h.opened(room.Options{Chat: ptr(false)})
	boss := h.bind("boss")
	boss.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleModerator)})
	text, err := keys.Sign(token.Claims{Room: "r", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b := h.bind("Bo")
	session := b.must("join", o{"v": 1, "room": "r", "token": text}).Session
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red"}}})
	for _, to := range []string{"r.1", ""} {
		id := b.must("sync", o{}).Self.ID
		boss.must("breakout", o{"op": "assign", "rooms": []o{{"name": to, "members": []string{id}}}})
		there := b.follow(moves(b), session)
		if there.Code != "" || there.Can.Chat {
			t.Fatalf("in %q: %q, may chat: %v", to, there.Code, there.Can.Chat)
		}
		session = there.Session
	}
	drain(b)
	h.opened(room.Options{Chat: ptr(true)})
	granted(b, func(_ []string, chat, _ bool) bool { return chat })
}

// Who waits for one room while it is in another stays there, whatever becomes of the
// first.
func TestWaitersStayWhereTheyAre(t *testing.T) {
	h := open(t, room.Config{})
	h.enter("Ana")
	b, first := h.enter("Bo")
	boss := h.bind("boss")
	boss.must("join", o{"v": 1, "room": "s", "name": "boss"})
	boss.must("mod", o{"op": "lobby"})
	for _, end := range []o{{"op": "deny"}, {"op": "end"}} {
		got := b.ask("join", o{"v": 1, "room": "s", "name": "Bo", "replaces": first.Session})
		if got.Code != "waiting" {
			t.Fatalf("into a room with a lobby: %q", got.Code)
		}
		end["ticket"] = got.Details["ticket"]
		boss.must("mod", end)
		if s, ok := h.Room("s"); ok && end["op"] == "end" {
			<-s.Done()
		}
		if got := b.must("sync", o{}); len(got.Members) != 2 {
			t.Errorf("after %v: %+v", end["op"], got.Members)
		}
		for _, name := range drain(b) {
			if name == "bye" {
				t.Errorf("after %v: told goodbye", end["op"])
			}
		}
	}
}

// A room may end while a member of it, or who waits for it, joins another on the
// same connection: who comes in is not told goodbye, and who does not is.
func TestRoomEndsWhileItIsLeft(t *testing.T) {
	for _, waits := range []bool{false, true} {
		for _, offer := range []string{"", "nonsense"} {
			t.Run(fmt.Sprintf("waits %v, offers %q", waits, offer), func(t *testing.T) {
				opened, let := make(chan struct{}), make(chan struct{})
				h := open(t, room.Config{Hooks: room.Hooks{OnOpen: func(r *room.Room) {
					if r.Name() == "s" {
						close(opened)
						<-let
					}
				}}})
				h.enter("boss")
				r, _ := h.Room("r")
				c := h.bind("Ana")
				if err := r.Lobby(waits); err != nil {
					t.Fatal(err)
				}
				first := c.ask("join", o{"v": 1, "room": "r"})
				if (first.Code == "waiting") != waits {
					t.Fatalf("first: %q", first.Code)
				}
				done := make(chan ack)
				go func() {
					done <- c.ask("join", o{"v": 1, "room": "s", "replaces": first.Session, "offer": offer})
				}()
				<-opened
				r.Close()
				close(let)
				got := <-done
				if offer != "" {
					if got.Code != "bad_sdp" || bye(c) != "room_ended" {
						t.Errorf("a bad join: %q", got.Code)
					}
					return
				}
				if got.Code != "" || got.Self.Role != "moderator" || got.Room.Lobby {
					t.Fatalf("the other room: %q, %+v", got.Code, got.Self)
				}
				c.must("new_message", o{"cid": "1", "text": "x"})
				for _, name := range drain(c) {
					if name == "bye" {
						t.Error("told goodbye")
					}
				}
			})
		}
	}
}
