package plane

import (
	"slices"
	"testing"
	"time"
)

// Publishers and followers that move from core to core keep their places.
func TestGroupMoves(t *testing.T) {
	r := meeting(t, 3, 9, 2)
	for i := range 60 {
		c := r.clients[i*7%len(r.clients)]
		r.only(i%5, (i+2)%5)
		r.regroup(c, (c.core+1+i%2)%3)
		r.run(230 * time.Millisecond)
	}
	r.only(0, 1)
	r.run(4 * time.Second)
	for i, c := range r.clients {
		for _, s := range []int{0, 1} {
			if got := c.hears(); s != i && !slices.Contains(got, s) {
				t.Errorf("%d on core %d hears %v", i, c.core, got)
			}
		}
		for _, s := range c.sinks {
			checkGapless(t, s)
		}
	}
}

// regroup moves a client that follows only.
func (r *room) regroup(c *client, to int) {
	var moving *Moving
	c.apply(Detach{Transport: c.id, From: c.core, To: to, Done: func(m *Moving) { moving = m }})
	if moving == nil {
		r.t.Fatal("not moved")
	}
	c.core, c.video.core, c.audio.core = to, to, to
	r.applyTo(to, Attach{Moving: moving})
	for i := range r.cores {
		if i != to {
			r.applyTo(i, RoutePath{Path: Path{Remote: c.addr}, To: to})
		}
	}
	r.deliver()
}

// What letters say is said again: when some are lost, it comes right by itself.
func TestLettersMayBeLost(t *testing.T) {
	r := meeting(t, 2, 20, 2)
	r.losesLetters = true
	r.only(18, 19)
	r.run(2 * time.Second)
	r.losesLetters = false
	r.run(4 * time.Second)
	for i, c := range r.clients[:18] {
		if got := c.hears(); !slices.Equal(got, []int{18, 19}) {
			t.Errorf("%d hears %v", i, got)
		}
	}
}

// Nor does it matter if the word is lost that a publisher is on another core.
func TestMovesMayBeMissed(t *testing.T) {
	r := meeting(t, 3, 9, 2)
	r.only(3, 4)
	r.run(3 * time.Second)
	for _, i := range []int{3, 4} {
		c := r.clients[i]
		r.losesLetters = true
		r.regroup(c, (c.core+1)%3)
		r.losesLetters = false
	}
	for _, speakers := range [][]int{{0, 1, 2, 5}, {6, 7, 8}, {3, 4}} {
		r.only(speakers...)
		r.run(4 * time.Second)
	}
	before := make(map[ID]int)
	for _, c := range r.clients {
		for _, s := range c.sinks {
			before[s.slot] = s.packets
		}
	}
	r.run(2 * time.Second)
	for i, c := range r.clients {
		for _, s := range []int{3, 4} {
			if got := c.hears(); s != i && !slices.Contains(got, s) {
				t.Errorf("%d hears %v", i, got)
			}
		}
		for _, s := range c.sinks {
			if n := s.packets - before[s.slot]; n < 95 {
				t.Errorf("slot %d got %d packets in 2 s", s.slot, n)
			}
		}
	}
}

// Nothing of a group is left when all are gone.
func TestNothingIsLeftOfAGroup(t *testing.T) {
	r := meeting(t, 3, 20, 3)
	r.clients[0].slot(false).follow(ListSpeakers, 0)
	r.only(3, 19)
	r.run(2 * time.Second)
	for _, c := range r.clients {
		c.mute = true
		c.apply(RemoveTransport{Transport: c.id})
		c.delist(c.audio)
		c.delist(c.video)
	}
	r.run(3 * time.Second)
	for i, p := range r.cores {
		if n := len(p.groups) + len(p.groupList) + len(p.publications) + len(p.slots) + len(p.transports); n > 0 {
			t.Errorf("core %d: %d groups, %d publications, %d slots, %d transports left", i,
				len(p.groups), len(p.publications), len(p.slots), len(p.transports))
		}
	}
}
