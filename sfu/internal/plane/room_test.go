package plane

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// lossy is a link that loses 5 % and reorders.
var lossy = netem.Config{Loss: 0.05, Delay: 15 * time.Millisecond, Jitter: 5 * time.Millisecond, Reorder: 0.02}

// full makes a room of n in which everybody watches and hears everybody else.
func full(t testing.TB, n int, net netem.Config) *room { return fullOn(t, 1, n, net) }

func fullOn(t testing.TB, cores, n int, net netem.Config) *room {
	r := newRoomOn(t, cores)
	for i := range n {
		r.join(i, net)
	}
	for _, c := range r.clients {
		for _, other := range r.clients {
			if other != c {
				c.slot(false).show(other.video)
				c.slot(true).show(other.audio)
			}
		}
	}
	return r
}

// Every subscriber of a room of ten gets every frame of everybody, although
// each link loses 5 % and reorders.
func TestRoomOfTenGetsEveryFrame(t *testing.T) {
	length := 60 * time.Second
	if raceEnabled {
		length = 10 * time.Second
	}
	r := full(t, 10, lossy)
	r.run(length)
	r.checkFrames(t, int(length.Seconds()*30)-50)
}

// The same where the ten live on three cores, and what they send comes to any
// of them.
func TestRoomOfTenOnThreeCores(t *testing.T) {
	r := fullOn(t, 3, 10, lossy)
	r.run(10 * time.Second)
	r.checkFrames(t, 10*30-50)
	for i, p := range r.cores {
		if n := p.stats.Drops[DropUnknownSource]; n > 0 {
			t.Errorf("core %d: %d packets of unknown sources", i, n)
		}
	}
}

// A subscriber on another core asks for a key frame until one comes, and a
// publication that goes is gone there too.
func TestMirror(t *testing.T) {
	r := newRoomOn(t, 2)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	r.run(time.Second)
	a.deaf = true
	s := b.slot(false)
	s.show(a.video)
	r.run(3 * time.Second)
	if len(a.asked) < 3 || s.packets != 0 {
		t.Fatalf("%d requests for a key frame, %d packets without one", len(a.asked), s.packets)
	}
	a.deaf = false
	r.run(3 * time.Second)
	if s.packets < 60 {
		t.Fatalf("%d packets after the key frame", s.packets)
	}
	checkGapless(t, s)
	r.applyTo(0, Mirror{Publication: a.video.pub, To: 1})
	r.applyTo(1, RemovePublication{Publication: a.video.pub})
	before := s.packets
	r.run(time.Second)
	if s.packets != before || len(r.cores[1].publications) != 2 {
		t.Errorf("%d packets after the end, %d publications on the second core, want its own two", s.packets-before, len(r.cores[1].publications))
	}
	s.show(a.video)
	r.run(2 * time.Second)
	if s.packets < before+30 {
		t.Errorf("%d packets when it is shown again", s.packets-before)
	}
}

// checkFrames stops the cameras, waits for the last repairs and checks each
// subscription.
func (r *room) checkFrames(t *testing.T, atLeast int) {
	t.Helper()
	for _, c := range r.clients {
		c.video.due, c.audio.due = r.now.Add(time.Hour), r.now.Add(time.Hour)
	}
	r.run(2 * time.Second)
	for _, c := range r.clients {
		for _, s := range c.sinks {
			if !s.audio {
				s.checkFrames(t, atLeast)
			}
		}
	}
}

// checkFrames wants every frame whole, but for the first and the last one: a
// receiver cannot know what came before its first packet, or after the last.
func (s *sink) checkFrames(t *testing.T, atLeast int) {
	t.Helper()
	first, last := 0, len(s.got)-1
	for first < last && s.got[first] == 0 {
		first++
	}
	whole := 0
	for f := first + 1; f < last; f++ {
		if s.got[f] == 2 {
			whole++
		} else {
			t.Errorf("slot %d: frame %d of %d..%d has %d of 2 packets", s.slot, f, first, last, s.got[f])
		}
	}
	if whole < atLeast {
		t.Errorf("slot %d: %d whole frames, want at least %d", s.slot, whole, atLeast)
	}
}

