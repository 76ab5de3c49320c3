package room_test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// parts is how a room is divided.
type parts struct {
	Main  string
	Ends  int64
	Rooms []struct {
		Room, Name string
		Members    []struct{ ID, Name string }
	}
}

// where tells who is where, as "r.1=Bo,Cy r.2=".
func (p *parts) where() string {
	if p == nil {
		return "whole"
	}
	var list []string
	for _, r := range p.Rooms {
		var names []string
		for _, m := range r.Members {
			names = append(names, m.Name)
		}
		list = append(list, r.Room+"="+strings.Join(names, ","))
	}
	return strings.Join(list, " ")
}

// sees waits until a room is divided in a way.
func sees(c *conn, want string) {
	c.t.Helper()
	next(c, "state", func(s state) bool { return s.Room != nil && s.Room.Breakout.where() == want })
}

// pupil is a member and where it is.
type pupil struct {
	*conn
	id, session string
}

func (h *house) pupil(name string) *pupil {
	h.t.Helper()
	c, a := h.enter(name)
	return &pupil{c, a.Self.ID, a.Session}
}

// goes follows where it is sent to, and returns what it is told there.
func (p *pupil) goes(want string) ack {
	p.t.Helper()
	m := moves(p.conn)
	a := p.follow(m, p.session)
	if m.Room != want || a.Code != "" || a.Self.ID != p.id {
		p.t.Fatalf("%s moved to %+v: %q, as %+v; want %s", p.conn.id, m, a.Code, a.Self, want)
	}
	p.session = a.Session
	return a
}

// A room is divided, its members are sent about, and come back.
func TestBreakout(t *testing.T) {
	h := open(t, room.Config{Linger: time.Second})
	boss, bo, cy := h.pupil("Boss"), h.pupil("Bo"), h.pupil("Cy")
	ends := time.Now().Add(time.Hour).UnixMilli()
	got := boss.must("breakout", o{"op": "open", "ends": ends, "rooms": []o{{"name": "Red", "members": []string{bo.id, "gone"}}, {"name": "Blue"}}})
	if got.Breakout.where() != "r.1= r.2=" || got.Breakout.Main != "r" || got.Breakout.Ends != ends || got.Breakout.Rooms[1].Name != "Blue" {
		t.Errorf("opened %+v", got.Breakout)
	}
	there := bo.goes("r.1")
	if there.Self.Role != "guest" || there.Room.Breakout == nil || there.Room.Breakout.Main != "r" || !there.Room.Locked {
		t.Errorf("in the part: %+v, %+v", there.Self, there.Room)
	}
	sees(boss.conn, "r.1=Bo r.2=")
	late := h.pupil("Late")
	if got := late.must("sync", o{}); got.Room.Breakout.where() != "r.1=Bo r.2=" {
		t.Errorf("who comes late sees %s", got.Room.Breakout.where())
	}
	// A stranger stays out of the parts, and out of their affairs.
	if got := h.bind("eve").ask("join", o{"v": 1, "room": "r.1", "name": "eve"}); got.Code != "locked" {
		t.Errorf("a stranger at a part: %q", got.Code)
	}
	if got := cy.ask("breakout", o{"op": "close"}); got.Code != "forbidden" {
		t.Errorf("closed by a guest: %q", got.Code)
	}
	boss.must("breakout", o{"op": "assign", "rooms": []o{{"name": "Blue", "members": []string{cy.id}}, {"name": "r.2", "members": []string{bo.id}}}})
	cy.goes("r.2")
	bo.goes("r.2")
	sees(boss.conn, "r.1= r.2=Cy,Bo")
	cy.must("set", o{"name": "Cyd"})
	sees(boss.conn, "r.1= r.2=Cyd,Bo")
	cy.must("set", o{"name": "Cy"})
	boss.must("breakout", o{"op": "message", "text": "five minutes"})
	for _, p := range []*pupil{bo, cy} {
		m := next(p.conn, "new_message", func(message) bool { return true })
		if m.Text != "five minutes" || m.Name != "Boss" || m.Sender != boss.id {
			t.Errorf("message %+v", m)
		}
	}
	// The moderator goes round, and is one everywhere; nobody takes its place.
	boss.must("mod", o{"op": "move", "member": boss.id, "room": "r.2"})
	if there = boss.goes("r.2"); there.Self.Role != "moderator" {
		t.Errorf("the moderator is %s in a part", there.Self.Role)
	}
	sees(late.conn, "r.1= r.2=Cy,Bo,Boss")
	if got := late.must("sync", o{}); got.Self.Role != "guest" {
		t.Errorf("who stayed became %s", got.Self.Role)
	}
	// Who is in a part may go back by itself.
	back := cy.must("join", o{"v": 1, "room": "r", "name": "Cy", "replaces": cy.session})
	if cy.session = back.Session; back.Self.ID != cy.id {
		t.Errorf("back as %+v", back.Self)
	}
	sees(late.conn, "r.1= r.2=Bo,Boss")
	boss.must("breakout", o{"op": "close"})
	if there = bo.goes("r"); there.Self.Role != "guest" {
		t.Errorf("back before the moderator, and %s", there.Self.Role)
	}
	if there = boss.goes("r"); there.Self.Role != "moderator" || there.Room.Breakout != nil {
		t.Errorf("back as %+v in %+v", there.Self, there.Room)
	}
	for _, name := range []string{"r.1", "r.2"} { // they end as they are empty
		if p, ok := h.Room(name); ok {
			<-p.Done()
		}
	}
	if got := boss.must("sync", o{}); len(got.Members) != 4 || got.Room.Breakout != nil {
		t.Errorf("at the end: %+v, %+v", got.Members, got.Room)
	}
}

