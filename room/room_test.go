package room_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

func TestJoinShowsTheRoom(t *testing.T) {
	h := open(t, room.Config{})
	a, first := h.enter("Ana")
	if first.Session == "" || first.Key == "" || first.Self.Name != "Ana" || first.Self.Role != "moderator" || len(first.Members) != 1 {
		t.Errorf("the first saw %+v", first)
	}
	_, second := h.enter("Bo")
	if len(second.Members) != 2 || !reflect.DeepEqual(second.Members[0], first.Self) || second.Self.Role != "guest" {
		t.Errorf("the second saw %+v", second)
	}
	s := next(a, "state", func(s state) bool { return len(s.Members.Add) > 0 })
	if !reflect.DeepEqual(s.Members.Add[0], second.Self) || s.Rev != first.Rev+1 || second.Rev != s.Rev {
		t.Errorf("the first was told %+v; the second knows revision %d", s, second.Rev)
	}
	if again := a.must("sync", o{}); len(again.Members) != 2 || again.Rev != s.Rev || again.Session != first.Session {
		t.Errorf("sync: %+v", again)
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	var log []string
	h := open(t, room.Config{Hooks: room.Hooks{
		OnJoin:  func(m *room.Member) { log = append(log, "join "+m.Name()) },
		OnLeave: func(m *room.Member, why string) { log = append(log, why+" "+m.Name()) },
	}})
	a, first := h.enter("Ana")
	b, second := h.enter("Bo")
	c, third := h.enter("Cy")
	a.must("leave", o{})
	if why := gone(b, first.Self.ID); why != "left" {
		t.Errorf("Ana is gone because %q", why)
	}
	if got := b.must("sync", o{}); got.Self.Role != "moderator" {
		t.Errorf("the next is %s", got.Self.Role)
	}
	c.drop() // no media: nothing of it is alive
	if why := gone(b, third.Self.ID); why != "lost" {
		t.Errorf("Cy is gone because %q", why)
	}
	if got := a.ask("sync", o{}); got.Code != "not_joined" {
		t.Errorf("after leave: %q", got.Code)
	}
	back := a.must("join", o{"v": 1, "room": "r", "name": "Ana"})
	if back.Self.ID == first.Self.ID || len(back.Members) != 2 {
		t.Errorf("back as %+v", back)
	}
	if got := b.must("sync", o{}); !reflect.DeepEqual(got.Self, second.Self) && got.Self.ID != second.Self.ID {
		t.Errorf("Bo became %+v", got.Self)
	}
	want := []string{"join Ana", "join Bo", "join Cy", "left Ana", "lost Cy", "join Ana"}
	if !slices.Equal(log, want) {
		t.Errorf("hooks: %q, want %q", log, want)
	}
}

func TestReplacesEndsTheOlderOne(t *testing.T) {
	h := open(t, room.Config{})
	a, first := h.enter("Ana")
	b, _ := h.enter("Bo")
	again := h.bind("Ana again")
	second := again.must("join", o{"v": 1, "room": "r", "name": "Ana", "replaces": first.Session})
	if len(second.Members) != 2 {
		t.Errorf("members: %+v", second.Members)
	}
	if why := gone(b, first.Self.ID); why != "replaced" {
		t.Errorf("gone because %q", why)
	}
	next(a, "bye", func(e struct{ Code string }) bool { return e.Code == "duplicate_identity" })
	<-a.done
}

func TestChat(t *testing.T) {
	h := open(t, room.Config{})
	a, first := h.enter("Ana")
	b, _ := h.enter("Bo")
	c, third := h.enter("Cy")
	sent := a.must("new_message", o{"cid": "1", "text": "hello"})
	again := a.must("new_message", o{"cid": "1", "text": "hello"})
	if string(sent.ID) == "" || string(sent.ID) != string(again.ID) || sent.TS == 0 {
		t.Errorf("sent as %s, again as %s", sent.ID, again.ID)
	}
	secret := a.must("new_message", o{"cid": "2", "text": "psst", "to": third.Self.ID})
	last := a.must("new_message", o{"cid": "3", "text": "bye"})
	for who, want := range map[*conn][]string{b: {"hello", "bye"}, c: {"hello", "psst", "bye"}} {
		for _, text := range want {
			got := next(who, "new_message", func(message) bool { return true })
			if got.Text != text || got.Sender != first.Self.ID || got.Name != "Ana" || got.ID == "" {
				t.Errorf("got %+v, want %q", got, text)
			}
		}
	}
	if string(secret.ID) == string(last.ID) {
		t.Error("two messages have one id")
	}
	_, late := h.enter("Di")
	if len(late.Chat) != 2 || late.Chat[0].Text != "hello" || late.Chat[1].Text != "bye" {
		t.Errorf("history: %+v", late.Chat)
	}
}

func TestChatHistoryIsBounded(t *testing.T) {
	h := open(t, room.Config{})
	for i := range 30 { // each may send ten at once
		c, _ := h.enter(fmt.Sprint("m", i))
		for j := range 10 {
			c.must("new_message", o{"cid": fmt.Sprint(j), "text": fmt.Sprint(i*10 + j)})
		}
	}
	_, late := h.enter("late")
	if n := len(late.Chat); n != 200 || late.Chat[0].Text != "100" || late.Chat[199].Text != "299" {
		t.Errorf("history of %d", n)
	}
}

// Every kind of bad input gets its code, and the connection goes on.
func TestCodes(t *testing.T) {
	h := open(t, room.Config{MaxMembers: 2})
	fresh := h.bind("fresh")
	a, first := h.enter("Ana")
	_, _ = h.enter("Bo")
	long := strings.Repeat("x", 300<<10)
	for _, tt := range []struct {
		name, event, arg, code string
		c                      *conn
	}{
		{"no argument", "join", ``, "bad_request", fresh},
		{"an array", "join", `[]`, "bad_request", fresh},
		{"null", "join", `null`, "bad_request", fresh},
		{"wrong type", "join", `{"v":"1"}`, "bad_request", fresh},
		{"no version", "join", `{"room":"r"}`, "unsupported_version", fresh},
		{"version 2", "join", `{"v":2,"room":"r"}`, "unsupported_version", fresh},
		{"no room", "join", `{"v":1}`, "bad_request", fresh},
		{"room of dots", "join", `{"v":1,"room":".."}`, "bad_request", fresh},
		{"room with slash", "join", `{"v":1,"room":"a/b"}`, "bad_request", fresh},
		{"long room", "join", `{"v":1,"room":"` + strings.Repeat("r", 65) + `"}`, "bad_request", fresh},
		{"full room", "join", `{"v":1,"room":"r"}`, "room_full", fresh},
		{"bad SDP", "join", `{"v":1,"room":"s","offer":"v=0"}`, "bad_sdp", fresh},
		{"huge SDP", "join", `{"v":1,"room":"s","offer":"` + long + `"}`, "too_large", fresh},
		{"too many tracks", "join", `{"v":1,"room":"s","publish":[` + strings.Repeat(`{},`, 8) + `{}]}`, "limit_exceeded", fresh},
		{"unknown source", "join", `{"v":1,"room":"s","publish":[{"mid":"0","source":"window"}]}`, "bad_request", fresh},
		{"offer before join", "offer", `{"id":1}`, "not_joined", fresh},
		{"leave before join", "leave", `{}`, "not_joined", fresh},
		{"sync before join", "sync", `{}`, "not_joined", fresh},
		{"chat before join", "new_message", `{"cid":"1","text":"x"}`, "not_joined", fresh},
		{"mute before join", "mute", `{}`, "not_joined", fresh},
		{"subscribe before join", "subscribe", `{}`, "not_joined", fresh},
		{"second join", "join", `{"v":1,"room":"r"}`, "already_joined", a},
		{"bad offer", "offer", `{"id":2,"sdp":"x"}`, "bad_sdp", a},
		{"stale offer", "offer", `{"id":1,"sdp":"x"}`, "stale_offer", a},
		{"huge offer", "offer", `{"id":3,"sdp":"` + long + `"}`, "too_large", a},
		{"unpublish nothing", "unpublish", `{"publication":"x"}`, "publication_not_found", a},
		{"mute nothing", "mute", `{"publication":"x","muted":true}`, "publication_not_found", a},
		{"empty text", "new_message", `{"cid":"1","text":""}`, "bad_request", a},
		{"no cid", "new_message", `{"text":"x"}`, "bad_request", a},
		{"long text", "new_message", `{"cid":"1","text":"` + strings.Repeat("ü", 4001) + `"}`, "too_large", a},
		{"to nobody", "new_message", `{"cid":"1","text":"x","to":"nobody"}`, "member_not_found", a},
		{"unknown mode", "subscribe", `{"mode":"publications"}`, "bad_request", a},
		{"unknown audio", "subscribe", `{"audio":"loud"}`, "bad_request", a},
		{"rules", "subscribe", `{"rules":[{}]}`, "bad_request", a},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.raw(tt.event, tt.arg); got.Code != tt.code {
				t.Errorf("%s %.80s: got %q, want %q", tt.event, tt.arg, got.Code, tt.code)
			}
		})
	}
	got := a.must("subscribe", o{"publications": []o{{"id": "x"}, {"id": first.Self.ID}}})
	if len(got.Refused) != 2 || got.Refused[0].Code != "publication_not_found" {
		t.Errorf("refused: %+v", got.Refused)
	}
	if len(slices.Collect(h.Rooms())) != 2 {
		t.Errorf("rooms: %d", len(slices.Collect(h.Rooms())))
	}
	if st := h.media.Stats(); st.Peers != 2 {
		t.Errorf("%d peers are left, want those of the two members", st.Peers)
	}
}

