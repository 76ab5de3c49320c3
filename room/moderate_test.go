package room_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// bye waits for the end of a connection and returns its code.
func bye(c *conn) string {
	c.t.Helper()
	e := next(c, "bye", func(struct{ Code, Reconnect string }) bool { return true })
	<-c.done
	return e.Code
}

// come tries to join as a client at an address, with a cookie if it is not empty.
func (h *house) come(address, cookie string, more o) (*conn, ack) {
	h.t.Helper()
	c := newConn(h.t, address)
	c.request.RemoteAddr = address + ":1"
	if cookie != "" {
		c.request.Header.Set("Cookie", cookie)
	}
	if err := h.Bind(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.drop)
	arg := o{"v": 1, "room": "r", "name": address}
	for k, v := range more {
		arg[k] = v
	}
	return c, c.ask("join", arg)
}

func TestKickAndBan(t *testing.T) {
	visitors := room.NewVisitors(nil)
	h := open(t, room.Config{Visitors: visitors})
	a, _ := h.enter("Ana")
	guest := cookieOf(t, visitors)
	b, second := h.come("192.0.2.1", guest, nil)
	a.must("mod", o{"op": "kick", "member": second.Self.ID})
	if got := bye(b); got != "kicked" {
		t.Errorf("kicked: bye %q", got)
	}
	if why := gone(a, second.Self.ID); why != "kicked" {
		t.Errorf("kicked: gone because %q", why)
	}
	b, second = h.come("192.0.2.1", guest, nil)
	if second.Code != "" {
		t.Fatalf("kicked, and back: %q", second.Code)
	}
	until := time.Now().Add(time.Hour)
	a.must("mod", o{"op": "ban", "member": second.Self.ID, "until": until.UnixMilli()})
	if got := bye(b); got != "banned" {
		t.Errorf("banned: bye %q", got)
	}
	for _, tt := range []struct{ name, address, cookie, code string }{
		{"the same", "192.0.2.1", guest, "banned"},
		{"from elsewhere", "192.0.2.9", guest, "banned"},
		{"without a cookie", "192.0.2.1", "", "banned"},
		{"a neighbour", "192.0.2.1", cookieOf(t, visitors), ""},
		{"a stranger", "192.0.2.9", "", ""},
	} {
		if _, got := h.come(tt.address, tt.cookie, nil); got.Code != tt.code {
			t.Errorf("%s: %q, want %q", tt.name, got.Code, tt.code)
		}
	}
	if got := h.Bans("r"); len(got) != 1 || got[0].Until.UnixMilli() != until.UnixMilli() {
		t.Errorf("bans: %+v", got)
	}
	a.must("mod", o{"op": "unban", "member": second.Self.ID})
	if _, got := h.come("192.0.2.1", guest, nil); got.Code != "" {
		t.Errorf("unbanned: %q", got.Code)
	}
	for arg, code := range map[string]string{
		`{"op":"unban","member":"none"}`:        "member_not_found",
		`{"op":"kick","member":"none"}`:         "member_not_found",
		`{"op":"ban"}`:                          "bad_request",
		`{"op":"ban","member":"x"}`:             "member_not_found",
		`{"op":"ban","identity":"u","until":1}`: "bad_request",
		`{"op":"explode"}`:                      "bad_request",
		`{}`:                                    "bad_request",
		`{"op":7}`:                              "bad_request",
		`{"op":"mute","publication":"none"}`:    "publication_not_found",
		`{"op":"admit","ticket":""}`:            "member_not_found",
		`{"op":"grant","member":"none"}`:        "member_not_found",
	} {
		if got := a.raw("mod", arg); got.Code != code {
			t.Errorf("%s: %q, want %q", arg, got.Code, code)
		}
	}
}

