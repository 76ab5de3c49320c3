package room_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// crowd is a room of more voices than anybody has slots for. Voices carry no
// levels, so that they are heard while they send.
type crowd struct {
	*house
	t        *testing.T
	callers  []*caller
	voices   []room.PublicationInfo
	speaking []*atomic.Bool
}

func newCrowd(t *testing.T, n int) *crowd {
	c := &crowd{house: open(t, room.Config{}), t: t}
	for range n {
		c.add()
	}
	return c
}

// add lets one more voice join, which is silent.
func (c *crowd) add() ack {
	c.t.Helper()
	v := c.caller(fmt.Sprint("voice", len(c.callers)))
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "stream")
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := v.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		c.t.Fatal(err)
	}
	on := new(atomic.Bool)
	go say(c.t, track, on)
	a := v.join(nil, o{"mid": "0", "kind": "audio", "source": "microphone"})
	for _, p := range a.Publications {
		if p.Member == a.Self.ID {
			c.voices = append(c.voices, p)
		}
	}
	c.callers, c.speaking = append(c.callers, v), append(c.speaking, on)
	return a
}

// say sends a packet each 10 ms while it is on, until the test ends.
func say(t *testing.T, track *webrtc.TrackLocalStaticRTP, on *atomic.Bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: []byte("sound of something")}
	for {
		select {
		case <-t.Context().Done():
			return
		case <-tick.C:
		}
		p.Timestamp += 480
		if on.Load() {
			p.SequenceNumber++
			_ = track.WriteRTP(p) // nobody listens, or it is over
		}
	}
}

// only makes these the ones who speak.
func (c *crowd) only(which ...int) {
	for i, on := range c.speaking {
		on.Store(slices.Contains(which, i))
	}
}

// names describes slots with a0, a1 and so on in place of ids.
func (c *crowd) names(slots map[string]string) string {
	var list []string
	for mid, id := range slots {
		for i, v := range c.voices {
			if v.ID == id {
				id = fmt.Sprint("a", i)
			}
		}
		list = append(list, mid+":"+id)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// watch waits until what a client was told of its slots is so.
func (c *crowd) watch(l *caller, told map[string]string, what string, so func(map[string]string) bool) {
	c.t.Helper()
	if so(told) {
		return
	}
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s: told %s", what, c.names(told))
		}
	}()
	next(l.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool {
		take(told, e.Slots)
		return so(told)
	})
}

func take(told map[string]string, slots []room.SlotInfo) {
	for _, s := range slots {
		told[s.MID] = "-"
		if s.Publication != nil {
			told[s.MID] = *s.Publication
		}
	}
}

// shows tells whether slots show certain voices, each once.
func (c *crowd) shows(voices ...int) func(map[string]string) bool {
	return func(told map[string]string) bool {
		for _, v := range voices {
			n := 0
			for _, id := range told {
				if id == c.voices[v].ID {
					n++
				}
			}
			if n != 1 {
				return false
			}
		}
		return true
	}
}

// With more voices than slots the slots follow the loudest, and the client is
// told what they show; when some leave, everybody has a slot again.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 6)
	l, a := c.receives("listener", 4, 0)
	told := make(map[string]string)
	take(told, a.Slots)
	c.watch(l, told, "in silence", c.shows(0, 1, 2, 3))
	for _, turn := range [][]int{{5}, {4}, {2, 3}} {
		c.only(turn...)
		c.watch(l, told, fmt.Sprint(turn), c.shows(turn...))
		for mid, id := range told {
			for _, v := range turn {
				if c.voices[v].ID == id {
					l.hear(mid, c.voices[v])
				}
			}
		}
	}
	s := next(l.conn, "speakers", func(e struct {
		List []struct {
			Member string
			DB     int
		}
	}) bool {
		return len(e.List) == 2
	})
	if s.List[0].DB != -60 || !slices.ContainsFunc(c.voices[2:4], func(p room.PublicationInfo) bool { return p.Member == s.List[0].Member }) {
		t.Errorf("speakers %+v", s)
	}
	c.callers[0].must("leave", o{})
	c.callers[1].must("leave", o{})
	c.watch(l, told, "when four are left", c.shows(2, 3, 4, 5))
	c.add()
	c.only(6)
	c.watch(l, told, "when one more came", c.shows(6))
	if st := c.media.Stats(); st.Subscriptions != 4 {
		t.Errorf("%d subscriptions, want 4", st.Subscriptions)
	}
}

