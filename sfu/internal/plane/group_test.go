package plane

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

const groupID = 900_001

// note keeps what events say of groups.
func (r *room) note(e Event) {
	switch e.Kind {
	case EventShown:
		if r.told == nil {
			r.told = make(map[ID][]ID)
		}
		r.told[e.Slot] = append(r.told[e.Slot], e.Publication)
	case EventSpeakers:
		r.speakers = e.Speakers
	}
}

// enlist makes what a client publishes a part of the group, whose home is the
// last core.
func (c *client) enlist() {
	home := len(c.room.cores) - 1
	for _, s := range []*sender{c.audio, c.video} {
		e := Enlist{Group: groupID, Home: home, Publication: s.pub, Owner: c.id, Core: c.core, Spec: &s.spec}
		c.apply(e)
		if c.core != home {
			c.room.applyTo(home, e)
		}
	}
	c.room.deliver()
}

func (c *client) delist(s *sender) {
	for i := range c.room.cores {
		c.room.applyTo(i, Delist{Group: groupID, Publication: s.pub})
	}
	c.room.deliver()
}

// follow makes a slot follow the group.
func (s *sink) follow(show List, rank int) *sink {
	s.client.apply(Follow{
		Slot: s.slot, Group: groupID, Home: len(s.client.room.cores) - 1, Rule: Rule{List: show, Rank: rank}, Route: s.route,
	})
	s.client.room.deliver()
	return s
}

func (s *sink) route(ID) *Route {
	r := &Route{Extensions: []ExtensionPair{{In: idLevelIn, Out: idLevelOut}}}
	r.PayloadTypes[ptOpus], r.Repairs[ptSlotOpus] = ptSlotOpus, ptSlotRTX
	r.PayloadTypes[ptVP8], r.Repairs[ptSlotVP8] = ptSlotVP8, ptSlotRTX
	return r
}

// meeting is a room of n on so many cores, all of whom are silent and follow the
// k loudest.
func meeting(t *testing.T, cores, n, k int) *room {
	r := newRoomOn(t, cores)
	r.meets = true
	for i := range n {
		c := r.join(i, netem.Config{})
		c.video.due = r.now.Add(time.Hour)
		c.audio.quiet = true
		c.enlist()
		for rank := range k {
			c.slot(true).follow(ListLoudest, rank)
		}
	}
	r.run(time.Second)
	return r
}

// hears returns the numbers of the clients whose voices a client is sent now.
func (c *client) hears() (list []int) {
	for _, s := range c.sinks {
		if f := c.room.cores[c.core].slots[s.slot].outbound; f != nil {
			list = append(list, int(f.fan.id/1000)-1)
		}
	}
	slices.Sort(list)
	return list
}

// only makes these the ones who speak.
func (r *room) only(speakers ...int) {
	for i, c := range r.clients {
		c.audio.quiet = !slices.Contains(speakers, i)
	}
}

// Whoever speaks is heard by all others and not by itself, on one core and on
// several, whatever has to change places for it.
func TestFollowTheLoudest(t *testing.T) {
	for _, cores := range []int{1, 3} {
		t.Run(fmt.Sprint(cores, " cores"), func(t *testing.T) {
			r := meeting(t, cores, 20, 3)
			for _, turn := range [][]int{{17}, {4, 18}, {17, 18, 19}, {0}, {5, 6, 7}} {
				r.only(turn...)
				r.run(3 * time.Second)
				for i, c := range r.clients {
					got := c.hears()
					for _, s := range turn {
						if s != i && !slices.Contains(got, s) {
							t.Errorf("%v speak: %d hears %v", turn, i, got)
						}
					}
					if slices.Contains(got, i) || len(got) != 3 || len(slices.Compact(slices.Clone(got))) != 3 {
						t.Errorf("%v speak: %d hears %v, want three others", turn, i, got)
					}
				}
				if n := len(r.speakers); n != len(turn) {
					t.Errorf("%v speak: told of %d speakers", turn, n)
				}
			}
			for _, c := range r.clients {
				for _, s := range c.sinks {
					checkGapless(t, s)
					if n := len(r.told[s.slot]); n > 12 {
						t.Errorf("slot %d changed %d times in 5 turns: %v", s.slot, n, r.told[s.slot])
					}
				}
			}
		})
	}
}

// Whoever moves in the ranking does not move between slots.
func TestSlotsAreSticky(t *testing.T) {
	r := meeting(t, 2, 6, 3)
	r.only(1, 2, 3)
	r.run(3 * time.Second)
	clear(r.told)
	for _, loudest := range []int{1, 2, 3, 2, 1} {
		r.only(loudest)
		r.run(4 * time.Second)
	}
	if n := len(r.told[r.clients[0].sinks[0].slot]) + len(r.told[r.clients[0].sinks[1].slot]) + len(r.told[r.clients[0].sinks[2].slot]); n != 0 {
		t.Errorf("the slots of one who hears all three changed %d times", n)
	}
}