func TestIdentitiesAreBanned(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken})
	a, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	b, _ := h.come("192.0.2.2", "", o{"token": "eve"})
	a.must("mod", o{"op": "ban", "identity": "eve"})
	if got := bye(b); got != "banned" {
		t.Errorf("bye %q", got)
	}
	if _, got := h.come("192.0.2.7", "", o{"token": "eve"}); got.Code != "banned" {
		t.Errorf("from elsewhere: %q", got.Code)
	}
	if _, got := h.come("192.0.2.2", "", o{"token": "bob"}); got.Code != "" {
		t.Errorf("somebody else from there: %q", got.Code)
	}
	a.must("mod", o{"op": "unban", "identity": "eve"})
	if _, got := h.come("192.0.2.7", "", o{"token": "eve"}); got.Code != "" {
		t.Errorf("unbanned: %q", got.Code)
	}
}

// A moderator's mute holds whatever the client does, until its member unmutes.
func TestMute(t *testing.T) {
	h := open(t, room.Config{})
	boss, first := h.receives("boss", 1, 0)
	p, second := h.publishes("p", nil)
	mic := publication(t, second.Publications, second.Self.ID, "audio")
	boss.hear("0", mic)
	boss.must("mod", o{"op": "mute", "publication": mic.ID})
	next(p.conn, "state", func(s state) bool {
		return len(s.Publications.Set) > 0 && s.Publications.Set[0].Muted && s.Publications.Set[0].ID == mic.ID
	})
	boss.still("0", mic.N)
	boss.must("mod", o{"op": "ask_unmute", "publication": mic.ID})
	asked := next(p.conn, "ask_unmute", func(struct{ Publication, By string }) bool { return true })
	if asked.Publication != mic.ID || asked.By != first.Self.ID {
		t.Errorf("asked: %+v", asked)
	}
	p.must("mute", o{"publication": mic.ID, "muted": false})
	boss.hear("0", mic)
	boss.must("mod", o{"op": "mute_all"})
	boss.still("0", mic.N)
	if got := boss.must("sync", o{}); !publication(t, got.Publications, second.Self.ID, "audio").Muted ||
		publication(t, got.Publications, second.Self.ID, "video").Muted {
		t.Errorf("all are muted: %+v", got.Publications)
	}
}

func TestGrantIsChanged(t *testing.T) {
	h := open(t, room.Config{})
	boss, first := h.enter("boss")
	p, second := h.publishes("p", nil)
	id := second.Self.ID
	boss.must("mod", o{"op": "grant", "member": id, "can": o{"publish": []string{"microphone"}, "subscribe": true}})
	next(p.conn, "grant", func(e struct {
		Role string
		Can  struct{ Publish []string }
	}) bool {
		return e.Role == "viewer" && len(e.Can.Publish) == 1
	})
	s := next(boss, "state", func(s state) bool { return len(s.Publications.Del) == 1 }) // the camera
	if set := s.Members.Set; len(set) != 1 || set[0].Can == nil || len(set[0].Can.Publish) != 1 || !set[0].Can.Subscribe || set[0].Can.Chat {
		t.Errorf("the others are told %+v", set)
	}
	if got := p.must("sync", o{}); got.Self.Role != "viewer" || got.Self.Can == nil || len(got.Publications) != 1 || got.Publications[0].Kind != "audio" {
		t.Errorf("after the change: %+v", got)
	}
	if got := p.negotiate(o{"mid": "1", "kind": "video", "source": "camera"}); len(got.Published) != 0 {
		t.Errorf("the camera is back: %+v", got.Published)
	}
	boss.must("mod", o{"op": "promote", "member": id})
	next(boss, "state", func(s state) bool {
		return len(s.Members.Set) > 0 && s.Members.Set[0].Role == "moderator" && s.Members.Set[0].Can.Chat
	})
	if got := p.must("sync", o{}); got.Self.Can != nil {
		t.Errorf("a moderator like any other: %+v", got.Self.Can)
	}
	p.must("mod", o{"op": "demote", "member": first.Self.ID})
	if got := boss.ask("mod", o{"op": "lock"}); got.Code != "forbidden" {
		t.Errorf("demoted, and locks: %q", got.Code)
	}
	if got := p.ask("mod", o{"op": "grant", "member": first.Self.ID, "can": o{"publish": []string{"nose"}}}); got.Code != "bad_request" {
		t.Errorf("a source that there is not: %q", got.Code)
	}
	// The last moderator steps back: the longest present guest takes over.
	p.must("mod", o{"op": "demote", "member": id})
	boss.must("mod", o{"op": "lock"})
}

