package plane

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever the units, the shares add up to the time, and each is in proportion.
func TestDivisionIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		units := make([]uint64, random.IntN(50))
		var sum uint64
		for i := range units {
			units[i] = random.Uint64N(1 << random.IntN(40))
			sum += units[i]
		}
		whole := time.Duration(random.Int64N(1 << (1 + random.IntN(40))))
		d := divide(whole, sum)
		given := time.Duration(0)
		for _, u := range units {
			share := d.next(u)
			if uint64(whole)>>32 < sum {
				if want := float64(whole) * float64(u) / float64(sum); float64(share) < want-300 || float64(share) > want+300 {
					t.Fatalf("%d of %d units got %v of %v, want %v", u, sum, share, whole, want)
				}
			}
			given += share
		}
		if given+d.left != whole || given > whole || given < 0 {
			t.Fatalf("%v were given and %v are left of %v, for %v", given, d.left, whole, units)
		}
	}
}

// charges is a room whose batches take a time that the test says.
type charges struct {
	*steady
	total time.Duration
}

func (c *charges) play(batches int) {
	for range batches {
		c.fill()
		c.step() // charges a millisecond
		c.total += time.Millisecond
	}
}

func (c *charges) observe(t *testing.T, id ID) (st TransportStats) {
	t.Helper()
	c.plane.Apply(c.now, Observe{Transport: id, Done: func(s TransportStats, ok bool) {
		if st = s; !ok {
			t.Errorf("transport %d is gone", id)
		}
	}})
	return st
}

// What was charged is found at peers and their streams to the nanosecond, and
// a peer keeps what its streams had cost when they end.
func TestCostsAddUp(t *testing.T) {
	c := &charges{steady: newSteady(t, 5)}
	c.play(100)
	sum := c.plane.shared.CPU
	for _, x := range c.clients {
		st := c.observe(t, x.id)
		parts := st.Own
		for _, in := range st.Inbound {
			parts = parts.Add(in.Cost)
		}
		for _, out := range st.Outbound {
			parts = parts.Add(out.Cost)
			if out.Bound != out.Cost || out.PacketsSent == 0 || out.Cost.CPU == 0 {
				t.Errorf("slot %q, bound since it exists: %+v", out.MID, out)
			}
		}
		if parts != st.Cost || st.Cost.CPU == 0 || st.Cost.Bytes == 0 {
			t.Errorf("peer %d: cost %+v, its parts %+v", x.id, st.Cost, parts)
		}
		sum += st.Cost.CPU
	}
	if sum != c.total {
		t.Errorf("costs add up to %v, want %v", sum, c.total)
	}
	viewer := c.clients[1]
	before := c.observe(t, viewer.id)
	for _, s := range viewer.sinks {
		c.apply(RemoveSlot{Slot: s.slot})
	}
	c.apply(RemovePublication{Publication: c.from.video.pub})
	if after := c.observe(t, viewer.id); after.Cost != before.Cost || len(after.Outbound) != 0 {
		t.Errorf("cost %+v without slots, %+v with", after.Cost, before.Cost)
	}
	byPayer := time.Duration(0)
	for _, cpu := range c.plane.stats.CPU {
		byPayer += cpu
	}
	if byPayer != c.total {
		t.Errorf("payers paid %v, want %v", byPayer, c.total)
	}
}

// A subscription costs what it cost since it was bound, and a paused one next to
// nothing.
func TestCostOfSubscription(t *testing.T) {
	c := &charges{steady: newSteady(t, 2)}
	c.play(10)
	one, two := c.clients[1], c.clients[2]
	first := c.observe(t, one.id).Outbound[0]
	if first.Bound.CPU == 0 {
		t.Fatalf("costs %+v", first)
	}
	one.sinks[0].show(c.from.video)
	if again := c.observe(t, one.id).Outbound[0]; again.Bound != (Cost{}) || again.Cost.CPU < first.Cost.CPU {
		t.Errorf("bound anew: %+v", again)
	}
	c.apply(Pause{Slot: two.sinks[0].slot, Paused: true})
	c.plane.Charge(Spent{})
	before := c.observe(t, two.id).Outbound[0].Cost
	c.play(10)
	after := c.observe(t, two.id).Outbound[0].Cost
	if cpu := after.CPU - before.CPU; cpu <= 0 || cpu > 500*time.Microsecond {
		t.Errorf("a paused subscription cost %v of 10 ms", cpu)
	}
	c.apply(Unbind{Slot: one.sinks[0].slot})
	if idle := c.observe(t, one.id).Outbound[0]; idle.Bound != (Cost{}) {
		t.Errorf("an idle slot: %+v", idle)
	}
}