// At the end of its time everybody is sent back, though nobody is in the main room.
func TestBreakoutEnds(t *testing.T) {
	h := open(t, room.Config{Linger: time.Second})
	boss := h.pupil("Boss")
	ends := time.Now().Add(3 * time.Second)
	boss.must("breakout", o{"op": "open", "ends": ends.UnixMilli(), "rooms": []o{{"name": "Red", "members": []string{boss.id}}}})
	m := moves(boss.conn)
	if m.Until != ends.UnixMilli() {
		t.Errorf("until %d, want %d", m.Until, ends.UnixMilli())
	}
	boss.session = boss.follow(m, boss.session).Session
	if there := boss.goes("r"); time.Now().Before(ends) || there.Self.Role != "moderator" {
		t.Errorf("back %v before the end, as %s", time.Until(ends), there.Self.Role)
	}
}

// The main room takes its parts with it; a part does not.
func TestBreakoutEndsWithItsRoom(t *testing.T) {
	h := open(t, room.Config{})
	boss, bo, cy := h.pupil("Boss"), h.pupil("Bo"), h.pupil("Cy")
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "", "members": []string{bo.id}}, {"name": "", "members": []string{cy.id}}}})
	bo.goes("r.1")
	cy.goes("r.2")
	one, _ := h.Room("r.1")
	one.Close()
	if got := bye(bo.conn); got != "room_ended" {
		t.Errorf("bye %q", got)
	}
	sees(boss.conn, "r.2=Cy")
	boss.must("mod", o{"op": "end"})
	if got := bye(cy.conn); got != "room_ended" {
		t.Errorf("bye %q", got)
	}
}

// Who follows too late stays where it is.
func TestBreakoutIsOver(t *testing.T) {
	h := open(t, room.Config{})
	boss, bo := h.pupil("Boss"), h.pupil("Bo")
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red", "members": []string{bo.id}}}})
	m := moves(bo.conn)
	boss.must("breakout", o{"op": "close"})
	if got := bo.follow(m, bo.session); got.Code != "room_ended" {
		t.Errorf("into a part that is over: %q", got.Code)
	}
	if got := bo.must("sync", o{}); len(got.Members) != 2 {
		t.Errorf("afterwards: %+v", got.Members)
	}
}

func TestBreakoutRefuses(t *testing.T) {
	h := open(t, room.Config{})
	boss := h.pupil("Boss")
	if _, _, err := h.OpenWith("r.1", room.Options{}); err != nil { // somebody else's
		t.Fatal(err)
	}
	many := strings.Repeat(`{"name":"x"},`, 51)
	for _, tt := range []struct{ arg, want string }{
		{`{"op":"close"}`, "bad_request"},
		{`{"op":"assign","rooms":[{"name":"x"}]}`, "bad_request"},
		{`{"op":"message","text":"x"}`, "bad_request"},
		{`{"op":"message","text":""}`, "bad_request"},
		{`{"op":"message","text":"` + strings.Repeat("x", 4001) + `"}`, "too_large"},
		{`{"op":"explode"}`, "bad_request"},
		{`{"op":"open"}`, "bad_request"},
		{`{"op":"open","rooms":[]}`, "bad_request"},
		{`{"op":"open","rooms":"all"}`, "bad_request"},
		{`{"op":"open","rooms":[` + many[:len(many)-1] + `]}`, "limit_exceeded"},
		{`{"op":"open","rooms":[{"name":"x"}],"ends":1}`, "bad_request"},
		{`{"op":"open","rooms":[{"name":"x","members":["nobody"]}]}`, ""},
		{`{"op":"open","rooms":[{"name":"x"}]}`, "bad_request"},
		{`{"op":"assign","rooms":[{"name":"y","members":["nobody"]}]}`, "bad_request"},
		{`{"op":"assign","rooms":[{"name":"x","members":["nobody"]},{"name":""}]}`, ""},
	} {
		got := boss.raw("breakout", tt.arg)
		if got.Code != tt.want {
			t.Errorf("%.80s: %q, want %q", tt.arg, got.Code, tt.want)
		}
		if got.Code == "" && got.Breakout.where() != "r.2=" {
			t.Errorf("%s: %s", tt.arg, got.Breakout.where())
		}
	}
	long := h.bind("long")
	long.must("join", o{"v": 1, "room": strings.Repeat("x", 63), "name": "long"})
	if got := long.ask("breakout", o{"op": "open", "rooms": []o{{"name": "x"}}}); got.Code != "limit_exceeded" {
		t.Errorf("a long name: %q", got.Code)
	}
}

