package netem

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const ms = time.Millisecond

// arrival is a datagram that came out of a link.
type arrival struct {
	number uint32
	at     mono.Time
}

// carry sends n datagrams of a size, one every gap, and receives all at their
// deadlines.
func carry(t *testing.T, l *Link, n, size int, gap time.Duration) (out []arrival) {
	t.Helper()
	b := make([]byte, max(size, 4))
	for i := range n {
		now := mono.Time(i) * mono.Time(gap)
		out = append(out, drain(t, l, now)...)
		binary.BigEndian.PutUint32(b, uint32(i))
		l.Send(now, b)
	}
	return append(out, drain(t, l, mono.Never-1)...)
}

// drain receives what is due at a moment.
func drain(t *testing.T, l *Link, now mono.Time) (out []arrival) {
	t.Helper()
	b := make([]byte, 1500)
	for l.Deadline() <= now {
		at := l.Deadline()
		if n, ok := l.Receive(at-1, b); ok {
			t.Fatalf("received %d bytes before the deadline", n)
		}
		n, ok := l.Receive(at, b)
		if !ok || n < 4 {
			t.Fatalf("received %d bytes, %t at the deadline", n, ok)
		}
		out = append(out, arrival{binary.BigEndian.Uint32(b), at})
	}
	return out
}

func TestLinkDeliversAtOnce(t *testing.T) {
	l := New(Config{}, 1)
	if l.Deadline() != mono.Never {
		t.Errorf("empty: deadline %v, want Never", l.Deadline())
	}
	if _, ok := l.Receive(mono.Never-1, nil); ok {
		t.Error("received from an empty link")
	}
	for i, a := range carry(t, l, 100, 4, ms) {
		if a.number != uint32(i) || a.at != mono.Time(i)*mono.Time(ms) {
			t.Fatalf("datagram %d: got number %d at %v", i, a.number, a.at)
		}
	}
}

func TestLinkCopies(t *testing.T) {
	l := New(Config{}, 1)
	b := []byte("first")
	l.Send(0, b)
	copy(b, "other")
	got := make([]byte, 10)
	if n, ok := l.Receive(0, got); !ok || string(got[:n]) != "first" {
		t.Errorf("got %q, want %q", got[:n], "first")
	}
	l.Send(0, []byte("longer than that"))
	if n, ok := l.Receive(0, got); !ok || string(got[:n]) != "longer tha" {
		t.Errorf("got %q, want what fits", got[:n])
	}
}

func TestLinkIsTheSameForTheSameSeed(t *testing.T) {
	c := Config{Loss: 0.1, Duplicate: 0.1, Reorder: 0.2, Delay: 20 * ms, Jitter: 30 * ms, Rate: 1_000_000, Queue: 20_000}
	first := carry(t, New(c, 7), 2000, 500, 3*ms)
	if again := carry(t, New(c, 7), 2000, 500, 3*ms); !slices.Equal(first, again) {
		t.Error("two links of seed 7 differ")
	}
	if other := carry(t, New(c, 8), 2000, 500, 3*ms); slices.Equal(first, other) {
		t.Error("links of seeds 7 and 8 do the same")
	}
}

// Losses and duplicates come as often as was asked for: of 20,000, the bound is
// four standard deviations.
func TestLinkLosesAndDuplicates(t *testing.T) {
	const n = 20_000
	for _, p := range []float64{0, 0.01, 0.1, 0.5, 0.9, 1} {
		bound := 4 * math.Sqrt(n*p*(1-p))
		if got := carry(t, New(Config{Loss: p}, 1), n, 4, ms); math.Abs(float64(n-len(got))-n*p) > bound {
			t.Errorf("loss %v: %d of %d lost", p, n-len(got), n)
		}
		if got := carry(t, New(Config{Duplicate: p}, 1), n, 4, ms); math.Abs(float64(len(got)-n)-n*p) > bound {
			t.Errorf("duplicates %v: %d for %d", p, len(got), n)
		}
	}
}

func TestLinkDelays(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
	}{
		{"delay", Config{Delay: 30 * ms}},
		{"jitter", Config{Jitter: 40 * ms}},
		{"both", Config{Delay: 30 * ms, Jitter: 40 * ms}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			least, most, sum := time.Hour, time.Duration(0), time.Duration(0)
			const n = 2000
			got := carry(t, New(tt.cfg, 1), n, 4, 50*ms) // so far apart that none waits for another
			for i, a := range got {
				if a.number != uint32(i) {
					t.Fatalf("number %d in place %d", a.number, i)
				}
				d := a.at.Sub(mono.Time(a.number) * mono.Time(50*ms))
				least, most, sum = min(least, d), max(most, d), sum+d
			}
			low, high := tt.cfg.Delay, tt.cfg.Delay+tt.cfg.Jitter
			if least < low || least > low+tt.cfg.Jitter/20 || most > high || most < high-tt.cfg.Jitter/20 {
				t.Errorf("delays of %v to %v, want %v to %v", least, most, low, high)
			}
			if d := sum/n - (low+high)/2; d.Abs() > tt.cfg.Jitter/40 {
				t.Errorf("mean delay %v, want %v", sum/n, (low+high)/2)
			}
		})
	}
}

