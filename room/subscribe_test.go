package room_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// stage is a room where three publish a microphone and a camera each, and one
// has slots: audio in front.
type stage struct {
	*house
	speakers [3]*caller
	audio    [3]room.PublicationInfo
	video    [3]room.PublicationInfo
	listener *caller
	slots    []room.SlotInfo // at the join
}

func setStage(t *testing.T, audio, video int) *stage {
	t.Helper()
	s := &stage{house: open(t, room.Config{})}
	var ids [3]string
	for i := range s.speakers {
		c, a := s.publishes(fmt.Sprint("speaker", i), nil)
		s.speakers[i], ids[i] = c, a.Self.ID
	}
	var a ack
	s.listener, a = s.receives("listener", audio, video)
	s.slots = a.Slots
	for i, id := range ids {
		s.audio[i], s.video[i] = publication(t, a.Publications, id, "audio"), publication(t, a.Publications, id, "video")
	}
	return s
}

// names puts names in place of ids: a0 to a2 and v0 to v2.
func (s *stage) names(text string) string {
	for i := range s.audio {
		text = strings.ReplaceAll(text, s.audio[i].ID, fmt.Sprint("a", i))
		text = strings.ReplaceAll(text, s.video[i].ID, fmt.Sprint("v", i))
	}
	return text
}

