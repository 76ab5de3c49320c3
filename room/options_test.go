package room_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// A room may be of its own kind, and hooks are told of its whole life.
func TestRoomOfItsOwnKind(t *testing.T) {
	var told strings.Builder
	ended := make(chan struct{})
	first := room.Hooks{
		OnOpen: func(r *room.Room) { told.WriteString("open " + r.Name() + " ") },
		OnJoin: func(m *room.Member) { told.WriteString("join " + m.Name() + m.Identity() + " ") },
	}
	h := open(t, room.Config{Hooks: first.Then(room.Hooks{
		OnJoin:  func(*room.Member) { told.WriteString("again ") },
		OnLeave: func(_ *room.Member, why string) { told.WriteString("leave " + why + " ") },
		OnEnd:   func(_ *room.Room, why string) { told.WriteString("end " + why); close(ended) },
	})})
	r, opened, err := h.OpenWith("r", room.Options{MaxMembers: 1, Linger: time.Hour})
	if err != nil || !opened {
		t.Fatalf("opened %v, %v", opened, err)
	}
	h.enter("ana")
	if code := h.bind("late").ask("join", o{"v": 1, "room": "r", "name": "bob"}).Code; code != "room_full" {
		t.Errorf("the second was answered %q, want room_full", code)
	}
	codecs, err := sfu.NamedCodecs("vp8")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		options room.Options
		want    error
	}{
		{room.Options{Codecs: codecs}, room.ErrBadRequest},
		{room.Options{MaxMembers: -1}, room.ErrBadRequest},
		{room.Options{MaxMembers: 2}, nil},
	} {
		if same, opened, err := h.OpenWith("r", tt.options); opened || !errors.Is(err, tt.want) || err == nil && same != r {
			t.Errorf("%+v: opened %v, %v; want %v", tt.options, opened, err, tt.want)
		}
	}
	h.bind("bob").must("join", o{"v": 1, "room": "r", "name": "bob"})
	if d, ok := r.Describe(); !ok || d.Options.MaxMembers != 2 || d.Options.Linger != time.Hour || len(d.Members) != 2 {
		t.Errorf("described as %+v", d)
	}
	r.Close()
	<-ended
	const want = "open r join ana again join bob again leave ended leave ended end ended"
	if told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
	if _, ok := r.Describe(); ok {
		t.Error("a room that has ended was described")
	}
}

// What the server says reaches everybody, or one, and who comes later.
func TestAnnounce(t *testing.T) {
	h := open(t, room.Config{})
	ana, _ := h.enter("ana")
	bob, b := h.enter("bob")
	r, _ := h.Room("r")
	for _, tt := range []struct {
		text, to string
		want     error
	}{
		{"to all", "", nil},
		{"to bob", b.Self.ID, nil},
		{"", "", room.ErrBadRequest},
		{"\xff", "", room.ErrBadRequest},
		{strings.Repeat("x", 4001), "", room.ErrTooLarge},
		{"x", "nobody", room.ErrNoMember},
	} {
		if err := r.Announce(t.Context(), "Host", tt.text, tt.to); !errors.Is(err, tt.want) {
			t.Errorf("%.20q to %q: %v, want %v", tt.text, tt.to, err, tt.want)
		}
	}
	any := func(message) bool { return true }
	for i, got := range []message{next(ana, "new_message", any), next(bob, "new_message", any), next(bob, "new_message", any)} {
		if want := []string{"to all", "to all", "to bob"}[i]; got.Sender != "server" || got.Name != "Host" || got.Text != want {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
	if _, later := h.enter("eve"); len(later.Chat) != 1 {
		t.Errorf("who came later reads %v, want what was said to all", later.Chat)
	}
	r.Close()
	if err := r.Announce(t.Context(), "", "x", ""); !errors.Is(err, room.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
