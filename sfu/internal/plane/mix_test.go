package plane

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// mix is a meeting in which everything that can happen to layers, slots and
// cores happens at random, one on top of the other.
type mix struct {
	*room
	random  *rand.Rand
	cameras []*camera
	replace []mono.Time       // by camera: when its streams may be replaced
	tiles   []*tile           // video slots
	uses    map[*sender][]int // of each publication: subscriptions by core
	log     []string
}

// tile is a video slot and what it was sent.
type tile struct {
	*sink
	reel   map[uint16]pane
	bound  *camera // by a subscription; nil by a rule or while idle
	rule   bool
	size   int // index in tiles
	paused bool
}

func newMix(t *testing.T, seed uint64, cores int, down netem.Config) *mix {
	x := &mix{room: newRoomOn(t, cores), random: rand.New(rand.NewPCG(seed, 3)), uses: make(map[*sender][]int)}
	x.meets = true
	for i := range 5 {
		c := x.join(i, down)
		if i < 3 {
			x.cameras = append(x.cameras, newCamera(c))
		} else {
			c.video.due = x.now.Add(1000 * time.Hour)
		}
		c.audio.quiet = true
		c.enlist()
		if i >= 3 {
			c.delist(c.video)
		}
	}
	x.replace = make([]mono.Time, len(x.cameras))
	for i, c := range x.clients {
		for range 1 + i/2 {
			x.tiles = append(x.tiles, roll(c.slot(false)))
		}
		c.slot(true).follow(ListLoudest, 0)
		c.slot(true).follow(ListLoudest, 1)
	}
	return x
}

// play sends frames of all cameras, 30 a second.
func (x *mix) play(frames int) {
	for range frames {
		for _, m := range x.cameras {
			m.frame(x.now)
		}
		x.run(time.Second / 30)
	}
}

// hold makes a publication come to the core of a subscription, and release lets
// it go, as a server does.
func (x *mix) hold(s *sender, core int) {
	if x.uses[s] == nil {
		x.uses[s] = make([]int, len(x.cores))
	}
	if x.uses[s][core]++; x.uses[s][core] == 1 {
		x.reach(s, core)
	}
}

func (x *mix) release(s *sender, core int) {
	if x.uses[s][core]--; x.uses[s][core] == 0 && core != s.core {
		x.applyTo(s.core, Mirror{Publication: s.pub, To: core})
		x.applyTo(core, RemovePublication{Publication: s.pub})
	}
}

func (x *mix) forsake(w *tile, old *camera) {
	if old != nil {
		x.release(old.pub, w.client.core)
	}
}

func (x *mix) subscribe(w *tile, m *camera) {
	old := w.bound
	w.bound, w.rule, w.paused = m, false, false
	x.hold(m.pub, w.client.core)
	w.client.apply(Bind{Slot: w.slot, Publication: m.pub.pub, Route: w.route(0), Demand: tiles[w.size].demand})
	x.forsake(w, old)
}

func (x *mix) unsubscribe(w *tile) {
	old := w.bound
	w.bound, w.rule, w.paused = nil, false, false
	w.client.apply(Unbind{Slot: w.slot})
	x.forsake(w, old)
}

func (x *mix) follow(w *tile, rank int, paused bool) {
	old := w.bound
	w.bound, w.rule, w.paused = nil, true, paused
	w.client.apply(Follow{
		Slot: w.slot, Group: groupID, Home: len(x.cores) - 1, Rule: Rule{List: ListSpeakers, Rank: rank}, Route: w.route,
		Demand: tiles[w.size].demand, Paused: paused,
	})
	x.forsake(w, old)
}

// carry moves a client to another core.
func (x *mix) carry(c *client, to int) {
	from := c.core
	if from == to {
		return
	}
	for _, w := range x.tiles {
		if w.client == c && w.bound != nil {
			x.hold(w.bound.pub, to)
		}
	}
	x.deliver()
	x.regroup(c, to)
	for s, list := range x.uses {
		if s == c.video {
			for core := range list { // those on its new core need no mirror, those on its old one got it
				list[core] = 0
			}
			for _, w := range x.tiles {
				if w.bound != nil && w.bound.pub == s {
					list[w.client.core]++
				}
			}
		}
	}
	for _, w := range x.tiles {
		if w.client == c && w.bound != nil {
			x.release(w.bound.pub, from)
		}
	}
}

// republish ends what a camera publishes and begins anew.
func (x *mix) republish(m *camera) {
	for _, w := range x.tiles {
		if w.bound == m {
			x.unsubscribe(w)
		}
	}
	m.c.delist(m.pub)
	m.c.apply(RemovePublication{Publication: m.pub.pub})
	x.deliver()
	delete(x.uses, m.pub)
	again := *m.pub
	again.pub += 7
	again.wantKey = true
	m.pub, m.c.video = &again, &again
	m.c.apply(AddPublication{Transport: m.c.id, Publication: m.pub.pub, Spec: m.pub.spec})
	e := Enlist{Group: groupID, Home: len(x.cores) - 1, Publication: m.pub.pub, Owner: m.c.id, Core: m.c.core, Spec: &m.pub.spec}
	m.c.apply(e)
	if m.c.core != len(x.cores)-1 {
		x.applyTo(len(x.cores)-1, e)
	}
	x.deliver()
}