// Silent members cost other cores nothing: only what slots there show is handed
// over, and what the cores tell each other does not grow with the members.
func TestOnlyTheRankedAreHandedOver(t *testing.T) {
	letters := make(map[int]int)
	for _, n := range []int{20, 40, 80} {
		r := meeting(t, 2, n, 2)
		r.only(10, 21)
		r.run(3 * time.Second)
		handed := 0
		for _, p := range r.cores {
			for _, f := range p.publications {
				handed += len(f.mirrors)
			}
		}
		if handed > 2*4 { // two voices, one more because of one's own, and places that changed
			t.Errorf("%d members: %d publications are handed over", n, handed)
		}
		for _, p := range r.cores {
			if m := len(p.publications) - n; m > 5 {
				t.Errorf("%d members: %d mirrors on core %d", n, m, p.core)
			}
		}
		r.letters = 0
		r.run(5 * time.Second)
		letters[n] = r.letters
	}
	if letters[80] > letters[20]+2 || letters[20] == 0 || letters[20] > 75 {
		t.Errorf("letters in 5 s by members: %v, want the same number, at most 75", letters)
	}
}

// One who joins costs a few letters, however many are there.
func TestJoiningCostsTheSame(t *testing.T) {
	cost := make(map[int]int)
	for _, n := range []int{30, 60, 120} {
		r := meeting(t, 2, n, 2)
		r.letters, r.told = 0, nil
		c := r.join(n, netem.Config{})
		c.audio.quiet = true
		c.enlist()
		c.slot(true).follow(ListLoudest, 0)
		c.slot(true).follow(ListLoudest, 1)
		cost[n] = r.letters
		for slot, list := range r.told {
			if slot < c.id {
				t.Errorf("%d members: a slot of another changed to %v", n, list)
			}
		}
	}
	if cost[30] != cost[60] || cost[60] != cost[120] || cost[120] > 2 {
		t.Errorf("letters for a join by members: %v", cost)
	}
}

// A voice that a peer is subscribed to keeps its slot, and no rule shows it once
// more; when the subscription ends it may be shown by one.
func TestPinnedVoice(t *testing.T) {
	r := meeting(t, 2, 8, 2)
	c := r.clients[0]
	pin := c.slot(true)
	pin.show(r.clients[3].audio)
	r.only(3, 4)
	r.run(3 * time.Second)
	show := func() string { return fmt.Sprint(c.hears(), " pinned ", pin.csrc/1000-1) }
	for _, s := range []int{3, 4} {
		if got := c.hears(); !slices.Contains(got, s) || len(slices.Compact(got)) != 3 {
			t.Errorf("while 3 and 4 speak: %s", show())
		}
	}
	r.only(1, 2, 5, 6)
	r.run(3 * time.Second)
	if pin.csrc != uint32(r.clients[3].audio.pub) {
		t.Errorf("while others speak: %s", show())
	}
	r.only(3)
	r.run(3 * time.Second)
	if got := c.hears(); len(got) != 3 || len(slices.Compact(got)) != 3 {
		t.Errorf("while 3 speaks: %s", show())
	}
	c.apply(Unbind{Slot: pin.slot})
	r.run(3 * time.Second)
	if got := c.hears(); len(got) != 2 || !slices.Contains(got, 3) {
		t.Errorf("after the end of the subscription: %s", show())
	}
}

// What a peer does not want to be shown is not, whoever speaks.
func TestExceptedVoice(t *testing.T) {
	r := meeting(t, 2, 8, 2)
	c := r.clients[0]
	for rank, s := range c.sinks[:2] {
		c.apply(Follow{Slot: s.slot, Group: groupID, Home: 1, Route: s.route, Rule: Rule{
			Rank: rank, Except: []ID{r.clients[3].audio.pub, r.clients[4].audio.pub},
		}})
	}
	r.only(3, 4, 5)
	r.run(3 * time.Second)
	if got := c.hears(); len(got) != 2 || !slices.Contains(got, 5) || slices.Contains(got, 3) || slices.Contains(got, 4) {
		t.Errorf("while 3, 4 and 5 speak, of whom it wants 5: %v", got)
	}
	c.sinks[0].follow(ListLoudest, 0)
	c.sinks[1].follow(ListLoudest, 1)
	r.only(3, 4)
	r.run(3 * time.Second)
	if got := c.hears(); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("while it wants all: %v", got)
	}
}

