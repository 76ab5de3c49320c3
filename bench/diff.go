package bench

import (
	"errors"
	"fmt"
	"slices"
)

// KindForwardRuns is a [Report] whose result is a [ForwardRuns].
const KindForwardRuns = "forward-runs"

// ForwardRuns are repetitions of one measurement, each with a new server.
type ForwardRuns struct {
	Runs []*ForwardResult `json:"runs"`
}

// Ratio compares one figure of two reports.
type Ratio struct {
	Name string
	// A and B are the medians of the runs of each report.
	A, B float64
	// Ratio is B ÷ A; Low and High are the smallest and the largest ratio of any
	// run of B to any run of A.
	Ratio, Low, High float64
}

// figures are what [Diff] compares.
var figures = []struct {
	name string
	of   func(*ForwardResult) float64
}{
	{"packets out per second", func(r *ForwardResult) float64 { return r.PacketsOut }},
	{"lost, fraction", func(r *ForwardResult) float64 { return r.LossFraction() }},
	{"server CPU per packet, µs", func(r *ForwardResult) float64 { return r.Server.CPUPerPacket }},
	{"bytes per client", func(r *ForwardResult) float64 { return r.Server.BytesPerClient }},
	{"delay p50, ms", func(r *ForwardResult) float64 { return r.DelayMS.P50 }},
	{"delay p99, ms", func(r *ForwardResult) float64 { return r.DelayMS.P99 }},
	{"join p50, ms", func(r *ForwardResult) float64 { return r.JoinMS.P50 }},
	{"join p99, ms", func(r *ForwardResult) float64 { return r.JoinMS.P99 }},
}

// Diff compares two reports of `bench forward`. Figures that one of them does
// not have, or that are zero, are left out.
func Diff(a, b Report) ([]Ratio, error) {
	before, err := a.runs()
	if err != nil {
		return nil, err
	}
	after, err := b.runs()
	if err != nil {
		return nil, err
	}
	var list []Ratio
	for _, f := range figures {
		va, vb := valuesOf(before, f.of), valuesOf(after, f.of)
		if va[0] <= 0 || vb[0] <= 0 {
			continue
		}
		r := Ratio{Name: f.name, A: median(va), B: median(vb)}
		r.Ratio, r.Low, r.High = r.B/r.A, vb[0]/va[len(va)-1], vb[len(vb)-1]/va[0]
		list = append(list, r)
	}
	return list, nil
}

// valuesOf returns a figure of each run, smallest first.
func valuesOf(runs []*ForwardResult, of func(*ForwardResult) float64) []float64 {
	values := make([]float64, 0, len(runs))
	for _, r := range runs {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values
}

// runs returns the runs of a report that was read, at least one.
func (r Report) runs() ([]*ForwardResult, error) {
	switch r.Kind {
	case KindForward:
		one := new(ForwardResult)
		err := r.Decode(one)
		return []*ForwardResult{one}, err
	case KindForwardRuns:
		var all ForwardRuns
		err := r.Decode(&all)
		if err == nil && len(all.Runs) == 0 {
			err = errors.New("bench: a report without runs")
		}
		return all.Runs, err
	}
	return nil, fmt.Errorf("bench: a report of kind %q cannot be compared, only those of forward, load and whip", r.Kind)
}