// step does one thing at random.
func (x *mix) step() {
	w, m := x.tiles[x.random.IntN(len(x.tiles))], x.cameras[x.random.IntN(len(x.cameras))]
	c := x.clients[x.random.IntN(len(x.clients))]
	n := x.random.IntN(100)
	x.log = append(x.log, fmt.Sprintf("%s: %d slot %d camera %d client %d", stamp(x.now), n, w.slot, m.pub.pub, c.id))
	switch {
	case n < 20:
		w.size = x.random.IntN(len(tiles))
		w.aim(tiles[w.size].demand)
	case n < 36:
		if m.c != w.client {
			x.subscribe(w, m)
		}
	case n < 44:
		x.follow(w, int(w.slot-w.client.id-100)/2, x.random.IntN(4) == 0)
	case n < 47:
		x.unsubscribe(w)
	case n < 55:
		w.paused = !w.paused
		w.client.apply(Pause{Slot: w.slot, Paused: w.paused})
		if w.bound == nil && !w.rule {
			w.paused = false
		}
	case n < 70:
		x.carry(c, x.random.IntN(len(x.cores)))
	case n < 76:
		for m.frames%4 != 0 { // an encoding begins with a key frame
			x.play(1)
		}
		i := x.random.IntN(3)
		m.live[i] = !m.live[i] || !m.live[(i+1)%3] && !m.live[(i+2)%3]
		m.pub.wantKey = m.pub.wantKey || m.live[i]
	case n < 79:
		i := x.random.IntN(len(x.cameras))
		if x.now >= x.replace[i] {
			x.replace[i] = x.now.Add(1200 * time.Millisecond)
			e := &x.cameras[i].encodings[x.random.IntN(3)]
			e.ssrc, e.next = e.ssrc+10, uint64(x.random.IntN(1<<16))
			x.cameras[i].pub.wantKey = true
		}
	case n < 82:
		x.republish(m)
	case n < 87:
		w.client.rtcpPLI(x.now, w.ssrc)
	case n < 97:
		x.only(x.random.IntN(len(x.clients)))
	case n < 99:
		x.room.move(c)
	default:
		if c.mute = !c.mute; !c.mute {
			x.wake(c)
		}
	}
	x.deliver()
}

func (x *mix) wake(c *client) {
	c.mute, c.audio.due = false, x.now
	if c.video.due != mono.Never {
		c.video.due = x.now.Add(1000 * time.Hour)
	}
}

// settle lets everybody be in order again.
func (x *mix) settle() {
	for _, c := range x.clients {
		if c.mute {
			x.wake(c)
		}
	}
	for _, m := range x.cameras {
		for m.frames%4 != 0 {
			x.play(1)
		}
		m.live = [3]bool{true, true, true}
		m.pub.wantKey = true
	}
	for _, w := range x.tiles {
		if w.paused {
			w.paused = false
			w.client.apply(Pause{Slot: w.slot})
		}
	}
	x.deliver()
	x.play(180)
}

// Whatever happens to layers, rules, subscriptions, publications and cores at the
// same time: what a slot is sent is one stream that can be decoded, without gaps
// and repeats, and in the end everybody is sent what it wants.
func TestEverythingAtOnce(t *testing.T) {
	seeds := 3
	if raceEnabled {
		seeds = 1
	}
	for _, tt := range []struct {
		name  string
		cores int
		down  netem.Config
	}{
		{"one core", 1, netem.Config{}}, {"three cores", 3, netem.Config{}},
		{"three cores, loss", 3, netem.Config{Delay: 15 * time.Millisecond, Loss: 0.03, Jitter: 5 * time.Millisecond}},
		{"three full cores", 3, netem.Config{}},
	} {
		for seed := range uint64(seeds) {
			x := newMix(t, seed, tt.cores, tt.down)
			ok := t.Run(fmt.Sprint(tt.name, " ", seed), func(t *testing.T) {
				x.t = t
				clean := tt.down == netem.Config{}
				if tt.name == "three full cores" {
					x.full = func(*Handover) bool { return x.random.IntN(50) == 0 }
					clean = false
				}
				x.play(30)
				for range 150 {
					x.step()
					x.play(x.random.IntN(12))
				}
				x.full = nil
				x.settle()
				before := make(map[*tile]int)
				for _, w := range x.tiles {
					before[w] = w.packets
				}
				x.play(60)
				for _, w := range x.tiles {
					if s := x.starved(w, before[w]); s != "" && tt.down == (netem.Config{}) {
						t.Errorf("slot %d of %d on core %d: %s\n%s", w.slot, w.client.id, w.client.core, s, x.state(w))
					}
					for _, s := range w.check(clean) {
						t.Errorf("slot %d of %d: %s", w.slot, w.client.id, s)
					}
				}
				for _, c := range x.clients {
					for _, s := range c.sinks {
						if s.audio && clean {
							checkGapless(t, s)
						}
					}
				}
				if t.Failed() {
					for _, l := range x.log {
						t.Log(l)
					}
				}
			})
			if !ok {
				return
			}
		}
	}
}

// rtcpPLI asks for a key frame in a slot.
func (c *client) rtcpPLI(now mono.Time, ssrc uint32) {
	c.rtcp(now, report.AppendPLI(nil, uint32(c.id), ssrc))
}