// Without loss, numbers are gapless and every packet comes once.
func TestNumbersAreGapless(t *testing.T) {
	r := full(t, 3, netem.Config{Delay: 10 * time.Millisecond})
	r.run(5 * time.Second)
	for _, c := range r.clients {
		for _, s := range c.sinks {
			checkGapless(t, s)
		}
	}
}

func checkGapless(t *testing.T, s *sink) {
	t.Helper()
	if len(s.numbers) < 100 {
		t.Fatalf("slot %d got %d packets", s.slot, len(s.numbers))
	}
	if s.numbers[0] != 0x7ff0 {
		t.Errorf("slot %d starts at %#x, want 0x7ff0", s.slot, s.numbers[0])
	}
	for i := 1; i < len(s.numbers); i++ {
		if s.numbers[i] != s.numbers[i-1]+1 {
			t.Fatalf("slot %d: %d follows %d", s.slot, s.numbers[i], s.numbers[i-1])
		}
	}
}

// A slot whose publication changes is one continuous stream: numbers go on,
// timestamps go on at the pace of the clock, picture ids go on.
func TestReplaceIsContinuous(t *testing.T) {
	r := newRoom(t)
	a, b, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{})
	video, audio := c.slot(false), c.slot(true)
	for i := range 50 {
		from := a
		if i%2 == 1 {
			from = b
		}
		video.show(from.video)
		audio.show(from.audio)
		r.run(430 * time.Millisecond)
		if want := uint32(from.video.pub); video.csrc != want {
			t.Fatalf("change %d: CSRC %d, want %d", i, video.csrc, want)
		}
	}
	for _, s := range []*sink{video, audio} {
		checkGapless(t, s)
		rate := 90000.0
		if s.audio {
			rate = 48000
		}
		span := float64(s.stamps[len(s.stamps)-1]-s.stamps[0]) / rate
		if want := (50 * 430 * time.Millisecond).Seconds(); span < want-0.2 || span > want+0.2 {
			t.Errorf("slot %d: timestamps span %.3f s in %.3f s", s.slot, span, want)
		}
		for i := 1; i < len(s.stamps); i++ {
			if d := int32(s.stamps[i] - s.stamps[i-1]); d < 0 || float64(d)/rate > 0.5 {
				t.Fatalf("slot %d: timestamp step %d at packet %d", s.slot, d, i)
			}
		}
	}
	for i := 1; i < len(video.pictures); i++ {
		if d := (video.pictures[i] - video.pictures[i-1]) & 0x7fff; d > 1 {
			t.Fatalf("picture id %d follows %d", video.pictures[i], video.pictures[i-1])
		}
	}
}

// Sender reports say where the slot's timestamps stand.
func TestSenderReportsLieOnTheLine(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{Delay: 20 * time.Millisecond}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(5 * time.Second)
	if len(s.reports) < 4 {
		t.Fatalf("%d sender reports in 5 s", len(s.reports))
	}
	for i := 1; i < len(s.reports); i++ {
		x, y := s.reports[i-1], s.reports[i]
		wall := float64(y.NTP-x.NTP) / (1 << 32)
		media := float64(y.RTP-x.RTP) / 90000
		if d := wall - media; d < -0.03 || d > 0.03 {
			t.Errorf("report %d: %.3f s of clock, %.3f s of media", i, wall, media)
		}
	}
}

// A client without RTX is never sent the same number again: the test opens
// every packet with a replay window, and the sequence would refuse it.
func TestWithoutRTXNothingIsRepeated(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{})
	b := r.join(1, netem.Config{Loss: 0.1, Delay: 10 * time.Millisecond})
	b.noRTX = true
	s := b.slot(false)
	s.show(a.video)
	r.run(3 * time.Second)
	slot := r.plane.slots[s.slot]
	before := slot.stats.PacketsSent
	slot.retransmit(r.now, s.numbers[len(s.numbers)-1], 0xffff)
	if slot.stats.Retransmitted != 0 || r.plane.outbox.Len() != 0 || slot.stats.PacketsSent != before {
		t.Errorf("a NACK without RTX caused %d packets", r.plane.outbox.Len())
	}
	if slot.stats.NACKs == 0 {
		t.Error("the NACK was not counted")
	}
}

