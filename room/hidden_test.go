package room_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// hiddenByToken grants as byToken, to "recorder" everything, hidden, and to
// "lens" the same when it is seen.
func hiddenByToken(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
	if req.Token != "recorder" && req.Token != "lens" {
		return byToken(ctx, req)
	}
	g, _ := room.RoleModerator.Grant()
	g.Identity, g.Hidden = "rec", req.Token == "recorder"
	return g, nil
}

// ignorant fails if c was told anything with a word in it so far.
func ignorant(c *conn, words ...string) {
	c.t.Helper()
	c.must("sync", o{}) // what was to be told was told
	for len(c.events) > 0 {
		e := <-c.events
		for _, word := range words {
			if strings.Contains(string(e.arg), word) {
				c.t.Errorf("%s was told of %q: %s %s", c.id, word, e.name, e.arg)
			}
		}
	}
}

// knows fails unless c knows exactly so many members, none of an id.
func knows(c *conn, members int, none string) {
	c.t.Helper()
	got := c.must("sync", o{})
	if len(got.Members) != members {
		c.t.Errorf("%s knows %+v, want %d members", c.id, got.Members, members)
	}
	for _, m := range got.Members {
		if m.ID == none {
			c.t.Errorf("%s knows of %s", c.id, none)
		}
	}
}

// A hidden member watches, and nobody in the room learns of it: not when it comes
// and goes, not by name, not by what it tries to say.
func TestHiddenMember(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Authorize: hiddenByToken})
	boss, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	b, second := h.publishes("bob", o{"token": "bob"})
	mic := publication(t, second.Publications, second.Self.ID, "audio")
	next(boss, "state", func(s state) bool { return len(s.Publications.Add) == 2 })

	rec := h.caller("rec")
	rec.slots(webrtc.RTPCodecTypeAudio, 1)
	rec.send(webrtc.MimeTypeOpus)
	got := rec.join(o{"token": "recorder"}, o{"mid": "1", "kind": "audio", "source": "microphone"})
	id := got.Self.ID
	if len(got.Members) != 3 || len(got.Publications) != 2 || len(got.Published) != 0 {
		t.Errorf("the hidden member knows %+v, %+v, and publishes %+v", got.Members, got.Publications, got.Published)
	}
	rec.hear("0", mic)
	late, third := h.come("192.0.2.3", "", o{"token": "cy"})
	if len(third.Members) != 3 {
		t.Errorf("who comes later knows %+v", third.Members)
	}
	for _, tt := range []struct {
		by    *conn
		event string
		arg   o
		code  string
	}{
		{rec.conn, "new_message", o{"cid": "1", "text": "x"}, "forbidden"},
		{rec.conn, "data", o{"topic": "t", "payload": "eA=="}, "forbidden"},
		{rec.conn, "react", o{"emoji": "👍"}, "forbidden"},
		{rec.conn, "caption", o{"text": "x", "lang": "en"}, "forbidden"},
		{rec.conn, "poll", o{"op": "open", "question": "x", "choices": []string{"a", "b"}}, "forbidden"},
		{rec.conn, "breakout", o{"op": "message", "text": "x"}, "forbidden"},
		{rec.conn, "hand", o{"up": true}, ""},
		{rec.conn, "set", o{"name": "spy", "attrs": o{"k": "spy"}}, ""},
		{boss, "new_message", o{"cid": "1", "text": "x", "to": id}, "member_not_found"},
		{boss, "data", o{"topic": "t", "payload": "eA==", "to": []string{id}}, "member_not_found"},
		{boss, "mod", o{"op": "kick", "member": id}, "member_not_found"},
		{boss, "mod", o{"op": "ban", "member": id}, "member_not_found"},
		{boss, "mod", o{"op": "promote", "member": id}, "member_not_found"},
		{boss, "mod", o{"op": "lower_hand", "member": id}, "member_not_found"},
		{boss, "mod", o{"op": "grant", "member": id, "can": o{"publish": []string{}}}, "member_not_found"},
	} {
		if got := tt.by.ask(tt.event, tt.arg); got.Code != tt.code {
			t.Errorf("%s %v by %s: %q, want %q", tt.event, tt.arg, tt.by.id, got.Code, tt.code)
		}
	}
	if got := h.ask(http.MethodPost, "/whep/r/"+id, h.guest("x", false).describe(), "Content-Type: "+typeSDP, "Authorization: Bearer bob"); got.code() != "member_not_found" {
		t.Errorf("played by name: %d %s", got.status, got.body)
	}
	seen := httptest.NewRecorder()
	h.Listing().ServeHTTP(seen, httptest.NewRequest(http.MethodGet, "/rooms/r", nil))
	if !strings.Contains(seen.Body.String(), `"members":3`) {
		t.Errorf("from outside: %s", seen.Body)
	}
	rec.must("mod", o{"op": "mute", "publication": mic.ID})
	rec.must("mod", o{"op": "ask_unmute", "publication": mic.ID})
	next(b.conn, "muted", func(e struct{ By string }) bool { return e.By == "" })
	next(b.conn, "ask_unmute", func(e struct{ By string }) bool { return e.By == "" })
	boss.must("new_message", o{"cid": "2", "text": "to all"})
	next(rec.conn, "new_message", func(e struct{ Text string }) bool { return e.Text == "to all" })

	rec.drop()
	rec.pc.Close()
	for _, c := range []*conn{boss, b.conn, late} {
		knows(c, 3, id)
	}
	r, _ := h.Room("r")
	if m, ok := r.Member(id); ok {
		if err := m.SetGrant(room.Grant{Publish: room.Sources()}); err != nil || m.Grant().MayPublish(room.Microphone) {
			t.Errorf("a hidden member got a voice: %v", err)
		}
		m.Leave()
	}
	for _, c := range []*conn{boss, b.conn, late} {
		ignorant(c, id, `"rec"`, "spy")
	}
}

