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
