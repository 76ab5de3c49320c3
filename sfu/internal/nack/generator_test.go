package nack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const wait = 10 * time.Millisecond // of the zero Config

// arrive pushes numbers in order of arrival and tells which were fresh: a
// number that was not is an x.
func arrive(t *testing.T, g *Generator, now mono.Time, in string) string {
	t.Helper()
	var out []string
	for _, s := range strings.Fields(in) {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			t.Fatalf("number %q: %v", s, err)
		}
		if !g.Push(now, uint16(n)) {
			s = "x"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestGenerator(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string // numbers in order of arrival
		want string // the same, with an x for what is not fresh
		asks string // what is asked for after the wait
	}{
		{"in order", "7 8 9", "7 8 9", ""},
		{"one missing", "7 9", "7 9", "8"},
		{"several missing", "7 10 12", "7 10 12", "8 9 11"},
		{"only late", "7 9 8", "7 9 8", ""},
		{"late in the middle", "7 11 9", "7 11 9", "8 10"},
		{"duplicate of the newest", "7 8 8", "7 8 x", ""},
		{"duplicate of an older one", "7 8 9 7", "7 8 9 x", ""},
		{"duplicate of a late one", "7 9 8 8", "7 9 8 x", ""},
		{"before the first", "7 6 5", "7 x x", ""},
		{"wraps around", "65534 65535 0 1", "65534 65535 0 1", ""},
		{"missing around the wrap", "65533 2", "65533 2", "65534 65535 0 1"},
		{"late over the wrap", "65535 1 0", "65535 1 0", ""},
		{"late from before the wrap", "65533 1 65535", "65533 1 65535", "65534 0"},
		{"duplicate over the wrap", "65535 0 65535", "65535 0 x", ""},
		{"a jump of 1001 is a restart", "7 1008", "7 1008", ""},
		{"a restart forgets what was missing", "7 9 2000 2002", "7 9 2000 2002", "2001"},
		{"a restart counts what was before as seen", "7 2000 1999 1500", "7 2000 x x", ""},
		{"oldest that is known", "7 9 1008 1031 8", "7 9 1008 1031 8", "*"},
		{"older than the window", "7 9 1008 1032 8", "7 9 1008 1032 x", "*"},
		{"half the numbers away", "7 32775", "7 x", ""},
		{"one less than half the numbers away", "7 32774", "7 32774", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := New(Config{})
			if got := arrive(t, g, 0, tt.in); got != tt.want {
				t.Errorf("in %q: got %q, want %q", tt.in, got, tt.want)
			}
			if tt.asks == "*" {
				return
			}
			got := strings.Trim(fmt.Sprint(g.Poll(mono.Time(wait), 0, nil)), "[]")
			if got != tt.asks {
				t.Errorf("in %q: asked for %q, want %q", tt.in, got, tt.asks)
			}
		})
	}
}

func TestGeneratorAsksOncePerRoundTrip(t *testing.T) {
	const rtt = 40 * time.Millisecond
	g := New(Config{})
	now := mono.Time(0)

	g.Push(now, 10)
	g.Push(now, 13)    // 11 and 12 are late or lost
	now = g.Deadline() // jump, do not sleep
	g.Push(now, 11)    // it was only late
	if got := g.Poll(now, rtt, nil); !slices.Equal(got, []uint16{12}) {
		t.Fatalf("asked for %v, want [12]", got)
	}
	if got := g.Deadline(); got != now.Add(rtt) {
		t.Fatalf("next try at %v, want a round trip after %v", got, now)
	}
	if got := g.Poll(now.Add(rtt-1), rtt, nil); len(got) != 0 {
		t.Fatalf("asked for %v before a round trip was over", got)
	}
	if got := g.Poll(now.Add(rtt), rtt, nil); !slices.Equal(got, []uint16{12}) {
		t.Fatalf("asked again for %v, want [12]", got)
	}
}

func TestGeneratorWaitsBeforeItAsks(t *testing.T) {
	g := New(Config{})
	if got := g.Deadline(); got != mono.Never {
		t.Errorf("empty: deadline %v, want Never", got)
	}
	g.Push(100, 10)
	if got := g.Deadline(); got != mono.Never {
		t.Errorf("nothing missing: deadline %v, want Never", got)
	}
	g.Push(100, 12)
	due := mono.Time(100).Add(wait)
	if got := g.Deadline(); got != due {
		t.Errorf("one missing: deadline %v, want %v", got, due)
	}
	if got := g.Poll(due-1, 0, nil); len(got) != 0 {
		t.Errorf("asked for %v before the wait was over", got)
	}
	if got := g.Poll(due, 0, []uint16{1}); !slices.Equal(got, []uint16{1, 11}) {
		t.Errorf("got %v, want 11 appended to 1", got)
	}
	if got := g.Deadline(); got != due.Add(wait) {
		t.Errorf("with a round trip of 0: deadline %v, want %v", got, due.Add(wait))
	}
	g.Push(due, 11)
	if got := g.Deadline(); got != mono.Never {
		t.Errorf("found: deadline %v, want Never", got)
	}
}

