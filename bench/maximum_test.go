package bench

import (
	"errors"
	"testing"
	"time"
)

func TestFindMaxClosesIn(t *testing.T) {
	for _, limit := range []int{1, 7, 49, 50, 51, 100, 1000, 10_000} {
		best, steps := 0, 0
		err := findMax(50, func(v int) (bool, error) {
			steps++
			if v <= limit {
				best = max(best, v)
			}
			return v <= limit, nil
		})
		if err != nil || steps > mostSteps {
			t.Fatalf("limit %d: %v after %d steps", limit, err, steps)
		}
		if best > limit || float64(best) < 0.9*float64(limit)-1 {
			t.Errorf("limit %d: found %d in %d steps", limit, best, steps)
		}
	}
}

func TestFindMaxStops(t *testing.T) {
	steps := 0
	if err := findMax(1, func(int) (bool, error) { steps++; return true, nil }); err != nil || steps > mostSteps {
		t.Errorf("%v after %d steps", err, steps)
	}
	steps = 0
	if err := findMax(1000, func(int) (bool, error) { steps++; return false, nil }); err != nil || steps > mostSteps {
		t.Errorf("%v after %d steps", err, steps)
	}
	want := errors.New("broken")
	if err := findMax(10, func(int) (bool, error) { return false, want }); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestMaximumJudges(t *testing.T) {
	o := MaximumOptions{MaxLoss: 0.005, MaxDelay: 20 * time.Millisecond}
	for _, tt := range []struct {
		r   ForwardResult
		bad bool
	}{
		{ForwardResult{Expected: 1000, Lost: 5}, false},
		{ForwardResult{Expected: 1000, Lost: 6}, true},
		{ForwardResult{Expected: 1000, DelayMS: Quantiles{P99: 20}}, false},
		{ForwardResult{Expected: 1000, DelayMS: Quantiles{P99: 20.1}}, true},
	} {
		if got := o.judge(&tt.r); (got != "") != tt.bad {
			t.Errorf("%+v: %q", tt.r, got)
		}
	}
}
