package report

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// Arrivals are numbers in order of arrival. A bar asks for a block.
func TestReceiverCountsLoss(t *testing.T) {
	type block struct {
		fraction uint8
		lost     int32
		highest  uint32
	}
	for _, tt := range []struct {
		name string
		in   string
		want []block
	}{
		{"all came", "7 8 9 10 |", []block{{0, 0, 10}}},
		{"one of four lost", "7 9 10 |", []block{{64, 1, 10}}},
		{"late is not lost", "7 9 8 10 |", []block{{0, 0, 10}}},
		{"each interval by itself", "7 9 10 | 11 12 13 14 | 18 |", []block{{64, 1, 10}, {0, 1, 14}, {192, 4, 18}}},
		{"late in the next interval", "7 9 | 8 10 |", []block{{85, 1, 9}, {0, 0, 10}}},
		{"duplicates make it negative", "7 8 8 8 |", []block{{0, -2, 8}}},
		{"empty interval", "7 9 | |", []block{{85, 1, 9}, {0, 1, 9}}},
		{"wrap counts a cycle", "65534 65535 0 1 |", []block{{0, 0, 0x10001}}},
		{"loss over the wrap", "65534 2 |", []block{{153, 3, 0x10002}}},
		{"late over the wrap", "65534 0 65535 |", []block{{0, 0, 0x10000}}},
		{"two cycles", "65000 2000 4000 7000 10000 13000 16000 19000 22000 25000 28000 31000 34000 37000 40000 43000 46000 49000 52000 55000 58000 61000 64000 1000 |", []block{{255, 67073 - 24, 0x203e8}}},
		{"largest gap", "7 3007 |", []block{{255, 2999, 3007}}},
		{"a larger gap is a restart", "7 9 3010 3011 |", []block{{0, 0, 3011}}},
		{"late by as much", "9000 6000 |", []block{{0, -1, 9000}}},
		{"a jump back is a restart", "9000 9002 5999 6000 |", []block{{0, 0, 6000}}},
		{"restart in the next interval", "7 8 | 30000 30002 |", []block{{0, 0, 8}, {85, 1, 30002}}},
		{"nothing came", "|", []block{{0, 0, 0}}},
		{"nothing came, then all", "| 7 8 |", []block{{0, 0, 0}, {0, 0, 8}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReceiver(9, 90000)
			var got []block
			for _, s := range strings.Fields(tt.in) {
				if s == "|" {
					b := r.Block(0)
					got = append(got, block{b.FractionLost, b.Lost, b.Highest})
					if b.Lost != r.Lost() || b.SSRC != 9 {
						t.Errorf("in %q: block %+v, but %d lost of SSRC 9", tt.in, b, r.Lost())
					}
					continue
				}
				n, err := strconv.ParseUint(s, 10, 16)
				if err != nil {
					t.Fatal(err)
				}
				r.Push(0, uint16(n), 0)
			}
			for i := range tt.want {
				if i >= len(got) || got[i] != tt.want[i] {
					t.Errorf("in %q: got %+v, want %+v", tt.in, got, tt.want)
					break
				}
			}
		})
	}
}

func TestReceiverLimitsLossTo24Bits(t *testing.T) {
	r := NewReceiver(1, 90000)
	for i := range 3000 { // 2,999 of 3,000 are lost, 3,000 times
		r.Push(0, uint16(i*3000), 0)
	}
	if got := r.Block(0).Lost; got != 1<<23-1 {
		t.Errorf("lost %d, want the largest of 24 bits", got)
	}
	r = NewReceiver(1, 90000)
	for range 1<<23 + 5 {
		r.Push(0, 7, 0)
	}
	if got := r.Block(0).Lost; got != -1<<23 {
		t.Errorf("lost %d, want the smallest of 24 bits", got)
	}
}

func TestReceiverStarts(t *testing.T) {
	r := NewReceiver(1, 48000)
	if r.Started() || r.Lost() != 0 || r.Rate() != 48000 {
		t.Errorf("new: started %t, lost %d, rate %d", r.Started(), r.Lost(), r.Rate())
	}
	r.Push(0, 0, 0)
	if !r.Started() || r.Lost() != 0 {
		t.Errorf("after a packet: started %t, lost %d", r.Started(), r.Lost())
	}
}

