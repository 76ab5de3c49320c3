package plane

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// tiles are sizes on the screen, and the encoding of a camera that each needs.
var tiles = []struct {
	demand   layer.Demand
	encoding int
}{
	{layer.Demand{}, 0}, {layer.Demand{Width: 1280, Height: 720}, 0},
	{layer.Demand{Width: 640, Height: 360}, 1}, {layer.Demand{Width: 320, Height: 180}, 2},
	{layer.Demand{Width: 320, FrameRate: 7}, 2}, {layer.Demand{FrameRate: 15}, 0},
}

// A slot whose size changes all the time is one stream of which every frame can
// be decoded: over a clean network, and where packets are late, reordered and
// lost; with one core, or with clients that move between several.
func TestRandomSwitches(t *testing.T) {
	for _, tt := range []struct {
		name     string
		up, down netem.Config
		cores    int
		move     bool
	}{
		{name: "clean", cores: 1},
		{name: "clean, two cores", cores: 2},
		{name: "moving", cores: 3, move: true},
		{name: "loss", cores: 1, down: netem.Config{Loss: 0.03, Delay: 20 * time.Millisecond}},
		{name: "loss, two cores", cores: 2, down: netem.Config{Loss: 0.03, Delay: 20 * time.Millisecond}},
		{name: "reordering on the way up", cores: 2,
			up:   netem.Config{Delay: 10 * time.Millisecond, Jitter: 8 * time.Millisecond, Reorder: 0.1},
			down: netem.Config{Delay: 20 * time.Millisecond}},
		{name: "reordering and loss", cores: 1,
			up:   netem.Config{Delay: 10 * time.Millisecond, Jitter: 30 * time.Millisecond, Reorder: 0.05},
			down: netem.Config{Delay: 20 * time.Millisecond, Loss: 0.02, Jitter: 10 * time.Millisecond, Reorder: 0.05}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(9, 9))
			r := newRoomOn(t, tt.cores)
			a, b := r.join(0, tt.up), r.join(1, tt.down)
			m := newCamera(a)
			s := b.slot(false)
			film := watch(s)
			s.show(m.pub)
			m.play(60)
			for range 250 {
				s.aim(tiles[random.IntN(len(tiles))].demand)
				if tt.move && random.IntN(3) == 0 {
					r.transfer(r.clients[random.IntN(2)], random.IntN(tt.cores))
				}
				m.play(random.IntN(40))
			}
			s.aim(layer.Demand{Width: 320})
			m.play(60)
			r.run(time.Second)
			if e, temporal := s.shown(); e != 2 || temporal < 2 {
				t.Errorf("in the end encoding %d with temporal layer %d is sent, want 2 with all", e, temporal)
			}
			if n := film.check(t); n < 100 {
				t.Errorf("%d switches, want 100", n)
			}
			if len(film) < 8000 {
				t.Errorf("%d packets came", len(film))
			}
		})
	}
}

// A larger picture comes with the next key frame, a smaller one too, and neither
// takes longer than that takes; a request for a smaller one does not wait for its
// turn.
func TestSwitchIsQuick(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{Delay: 10 * time.Millisecond}), r.join(1, netem.Config{Delay: 10 * time.Millisecond})
	m := newCamera(a)
	s := b.slot(false)
	s.show(m.pub)
	m.play(150)
	for i := range 20 {
		tile := tiles[1+i%3]
		s.aim(tile.demand)
		frames := 0
		for e, _ := s.shown(); e != tile.encoding; e, _ = s.shown() {
			m.play(1)
			if frames++; frames > 12 { // a request may have to wait 320 ms
				t.Fatalf("switch %d: encoding %d after %d frames, want %d", i, e, frames, tile.encoding)
			}
		}
		m.play(30)
	}
}

// Temporal layers come and go without a key frame.
func TestFrameRateNeedsNoKeyFrame(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	m := newCamera(a)
	s := b.slot(false)
	film := watch(s)
	s.show(m.pub)
	m.play(90)
	asked := len(a.asked)
	for _, tt := range []struct {
		rate      uint16
		low, high int // packets in 60 frames
	}{{7, 15, 18}, {15, 29, 33}, {0, 55, 60}, {7, 15, 18}, {0, 55, 60}} {
		s.aim(layer.Demand{FrameRate: tt.rate})
		before := len(film)
		m.play(60)
		if got := (len(film) - before) / framePackets; got < tt.low || got > tt.high {
			t.Errorf("at %d frames per second, %d of 60 frames came, want %d to %d", tt.rate, got, tt.low, tt.high)
		}
	}
	if n := len(a.asked) - asked; n > 0 {
		t.Errorf("%d key frames were asked for", n)
	}
	film.check(t)
}

