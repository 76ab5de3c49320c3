package bench

import (
	"fmt"
	"strings"
	"testing"
)

func TestArrivals(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string // N newest, o older, s seen again
	}{
		{"in order", "0 1 2 3", "NNNN"},
		{"begins late", "100 101", "NN"},
		{"again", "0 1 1 0 2", "NNssN"},
		{"reordered", "0 2 1 1 3", "NNosN"},
		{"gap filled late", "0 100 50 50 99 0", "NNosos"},
		{"a jump over the whole window", "0 1 5000 4999 4000 4000", "NNNoos"},
		{"older than the window", "5000 1 1", "Noo"},
		{"wraps in the ring", "2047 2048 4095 2047 2048 2049", "NNNoso"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a arrivals
			var got strings.Builder
			for _, f := range strings.Fields(tt.in) {
				var serial uint32
				fmt.Sscan(f, &serial)
				got.WriteByte("Nos"[a.push(serial)])
			}
			if got.String() != tt.want {
				t.Errorf("in %q: got %q, want %q", tt.in, got.String(), tt.want)
			}
		})
	}
}

func TestMeterCountsTheWindow(t *testing.T) {
	w := &window{}
	m := newMeter(w)
	const ms = 1_000_000
	m.count(newest, stamp{sent: 5 * ms}, 6*ms, 100) // no window yet
	w.end.Store(20 * ms)
	w.start.Store(10 * ms)
	for _, p := range []struct {
		kind          arrival
		sent, arrived int64
	}{
		{newest, 9 * ms, 11 * ms},   // sent before
		{newest, 10 * ms, 12 * ms},  // the first
		{seen, 10 * ms, 13 * ms},    // again
		{newest, 19 * ms, 150 * ms}, // in the window, and late
		{older, 18 * ms, 19 * ms},
		{newest, 20 * ms, 21 * ms}, // sent after
	} {
		m.count(p.kind, stamp{sent: p.sent}, p.arrived, 100)
	}
	if m.received.Load() != 3 || m.bytes != 300 || m.late != 1 || m.reordered != 1 || m.duplicate != 1 {
		t.Errorf("received %d, %d bytes, late %d, reordered %d, duplicate %d",
			m.received.Load(), m.bytes, m.late, m.reordered, m.duplicate)
	}
	if got := m.delay.Max() / ms; got != 131 {
		t.Errorf("largest delay %d ms, want 131", got)
	}
}

func TestHeaderSize(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int
		ok   bool
	}{
		{"\x80\x60", 0, false},
		{"\x40" + strings.Repeat("x", 20), 0, false},
		{"\x80" + strings.Repeat("x", 20), 12, true},
		{"\x82" + strings.Repeat("x", 20), 20, true},
		{"\x8f" + strings.Repeat("x", 20), 72, false},
		{"\x90" + strings.Repeat("x", 11) + "\xbe\xde\x00\x01abcd", 20, true},
		{"\x90" + strings.Repeat("x", 11) + "\xbe\xde\x00\x02abcd", 24, false},
		{"\x90" + strings.Repeat("x", 11) + "\xbe", 0, false},
	} {
		if got, ok := headerSize([]byte(tt.in)); ok != tt.ok || ok && got != tt.want {
			t.Errorf("headerSize(%q) = %d, %v; want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}
