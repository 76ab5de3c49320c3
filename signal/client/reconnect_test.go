package client

import (
	"testing"
	"time"
)

// The delays of stock clients, whose chance is from -1 to 1.
func TestDelays(t *testing.T) {
	for _, tt := range []struct {
		name   string
		r      Reconnect
		chance float64
		want   []time.Duration // ms
	}{
		{"without chance", Reconnect{}, 0, []time.Duration{1000, 2000, 4000, 5000, 5000}},
		{"shortest", Reconnect{}, -1, []time.Duration{500, 1000, 2000, 4000, 4000, 4000}},
		{"longest", Reconnect{}, 1, []time.Duration{1500, 3000, 5000, 5000}},
		{"no jitter", Reconnect{Jitter: -1}, 1, []time.Duration{1000, 2000, 4000, 5000}},
		{"the page's", Reconnect{Delay: 250 * time.Millisecond}, 0, []time.Duration{250, 500, 1000, 2000, 4000, 5000}},
		{"constant", Reconnect{Factor: 1}, 0, []time.Duration{1000, 1000, 1000}},
	} {
		r := tt.r.withDefaults()
		for i, want := range tt.want {
			if got := r.delay(i, tt.chance); got != want*time.Millisecond {
				t.Errorf("%s: after %d failures %v, want %d ms", tt.name, i, got, want)
			}
		}
	}
	r := Reconnect{}.withDefaults()
	if d := r.delay(1<<30, 1); d != r.MaxDelay {
		t.Errorf("after many failures %v", d)
	}
	low, high := 0, 0
	for range 1000 {
		switch c := chance(); {
		case c < -1 || c > 1:
			t.Fatalf("chance is %v", c)
		case c < -0.5:
			low++
		case c > 0.5:
			high++
		}
	}
	if low < 150 || high < 150 {
		t.Errorf("of 1000 chances %d are low and %d high", low, high)
	}
}
