package room_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

// guests enters that many members: Ana, who moderates, and others.
func (h *house) guests(names ...string) (list []*conn, ids []string) {
	h.t.Helper()
	for _, name := range names {
		c, a := h.enter(name)
		list, ids = append(list, c), append(ids, a.Self.ID)
	}
	return list, ids
}

// hands waits until a member's hand is told to be up or down, and tells since when.
func hands(c *conn, id string) (at int64) {
	c.t.Helper()
	next(c, "state", func(s state) bool {
		for _, m := range s.Members.Set {
			if m.ID == id && m.Hand != nil {
				at = *m.Hand
				return true
			}
		}
		return false
	})
	return at
}

func TestHandsAreAQueue(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo", "Cy")
	for _, i := range []int{2, 1, 1} { // a hand that is up stays where it is
		c[i].must("hand", o{"up": true})
	}
	cy, bo := hands(c[0], id[2]), int64(0)
	_, late := h.enter("Di")
	for _, m := range late.Members {
		if m.ID == id[1] {
			bo = m.Hand
		}
	}
	if cy == 0 || bo <= cy {
		t.Errorf("Cy raised the hand at %d, Bo after that at %d", cy, bo)
	}
	if got := c[1].ask("mod", o{"op": "lower_hand"}); got.Code != "forbidden" {
		t.Errorf("a guest lowers hands: %q", got.Code)
	}
	c[0].must("mod", o{"op": "lower_hand", "member": id[2]})
	if at := hands(c[0], id[2]); at != 0 {
		t.Errorf("lowered: still up since %d", at)
	}
	c[2].must("hand", o{"up": true})
	if at := hands(c[0], id[2]); at <= bo {
		t.Errorf("raised again at %d, want behind %d", at, bo)
	}
	c[0].must("mod", o{"op": "lower_hand"})
	if at := hands(c[0], id[1]); at != 0 {
		t.Errorf("all lowered: Bo's is up since %d", at)
	}
	if got := c[0].ask("mod", o{"op": "lower_hand", "member": "none"}); got.Code != "member_not_found" {
		t.Errorf("of nobody: %q", got.Code)
	}
	if got := c[0].raw("hand", `{}`); got.Code != "bad_request" {
		t.Errorf("without up: %q", got.Code)
	}
}