// Nobody gives what is not theirs.
func TestOnlyOwnRightsAreGiven(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken, Invite: func(room.Invitation) (string, error) { return "t", nil }})
	usher, _ := h.come("192.0.2.1", "", o{"token": "usher"}) // moderates, and may not record
	_, bob := h.come("192.0.2.2", "", o{"token": "bob"})
	for _, arg := range []o{
		{"op": "promote", "member": bob.Self.ID},
		{"op": "grant", "member": bob.Self.ID, "can": o{"publish": []string{}, "record": true}},
	} {
		if got := usher.ask("mod", arg); got.Code != "forbidden" {
			t.Errorf("%v: %q", arg, got.Code)
		}
	}
	if got := usher.ask("invite", o{"role": "moderator"}); got.Code != "forbidden" {
		t.Errorf("invites a moderator: %q", got.Code)
	}
	usher.must("mod", o{"op": "grant", "member": bob.Self.ID, "can": o{"publish": []string{}, "moderate": true}})
	usher.must("invite", o{"role": "guest"})
}

func TestLock(t *testing.T) {
	visitors := room.NewVisitors(nil)
	h := open(t, room.Config{Visitors: visitors})
	own := cookieOf(t, visitors)
	a, first := h.come("192.0.2.1", own, nil)
	b, _ := h.enter("Bo")
	a.must("mod", o{"op": "lock"})
	next(b, "state", func(s state) bool { return s.Room != nil && s.Room.Locked })
	if _, got := h.come("192.0.2.2", "", nil); got.Code != "locked" {
		t.Errorf("a stranger: %q", got.Code)
	}
	a.must("leave", o{})
	next(b, "grant", func(e struct{ Role string }) bool { return e.Role == "moderator" })
	// Who opened the room moderates it again.
	_, back := h.come("192.0.2.1", own, nil)
	if back.Code != "" || back.Self.Role != "moderator" || back.Self.ID == first.Self.ID || !back.Room.Locked {
		t.Errorf("the founder: %q %+v", back.Code, back.Self)
	}
	b.must("mod", o{"op": "unlock"})
	if _, got := h.come("192.0.2.2", "", nil); got.Code != "" {
		t.Errorf("unlocked: %q", got.Code)
	}
}

func TestLobby(t *testing.T) {
	h := open(t, room.Config{JoinTimeout: 500 * time.Millisecond})
	// Who waits outlives the time that there is for joining, which is over when one who
	// came later is sent away.
	outlive := func() {
		if got := bye(h.bind("idle")); got != "not_joined" {
			t.Errorf("who does not join: %q", got)
		}
	}
	type knock struct {
		Ticket, Name string
		Gone         bool
	}
	any := func(knock) bool { return true }
	a, _ := h.enter("Ana")
	a.must("mod", o{"op": "lobby"})
	b, got := h.come("192.0.2.2", "", nil)
	ticket, _ := got.Details["ticket"].(string)
	if got.Code != "waiting" || len(ticket) != 22 {
		t.Fatalf("a stranger: %q, ticket %q", got.Code, ticket)
	}
	outlive()
	if k := next(a, "knock", any); k.Ticket != ticket || k.Name != "192.0.2.2" || k.Gone {
		t.Errorf("knock: %+v", k)
	}
	join := o{"v": 1, "room": "r", "name": "192.0.2.2", "ticket": ticket}
	if again := b.ask("join", join); again.Code != "waiting" || again.Details["ticket"] != ticket {
		t.Errorf("before it is admitted: %q", again.Code)
	}
	a.must("mod", o{"op": "admit", "ticket": ticket})
	next(b, "admitted", func(e struct{ Ticket string }) bool { return e.Ticket == ticket })
	if k := next(a, "knock", any); k.Ticket != ticket || !k.Gone {
		t.Errorf("after it is admitted: %+v", k)
	}
	b.must("join", join)
	if _, again := h.come("192.0.2.3", "", o{"ticket": ticket}); again.Code != "waiting" {
		t.Errorf("a ticket is used twice: %q", again.Code)
	}
	c, refused := h.come("192.0.2.4", "", nil)
	a.must("mod", o{"op": "deny", "ticket": refused.Details["ticket"]})
	if got := bye(c); got != "rejected" {
		t.Errorf("sent away: %q", got)
	}
	d, left := h.come("192.0.2.5", "", nil)
	d.drop()
	next(a, "knock", func(k knock) bool { return k.Gone && k.Ticket == left.Details["ticket"] })
	e, waits := h.come("192.0.2.6", "", nil)
	outlive()
	b.must("sync", o{})
	a.must("mod", o{"op": "promote", "member": h.idOf("192.0.2.2")})
	next(b, "knock", func(k knock) bool { return k.Ticket == waits.Details["ticket"] })
	a.must("mod", o{"op": "lobby", "on": false})
	next(e, "admitted", func(struct{}) bool { return true })
	e.must("join", o{"v": 1, "room": "r"})
	if got := a.must("sync", o{}); got.Room.Lobby {
		t.Error("the lobby is still there")
	}
}