// Jitter alone never changes the order; with Reorder some overtake others.
func TestLinkReorders(t *testing.T) {
	const n = 20_000
	for _, tt := range []struct {
		reorder   float64
		low, high float64 // fraction that came before an earlier one
	}{
		{0, 0, 0},
		{0.05, 0.03, 0.1}, // one that may overtake may be overtaken too
		{1, 0.5, 1},
	} {
		l := New(Config{Delay: 20 * ms, Jitter: 20 * ms, Reorder: tt.reorder}, 1)
		got := carry(t, l, n, 4, ms)
		place := make([]int, n)
		for i, a := range got {
			place[a.number] = i
		}
		overtook, latest := 0, -1
		for _, p := range place {
			if p < latest {
				overtook++
			}
			latest = max(latest, p)
		}
		if f := float64(overtook) / n; len(got) != n || f < tt.low || f > tt.high {
			t.Errorf("reorder %v: %v of %d overtook, want %v to %v", tt.reorder, f, len(got), tt.low, tt.high)
		}
	}
}

func TestLinkLimitsItsRate(t *testing.T) {
	l := New(Config{Rate: 1_000_000, Delay: 10 * ms}, 1)
	got := carry(t, l, 1000, 1250, 0) // 10 ms each on the line, all at once
	if len(got) != 1000 {
		t.Fatalf("%d of 1000 arrived without a limit of the queue", len(got))
	}
	for i, a := range got {
		if want := mono.Time(i+1)*mono.Time(10*ms) + mono.Time(10*ms); a.at != want {
			t.Fatalf("datagram %d arrived at %v, want %v", i, time.Duration(a.at), time.Duration(want))
		}
	}
	l.Send(mono.Time(time.Hour), make([]byte, 125)) // the line is idle again
	if got, want := l.Deadline(), mono.Time(time.Hour+11*ms); got != want {
		t.Errorf("after a pause: due at %v, want %v", time.Duration(got), time.Duration(want))
	}
}

func TestLinkDropsWhatTheQueueCannotHold(t *testing.T) {
	const size = 1250 // 10 ms at this rate
	for _, tt := range []struct{ queue, want int }{
		{1, 1}, // one on the line; nothing may wait behind it but what starts at once
		{size - 1, 1},
		{size, 2},
		{10*size - 1, 10},
		{10 * size, 11},
	} {
		l := New(Config{Rate: 1_000_000, Queue: tt.queue}, 1)
		if got := carry(t, l, 100, size, 0); len(got) != tt.want {
			t.Errorf("queue of %d bytes: %d datagrams of %d bytes came through, want %d", tt.queue, len(got), size, tt.want)
		}
	}

	// At twice the rate half of it comes through, and none later than the queue is long.
	l := New(Config{Rate: 1_000_000, Queue: 10 * size}, 1)
	got := carry(t, l, 2000, size, 5*ms)
	if len(got) < 1000 || len(got) > 1020 {
		t.Errorf("%d of 2000 came through at twice the rate, want about half", len(got))
	}
	for _, a := range got {
		if d := a.at.Sub(mono.Time(a.number) * mono.Time(5*ms)); d > 110*ms {
			t.Fatalf("datagram %d took %v, want at most 110 ms", a.number, d)
		}
	}
}

// FuzzLink sends datagrams of any size at any times: they come out unchanged,
// in the order of their deadlines, and never before they were sent.
func FuzzLink(f *testing.F) {
	f.Add(uint64(1), uint8(10), uint8(10), []byte("\x00\x05\x01\x00\xff\xff\x10\x20"))
	f.Add(uint64(2), uint8(0), uint8(255), []byte("\x05\x05\x00\x05\x00\x05\x00\x05"))
	f.Fuzz(func(t *testing.T, seed uint64, reorder, jitter uint8, steps []byte) {
		l := New(Config{
			Reorder: float64(reorder) / 255, Jitter: time.Duration(jitter) * ms, Duplicate: 0.2, Loss: 0.1, Rate: 100_000, Queue: 2000,
		}, seed)
		now, last := mono.Time(0), mono.Time(0)
		sent := map[string]mono.Time{}
		b := make([]byte, 300)
		receive := func() {
			at := l.Deadline()
			n, ok := l.Receive(now, b)
			if ok != (at <= now) || ok && at < last {
				t.Fatalf("received %t at %v, deadline %v, the one before %v", ok, now, at, last)
			}
			if !ok {
				return
			}
			last = at
			if when, known := sent[string(b[:n])]; !known || at < when {
				t.Fatalf("datagram %x due at %v, sent %t at %v", b[:n], at, known, when)
			}
		}
		for i := 0; i+2 <= len(steps); i += 2 {
			now = now.Add(time.Duration(steps[i]) * ms)
			for l.Deadline() <= now {
				receive()
			}
			receive()
			d := binary.BigEndian.AppendUint32(bytes.Repeat([]byte{steps[i]}, int(steps[i+1])), uint32(i))
			sent[string(d)] = now
			l.Send(now, d)
		}
		now = mono.Never - 1
		for l.Deadline() != mono.Never {
			receive()
		}
	})
}