// subscribe asks and describes the answer: slots, then what was refused and what
// is needed.
func (s *stage) subscribe(arg o) string {
	s.t.Helper()
	a := s.listener.must("subscribe", arg)
	text := shown(a.Slots)
	for _, r := range a.Refused {
		text += " refused " + r.ID + " " + r.Code
	}
	if a.Need.Audio+a.Need.Video > 0 {
		text += fmt.Sprintf(" need %d+%d", a.Need.Audio, a.Need.Video)
	}
	return s.names(text)
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := setStage(t, 4, 2)
	if got := s.names(shown(s.slots)); got != "0:a0 1:a1 2:a2 3:- 4:- 5:-" {
		t.Fatalf("at the join: %s", got)
	}
	on, off := true, false
	for _, tt := range []struct {
		name string
		arg  o
		want string
	}{
		{"nothing", o{}, "0:a0 1:a1 2:a2 3:- 4:- 5:-"},
		{"beside its voice", o{"publications": []o{{"id": s.video[1].ID}}}, "0:a0 1:a1 2:a2 3:- 4:- 5:v1"},
		{"twice", o{"publications": []o{{"id": s.video[1].ID, "on": on}}}, "0:a0 1:a1 2:a2 3:- 4:- 5:v1"},
		{"another", o{"publications": []o{{"id": s.video[0].ID, "on": on}}}, "0:a0 1:a1 2:a2 3:- 4:v0 5:v1"},
		{"one too many", o{"publications": []o{{"id": s.video[2].ID}}}, "0:a0 1:a1 2:a2 3:- 4:v0 5:v1 refused v2 limit_exceeded need 0+3"},
		{"no longer wanted", o{"publications": []o{{"id": s.video[2].ID, "on": off}}}, "0:a0 1:a1 2:a2 3:- 4:v0 5:v1"},
		{"swap, on before off", o{"publications": []o{{"id": s.video[2].ID}, {"id": s.video[0].ID, "on": off}}}, "0:a0 1:a1 2:a2 3:- 4:v2 5:v1"},
		{"replace all", o{"replace": true, "publications": []o{{"id": s.video[0].ID}, {"id": s.video[2].ID}}}, "0:a0 1:a1 2:a2 3:- 4:v2 5:v0"},
		{"replace by too many", o{"replace": true, "publications": []o{{"id": s.video[0].ID}, {"id": s.video[1].ID}, {"id": s.video[2].ID}}},
			"0:a0 1:a1 2:a2 3:- 4:v2 5:v0 refused v1 limit_exceeded need 0+3"},
		{"which waits for a slot", o{"publications": []o{{"id": s.video[0].ID, "on": off}}}, "0:a0 1:a1 2:a2 3:- 4:v2 5:v1"},
		{"replace by nothing", o{"replace": true}, "0:a0 1:a1 2:a2 3:- 4:- 5:-"},
		{"in a slot", o{"publications": []o{{"id": s.video[0].ID, "mid": "5"}}}, "0:a0 1:a1 2:a2 3:- 4:- 5:v0"},
		{"in a slot that is taken", o{"publications": []o{{"id": s.video[1].ID, "mid": "5"}}}, "0:a0 1:a1 2:a2 3:- 4:- 5:v1"},
		{"in another slot", o{"publications": []o{{"id": s.video[1].ID, "mid": "4"}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:-"},
		{"in no slot", o{"publications": []o{{"id": s.video[1].ID, "mid": "x"}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:- refused v1 slot_not_found"},
		{"in a slot of the other kind", o{"publications": []o{{"id": s.video[1].ID, "mid": "0"}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:- refused v1 slot_not_found"},
		{"new in no slot", o{"publications": []o{{"id": s.video[0].ID, "mid": "x"}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:- refused v0 slot_not_found"},
		{"unknown", o{"publications": []o{{"id": "nobody"}, {"id": s.video[0].ID}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:v0 refused nobody publication_not_found"},
		{"on and off", o{"publications": []o{{"id": s.video[0].ID}, {"id": s.video[0].ID, "on": off}}}, "0:a0 1:a1 2:a2 3:- 4:v1 5:-"},
		{"one voice less", o{"publications": []o{{"id": s.audio[1].ID, "on": off}}}, "0:a0 1:- 2:a2 3:- 4:v1 5:-"},
		{"no voice", o{"audio": "none"}, "0:- 1:- 2:- 3:- 4:v1 5:-"},
		{"a list of one", o{"audio": "list", "publications": []o{{"id": s.audio[2].ID}}}, "0:- 1:a2 2:- 3:- 4:v1 5:-"}, // not beside another's picture
		{"voices by themselves, but one", o{"audio": "auto"}, "0:- 1:a2 2:a0 3:- 4:v1 5:-"},
		{"that one, too", o{"audio": "all", "publications": []o{{"id": s.audio[1].ID}}}, "0:a1 1:a2 2:a0 3:- 4:v1 5:-"},
		{"a list of none", o{"audio": "list", "replace": true}, "0:- 1:- 2:- 3:- 4:- 5:-"},
	} {
		if got := s.subscribe(tt.arg); got != tt.want {
			t.Errorf("%s: got %s\nwant %s", tt.name, got, tt.want)
		}
		if st, want := s.media.Stats(), strings.Count(strings.Split(tt.want, " refused")[0], ":")-strings.Count(tt.want, ":-"); st.Subscriptions != want {
			t.Errorf("%s: %d subscriptions on the media plane, want %d", tt.name, st.Subscriptions, want)
		}
	}
	var many []o
	for range 513 {
		many = append(many, o{"id": s.video[0].ID})
	}
	if got := s.listener.ask("subscribe", o{"publications": many}); got.Code != "limit_exceeded" {
		t.Errorf("513 publications: %q", got.Code)
	}
	if got := s.speakers[0].must("subscribe", o{"publications": []o{{"id": s.audio[0].ID}}}); len(got.Refused) != 1 || got.Refused[0].Code != "publication_not_found" {
		t.Errorf("one's own: %+v", got.Refused)
	}
}

// Voices come by themselves; who lacks a slot for one is told how many there
// should be, once, and offers.
func TestVoicesNeedSlots(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 0)
	if got := s.names(shown(s.slots)); got != "0:a0" {
		t.Errorf("at the join: %s", got)
	}
	n := next(s.listener.conn, "need", func(struct{ Audio, Video int }) bool { return true })
	if n.Audio != 3 || n.Video != 0 {
		t.Errorf("need %+v", n)
	}
	s.speakers[1].must("mute", o{"publication": s.audio[1].ID, "muted": true}) // a change that changes nothing here
	next(s.listener.conn, "state", func(s state) bool { return len(s.Publications.Set) > 0 })
	s.listener.slots(webrtc.RTPCodecTypeAudio, 1) // not enough
	if got := s.names(shown(s.listener.negotiate().Slots)); got != "0:a0 1:a1/muted" {
		t.Errorf("with two slots: %s", got)
	}
	seen := 0
	next(s.listener.conn, "need", func(n struct{ Audio int }) bool { seen++; return n.Audio == 3 })
	if seen != 1 {
		t.Errorf("it was asked for %d times", seen)
	}
	s.speakers[0].must("leave", o{})
	e := next(s.listener.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return true })
	if got := s.names(shown(e.Slots)); got != "0:a2" {
		t.Errorf("a slot that is free again: %s", got)
	}
}

// A publication that goes while others wait for its slot makes room for them.
func TestSlotsAreUsedAgain(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	s.subscribe(o{"audio": "none", "publications": []o{{"id": s.video[0].ID}}})
	if got := s.subscribe(o{"publications": []o{{"id": s.video[1].ID}}}); got != "0:- 1:v0 refused v1 limit_exceeded need 0+2" {
		t.Errorf("without a slot: %s", got)
	}
	s.listener.hear("1", s.video[0])
	s.speakers[0].must("unpublish", o{"publication": s.video[0].ID})
	e := next(s.listener.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return true })
	if got := s.names(shown(e.Slots)); got != "1:v1" {
		t.Errorf("slots %s", got)
	}
	s.listener.hear("1", s.video[1])
}
