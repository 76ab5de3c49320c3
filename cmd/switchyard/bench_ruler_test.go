//go:build linux && long

package main

import (
	"math"
	"os/exec"
	"testing"
)

// The ruler is straight: what a server does wrong on purpose is what the report
// says.
func TestRulerTellsFaults(t *testing.T) {
	const short = "--server pion-bare --subscribers 3 --duration 5s --bitrate 1000000 "
	r := forward(t, short+"--fault-drop 3")
	if got := 100 * r.LossFraction(); math.Abs(got-3) > 0.3 {
		t.Errorf("3 %% were dropped, the report says %.2f %%", got)
	}
	r = forward(t, short+"--fault-delay 10ms")
	if got := r.DelayMS.P50; math.Abs(got-10) > 1 || r.Lost != 0 {
		t.Errorf("10 ms were added, the report says %.2f ms and %d lost", got, r.Lost)
	}
	// Who stops for 200 ms in a second delays a fifth of the packets, by 100 ms
	// on average: nothing of it may be hidden because sending waited. All packets
	// are looked at: one in 16 has nearly the rhythm of the stalls.
	r = forward(t, short+"--fault-stall 200ms --verify-all")
	if r.DelayMS.P50 > 20 || r.DelayMS.P95 < 100 || r.DelayMS.P99 < 150 || r.Lost != 0 {
		t.Errorf("it stalled for 200 ms in each second, the report says %+v and %d lost", r.DelayMS, r.Lost)
	}
}

// The baseline's two variants work as servers under test.
func TestBaselines(t *testing.T) {
	for _, server := range []string{"pion", "pion-bare"} {
		r := forward(t, "--server "+server+" --subscribers 5 --duration 2s")
		if r.Lost != 0 && r.Client.Bottleneck == "" {
			t.Errorf("%s: lost %d of %d", server, r.Lost, r.Expected)
		}
	}
}

// A client that has a fraction of a processor is named as what gave way.
func TestStarvedClientIsNamed(t *testing.T) {
	for range 4 {
		hog := exec.CommandContext(t.Context(), "taskset", "-c", "1", "sh", "-c", "while :; do :; done")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			hog.Process.Kill()
			hog.Wait()
		})
	}
	r := forward(t, "--subscribers 100 --bitrate 5000000 --duration 4s --cpu-server 0 --cpu-client 1")
	if r.Client.Bottleneck == "" {
		t.Errorf("nothing is named: %+v", r.Client)
	}
}
