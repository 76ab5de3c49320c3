package plane

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// What a core was not handed over of an encoding leaves a hole in its history,
// and no replay leads into one: neither after the encoding was wanted there, nor
// where it was kept because the publisher was there.
func TestNoReplayBeforeAHole(t *testing.T) {
	for _, tt := range []struct {
		name string
		here bool // the publisher was on the core
	}{{"the viewer changed", false}, {"the publisher moved", true}} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoomOn(t, 2)
			a, b, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(3, netem.Config{})
			m := newCamera(a)
			large, late := c.slot(false), b.slot(false)
			large.demand.Width, late.demand.Width = 1280, 1280
			if tt.here {
				large.demand.Width = 320
			}
			film := roll(late)
			large.show(m.pub)
			m.play(60)
			if tt.here {
				r.transfer(a, 1)
				m.play(30)
			}
			m.pub.wantKey = true
			m.play(4)
			large.aim(layer.Demand{Width: 320})
			if tt.here {
				r.transfer(a, 0)
			}
			m.play(8)
			r.cores[1].publications[m.pub.pub].retarget(r.now) // tells nothing new
			r.plane.publications[m.pub.pub].retarget(r.now)
			r.deliver()
			late.show(m.pub)
			m.play(60)
			if n := len(film.reel); n < 30*framePackets {
				t.Errorf("%d packets in 2 s", n)
			}
			film.want(t)
		})
	}
}

// A replay goes on only where the core that the subscriber moves to has the rest
// of what is replayed.
func TestReplayMovesIntoNothing(t *testing.T) {
	r := newRoomOn(t, 3)
	a, b, _, d := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{}), r.join(4, netem.Config{})
	m := newCamera(a)
	d.slot(false).show(m.pub) // keeps a history on the second core
	s := b.slot(false)
	film := roll(s)
	m.play(60)
	m.pub.wantKey = true
	m.play(14)
	s.show(m.pub)
	r.run(40 * time.Millisecond)
	if replaying := r.cores[1].slots[s.slot].outbound.replay.in != nil; !replaying || !r.transfer(b, 2) {
		t.Fatalf("replaying %t, or b did not move", replaying)
	}
	m.play(60)
	if n := len(film.reel); n < 30*framePackets {
		t.Errorf("%d packets in 2 s", n)
	}
	film.want(t)
}

// A slot that a rule pauses begins again with a key frame.
func TestRulePauses(t *testing.T) {
	r := newRoomOn(t, 2)
	r.meets = true
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	m := newCamera(a)
	a.enlist()
	s := b.slot(false)
	film := roll(s)
	follow := func(paused bool, d layer.Demand) {
		b.apply(Follow{
			Slot: s.slot, Group: groupID, Home: 1, Rule: Rule{List: ListSpeakers}, Route: s.route, Demand: d, Paused: paused,
		})
		r.deliver()
		m.play(30)
	}
	follow(false, layer.Demand{})
	n := len(film.reel)
	follow(true, layer.Demand{})
	if len(film.reel) != n || n == 0 {
		t.Errorf("%d packets before the pause, %d in it", n, len(film.reel)-n)
	}
	follow(false, layer.Demand{Width: 320})
	if e, _ := s.shown(); len(film.reel) < n+20*framePackets || e != 2 {
		t.Errorf("%d packets after the pause, of encoding %d", len(film.reel)-n, e)
	}
	film.want(t)
}

// want fails the test for what is wrong with what came.
func (w *tile) want(t *testing.T) {
	t.Helper()
	for _, s := range w.check(true) {
		t.Error(s)
	}
}