// Who is banned in a part is kept out of the main room, too, and let in there again.
func TestBreakoutBans(t *testing.T) {
	h := open(t, room.Config{})
	boss := h.pupil("Boss")
	eve, first := h.come("192.0.2.66", "", nil)
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red", "members": []string{boss.id, first.Self.ID}}}})
	boss.goes("r.1")
	if got := eve.follow(moves(eve), first.Session); got.Code != "" {
		t.Fatalf("moved: %q", got.Code)
	}
	boss.must("mod", o{"op": "ban", "member": first.Self.ID})
	for _, to := range []string{"r", "r.1"} {
		if _, got := h.come("192.0.2.66", "", o{"room": to}); got.Code != "banned" {
			t.Errorf("into %s: %q", to, got.Code)
		}
	}
	boss.must("mod", o{"op": "unban", "member": first.Self.ID})
	if _, got := h.come("192.0.2.66", "", nil); got.Code != "" {
		t.Errorf("unbanned: %q", got.Code)
	}
}

// Who loads the page again in a part, and has the token of the main room alone, keeps
// what a moderator decided about it.
func TestBreakoutKeepsRights(t *testing.T) {
	h, keys := keysFor(t, room.Config{})
	boss := h.bind("boss")
	boss.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleModerator)})
	for name, role := range map[string]string{"up": "moderator", "down": "viewer"} {
		text := grantOf(t, keys, "r", room.RoleGuest)
		c := h.bind(name)
		first := c.must("join", o{"v": 1, "room": "r", "token": text})
		if role == "moderator" {
			boss.must("mod", o{"op": "promote", "member": first.Self.ID})
		} else {
			boss.must("mod", o{"op": "grant", "member": first.Self.ID, "can": o{"publish": []string{}, "subscribe": true, "chat": true}})
		}
		boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red", "members": []string{first.Self.ID}}}})
		there := c.follow(moves(c), first.Session)
		c.drop()
		again := h.bind(name)
		got := again.must("join", o{"v": 1, "room": "r", "token": text, "resume": o{"session": there.Session, "key": there.Key}})
		if got.Self.ID != first.Self.ID || got.Self.Role != role {
			t.Errorf("%s: back as %q, want %q", name, got.Self.Role, role)
		}
		boss.must("breakout", o{"op": "close"})
		again.must("leave", o{})
	}
}

// sent is a room with keys whose moderator has sent a guest to a part of it.
func sent(t *testing.T) (h *house, keys *token.Keys, boss, guest *conn) {
	h, keys = keysFor(t, room.Config{})
	boss, guest = h.bind("boss"), h.bind("guest")
	boss.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleModerator)})
	first := guest.must("join", o{"v": 1, "room": "r", "token": grantOf(t, keys, "r", room.RoleGuest)})
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red", "members": []string{first.Self.ID}}}})
	if got := guest.follow(moves(guest), first.Session); got.Code != "" {
		t.Fatalf("moved: %q", got.Code)
	}
	return h, keys, boss, guest
}

// A ban in the main room is about who is in a part, too.
func TestBreakoutBansIdentities(t *testing.T) {
	_, _, boss, eve := sent(t)
	boss.must("mod", o{"op": "ban", "identity": "guest"})
	if got := bye(eve); got != "banned" {
		t.Errorf("bye %q", got)
	}
}

// Nobody comes into a part whose members have been sent back, not even who was on the
// way there meanwhile: nothing would lead out again.
func TestBreakoutTakesNobodyWhenItIsOver(t *testing.T) {
	h, keys, boss, _ := sent(t)
	boss.must("breakout", o{"op": "close"}) // and Bo is slow
	late := o{"v": 1, "room": "r.1", "token": grantOf(t, keys, "r.1", room.RoleModerator)}
	if got := h.bind("late").ask("join", late); got.Code != "room_ended" {
		t.Errorf("a moderator of the part: %q", got.Code)
	}
}