// Who waits keeps a room without members, which does nothing meanwhile; who waits
// for another room does not wait for the first any more.
func TestWaitersKeepTheRoom(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken, Linger: 20 * time.Millisecond})
	boss, _ := h.come("192.0.2.1", "", o{"token": "boss"})
	boss.must("mod", o{"op": "lobby"})
	there, _ := h.come("192.0.2.1", "", o{"token": "boss", "room": "s"})
	there.must("mod", o{"op": "lobby"})
	bob, got := h.come("192.0.2.2", "", o{"token": "bob"})
	if got.Code != "waiting" {
		t.Fatalf("bob: %q", got.Code)
	}
	boss.must("leave", o{})
	r, _ := h.Room("r")
	select {
	case <-r.Done():
		t.Fatal("the room has ended while somebody waits")
	case <-time.After(100 * time.Millisecond):
	}
	boss, back := h.come("192.0.2.1", "", o{"token": "boss"})
	next(boss, "knock", func(k struct{ Ticket string }) bool { return k.Ticket == got.Details["ticket"] })
	if !back.Room.Lobby {
		t.Error("the lobby is gone")
	}
	if got := bob.ask("join", o{"v": 1, "room": "s", "token": "bob"}); got.Code != "waiting" {
		t.Fatalf("bob, elsewhere: %q", got.Code)
	}
	next(boss, "knock", func(k struct{ Gone bool }) bool { return k.Gone })
	next(there, "knock", func(struct{}) bool { return true })
	boss.must("leave", o{})
	select {
	case <-r.Done():
	case <-time.After(patience):
		t.Error("the room stays")
	}
}

func TestSpotlightAndEnd(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	p, second := h.publishes("p", nil)
	cam := publication(t, second.Publications, second.Self.ID, "video")
	a.must("mod", o{"op": "spotlight", "publication": cam.ID})
	next(p.conn, "state", func(s state) bool { return s.Room != nil && s.Room.Spotlight == cam.ID })
	p.must("unpublish", o{"publication": cam.ID})
	next(a, "state", func(s state) bool { return s.Room != nil && s.Room.Spotlight == "" })
	r, _ := h.Room("r")
	a.must("mod", o{"op": "end"})
	for _, c := range []*conn{a, p.conn} {
		if got := bye(c); got != "room_ended" {
			t.Errorf("bye %q", got)
		}
	}
	<-r.Done()
	if err := r.Lock(true); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("lock a room that has ended: %v", err)
	}
}