func TestGeneratorGivesUp(t *testing.T) {
	const rtt = 30 * time.Millisecond
	for _, tt := range []struct {
		name string
		cfg  Config
		want int // requests
	}{
		{"by default", Config{}, 8},
		{"after one", Config{Tries: 1}, 1},
		{"after three", Config{Tries: 3, Wait: time.Millisecond}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := New(tt.cfg)
			g.Push(0, 10)
			g.Push(0, 12)
			asked := 0
			for range 100 {
				if g.Deadline() == mono.Never {
					break
				}
				if n := g.Lost(); n != 0 {
					t.Fatalf("%d lost after %d requests, want 0", n, asked)
				}
				asked += len(g.Poll(g.Deadline(), rtt, nil))
			}
			if asked != tt.want || g.Lost() != 1 || g.Lost() != 0 {
				t.Errorf("asked %d times, want %d, and 1 lost, told once", asked, tt.want)
			}
			if !g.Push(mono.Time(time.Second), 11) {
				t.Error("what was given up came after all, and was refused")
			}
		})
	}
}

// What is older than the window would be refused when it comes, so it is not
// asked for either.
func TestGeneratorForgetsWhatItWouldRefuse(t *testing.T) {
	g := New(Config{})
	g.Push(0, 10)
	g.Push(0, 12) // 11 is missing
	for n := uint16(13); n < 11+window; n++ {
		g.Push(0, n)
	}
	if got := g.Poll(mono.Time(wait), 0, nil); !slices.Equal(got, []uint16{11}) {
		t.Fatalf("at the edge of the window: asked for %v, want [11]", got)
	}
	g.Push(mono.Time(wait), 11+window)
	due := g.Deadline()
	if due == mono.Never {
		t.Fatal("nothing is due, so nobody would call Lost")
	}
	if got := g.Poll(due, 0, nil); len(got) != 0 {
		t.Errorf("asked for %v, which is older than the window", got)
	}
	if n := g.Lost(); n != 1 {
		t.Errorf("%d lost, want 1", n)
	}
	if g.Push(due, 11) {
		t.Error("a number older than the window was fresh")
	}
}

func TestGeneratorKeepsTheNewestOfManyMissing(t *testing.T) {
	g := New(Config{})
	g.Push(0, 0)
	g.Push(0, 601) // 1 to 600 are missing
	got := g.Poll(mono.Time(wait), 0, nil)
	if len(got) != mostMissing || got[0] != 601-mostMissing || got[len(got)-1] != 600 {
		t.Errorf("asked for %d numbers from %d to %d, want the newest %d up to 600", len(got), got[0], got[len(got)-1], mostMissing)
	}
	if n := g.Lost(); n != 600-mostMissing {
		t.Errorf("%d lost, want %d", n, 600-mostMissing)
	}
}

func TestGeneratorDoesNotAllocate(t *testing.T) {
	g := New(Config{})
	out := make([]uint16, 0, mostMissing)
	now, n := mono.Time(0), uint16(0)
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(5 * time.Millisecond)
		g.Push(now, n)
		g.Push(now, n+3)
		g.Push(now, n+1)
		g.Push(now, n+1)
		out = g.Poll(now, 20*time.Millisecond, out[:0])
		n += 4
	}); got != 0 {
		t.Errorf("%v allocations per round, want 0", got)
	}
}

func BenchmarkGenerator(b *testing.B) {
	g := New(Config{})
	out := make([]uint16, 0, mostMissing)
	now, n := mono.Time(0), uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		if n++; n%20 == 0 { // 5 % loss
			continue
		}
		g.Push(now, n)
		if g.Deadline() <= now {
			out = g.Poll(now, 50*time.Millisecond, out[:0])
		}
	}
}

// Tries are a round trip apart, then twice as long each time, and end when the
// sender has forgotten the packet.
func TestGeneratorBacksOff(t *testing.T) {
	for _, tt := range []struct {
		rtt  time.Duration
		want string // when it asked, and gave up, in ms after the first time
	}{
		{10 * time.Millisecond, "0 10 20 30 40 60 100 180, 340"},
		{30 * time.Millisecond, "0 30 60 90 120 180 300 540, 570"},
		{120 * time.Millisecond, "0 120 240 360 480 720, 840"},
		{700 * time.Millisecond, "0 700, 1400"},
	} {
		t.Run(tt.rtt.String(), func(t *testing.T) {
			g := New(Config{})
			g.Push(0, 10)
			g.Push(0, 12)
			start := g.Deadline()
			var got []string
			for g.Deadline() != mono.Never && len(got) < 20 {
				now := g.Deadline()
				if len(g.Poll(now, tt.rtt, nil)) > 0 {
					got = append(got, fmt.Sprint(now.Sub(start).Milliseconds()))
				} else {
					got[len(got)-1] += fmt.Sprint(", ", now.Sub(start).Milliseconds())
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("asked at %q, want %q", s, tt.want)
			}
		})
	}
}

// What was asked for once tells the round trip when it comes.
func TestGeneratorAsked(t *testing.T) {
	g := New(Config{})
	g.Push(0, 10)
	g.Push(0, 12)
	if _, ok := g.Asked(11); ok {
		t.Error("not asked for yet")
	}
	g.Poll(mono.Time(wait), wait, nil)
	if at, ok := g.Asked(11); !ok || at != mono.Time(wait) {
		t.Errorf("asked for at %v, %v", at, ok)
	}
	if _, ok := g.Asked(12); ok {
		t.Error("12 came by itself")
	}
	g.Poll(mono.Time(2*wait), wait, nil)
	if _, ok := g.Asked(11); ok {
		t.Error("asked for twice")
	}
}
