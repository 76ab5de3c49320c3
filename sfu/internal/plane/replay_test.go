package plane

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// first returns the first frame that a slot got any packet of, and how many
// frames are not whole between it and the newest: a receiver cannot know what
// came before its first packet.
func (s *sink) first() (first, torn int) {
	for first < len(s.got) && s.got[first] == 0 {
		first++
	}
	for f := first + 1; f < len(s.got)-1; f++ {
		if int(s.got[f]) != s.client.room.clients[0].video.perFrame {
			torn++
		}
	}
	return first, torn
}

// A replay that begins with the first packets of a stream, of which nobody knows
// yet how many will follow, catches up with it all the same.
func TestReplayKeepsUp(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{Delay: 20 * time.Millisecond})
	a.deaf = true
	a.video.perFrame = 30
	r.run(2 * time.Millisecond) // the first frame, a key frame
	s := b.slot(false)
	s.show(a.video)
	a.video.perFrame = 200
	r.run(time.Second)
	o := r.plane.slots[s.slot].outbound
	if o.replay.in != nil {
		t.Errorf("after 1 s the replay is at %d of %d", o.replay.next, o.replay.in.newest)
	}
	if s.packets < 5000 {
		t.Errorf("%d packets in 1 s, want what was sent of 30 frames", s.packets)
	}
}

// A late joiner is shown the newest key frame at once with all that followed,
// and no other is asked for. Without the history, one is.
func TestReplayForLateJoinerIncludesDeltas(t *testing.T) {
	for _, tt := range []struct {
		name string
		age  time.Duration // of the key frame
		off  bool          // the history is empty
		part int           // packets a frame
		lose int           // the packet of the first second that never came; 0 = none
		want bool          // it is replayed
	}{
		{name: "key frame of just now", age: 5 * time.Millisecond, part: 2, want: true},
		{name: "half a second old", age: 500 * time.Millisecond, part: 2, want: true},
		{name: "almost a second old", age: 990 * time.Millisecond, part: 2, want: true},
		{name: "too old", age: 1100 * time.Millisecond, part: 2},
		{name: "200 packets", age: 600 * time.Millisecond, part: 10, want: true},
		{name: "too many packets", age: 800 * time.Millisecond, part: 10},
		{name: "a gap", age: 500 * time.Millisecond, part: 2, lose: 10},
		{name: "without history", age: 500 * time.Millisecond, part: 2, off: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{Delay: 20 * time.Millisecond})
			a.video.perFrame = tt.part
			a.deaf = true
			r.run(2 * time.Millisecond) // the first frame, a key frame
			for range tt.age / time.Millisecond {
				if tt.lose > 0 && int(a.video.next) == 65000+tt.lose {
					a.video.next++
					a.number++
				}
				r.run(time.Millisecond)
			}
			if tt.off {
				in := r.plane.publications[a.video.pub].encodings[0]
				in.history = nack.NewHistory(videoPackets, videoBytes, r.plane.history)
			}
			s := b.slot(false)
			s.show(a.video)
			r.run(30 * time.Millisecond)
			first, _ := s.first()
			if shown := s.packets > 0 && first == 0; shown != tt.want {
				t.Fatalf("after 30 ms: %d packets from frame %d on, want the key frame: %v", s.packets, first, tt.want)
			}
			if asked := len(a.asked) > 0; asked == tt.want {
				t.Errorf("asked for a key frame: %v, want %v", asked, !tt.want)
			}
			if !tt.want {
				a.deaf = false
				r.run(3 * time.Second)
				if s.packets == 0 {
					t.Error("no key frame came either")
				}
				return
			}
			r.run(time.Second)
			if _, torn := s.first(); torn != 0 {
				t.Errorf("%d frames have not all of their packets", torn)
			}
			if behind := int(a.video.frame) - len(s.got); behind > 2 {
				t.Errorf("%d frames behind after a second", behind)
			}
			for i := 1; i < len(s.numbers); i++ {
				if s.numbers[i] != s.numbers[i-1]+1 {
					t.Fatalf("#%d follows #%d", s.numbers[i], s.numbers[i-1])
				}
			}
			checkStamps(t, s, r.now)
		})
	}
}

// checkStamps wants timestamps that never go back and are, in the end, on the
// slot's line: captured when they were.
func checkStamps(t *testing.T, s *sink, now mono.Time) {
	t.Helper()
	for i := 1; i < len(s.stamps); i++ {
		if d := int32(s.stamps[i] - s.stamps[i-1]); d < 0 || d > 9000 {
			t.Fatalf("timestamp step of %d at packet %d", d, i)
		}
	}
	slot := s.client.room.plane.slots[s.slot]
	last, captured := s.stamps[len(s.stamps)-1], slot.line.last.captured
	line := slot.start + uint32(int64(captured.Sub(slot.begin))*90/int64(time.Millisecond))
	if d := int32(last - line); d < -9000 || d > 9000 {
		t.Errorf("the newest timestamp is %d ticks off the slot's line", d)
	}
}

// A replay is sent at two and a half times the rate of what is replayed, and
// what comes meanwhile waits behind it.
func TestReplayIsPaced(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	a.video.perFrame = 7 // 400 kbit/s
	a.deaf = true
	r.run(850 * time.Millisecond)
	bytes := 0
	r.sent = func(d []byte) {
		if packet.Classify(d) == packet.RTP {
			bytes += len(d)
		}
	}
	s := b.slot(false)
	s.show(a.video)
	const rate = 7 * 260 * 30 // bytes a second
	for i := range 20 {
		before := bytes
		r.run(50 * time.Millisecond)
		if got, most := bytes-before, rate*5/2/20+3000; got > most {
			t.Errorf("%d bytes within 50 ms after %d ms, want at most %d", got, 50*i, most)
		}
	}
	if got, want := len(s.numbers), int(a.video.next)-65000; got != want {
		t.Errorf("%d packets a second later, want all %d", got, want)
	}
	if n := len(r.plane.transports[b.id].slots); n != 1 || r.plane.slots[s.slot].outbound.replay.in != nil {
		t.Error("the replay has not ended")
	}
}

