package plane

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// transfer takes a client from its core to another, as a server does.
func (r *room) transfer(c *client, to int) bool {
	from := c.core
	if from == to {
		return false
	}
	for _, other := range r.clients {
		if other != c {
			r.reach(other.video, to)
			r.reach(other.audio, to)
		}
	}
	r.deliver()
	var moving *Moving
	c.apply(Detach{Transport: c.id, From: from, To: to, Done: func(m *Moving) { moving = m }})
	if moving == nil {
		return false
	}
	c.core, c.video.core, c.audio.core = to, to, to
	r.applyTo(to, Attach{Moving: moving})
	for i := range r.cores {
		if i != to {
			r.applyTo(i, RoutePath{Path: Path{Remote: c.addr}, To: to})
		}
	}
	return true
}

// Clients that move from core to core all the time, publishers and subscribers
// alike, lose no packet and are sent none twice; the simulation fails if an
// index is sealed twice.
func TestMoves(t *testing.T) {
	for _, tt := range []struct {
		name string
		net  netem.Config
	}{
		{"clean", netem.Config{Delay: 10 * time.Millisecond}},
		{"reordering", netem.Config{Delay: 10 * time.Millisecond, Jitter: 4 * time.Millisecond, Reorder: 0.02}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 7))
			r := fullOn(t, 3, 5, tt.net)
			r.run(time.Second)
			moved := 0
			for range 200 {
				r.run(37 * time.Millisecond)
				if r.transfer(r.clients[random.IntN(len(r.clients))], random.IntN(len(r.cores))) {
					moved++
				}
			}
			if moved < 100 {
				t.Fatalf("%d moves", moved)
			}
			r.run(time.Second)
			for _, c := range r.clients {
				if n := len(c.asked); n > 6 {
					t.Errorf("client %d was asked for %d key frames: streams were interrupted", c.id, n)
				}
				for _, s := range c.sinks {
					if tt.name == "clean" {
						checkGapless(t, s)
					}
				}
			}
			r.checkFrames(t, 8*30)
			transports := 0
			for _, p := range r.cores {
				transports += len(p.transports)
			}
			if transports != len(r.clients) {
				t.Errorf("%d transports, want %d", transports, len(r.clients))
			}
		})
	}
}
