package room_test

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

type layers struct {
	Publication string
	Active      []string
}

// A publisher that understands is told when nobody watches, when somebody does,
// and again when it resumes; one that does not is told nothing.
func TestPublisherIsToldWhatIsWanted(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", o{"caps": []string{"slots", "layers"}})
	c, third := h.publishes("Cy", nil)
	b, second := h.receives("Bo", 0, 2)
	video := publication(t, second.Publications, first.Self.ID, "video")
	told := func(on bool) {
		t.Helper()
		next(a.conn, "layers", func(e layers) bool {
			return e.Publication == video.ID && (len(e.Active) > 0) == on
		})
	}
	told(false)
	b.must("subscribe", o{"publications": []o{
		{"id": video.ID, "w": 320, "h": 180, "fps": 15}, {"id": publication(t, second.Publications, third.Self.ID, "video").ID},
	}})
	told(true)
	b.must("subscribe", o{"publications": []o{{"id": video.ID, "on": false}}})
	told(false)
	for range len(c.conn.events) {
		if e := <-c.conn.events; e.name == "layers" {
			t.Errorf("a client that does not understand it was told %s", e.arg)
		}
	}
}

func TestSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	_, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 0, 1)
	video := publication(t, second.Publications, first.Self.ID, "video")
	for _, size := range []o{{"w": -1}, {"h": -1}, {"w": 1<<14 + 1}, {"fps": -0.5}} {
		size["id"] = video.ID
		if got := b.ask("subscribe", o{"publications": []o{size}}); got.Code != "bad_request" {
			t.Errorf("%v: %q", size, got.Code)
		}
	}
	if got := b.must("sync", o{}); shown(got.Slots) != "0:-" {
		t.Errorf("slots %s", shown(got.Slots))
	}
}
