package bench

import (
	"math"
	"testing"
	"time"
)

func TestPerPacketInterpolates(t *testing.T) {
	costs := TrainCosts{1: 2.0, 2: 1.2, 4: 0.8, 16: 0.5}
	for _, tt := range []struct{ train, want float64 }{
		{1, 2.0}, {2, 1.2}, {4, 0.8}, {16, 0.5},
		{1.5, 1.2 + 0.8/3},
		{8, 0.5 + 0.3/3},
		{0, 2.0}, {-1, 2.0}, {0.5, 2.0}, {math.NaN(), 2.0},
		{17, 0.5}, {math.Inf(1), 0.5},
	} {
		if got := costs.PerPacket(tt.train); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("trains of %v: %v µs, want %v", tt.train, got, tt.want)
		}
	}
	if got := TrainCosts(nil).PerPacket(3); got != 0 {
		t.Errorf("nothing measured: %v", got)
	}
}

func TestLimitModeTakesTheMedian(t *testing.T) {
	m := limitMode("gso-4", 4, []limitRound{
		{cpu: 3 * time.Millisecond, wall: 4 * time.Millisecond, packets: 1000, lost: 1},
		{cpu: 9 * time.Millisecond, wall: 90 * time.Millisecond, packets: 1000},
		{cpu: 10 * time.Millisecond, wall: 10 * time.Millisecond, packets: 2000, lost: 2},
	})
	want := LimitMode{Name: "gso-4", Train: 4, CPU: 5, Wall: 5, Least: 3, Most: 9, Packets: 4000, Lost: 3}
	if m != want {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}
