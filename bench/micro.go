package bench

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/micro"
)

// MicroOptions configures [Micro]. The zero value runs every stage.
type MicroOptions struct {
	// Filter chooses the stages whose name it matches. If nil, all.
	Filter *regexp.Regexp
	// Duration is how long each stage runs, with the preparations that are not
	// part of its figures. If zero, 1 s.
	Duration time.Duration
	// Progress is called after each stage. It may be nil.
	Progress func(MicroStage)
}

// MicroResult is what the stages of the packet path cost, in the order of a
// packet's way.
type MicroResult struct {
	Stages []MicroStage `json:"stages"`
}

// MicroStage is what one stage of the packet path costs.
type MicroStage struct {
	Name string `json:"name"`
	// PacketNS is the time per packet in nanoseconds, the median of the batches:
	// the CPU time of the thread on Linux, else wall time.
	PacketNS float64 `json:"ns_per_packet"`
	// MBPerSecond is 10^6 bytes of datagrams per second; 0 where the stage does
	// not touch all bytes of a packet.
	MBPerSecond float64 `json:"mb_per_second,omitempty"`
	Allocs      float64 `json:"allocs_per_packet"`
	Packets     uint64  `json:"packets"` // measured
}

// Micro measures the stages of the packet path one by one, as
// `go test -bench . ./sfu/micro` does. It blocks for Duration and a little more
// per stage, and returns what it has with the error of ctx between two stages.
//
// It sets the test.benchtime flag of the testing package while it runs, so only
// one goroutine at a time may call it.
func Micro(ctx context.Context, o MicroOptions) (*MicroResult, error) {
	if o.Duration < 0 {
		return nil, fmt.Errorf("bench: micro: negative duration %v", o.Duration)
	}
	restore, err := benchtime(o.Duration)
	if err != nil {
		return nil, err
	}
	defer restore()
	result := &MicroResult{}
	for _, s := range MicroStages(o.Filter) {
		if err := ctx.Err(); err != nil {
			return result, fmt.Errorf("bench: micro: %w", err)
		}
		r := testing.Benchmark(s.Func)
		if r.N == 0 {
			return result, fmt.Errorf("bench: micro: stage %s does not work here", s.Name)
		}
		stage := microStage(s.Name, r)
		result.Stages = append(result.Stages, stage)
		if o.Progress != nil {
			o.Progress(stage)
		}
	}
	return result, nil
}

// MicroStages returns the stages whose name a filter matches; nil matches all.
func MicroStages(filter *regexp.Regexp) []micro.Benchmark {
	var chosen []micro.Benchmark
	for _, s := range micro.Benchmarks() {
		if filter == nil || filter.MatchString(s.Name) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func microStage(name string, r testing.BenchmarkResult) MicroStage {
	return MicroStage{
		Name:        name,
		PacketNS:    r.Extra[micro.UnitTime],
		MBPerSecond: r.Extra[micro.UnitRate],
		Allocs:      r.Extra[micro.UnitAllocs],
		Packets:     uint64(float64(r.N) * r.Extra[micro.UnitBatch]),
	}
}

// benchtime sets how long testing.Benchmark runs. The flags of the testing
// package are those of package flag, which the command line of switchyard does
// not read.
func benchtime(d time.Duration) (restore func(), err error) {
	testing.Init()
	before := flag.Lookup("test.benchtime").Value.String()
	if d == 0 {
		d = time.Second
	}
	if err := flag.Set("test.benchtime", d.String()); err != nil {
		return nil, fmt.Errorf("bench: micro: %w", err)
	}
	return func() { _ = flag.Set("test.benchtime", before) }, nil
}