// The picture of who speaks comes at its key frame; until then the one before
// goes on. Who speaks sees who spoke before.
func TestFollowTheSpeaker(t *testing.T) {
	for _, cores := range []int{1, 2} {
		t.Run(fmt.Sprint(cores, " cores"), func(t *testing.T) {
			r := meeting(t, cores, 5, 1)
			for _, c := range r.clients {
				c.video.due = r.now
			}
			a, b, viewer := r.clients[1], r.clients[2], r.clients[4]
			s := viewer.slot(false).follow(ListSpeakers, 0)
			own := b.slot(false).follow(ListSpeakers, 0)
			r.only(1)
			r.run(4 * time.Second)
			if s.csrc != uint32(a.video.pub) || own.csrc != uint32(a.video.pub) {
				t.Fatalf("while 1 speaks: %d and %d are shown", s.csrc, own.csrc)
			}
			b.deaf = true
			r.only(2)
			r.run(3 * time.Second)
			before := s.packets
			r.run(time.Second)
			if s.csrc != uint32(a.video.pub) || s.packets < before+50 {
				t.Errorf("without a key frame of the next: %d is shown, %d packets in 1 s", s.csrc, s.packets-before)
			}
			b.deaf = false
			r.run(3 * time.Second)
			if s.csrc != uint32(b.video.pub) {
				t.Errorf("after the key frame: %d is shown", s.csrc)
			}
			if own.csrc != uint32(a.video.pub) {
				t.Errorf("who speaks is shown %d, want who spoke before", own.csrc)
			}
			r.only(1)
			r.run(4 * time.Second)
			if s.csrc != uint32(a.video.pub) {
				t.Errorf("after 1 spoke again: %d is shown", s.csrc)
			}
			checkGapless(t, s)
			if got := r.told[s.slot]; !slices.Equal(got[len(got)-2:], []ID{b.video.pub, a.video.pub}) {
				t.Errorf("told %v", got)
			}
		})
	}
}

// The newest screen of another is shown, and nothing when there is none.
func TestFollowTheScreen(t *testing.T) {
	r := meeting(t, 2, 4, 1)
	s := r.clients[0].slot(false).follow(ListScreens, 0)
	share := func(c *client) {
		e := Enlist{Group: groupID, Home: 1, Publication: c.video.pub, Owner: c.id, Core: c.core, Screen: true, Spec: &c.video.spec}
		c.delist(c.video)
		r.applyTo(0, e)
		r.applyTo(1, e)
		r.deliver()
		c.video.due, c.video.wantKey = r.now, true
		r.run(2 * time.Second)
	}
	if len(r.told[s.slot]) != 0 {
		t.Errorf("without a screen: %v", r.told[s.slot])
	}
	share(r.clients[1])
	share(r.clients[0])
	if want := []ID{r.clients[1].video.pub}; !slices.Equal(r.told[s.slot], want) {
		t.Errorf("after its own screen: %v, want %v", r.told[s.slot], want)
	}
	share(r.clients[2])
	r.clients[2].delist(r.clients[2].video)
	r.run(2 * time.Second)
	r.clients[1].apply(RemovePublication{Publication: r.clients[1].video.pub})
	r.clients[1].delist(r.clients[1].video)
	r.run(time.Second)
	one, two := r.clients[1].video.pub, r.clients[2].video.pub
	if want := []ID{one, two, one, 0}; !slices.Equal(r.told[s.slot], want) {
		t.Errorf("shown %v, want %v", r.told[s.slot], want)
	}
}

// A subscription that becomes a rule, and a rule that becomes a subscription, go
// on where nothing has to change.
func TestRulesAndSubscriptions(t *testing.T) {
	r := newRoomOn(t, 2)
	for i := range 6 {
		c := r.join(i, netem.Config{})
		c.video.due = r.now.Add(time.Hour)
		c.audio.quiet = true
		c.enlist()
	}
	c := r.clients[0]
	s, other := c.slot(true), c.slot(true)
	s.show(r.clients[1].audio)
	r.run(time.Second)
	s.follow(ListLoudest, 0)
	other.follow(ListLoudest, 1)
	r.applyTo(c.core, RemovePublication{Publication: r.clients[1].audio.pub}) // the subscription is over
	r.applyTo(1, Mirror{Publication: r.clients[1].audio.pub, To: 0})
	r.deliver()
	r.run(time.Second)
	if !slices.Equal(r.told[s.slot], []ID{r.clients[1].audio.pub}) || s.csrc != uint32(r.clients[1].audio.pub) || s.packets < 90 {
		t.Errorf("as a rule: told %v, %d shown, %d packets", r.told[s.slot], s.csrc, s.packets)
	}
	s.show(r.clients[2].audio)
	r.only(3, 4)
	r.run(3 * time.Second)
	if s.csrc != uint32(r.clients[2].audio.pub) {
		t.Errorf("as a subscription: %d shown", s.csrc)
	}
	checkGapless(t, s)
}