// Key-frame requests of many are merged, repeated while somebody waits, and at
// least 320 ms apart.
func TestKeyFrameRequestsAreMerged(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{Delay: 5 * time.Millisecond})
	r.run(2 * time.Second)
	keys := a.video.keys
	for i := range 20 {
		r.join(i+1, netem.Config{}).slot(false).show(a.video)
	}
	r.run(200 * time.Millisecond)
	if got := a.video.keys - keys; got != 1 {
		t.Errorf("20 joins cost %d key frames, want 1", got)
	}
	for range 100 {
		r.apply(AskKeyFrame{Publication: a.video.pub})
		r.run(10 * time.Millisecond)
	}
	if got := a.video.keys - keys; got < 2 || got > 5 {
		t.Errorf("100 requests in a second cost %d key frames, want 2 to 5", got)
	}
}

// A silent peer is reported after 4 s, and not sent anything after 8 s; it gets
// a fresh key frame when it is heard again, and no number is missing.
func TestSilence(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(time.Second)
	b.mute = true
	r.plane.Events(nil)
	r.run(5 * time.Second)
	if e := kinds(r.plane.Events(nil), b.id); len(e) != 1 || e[0] != EventSilent {
		t.Errorf("after 5 s of silence: events %v", e)
	}
	r.run(4 * time.Second)
	sent := r.plane.slots[s.slot].stats.PacketsSent
	r.run(3 * time.Second)
	if got := r.plane.slots[s.slot].stats.PacketsSent; got != sent {
		t.Errorf("%d packets sent to a peer that is silent for more than 8 s", got-sent)
	}
	b.mute = false
	b.video.due, b.audio.due = r.now, r.now
	r.run(time.Second)
	if e := kinds(r.plane.Events(nil), b.id); len(e) != 1 || e[0] != EventHeard {
		t.Errorf("heard again: events %v", e)
	}
	if got := r.plane.slots[s.slot].stats.PacketsSent; got < sent+50 {
		t.Errorf("%d packets in the second after it was heard again", got-sent)
	}
	checkGapless(t, s)
}

func kinds(events []Event, id ID) (list []EventKind) {
	for _, e := range events {
		if e.Transport == id && e.Kind != EventLevel {
			list = append(list, e.Kind)
		}
	}
	return list
}

// Everything that was made is gone after the transports are removed.
func TestNothingIsLeft(t *testing.T) {
	r := full(t, 4, netem.Config{Loss: 0.02, Delay: 5 * time.Millisecond})
	r.run(time.Second)
	for _, c := range r.clients {
		r.apply(RemoveTransport{Transport: c.id})
	}
	p := r.plane
	if n := len(p.transports) + len(p.paths) + len(p.publications) + len(p.slots) + len(p.timers.heap); n != 0 {
		t.Errorf("%d entries left: %d transports, %d paths, %d publications, %d slots, %d timers", n,
			len(p.transports), len(p.paths), len(p.publications), len(p.slots), len(p.timers.heap))
	}
}

// A subscription that ends stops exactly its own slot.
func TestUnbindStopsOneSlot(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	video, audio := b.slot(false), b.slot(true)
	video.show(a.video)
	audio.show(a.audio)
	r.run(time.Second)
	r.apply(Unbind{Slot: video.slot})
	v, s := video.packets, audio.packets
	r.run(time.Second)
	if video.packets != v {
		t.Errorf("%d video packets after Unbind", video.packets-v)
	}
	if audio.packets < s+48 {
		t.Errorf("audio went on with %d packets in a second, want 50", audio.packets-s)
	}
}
