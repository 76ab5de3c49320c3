package mono

import (
	"math"
	"testing"
	"time"
)

func TestAdd(t *testing.T) {
	const most = time.Duration(math.MaxInt64)
	for _, tt := range []struct {
		name string
		t    Time
		d    time.Duration
		want Time
	}{
		{"nothing", 5, 0, 5},
		{"forward", 5, time.Second, 1_000_000_005},
		{"back", 5, -7, -2},
		{"never stays never", Never, time.Second, Never},
		{"never stays never, back", Never, -time.Second, Never},
		{"one short of never", Never - 2, 1, Never - 1},
		{"just never", Never - 1, 1, Never},
		{"past never", Never - 1, most, Never},
		{"largest step from the start", 0, most, Never},
		{"largest step from before the start", -1, most, Never - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.t.Add(tt.d); got != tt.want {
				t.Errorf("%d.Add(%d): got %d, want %d", tt.t, tt.d, got, tt.want)
			}
		})
	}
}

func TestSub(t *testing.T) {
	for _, tt := range []struct {
		t, u Time
		want time.Duration
	}{
		{7, 7, 0},
		{Time(3 * time.Second), Time(time.Second), 2 * time.Second},
		{Time(time.Second), Time(3 * time.Second), -2 * time.Second},
		{1, -1, 2},
		{Never, 0, math.MaxInt64},
	} {
		if got := tt.t.Sub(tt.u); got != tt.want {
			t.Errorf("%d.Sub(%d): got %v, want %v", tt.t, tt.u, got, tt.want)
		}
	}
}

func TestNeverIsLatest(t *testing.T) {
	for _, d := range []Time{-1, 0, 1, Time(365 * 24 * time.Hour)} {
		if got := min(Never, d); got != d {
			t.Errorf("min(Never, %d): got %d", d, got)
		}
	}
}