func TestRatesAreLimited(t *testing.T) {
	h := open(t, room.Config{})
	c, _ := h.enter("Ana")
	n := 0
	got, _ := exhaust(t, 5, 10, func() ack {
		n++
		return c.ask("new_message", o{"cid": fmt.Sprint(n), "text": "x"})
	})
	if got.Retry <= 0 || got.Retry > time.Second {
		t.Errorf("retry after %v", got.Retry)
	}
	idle := h.bind("idle") // nothing of its burst is used yet
	exhaust(t, 50, 200, func() ack { return idle.ask("offer", o{}) })
}

func TestGrants(t *testing.T) {
	h := open(t, room.Config{Authorize: func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Token != "letmein" {
			return room.Grant{}, room.ErrDenied
		}
		return room.Grant{Identity: "u1", IDPrefix: "bot-"}, nil
	}})
	c := h.bind("c")
	if got := c.ask("join", o{"v": 1, "room": "r"}); got.Code != "forbidden" {
		t.Errorf("without token: %q", got.Code)
	}
	if got := c.must("join", o{"v": 1, "room": "r", "token": "letmein"}); got.Self.Identity != "u1" || !strings.HasPrefix(got.Self.ID, "bot-") || len(got.Self.ID) != 16 {
		t.Errorf("self: %+v", got.Self)
	}
	for event, arg := range map[string]o{"new_message": {"cid": "1", "text": "x"}, "subscribe": {}} {
		if got := c.ask(event, arg); got.Code != "forbidden" {
			t.Errorf("%s: %q", event, got.Code)
		}
	}
}

func TestWhoDoesNotJoinIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := dry(t, room.Config{})
		began := time.Now()
		c := h.bind("idle")
		<-c.done
		if e := <-c.events; e.name != "bye" || !strings.Contains(string(e.arg), `"not_joined"`) {
			t.Errorf("got %s %s", e.name, e.arg)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

func TestEmptyRoomsEnd(t *testing.T) {
	empty := make(chan string, 1)
	h := open(t, room.Config{
		Hooks: room.Hooks{OnEmpty: func(r *room.Room) { empty <- r.Name() }},
	})
	c, _ := h.enter("Ana")
	h.hurries("r")
	r, ok := h.Room("r")
	if !ok {
		t.Fatal("no room")
	}
	c.must("leave", o{})
	select {
	case <-r.Done():
	case <-time.After(patience):
		t.Fatal("the room stays")
	}
	if got := <-empty; got != "r" {
		t.Errorf("%q was empty", got)
	}
	if _, ok := h.Room("r"); ok {
		t.Error("the room is still known")
	}
	if _, again := h.enter("Bo"); len(again.Members) != 1 {
		t.Errorf("members: %+v", again.Members)
	}
}

func TestShutdownSaysGoodbye(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	idle := h.bind("idle")
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*conn{a, idle} {
		next(c, "bye", func(e struct{ Code, Reconnect string }) bool { return e.Code == "draining" && e.Reconnect == "later" })
		<-c.done
	}
	if err := h.Bind(t.Context(), newConn(t, "late")); err == nil {
		t.Error("Bind after Shutdown")
	}
	if _, err := h.Open("r"); err == nil {
		t.Error("Open after Shutdown")
	}
	if st := h.media.Stats(); st.Peers != 0 {
		t.Errorf("%d peers are left", st.Peers)
	}
}

// All payloads may come from an attacker.
func FuzzEvents(f *testing.F) {
	for _, s := range []string{
		`{"v":1,"room":"r","name":"\u202eAna","offer":"v=0","publish":[{"mid":"0","source":"camera"}]}`,
		`{"publications":[{"id":"x","on":true,"mid":"3"}],"replace":true,"audio":"list"}`,
		`{"cid":"1","text":"x","to":"y"}`, `{"publication":"x","muted":true}`, `{"id":9,"sdp":""}`, `[]`, ``,
		`{"op":"grant","member":"x","can":{"publish":["camera"],"moderate":true}}`, `{"role":"guest","expires":1,"uses":2}`,
		`{"op":"ban","identity":"x","until":1}`, `{"op":"lobby","on":false}`, `{"op":"end"}`, `{"up":true}`, `{"emoji":"x","name":"\u202ey","attrs":{"k":"v"}}`, `{"text":"x","final":true,"lang":"en-GB"}`,
		`{"op":"open","question":"?","choices":["a","b"],"secret":true}`, `{"op":"vote","id":"q1","choice":1}`, `{"revoke":"inv-1"}`, `{"token":"a.b.c"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		h := open(t, room.Config{})
		c := h.bind("fuzz")
		for _, event := range []string{"join", "subscribe", "new_message", "mute", "unpublish", "offer", "sync", "token", "mod", "invite", "hand", "react", "set", "caption", "poll", "leave"} {
			if json.Valid([]byte(arg)) || arg == "" {
				c.raw(event, arg) // fails for errors without a code
			}
		}
	})
}