// The jitter follows J += (|D| - J)/16 of RFC 3550 section 6.4.1, which is
// calculated here in floating point and in seconds. Timestamps wrap on the way,
// and so would nanoseconds times 90,000 in 64 bits, at 102,481.9 s.
func TestReceiverJitter(t *testing.T) {
	for _, rate := range []uint32{8000, 48000, 90000} {
		for _, spread := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond, time.Second} {
			random := rand.New(rand.NewPCG(uint64(rate), uint64(spread)))
			r := NewReceiver(1, rate)
			want, transit := 0.0, 0.0
			ts, sent := uint32(0xffff0000), mono.Time(102_473*time.Second)
			for i := range 500 {
				now := sent
				if spread > 0 {
					now = now.Add(time.Duration(random.Int64N(int64(spread))))
				}
				r.Push(now, uint16(i), ts)
				this := now.Sub(sent).Seconds()
				if i > 0 {
					want += (math.Abs(this-transit) - want) / 16
				}
				transit = this
				sent = sent.Add(20 * time.Millisecond)
				ts += rate / 50
			}
			ticks := want * float64(rate)
			if got := float64(r.Jitter()); math.Abs(got-ticks) > 1.5 {
				t.Errorf("rate %d, spread %v: jitter %v ticks, want %.1f", rate, spread, got, ticks)
			}
			if got := r.Block(sent).Jitter; got != r.Jitter() {
				t.Errorf("block has jitter %d, want %d", got, r.Jitter())
			}
		}
	}
}

// Appendix A.8 rounds when it divides by 16: the jitter after one packet that
// was late by 160 ticks, in 1/16 ticks, is 160, 150, 141, 132, 124, 116, …
func TestReceiverJitterIsRounded(t *testing.T) {
	r := NewReceiver(1, 1000)
	r.Push(0, 0, 0)
	now := mono.Time(160 * time.Millisecond)
	for i, want := range []uint32{10, 9, 8, 8, 7, 7, 6, 6, 6, 5, 5, 4} {
		r.Push(now, uint16(i+1), 0)
		if got := r.Jitter(); got != want {
			t.Errorf("%d packets after the late one: got %d, want %d", i, got, want)
		}
	}
}

// The figures are those of RFC 3550 section 6.4.1, figure 2.
func TestReceiverTellsDelaySinceSenderReport(t *testing.T) {
	r := NewReceiver(1, 90000)
	r.Push(0, 1, 0)
	if b := r.Block(0); b.LastSR != 0 || b.Delay != 0 {
		t.Errorf("without a report: got %#x and %#x, want zeros", b.LastSR, b.Delay)
	}
	r.SenderReport(1000, 0xb44db705_20000000, 7)
	for _, tt := range []struct {
		after time.Duration
		want  uint32
	}{
		{0, 0},
		{5*time.Second + 250*time.Millisecond, 0x00054000},
		{18 * time.Hour, 64800 << 16},
		{48 * time.Hour, math.MaxUint32}, // what the field can say
	} {
		b := r.Block(mono.Time(1000).Add(tt.after))
		if b.LastSR != 0xb7052000 || b.Delay != tt.want {
			t.Errorf("%v after the report: got %#x and %#x, want 0xb7052000 and %#x", tt.after, b.LastSR, b.Delay, tt.want)
		}
	}
}

func TestReceiverTellsWhenASampleWasCaptured(t *testing.T) {
	const second = mono.Time(time.Second)
	p := publisher{off: -time.Hour}
	var o Offset
	r := NewReceiver(1, 90000)
	if _, ok := r.Captured(0, &o); ok {
		t.Error("known before the first report")
	}
	r.SenderReport(5*second, p.shows(5*second), 0xffffff00)
	if _, ok := r.Captured(0, &o); ok {
		t.Error("known without a clock")
	}
	o.Push(5*second, p.shows(5*second))
	for _, tt := range []struct {
		ts   uint32
		want mono.Time
	}{
		{0xffffff00, 5 * second},
		{0xffffff00 - 90000, 4 * second},
		{90000 - 0x100, 6 * second}, // over the wrap
		{0xffffff00 + 45, 5*second + mono.Time(500*time.Microsecond)},
	} {
		got, ok := r.Captured(tt.ts, &o)
		if d := got.Sub(tt.want); !ok || d.Abs() > time.Microsecond {
			t.Errorf("timestamp %#x: captured at %v, want %v", tt.ts, got, tt.want)
		}
	}
	if _, ok := NewReceiver(1, 0).Captured(0, &o); ok {
		t.Error("known without a rate")
	}
}

func TestReceiverDoesNotAllocate(t *testing.T) {
	r := NewReceiver(1, 90000)
	n := uint16(0)
	if got := testing.AllocsPerRun(1000, func() {
		n++
		r.Push(mono.Time(n)*1e6, n, uint32(n)*90)
		r.Block(mono.Time(n) * 1e6)
	}); got != 0 {
		t.Errorf("%v allocations per packet, want 0", got)
	}
}