// In a crowd a voice that was asked for keeps a slot, and one that was turned off
// gets none.
func TestChoicesInACrowd(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 7)
	l, a := c.receives("listener", 4, 0)
	told := make(map[string]string)
	take(told, a.Slots)
	take(told, l.must("subscribe", o{"publications": []o{{"id": c.voices[0].ID}, {"id": c.voices[4].ID, "on": false}}}).Slots)
	c.only(4, 5, 6, 1)
	c.watch(l, told, "while 4, who is off, and 1, 5 and 6 speak", c.shows(0, 1, 5, 6))
	take(told, l.must("subscribe", o{"publications": []o{{"id": c.voices[0].ID, "on": false}, {"id": c.voices[4].ID}}}).Slots)
	c.only(1, 5, 6, 2)
	c.watch(l, told, "while 0 is off and 4, who is on again, is silent", c.shows(1, 2, 5, 6))
	c.only(4, 5, 6, 1)
	take(told, l.must("subscribe", o{"replace": true}).Slots)
	c.watch(l, told, "without choices", c.shows(1, 4, 5, 6))
	take(told, l.must("subscribe", o{"audio": "none"}).Slots)
	if got := c.names(told); got != "0:- 1:- 2:- 3:-" {
		t.Errorf("without audio: %s", got)
	}
	take(told, l.must("subscribe", o{"audio": "auto"}).Slots)
	c.watch(l, told, "with audio again", c.shows(1, 4, 5, 6))
}

// Who has too few slots for a crowd is asked for four.
func TestCrowdNeedsSlots(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 6)
	l, a := c.receives("listener", 2, 0)
	if n := next(l.conn, "need", func(struct{ Audio int }) bool { return true }); n.Audio != 4 {
		t.Errorf("need %+v", n)
	}
	told := make(map[string]string)
	take(told, a.Slots)
	c.only(4, 5)
	c.watch(l, told, "with two slots", c.shows(4, 5))
	l.slots(webrtc.RTPCodecTypeAudio, 2)
	take(told, l.negotiate().Slots)
	c.only(0, 1, 4, 5)
	c.watch(l, told, "with four slots", c.shows(0, 1, 4, 5))
}

// Slots follow rules that the client gives, and show no picture of its own.
func TestRules(t *testing.T) {
	t.Parallel()
	s := setStage(t, 4, 2)
	told := make(map[string]string)
	take(told, s.slots)
	shows := func(mid string, p room.PublicationInfo) {
		t.Helper()
		for told[mid] != p.ID {
			e := next(s.listener.conn, "slots", func(struct{ Slots []room.SlotInfo }) bool { return true })
			take(told, e.Slots)
		}
		s.listener.hear(mid, p)
	}
	take(told, s.listener.must("subscribe", o{"rules": []o{{"mid": "4", "show": "speaker"}, {"mid": "5", "show": "screen"}}}).Slots)
	shows("4", s.video[0]) // nobody is known to speak: the first camera
	s.speakers[1].send(webrtc.MimeTypeVP8)
	a := s.speakers[1].negotiate(o{"mid": "2", "kind": "video", "source": "screen"})
	screen := room.PublicationInfo{ID: a.Published[0].Publication}
	for screen.N == 0 {
		next(s.listener.conn, "state", func(e state) bool {
			for _, p := range e.Publications.Add {
				if p.ID == screen.ID {
					screen = p
				}
			}
			return true
		})
	}
	take(told, s.listener.must("sync", o{}).Slots)
	shows("5", screen)
	own := s.speakers[0].must("subscribe", o{})
	if len(own.Slots) != 0 {
		t.Errorf("a speaker has slots: %+v", own.Slots)
	}
	s.speakers[0].must("leave", o{})
	shows("4", s.video[1])
	if got := s.subscribe(o{"publications": []o{{"id": s.video[2].ID, "mid": "4"}}}); !strings.Contains(got, "4:v2") {
		t.Errorf("another picture in the slot: %s", got)
	}
	s.listener.hear("4", s.video[2])
	for _, tt := range []struct {
		name string
		rule o
		want string
	}{
		{"no such slot", o{"mid": "9", "show": "speaker"}, "refused 9 slot_not_found"},
		{"a picture in an audio slot", o{"mid": "0", "show": "speaker"}, "refused 0 slot_not_found"},
		{"a voice in a video slot", o{"mid": "4", "show": "loudest"}, "refused 4 slot_not_found"},
	} {
		if got := s.subscribe(o{"rules": []o{tt.rule}}); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if got := s.listener.ask("subscribe", o{"rules": []o{{"mid": "4", "show": "me"}}}); got.Code != "bad_request" {
		t.Errorf("an unknown rule: %q", got.Code)
	}
	if got := s.listener.ask("subscribe", o{"rules": slices.Repeat([]o{{"mid": "4", "show": "speaker"}}, 65)}); got.Code != "limit_exceeded" {
		t.Errorf("65 rules: %q", got.Code)
	}
	take(told, s.listener.must("subscribe", o{"replace": true}).Slots)
	if told["4"] != "-" || told["5"] != "-" {
		t.Errorf("after replace: %v", told)
	}
}
