package bench

import (
	"bytes"
	"math"
	"testing"
)

// reread is a report as it comes out of a file.
func reread(t *testing.T, kind string, result any) Report {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, NewReport(kind, "switchyard bench forward", result)); err != nil {
		t.Fatal(err)
	}
	r, err := ReadReport(&b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDiff(t *testing.T) {
	run := func(cpu, p99 float64) *ForwardResult {
		return &ForwardResult{PacketsOut: 1000, Server: ServerFigures{CPUPerPacket: cpu}, DelayMS: Quantiles{P99: p99}}
	}
	a := reread(t, KindForward, run(4, 0))
	b := reread(t, KindForwardRuns, ForwardRuns{[]*ForwardResult{run(1, 5), run(3, 5), run(2, 5)}})
	got, err := Diff(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []Ratio{
		{"packets out per second", 1000, 1000, 1, 1, 1},
		{"server CPU per packet, µs", 4, 2, 0.5, 0.25, 0.75},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	back, err := Diff(b, a)
	if err != nil || math.Abs(back[1].Low-4.0/3) > 1e-9 || back[1].High != 4 {
		t.Errorf("turned over: %+v, %v", back, err)
	}
}

func TestDiffRefuses(t *testing.T) {
	good := reread(t, KindForward, &ForwardResult{PacketsOut: 1})
	for _, bad := range []Report{
		reread(t, KindLimit, &LimitResult{}),
		reread(t, KindForwardRuns, ForwardRuns{}),
		reread(t, KindForward, []int{1}),
	} {
		if r, err := Diff(good, bad); err == nil {
			t.Errorf("%s: got %+v", bad.Kind, r)
		}
		if r, err := Diff(bad, good); err == nil {
			t.Errorf("%s first: got %+v", bad.Kind, r)
		}
	}
}
