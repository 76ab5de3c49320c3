package room_test

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// A room costs what its members cost: who sends pays for publications, who
// receives for subscriptions, and a silent observer nothing.
func TestCostOfRoom(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	_, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 1)
	h.enter("Cy")
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	video := publication(t, second.Publications, first.Self.ID, "video")
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("0", audio)
	b.hearMore("1", video.N, 50)
	r, _ := h.Room("r")
	got := r.Cost()
	if len(got.Members) != 3 || got.Members[0].Member != first.Self.ID || got.Members[1].Member != second.Self.ID {
		t.Fatalf("cost %+v", got)
	}
	var sum sfu.Cost
	for i, m := range got.Members {
		sum = sum.Add(m.Total)
		if parts := m.Publications.Add(m.Subscriptions); parts.CPU > m.Total.CPU || parts.Bytes > m.Total.Bytes {
			t.Errorf("member %d: %+v is less than its parts", i, m)
		}
		if (m.Publications.CPU > 0) != (i == 0) || (m.Subscriptions.CPU > 0) != (i == 1) || (m.Total.Bytes > 0) != (i < 2) {
			t.Errorf("member %d: %+v", i, m)
		}
	}
	if sum != got.Total {
		t.Errorf("the room costs %+v, its members %+v", got.Total, sum)
	}
	r.Close()
	if c := r.Cost(); c.Total != (sfu.Cost{}) || len(c.Members) != 0 {
		t.Errorf("a room that has ended costs %+v", c)
	}
}
