package room_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

func ptr(b bool) *bool { return &b }

// opened opens the room with options, or changes it.
func (h *house) opened(o room.Options) *room.Room {
	h.t.Helper()
	r, _, err := h.OpenWith("r", o)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// granted waits until a member was told its rights.
func granted(c *conn, f func(publish []string, chat, data bool) bool) {
	c.t.Helper()
	next(c, "grant", func(e struct {
		Can struct {
			Publish    []string
			Chat, Data bool
		}
	}) bool {
		return f(e.Can.Publish, e.Can.Chat, e.Can.Data)
	})
}

// A policy binds guests from their first moment on, and its changes at once; who
// moderates, and about whom somebody decided, is not bound.
func TestPolicy(t *testing.T) {
	h := open(t, room.Config{})
	h.opened(room.Options{Publish: []room.Source{room.Microphone}, Chat: ptr(false)})
	boss, first := h.publishes("boss", nil)
	if first.Self.Role != "moderator" || len(first.Published) != 2 {
		t.Errorf("the first is %q and publishes %v", first.Self.Role, first.Published)
	}
	boss.must("new_message", o{"cid": "1", "text": "x"})
	b, second := h.publishes("bob", nil)
	if second.Self.Role != "viewer" || len(second.Published) != 1 || second.Published[0].MID != "0" {
		t.Errorf("a guest is %q and publishes %v", second.Self.Role, second.Published)
	}
	if got := b.ask("new_message", o{"cid": "1", "text": "x"}); got.Code != "forbidden" {
		t.Errorf("a guest chats: %q", got.Code)
	}
	b.must("data", o{"topic": "t", "payload": "eA=="})
	c, third := h.enter("cy")
	boss.must("mod", o{"op": "grant", "member": third.Self.ID, "can": o{"publish": []string{"screen"}, "subscribe": true}})
	granted(c, func(publish []string, _, _ bool) bool { return slices.Equal(publish, []string{"screen"}) })

	r := h.opened(room.Options{Publish: []room.Source{}, Chat: ptr(true)})
	granted(b.conn, func(publish []string, chat, data bool) bool { return len(publish) == 0 && chat && data })
	next(boss.conn, "state", func(s state) bool { return len(s.Publications.Del) == 1 })
	b.must("new_message", o{"cid": "2", "text": "x"})
	boss.must("mod", o{"op": "mute_all"})
	if m, _ := r.Member(third.Self.ID); !m.Grant().MayPublish(room.Screen) {
		t.Error("what was decided about a member is gone")
	}
	boss.must("mod", o{"op": "promote", "member": second.Self.ID})
	granted(b.conn, func(publish []string, _, _ bool) bool { return len(publish) == 5 })
	boss.must("mod", o{"op": "demote", "member": second.Self.ID})
	granted(b.conn, func(publish []string, chat, data bool) bool { return len(publish) == 0 && chat && data })
	boss.must("leave", o{})
	granted(b.conn, func(publish []string, _, _ bool) bool { return len(publish) == 5 }) // and takes over
	if s, _ := r.Summary(); s.Options.Publish == nil {
		t.Errorf("options %+v", s.Options)
	}
	if _, _, err := h.OpenWith("r", room.Options{Publish: []room.Source{"nose"}}); !errors.Is(err, room.ErrBadRequest) {
		t.Errorf("a source that there is not: %v", err)
	}
}

// Rights that a token names are not the room's to take.
func TestPolicyAndTokens(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Authorize: func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Token != "" {
			return byToken(ctx, req)
		}
		g, _ := room.RoleGuest.Grant()
		g.ByRoom = true
		return g, nil
	}})
	h.opened(room.Options{Publish: []room.Source{room.Screen}})
	if _, got := h.publishes("named", o{"token": "bob"}); len(got.Published) != 2 {
		t.Errorf("a token that names rights: publishes %v", got.Published)
	}
	other, got := h.publishes("unnamed", nil)
	if len(got.Published) != 0 {
		t.Errorf("a token that names none: publishes %v", got.Published)
	}
	other.must("token", o{"token": ""})
	if got := other.negotiate(o{"mid": "1", "kind": "video", "source": "camera"}); len(got.Published) != 0 {
		t.Errorf("after a new token: publishes %v", got.Published)
	}
	offer := h.guest("x", true).describe()
	if got := h.ask(http.MethodPost, "/whip/r", offer, "Content-Type: "+typeSDP); got.code() != "forbidden" {
		t.Errorf("WHIP: %d %s", got.status, got.body)
	}
}

// A room is closed before anybody comes, and the lobby is kept by methods, too.
func TestRoomIsOpenedClosed(t *testing.T) {
	h := open(t, room.Config{Authorize: byToken})
	r := h.opened(room.Options{Lobby: ptr(true), Locked: ptr(true)})
	if _, got := h.come("192.0.2.1", "", o{"token": "bob"}); got.Code != "locked" {
		t.Errorf("into a locked room: %q", got.Code)
	}
	h.opened(room.Options{Locked: ptr(false)})
	for _, name := range []string{"bob", "eve"} {
		if _, got := h.come("192.0.2.1", "", o{"token": name, "name": name}); got.Code != "waiting" {
			t.Errorf("into the lobby: %q", got.Code)
		}
	}
	d, _ := r.Describe()
	list := d.Tickets
	if len(list) != 2 || list[0].Name != "bob" || list[1].Admitted || list[0].Since.After(list[1].Since) {
		t.Fatalf("waiting: %+v", list)
	}
	if err := errors.Join(r.Admit(list[0].Ticket), r.Deny(list[1].Ticket)); err != nil {
		t.Error(err)
	}
	if err := r.Admit("none"); !errors.Is(err, room.ErrNoMember) {
		t.Errorf("admit nobody: %v", err)
	}
	if _, got := h.come("192.0.2.1", "", o{"token": "bob", "ticket": list[0].Ticket}); got.Code != "" || !got.Room.Lobby {
		t.Errorf("admitted: %q, %+v", got.Code, got.Room)
	}
	if s, _ := r.Summary(); !s.Lobby || s.Locked || s.Options.Lobby != nil {
		t.Errorf("the room is %+v", s)
	}
}
