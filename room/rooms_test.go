package room_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// There are only so many rooms, parts of divided ones among them; those that are
// there are not concerned.
func TestRoomsAreLimited(t *testing.T) {
	h := openWeb(t, room.Config{MaxRooms: 3})
	boss, _ := h.enter("boss")
	if _, err := h.Open("a"); err != nil {
		t.Fatal(err)
	}
	if got := boss.ask("breakout", o{"op": "open", "rooms": []o{{"name": "Red"}, {"name": "Blue"}}}); got.Code != "server_busy" {
		t.Errorf("into two parts: %q", got.Code)
	}
	until(t, func() bool { _, ok := h.Room("r.1"); return !ok }) // nothing of it stays
	if got := boss.must("sync", o{}); got.Room.Breakout != nil {
		t.Errorf("it is divided into %s", got.Room.Breakout.where())
	}
	boss.must("breakout", o{"op": "open", "rooms": []o{{"name": "Red"}}})

	c := h.bind("Ana")
	for range 50 { // which is nobody's fault, and so does not count as in vain
		if got := c.ask("join", o{"v": 1, "room": "b"}); got.Code != "server_busy" {
			t.Fatalf("a fourth room: %q", got.Code)
		}
	}
	if _, err := h.Open("b"); !errors.Is(err, room.ErrBusy) {
		t.Errorf("Open: %v", err)
	}
	if _, _, err := h.OpenWith("b", room.Options{MaxMembers: 1}); !errors.Is(err, room.ErrBusy) {
		t.Errorf("OpenWith: %v", err)
	}
	g := h.house.caller("whip")
	g.send(webrtc.MimeTypeOpus)
	if got := h.ask(http.MethodPost, "/whip/b", g.describe(), "Content-Type: "+typeSDP); got.status != http.StatusServiceUnavailable || got.code() != "server_busy" {
		t.Errorf("WHIP: %d %s", got.status, got.body)
	}
	if _, _, err := h.OpenWith("a", room.Options{MaxMembers: 1}); err != nil {
		t.Errorf("a room that is there: %v", err)
	}
	boss.must("breakout", o{"op": "close"})
	until(t, func() bool { _, ok := h.Room("r.1"); return !ok })
	c.must("join", o{"v": 1, "room": "b"})
}