// A replay that the history overtakes is given up, and a key frame is asked for.
func TestReplayIsOvertaken(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	r.run(500 * time.Millisecond)
	s := b.slot(false)
	s.show(a.video)
	o := r.plane.slots[s.slot].outbound
	o.replay.pace = 0 // the link takes nothing
	asked := len(a.asked)
	for range 700 {
		a.number++
		a.frame(r.now, a.video)
	}
	r.run(10 * time.Millisecond)
	if o.replay.in != nil || len(a.asked) == asked {
		t.Errorf("%d packets behind: replaying %v, %d requests", replayBehind, o.replay.in != nil, len(a.asked)-asked)
	}
	r.run(time.Second)
	if s.packets == 0 {
		t.Error("nothing came after the key frame")
	}
	checkStamps(t, s, r.now)
}

// Whoever comes back begins with the newest key frame too: after a pause, after
// a silence, with keys that came late.
func TestReplayForWhoComesBack(t *testing.T) {
	for _, tt := range []struct {
		name        string
		leave, back func(r *room, s *sink)
	}{
		{"pause", func(r *room, s *sink) {
			r.apply(Pause{Slot: s.slot, Paused: true})
		}, func(r *room, s *sink) {
			r.apply(Pause{Slot: s.slot})
		}},
		{"silence", func(_ *room, s *sink) { s.client.mute = true }, func(r *room, s *sink) {
			r.apply(Heard{Path: Path{Remote: s.client.addr}})
		}},
		{"another publication", func(r *room, s *sink) {
			s.show(s.client.video)
		}, func(r *room, s *sink) {
			s.show(r.clients[0].video)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
			s := b.slot(false)
			s.show(a.video)
			r.run(2 * time.Second)
			tt.leave(r, s)
			r.run(10 * time.Second)
			a.video.wantKey = true
			r.run(400 * time.Millisecond)
			asked, keys := len(a.asked), a.video.keys
			tt.back(r, s)
			b.mute, b.video.due, b.audio.due = false, r.now, r.now
			before := s.packets
			r.run(10 * time.Millisecond)
			if s.packets == before {
				t.Errorf("nothing was sent within 10 ms")
			}
			r.run(2 * time.Second)
			if len(a.asked) != asked || a.video.keys != keys {
				t.Errorf("%d requests for a key frame", len(a.asked)-asked)
			}
			if got := s.packets - before; got < 140 {
				t.Errorf("%d packets within 2 s, want 120 and those of 400 ms before", got)
			}
			checkForward(t, s)
		})
	}
}

// checkForward wants timestamps that never go back.
func checkForward(t *testing.T, s *sink) {
	t.Helper()
	for i := 1; i < len(s.stamps); i++ {
		if d := int32(s.stamps[i] - s.stamps[i-1]); d < 0 {
			t.Fatalf("timestamp step of %d at packet %d", d, i)
		}
	}
}

// A hundred that come within ten seconds cost a key frame a second at the most,
// all of them see something at once, and nobody misses a packet.
func TestStormOfJoins(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{})
	r.run(3 * time.Second)
	keys := a.video.keys
	var sinks []*sink
	for i := range 100 {
		s := r.join(i+1, netem.Config{}).slot(false)
		s.client.video.due, s.client.audio.due = mono.Never, mono.Never
		s.show(a.video)
		sinks = append(sinks, s)
		r.run(100 * time.Millisecond)
		if s.packets == 0 {
			t.Errorf("join %d: nothing within 100 ms", i)
		}
	}
	r.run(time.Second)
	if got := a.video.keys - keys; got > 11 {
		t.Errorf("100 joins within 10 s cost %d key frames", got)
	}
	for i, s := range sinks {
		if _, torn := s.first(); torn > 0 {
			t.Errorf("join %d: %d frames have not all of their packets", i, torn)
		}
	}
}

// A subscriber that moves to another core amid a replay gets the rest there, and
// one that has seen nothing yet begins there.
func TestReplayMoves(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			r := newRoomOn(t, 2)
			a, b, _, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{}), r.join(3, netem.Config{})
			a.video.perFrame = 7
			c.slot(false).show(a.video) // so that the second core has a history
			r.run(600 * time.Millisecond)
			a.video.wantKey = true
			r.run(700 * time.Millisecond)
			keys := a.video.keys
			s := b.slot(false)
			s.show(a.video)
			r.run(after)
			if replaying := r.cores[1].slots[s.slot].outbound.replay.in != nil; !replaying || !r.transfer(b, 0) {
				t.Fatalf("replaying %v, or b did not move", replaying)
			}
			r.run(2 * time.Second)
			if _, torn := s.first(); torn > 0 {
				t.Errorf("%d frames are not whole", torn)
			}
			if a.video.keys != keys {
				t.Errorf("%d key frames were asked for", a.video.keys-keys)
			}
			if len(s.numbers) < 7*30*2 {
				t.Errorf("%d packets in 2 s", len(s.numbers))
			}
			for i := 1; i < len(s.numbers); i++ {
				if s.numbers[i] != s.numbers[i-1]+1 {
					t.Fatalf("#%d follows #%d", s.numbers[i], s.numbers[i-1])
				}
			}
			checkForward(t, s)
		})
	}
}