// When the best encoding is not sent any more, the next takes its place; when it
// comes back, it does too.
func TestBestEncodingStops(t *testing.T) {
	r := newRoomOn(t, 2)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	m := newCamera(a)
	s := b.slot(false)
	film := watch(s)
	s.show(m.pub)
	m.play(60)
	for range 5 {
		m.live[0] = false
		m.play(30)
		if e, _ := s.shown(); e != 1 {
			t.Fatalf("a second after encoding 0 stopped, %d is sent, want 1", e)
		}
		m.live[0], m.pub.wantKey = true, true
		m.play(30)
		if e, _ := s.shown(); e != 0 {
			t.Fatalf("a second after encoding 0 came back, %d is sent, want 0", e)
		}
	}
	film.check(t)
}

// demands returns what the publisher was told to send.
func (m *camera) demands() (masks []uint8) {
	for _, e := range m.c.room.news() {
		if e.Kind == EventDemand && e.Publication == m.pub.pub {
			masks = append(masks, e.Encodings)
		}
	}
	return masks
}

// What nobody wants is not asked of the publisher after a while, what somebody
// wants is at once, whatever core the viewers are on.
func TestDemand(t *testing.T) {
	for cores := 1; cores <= 3; cores++ {
		r := newRoomOn(t, cores)
		a, b, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{})
		m := newCamera(a)
		step := func(what string, frames int, want ...uint8) {
			t.Helper()
			m.play(frames)
			got := m.demands()
			if len(got) != len(want) || len(want) > 0 && got[len(got)-1] != want[len(want)-1] {
				t.Errorf("%d cores, %s: told %03b, want %03b", cores, what, got, want)
			}
		}
		step("at first nothing changes", 30)
		step("nobody watches", 90, 0)
		s, s2 := b.slot(false), c.slot(false)
		s.demand.Width, s2.demand.Width = 320, 640
		s.show(m.pub)
		step("one small picture", 2, 0b100)
		s2.show(m.pub)
		step("and a larger one", 2, 0b110)
		m.play(30)
		s2.aim(layer.Demand{Width: 1280})
		step("the largest, at once", 2, 0b111)
		step("the middle one goes on until the switch, and a while", 60)
		step("then it stops", 60, 0b101)
		c.apply(Pause{Slot: s2.slot, Paused: true})
		step("paused, but that may be short", 60)
		step("paused for long", 60, 0b100)
		c.apply(Pause{Slot: s2.slot, Paused: false})
		step("resumed", 2, 0b101)
		b.apply(Unbind{Slot: s.slot})
		step("one left", 150, 0b001)
		c.mute = true
		step("the other is gone", 30*12, 0)
	}
}

// A core is handed over only what it wants.
func TestMirrorGetsWhatItWants(t *testing.T) {
	r := newRoomOn(t, 2)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	m := newCamera(a)
	s := b.slot(false)
	s.show(m.pub)
	s.aim(layer.Demand{Width: 320})
	m.play(60)
	f := r.cores[1].publications[m.pub.pub]
	var before [3]uint64
	for i, in := range f.encodings {
		before[i] = in.stats.PacketsReceived
	}
	m.play(60)
	for i, in := range f.encodings {
		want := uint64(0)
		if i == 2 {
			want = 60 * framePackets
		}
		if got := in.stats.PacketsReceived - before[i]; got != want {
			t.Errorf("encoding %d: %d packets were handed over, want %d", i, got, want)
		}
	}
}

// What is shown in a slot is told when it changes.
func TestLayerIsTold(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	m := newCamera(a)
	s := b.slot(false)
	s.show(m.pub)
	last := func() (w Shown, n int) {
		for _, e := range r.news() {
			if e.Kind == EventLayer {
				w, n = e.Shown, n+1
			}
		}
		return w, n
	}
	m.play(60)
	if w, n := last(); w != (Shown{m.pub.pub, 0, 2, 3, 2, 1280, 720}) || n > 5 {
		t.Errorf("at first: told %+v, %d times", w, n)
	}
	s.aim(layer.Demand{Width: 320, FrameRate: 7})
	m.play(60)
	if w, n := last(); w != (Shown{m.pub.pub, 2, 0, 3, 0, 320, 180}) || n > 2 {
		t.Errorf("small and slow: told %+v, %d times", w, n)
	}
	m.play(60)
	if _, n := last(); n != 0 {
		t.Errorf("told %d times that nothing changed", n)
	}
}
