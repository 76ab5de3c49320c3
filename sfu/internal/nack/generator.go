// Package nack repairs loss: it finds out which numbers are missing and when to
// ask for them (RFC 4585 section 6.2.1), and keeps packets to send them again.
package nack

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	window      = 1024 // numbers behind the newest that are known as seen or not
	largestGap  = 1000 // a longer jump is a restart of the sender
	mostMissing = 512  // numbers that are asked for at a time
	soonTries   = 4    // that are a round trip apart
)

// Config tunes a [Generator]. The zero value suits video over the internet.
type Config struct {
	// Wait is how long a packet may be late before it is asked for, so that
	// reordering costs nothing. If zero, 10 ms.
	Wait time.Duration
	// Tries limits the requests for one packet. If zero, 8.
	Tries int
	// Keep is how long after the first request there may be others: senders have
	// forgotten the packet then. If zero, 1 s.
	Keep time.Duration
}

func (c Config) withDefaults() Config {
	if c.Wait == 0 {
		c.Wait = 10 * time.Millisecond
	}
	if c.Tries == 0 {
		c.Tries = 8
	}
	if c.Keep == 0 {
		c.Keep = time.Second
	}
	return c
}

// Generator decides which packets of one stream to ask for, and when.
type Generator struct {
	cfg     Config
	started bool
	newest  uint16
	seen    [window / 64]uint64
	missing []missing // oldest first
	due     mono.Time // the earliest of missing
	lost    int
}

type missing struct {
	number uint16
	tries  int
	first  mono.Time // when it was asked for, valid after one try
	due    mono.Time
}

// pause is the time to the next try: a round trip, and twice as long after each
// try from the fifth on, since it is no single loss then but an outage.
func (m *missing) pause(rtt time.Duration) time.Duration {
	return rtt << max(0, min(m.tries-soonTries, 16))
}

// New returns a generator that has seen nothing.
func New(c Config) *Generator {
	return &Generator{cfg: c.withDefaults(), missing: make([]missing, 0, mostMissing), due: mono.Never}
}

// Push notes a packet that arrived, repaired or not. It returns false if the
// number was seen before, or is so old that this cannot be told.
func (g *Generator) Push(now mono.Time, number uint16) (fresh bool) {
	ahead := int16(number - g.newest)
	switch {
	case !g.started || ahead > largestGap:
		g.restart(number)
		return true
	case ahead > 0:
		for n := g.newest + 1; n != number; n++ {
			g.clear(n)
			g.add(now, n)
		}
		g.newest = number
		g.forget()
	case -int(ahead) >= window || g.has(number):
		return false
	default:
		g.found(number)
	}
	g.set(number)
	return true
}

func (g *Generator) restart(number uint16) {
	g.started, g.newest = true, number
	for i := range g.seen { // what came before counts as seen
		g.seen[i] = ^uint64(0)
	}
	g.missing, g.due = g.missing[:0], mono.Never
}

// add schedules a missing number; the oldest gives way when there are too many.
func (g *Generator) add(now mono.Time, number uint16) {
	if len(g.missing) == mostMissing {
		copy(g.missing, g.missing[1:])
		g.missing = g.missing[:mostMissing-1]
		g.lost++
	}
	m := missing{number: number, due: now.Add(g.cfg.Wait)}
	g.missing = append(g.missing, m)
	g.due = min(g.due, m.due)
}

// forget gives up what has left the window: Push would refuse it. The deadline
// stays, so that Poll is called and Lost asked for.
func (g *Generator) forget() {
	old := 0
	for old < len(g.missing) && g.newest-g.missing[old].number >= window {
		old++
	}
	if old > 0 {
		g.missing = slices.Delete(g.missing, 0, old)
		g.lost += old
	}
}

func (g *Generator) found(number uint16) {
	for i := range g.missing {
		if g.missing[i].number == number {
			g.missing = append(g.missing[:i], g.missing[i+1:]...)
			break
		}
	}
	if len(g.missing) == 0 {
		g.due = mono.Never
	}
}

// Poll appends the numbers to request now to out, and schedules each for
// another try: after rtt, and later each time. What was asked for often or long
// enough is given up.
func (g *Generator) Poll(now mono.Time, rtt time.Duration, out []uint16) []uint16 {
	kept := g.missing[:0]
	g.due = mono.Never
	for _, m := range g.missing {
		if m.due <= now {
			if m.tries == g.cfg.Tries {
				g.lost++
				continue
			}
			out = append(out, m.number)
			g.schedule(now, max(rtt, g.cfg.Wait), &m)
		}
		kept = append(kept, m)
		g.due = min(g.due, m.due)
	}
	g.missing = kept
	return out
}

// schedule notes that a packet is asked for now. If that was the last time, an
// answer is waited for nevertheless.
func (g *Generator) schedule(now mono.Time, rtt time.Duration, m *missing) {
	if m.tries == 0 {
		m.first = now
	}
	m.tries++
	m.due = now.Add(m.pause(rtt))
	if m.due > m.first.Add(g.cfg.Keep) {
		m.tries, m.due = g.cfg.Tries, now.Add(rtt)
	}
}

// Asked returns when a packet that is missing was asked for. It is false if that
// was not exactly once: then it cannot be told which request is answered.
func (g *Generator) Asked(number uint16) (at mono.Time, ok bool) {
	for i := range g.missing {
		if m := &g.missing[i]; m.number == number {
			return m.first, m.tries == 1
		}
	}
	return 0, false
}

// Deadline returns when Poll has something to request or to give up. It may be
// early, never late.
func (g *Generator) Deadline() mono.Time { return g.due }

// Lost returns how many packets were given up since the last call.
func (g *Generator) Lost() int {
	n := g.lost
	g.lost = 0
	return n
}

func (g *Generator) has(n uint16) bool {
	return g.seen[n/64%uint16(len(g.seen))]&(1<<(n%64)) != 0
}
func (g *Generator) set(n uint16)   { g.seen[n/64%uint16(len(g.seen))] |= 1 << (n % 64) }
func (g *Generator) clear(n uint16) { g.seen[n/64%uint16(len(g.seen))] &^= 1 << (n % 64) }