// The others learn of a member when a new token shows it, and see it leave when
// one hides it.
func TestHiddenByAnotherToken(t *testing.T) {
	h := open(t, room.Config{Authorize: hiddenByToken})
	boss, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	rec, first := h.publishes("rec", o{"token": "lens"})
	id := first.Self.ID
	next(boss, "state", func(s state) bool { return len(s.Publications.Add) == 2 })
	rec.must("token", o{"token": "recorder"})
	s := next(boss, "state", func(s state) bool { return len(s.Members.Del) > 0 })
	if s.Members.Del[0].ID != id || len(s.Publications.Del) != 2 || len(s.Members.Set) != 0 {
		t.Errorf("hidden: %+v", s)
	}
	knows(boss, 1, id)
	rec.must("token", o{"token": "lens"})
	s = next(boss, "state", func(s state) bool { return len(s.Members.Add) > 0 })
	if m := s.Members.Add[0]; m.ID != id || m.Role != "moderator" || len(s.Members.Set) != 0 {
		t.Errorf("shown: %+v", s)
	}
}

// Who is hidden does not open a room for others, nor moderate it for them.
func TestHiddenMembersDoNotCount(t *testing.T) {
	h := open(t, room.Config{MaxMembers: 3, Authorize: func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		g := room.Guest()
		g.Hidden, g.CanModerate = req.Token == "recorder", req.Token == "recorder"
		return g, nil
	}})
	rec, _ := h.come("192.0.2.1", "", o{"token": "recorder"})
	a, first := h.come("192.0.2.2", "", nil)
	if first.Self.Role != "moderator" {
		t.Errorf("the first to be seen is %q", first.Self.Role)
	}
	a.must("mod", o{"op": "lobby"})
	if _, got := h.come("192.0.2.3", "", o{"token": "recorder"}); got.Code != "" {
		t.Errorf("a hidden member knocks: %q", got.Code)
	}
	a.must("mod", o{"op": "lobby", "on": false})
	if _, got := h.come("192.0.2.4", "", nil); got.Code != "room_full" {
		t.Errorf("beyond the most members: %q", got.Code)
	}
	r, _ := h.Room("r")
	if s, _ := r.Summary(); s.Members != 3 || s.Hidden != 2 {
		t.Errorf("the room has %d members, %d of them hidden", s.Members, s.Hidden)
	}
	a.must("mod", o{"op": "demote", "member": first.Self.ID}) // and is the only one to take over
	next(a, "grant", func(e struct{ Role string }) bool { return e.Role == "moderator" })
	rec.must("leave", o{})
	knows(a, 1, "")
}

// Players are no tiles: members learn of them no more than of hidden members.
func TestPlayersAreHidden(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Grace: time.Second})
	boss, _ := h.enter("boss")
	a := h.guest("Ana", true).post("/whip/r")
	who, audio, _ := publishedBy(boss, "whip")
	player := h.guest("player", false).post("/whep/r?name=Telly")
	player.hear("0", audio)
	knows(boss, 2, "")
	r, _ := h.Room("r")
	d, _ := r.Describe()
	hidden := ""
	for _, m := range d.Members {
		if m.Hidden {
			hidden += m.Kind + m.Name
		}
	}
	if len(d.Members) != 3 || hidden != "whepTelly" {
		t.Errorf("described: %+v", d.Members)
	}
	player.hang() // it is silent, and lost
	player.pc.Close()
	other := h.guest("other", false).post("/whep/r")
	other.leave()
	a.leave()
	if why := gone(boss, who.ID); why != "left" {
		t.Errorf("gone because %q", why)
	}
	boss.must("new_message", o{"cid": "1", "text": "x"})
	ignorant(boss, "Telly", "whep")
	boss.must("leave", o{})
	h.nothingLeft()
}

// What a moderator gave ends when a new token hides the member.
func TestHiddenTokenTakesAVoice(t *testing.T) {
	h := open(t, room.Config{Authorize: func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Token == "boss" {
			return byToken(ctx, req)
		}
		return room.Grant{CanSubscribe: true, Hidden: req.Token == "recorder"}, nil
	}})
	boss, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	b, second := h.come("192.0.2.2", "", o{"token": "viewer"})
	boss.must("mod", o{"op": "promote", "member": second.Self.ID})
	b.must("new_message", o{"cid": "1", "text": "x"})
	b.must("token", o{"token": "recorder"})
	if got := b.ask("new_message", o{"cid": "2", "text": "x"}); got.Code != "forbidden" {
		t.Errorf("a hidden member chats: %q", got.Code)
	}
}