func TestInvitations(t *testing.T) {
	signed := make(map[string]room.Invitation)
	h := open(t, room.Config{
		Authorize: invited(signed),
		Invite: func(i room.Invitation) (string, error) {
			signed["t-"+i.ID] = i
			return "t-" + i.ID, nil
		},
	})
	a, _ := h.enter("Ana")
	got := a.must("invite", o{"role": "moderator", "uses": 1})
	link, token, _ := strings.Cut(got.URL, "#token=")
	if link != "/?room=r" || signed[token].Role != room.RoleModerator {
		t.Fatalf("url %q", got.URL)
	}
	_, first := h.come("192.0.2.1", "", o{"token": token})
	if first.Self.Role != "moderator" {
		t.Errorf("came as %q %q", first.Code, first.Self.Role)
	}
	if _, again := h.come("192.0.2.1", "", o{"token": token}); again.Code != "unauthorized" {
		t.Errorf("once more: %q", again.Code)
	}
	b, _ := h.come("192.0.2.3", "", nil)
	if got := b.ask("token", o{"token": token}); got.Code != "unauthorized" {
		t.Errorf("as a new token of a member: %q", got.Code)
	}
	got = a.must("invite", o{"role": "viewer"})
	_, token, _ = strings.Cut(got.URL, "#token=")
	_, viewer := h.come("192.0.2.2", "", o{"token": token})
	if viewer.Self.Role != "viewer" {
		t.Errorf("came as %q %q", viewer.Code, viewer.Self.Role)
	}
	a.must("invite", o{"revoke": strings.TrimPrefix(token, "t-")})
	if _, again := h.come("192.0.2.2", "", o{"token": token}); again.Code != "unauthorized" {
		t.Errorf("withdrawn: %q", again.Code)
	}
	if got := a.must("sync", o{}); len(got.Members) != 4 {
		t.Errorf("members: %d", len(got.Members))
	}
	for arg, code := range map[string]string{
		`{}`: "bad_request", `{"role":"king"}`: "bad_request", `{"role":"guest","uses":-1}`: "bad_request",
		`{"role":"guest","expires":1}`: "bad_request", `{"role":"guest","expires":99999999999999}`: "bad_request",
		`{"revoke":"inv-none"}`: "bad_request",
	} {
		if got := a.raw("invite", arg); got.Code != code {
			t.Errorf("%s: %q, want %q", arg, got.Code, code)
		}
	}
}

// What the event mod does, methods do for who embeds rooms.
func TestModeratingByMethods(t *testing.T) {
	h := open(t, room.Config{})
	boss, first := h.receives("boss", 1, 0)
	p, second := h.publishes("p", nil)
	mic := publication(t, second.Publications, second.Self.ID, "audio")
	r, _ := h.Room("r")
	m, lead := h.member("r", second.Self.ID), h.member("r", first.Self.ID)
	var media *room.Publication
	for x := range r.Publications() {
		if x.ID() == mic.ID {
			media = x
		}
	}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	boss.hear("0", mic)
	must("mute", m.Mute(media))
	if e := next(p.conn, "muted", func(struct{ Publication, By string }) bool { return true }); e.Publication != mic.ID || e.By != "" {
		t.Errorf("muted: %+v", e)
	}
	boss.still("0", mic.N)
	if err := lead.Mute(media); !errors.Is(err, room.ErrNoPublication) {
		t.Errorf("mute what is somebody else's: %v", err)
	}
	must("promote", m.Promote())
	if g := m.Grant(); g.Role() != room.RoleModerator {
		t.Errorf("promoted to %s", g.Role())
	}
	must("demote", m.Demote())
	must("lock", r.Lock(true))
	must("lobby", r.Lobby(true))
	must("spotlight", r.Spotlight(media))
	if got := boss.must("sync", o{}); got.Room != (roomState{Locked: true, Lobby: true, Spotlight: mic.ID}) {
		t.Errorf("the room is %+v", got.Room)
	}
	must("no spotlight", r.Spotlight(nil))
	must("mute all", r.MuteAll())
	must("ban", m.Ban(time.Time{}))
	if got := bye(p.conn); got != "banned" {
		t.Errorf("bye %q", got)
	}
	if err := m.Promote(); !errors.Is(err, room.ErrNoMember) {
		t.Errorf("promote who is gone: %v", err)
	}
	must("unban", r.Unban("", m.ID()))
	must("ban an identity", r.Ban("eve", time.Time{}))
	if err := r.Ban("", time.Time{}); !errors.Is(err, room.ErrBadRequest) {
		t.Errorf("ban nobody: %v", err)
	}
	if _, _, err := r.Invite(room.Invitation{Role: room.RoleGuest}); !errors.Is(err, room.ErrDenied) {
		t.Errorf("invite without a signer: %v", err)
	}
	must("end", r.End())
	if got := bye(boss.conn); got != "room_ended" {
		t.Errorf("bye %q", got)
	}
}