func TestReactions(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo")
	c[0].must("react", o{"emoji": "❤️"})
	got := next(c[1], "react", func(struct{ Sender, Emoji string }) bool { return true })
	if got.Sender != id[0] || got.Emoji != "❤️" {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []string{"", "buy now", "hello", "a", "\x00", "👍\u202e", strings.Repeat("👍", 5)} {
		if got := c[0].ask("react", o{"emoji": bad}); got.Code != "bad_request" {
			t.Errorf("%q: %q", bad, got.Code)
		}
	}
	for len(c[0].events) > 0 {
		if e := <-c[0].events; e.name == "react" {
			t.Errorf("the sender gets %s", e.arg)
		}
	}
	last, _ := exhaust(t, 3, 10, func() ack { return c[1].ask("react", o{"emoji": "👏"}) })
	if last.Retry <= 0 {
		t.Errorf("retry after %v", last.Retry)
	}
	for len(c[1].events) > 0 {
		if e := <-c[1].events; e.name == "react" {
			t.Errorf("the sender gets %s", e.arg)
		}
	}
}

func TestMembersSayWhoTheyAre(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo")
	c[0].must("set", o{"name": " Anna\x00 ", "attrs": o{"lang": "ko", "mood": "fine"}})
	c[0].must("set", o{"attrs": o{"mood": "", "seat": "3"}})
	c[0].must("set", o{"attrs": o{"seat": "3"}}) // as it is
	c[0].must("new_message", o{"cid": "1", "text": "hello"})
	if got := next(c[1], "new_message", func(message) bool { return true }); got.Name != "Anna" {
		t.Errorf("the message is from %q", got.Name)
	}
	_, late := h.enter("Cy")
	for _, m := range late.Members {
		if m.ID == id[0] && (m.Name != "Anna" || fmt.Sprint(m.Attrs) != "map[lang:ko seat:3]") {
			t.Errorf("who comes later sees %+v", m)
		}
	}
	if h.member("r", id[0]).Name() != "Anna" {
		t.Error("the room has the old name")
	}
	for arg, want := range map[string]string{
		`{}`: "bad_request", `{"name":"\u0000 "}`: "bad_request", `{"name":7}`: "bad_request", `{"attrs":{"k":7}}`: "bad_request", `{"attrs":{"":"x"}}`: "bad_request",
		`{"attrs":{"` + strings.Repeat("k", 65) + `":"x"}}`: "bad_request", `{"attrs":{"k":"` + strings.Repeat("x", 4096) + `"}}`: "too_large",
	} {
		if got := c[0].raw("set", arg); got.Code != want {
			t.Errorf("%.60s: %q, want %q", arg, got.Code, want)
		}
	}
}

func TestTheTokensNameStays(t *testing.T) {
	g := room.Guest()
	g.Name = "Dr. Ana"
	h := open(t, room.Config{Authorize: authorize(g)})
	c, _ := h.enter("Ana")
	if got := c.ask("set", o{"name": "Somebody else"}); got.Code != "forbidden" {
		t.Errorf("%q", got.Code)
	}
	c.must("set", o{"attrs": o{"mood": "fine"}})
}

func TestCaptions(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo")
	type caption struct {
		ID, Sender, Text, Lang string
		Final                  bool
	}
	got := make([]caption, 0, 3)
	for i, text := range []string{"good", "good morning", "everybody"} {
		c[0].must("caption", o{"text": text, "final": i == 1, "lang": "en-GB"})
		got = append(got, next(c[1], "caption", func(caption) bool { return true }))
	}
	if got[0].ID != got[1].ID || got[2].ID == got[1].ID || !got[1].Final || got[2].Final || got[1] != (caption{got[0].ID, id[0], "good morning", "en-GB", true}) {
		t.Errorf("got %+v", got)
	}
	for arg, want := range map[string]string{
		`{"text":""}`: "bad_request", `{"text":"x","lang":"en GB"}`: "bad_request", `{"text":"x","lang":"` + strings.Repeat("x", 36) + `"}`: "bad_request",
		`{"text":"` + strings.Repeat("ü", 501) + `"}`: "too_large",
	} {
		if got := c[0].raw("caption", arg); got.Code != want {
			t.Errorf("%.60s: %q, want %q", arg, got.Code, want)
		}
	}
}

// A message to one is told to nobody else, now or later.
func TestPrivateMessagesStayPrivate(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo", "Cy")
	c[0].must("new_message", o{"cid": "1", "text": "secret", "to": id[1]})
	if got := next(c[1], "new_message", func(message) bool { return true }); got.Text != "secret" {
		t.Errorf("Bo gets %+v", got)
	}
	c[0].must("new_message", o{"cid": "2", "text": "for all"})
	for _, x := range []*conn{c[1], c[2]} {
		if got := next(x, "new_message", func(message) bool { return true }); got.Text != "for all" {
			t.Errorf("%s gets %+v", x.id, got)
		}
	}
	_, late := h.enter("Di")
	for _, tt := range []struct {
		name string
		chat []message
		want string
	}{
		{"Ana", c[0].must("sync", o{}).Chat, "secret, for all"}, {"Bo", c[1].must("sync", o{}).Chat, "secret, for all"},
		{"Cy", c[2].must("sync", o{}).Chat, "for all"}, {"Di, who came later", late.Chat, "for all"},
	} {
		var texts []string
		for _, m := range tt.chat {
			texts = append(texts, m.Text)
		}
		if got := strings.Join(texts, ", "); got != tt.want {
			t.Errorf("%s may read %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPolls(t *testing.T) {
	h := open(t, room.Config{})
	c, id := h.guests("Ana", "Bo", "Cy")
	question := o{"op": "open", "question": "Lunch?", "choices": []string{"now", "later"}}
	if got := c[1].ask("poll", question); got.Code != "forbidden" {
		t.Errorf("a guest opens one: %q", got.Code)
	}
	poll := c[0].must("poll", question)
	opened := next(c[1], "poll", func(b ballot) bool { return true })
	if `"`+opened.ID+`"` != string(poll.ID) || opened.By != id[0] || opened.Question != "Lunch?" || len(opened.Counts) != 2 || opened.Closed {
		t.Errorf("opened %s: %+v", poll.ID, opened)
	}
	vote := func(i, choice int) { c[i].must("poll", o{"op": "vote", "id": opened.ID, "choice": choice}) }
	vote(1, 0)
	vote(2, 1)
	vote(1, 1) // changes the mind
	counted := next(c[0], "poll", func(b ballot) bool { return b.Counts[1] == 2 })
	if counted.Counts[0] != 0 || len(counted.Votes) != 2 || counted.Votes[0].Member != id[1] || counted.Votes[0].Choice != 1 {
		t.Errorf("counted: %+v", counted)
	}
	if mine := c[1].must("sync", o{}).Polls; len(mine) != 1 || mine[0].Choice == nil || *mine[0].Choice != 1 {
		t.Errorf("one's own vote: %+v", mine)
	}
	d, late := h.enter("Di")
	if len(late.Polls) != 1 || late.Polls[0].Counts[1] != 2 || late.Polls[0].Choice != nil {
		t.Errorf("who comes later sees %+v", late.Polls)
	}
	d.must("poll", o{"op": "vote", "id": opened.ID, "choice": 0})
	c[0].must("poll", o{"op": "close", "id": opened.ID})
	if last := next(c[2], "poll", func(b ballot) bool { return b.Closed }); last.Counts[0] != 1 || last.Counts[1] != 2 {
		t.Errorf("closed: %+v", last)
	}
	for _, tt := range []struct {
		name string
		arg  o
		code string
	}{
		{"vote when it is closed", o{"op": "vote", "id": opened.ID, "choice": 0}, "bad_request"},
		{"of no poll", o{"op": "vote", "id": "q0", "choice": 0}, "bad_request"},
		{"unknown op", o{"op": "reopen", "id": opened.ID}, "bad_request"},
		{"no question", o{"op": "open", "choices": []string{"a", "b"}}, "bad_request"},
		{"long question", o{"op": "open", "question": strings.Repeat("ü", 301), "choices": []string{"a", "b"}}, "bad_request"},
		{"one choice", o{"op": "open", "question": "?", "choices": []string{"a"}}, "bad_request"},
		{"empty choice", o{"op": "open", "question": "?", "choices": []string{"a", ""}}, "bad_request"},
		{"many choices", o{"op": "open", "question": "?", "choices": strings.Split(strings.Repeat("a ", 11), " ")[:11]}, "bad_request"},
	} {
		if got := c[0].ask("poll", tt.arg); got.Code != tt.code {
			t.Errorf("%s: %q, want %q", tt.name, got.Code, tt.code)
		}
	}
}

func TestSecretPolls(t *testing.T) {
	h := open(t, room.Config{})
	c, _ := h.guests("Ana", "Bo")
	c[0].must("poll", o{"op": "open", "question": "?", "choices": []string{"a", "b"}, "secret": true})
	p := next(c[1], "poll", func(b ballot) bool { return b.Secret })
	for choice, want := range map[int]string{2: "bad_request", -1: "bad_request", 1: ""} {
		if got := c[1].ask("poll", o{"op": "vote", "id": p.ID, "choice": choice}); got.Code != want {
			t.Errorf("choice %d: %q, want %q", choice, got.Code, want)
		}
	}
	if got := next(c[0], "poll", func(b ballot) bool { return b.Counts[1] == 1 }); got.Votes != nil {
		t.Errorf("who voted is told: %+v", got.Votes)
	}
	for range 3 {
		c[0].must("poll", o{"op": "open", "question": "?", "choices": []string{"a", "b"}})
	}
	if got := c[0].ask("poll", o{"op": "open", "question": "?", "choices": []string{"a", "b"}}); got.Code != "limit_exceeded" {
		t.Errorf("the fifth open poll: %q", got.Code)
	}
}

// Who is behind is told of polls when it has caught up, and once of each.
func TestPollsWaitForWhoIsBehind(t *testing.T) {
	h := open(t, room.Config{})
	c, _ := h.guests("Ana", "Bo")
	c[1].setBehind(true)
	c[0].must("poll", o{"op": "open", "question": "?", "choices": []string{"a", "b"}})
	p := next(c[0], "poll", func(b ballot) bool { return true })
	c[0].must("poll", o{"op": "close", "id": p.ID})
	next(c[0], "poll", func(b ballot) bool { return b.Closed })
	c[1].setBehind(false)
	if first := next(c[1], "poll", func(ballot) bool { return true }); !first.Closed {
		t.Errorf("told first: %+v", first)
	}
}

// What a member itself may do, and what the server can, is in the answer to join.
func TestJoinTellsRightsAndCaps(t *testing.T) {
	g, _ := room.RoleViewer.Grant()
	h := open(t, room.Config{Authorize: func(_ context.Context, req room.JoinRequest) (room.Grant, error) { return g, nil }})
	_, a := h.enter("Ana")
	if !a.Can.Chat || a.Can.Moderate {
		t.Errorf("can: %+v", a.Can)
	}
	caps := strings.Join(a.Caps, " ")
	for _, want := range []string{"caption", "poll", "quality"} {
		if !strings.Contains(caps, want) {
			t.Errorf("caps lack %s: %s", want, caps)
		}
	}
	if strings.Contains(caps, "record") {
		t.Errorf("nothing is recorded, and caps are %s", caps)
	}
}

// How good a connection is, and why, is told when it changes, and to who comes
// while it is not good.
func TestQualityIsTold(t *testing.T) {
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 0)
	b.hear("0", publication(t, second.Publications, first.Self.ID, "audio"))
	type told struct {
		List []struct {
			Member, Why string
			Q           int
		}
	}
	is := func(q int, why string) func(told) bool {
		return func(e told) bool {
			for _, x := range e.List {
				if x.Member == first.Self.ID && x.Q == q && x.Why == why {
					return true
				}
			}
			return false
		}
	}
	a.drop()
	next(b.conn, "quality", is(1, "reconnecting"))
	c, _ := h.enter("Cy")
	next(c, "quality", is(1, "reconnecting"))
	a.conn, _ = h.back(first)
	next(b.conn, "quality", is(3, ""))
}

// A poll does not grow for ever by those who come, vote and go.
func TestVotesAreBounded(t *testing.T) {
	h := open(t, room.Config{MaxMembers: 2})
	boss, _ := h.enter("Boss")
	id := strings.Trim(string(boss.must("poll", o{"op": "open", "question": "?", "choices": []string{"a", "b"}}).ID), `"`)
	code := ""
	for n := range 9 {
		c, _ := h.enter("Bo")
		code = c.ask("poll", o{"op": "vote", "id": id, "choice": 1}).Code
		if (code != "") != (n == 8) {
			t.Fatalf("vote %d: %q", n+1, code)
		}
		c.must("leave", o{})
	}
	if code != "limit_exceeded" {
		t.Errorf("beyond the most votes: %q", code)
	}
}
