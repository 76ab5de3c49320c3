package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

type microOptions struct {
	filter   string
	duration time.Duration
	json     string
}

func benchMicroCommand() *cobra.Command {
	var o microOptions
	c := &cobra.Command{
		Use:   "micro",
		Short: "Measure the stages of the packet path",
		Long: "Measure the stages of the packet path one by one, with packets of 1,200 bytes.\n" +
			"The fan-outs are the whole path to so many subscribers, per packet that comes\n" +
			"out: null without sending, loopback with it. Their ratio to `bench limit` is\n" +
			"printed behind them.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return benchMicro(c, o) },
	}
	c.Flags().StringVar(&o.filter, "filter", "", "run only stages whose name matches this `REGEXP`")
	c.Flags().DurationVar(&o.duration, "duration", time.Second, "how long each stage runs")
	jsonFlag(c, &o.json)
	return c
}

func benchMicro(c *cobra.Command, o microOptions) error {
	filter, err := regexp.Compile(o.filter)
	if err != nil {
		return usageError{fmt.Errorf("--filter %q: %w", o.filter, err)}
	}
	stages := bench.MicroStages(filter)
	if len(stages) == 0 {
		return usageError{fmt.Errorf("--filter %q matches no stage", o.filter)}
	}
	if o.duration <= 0 {
		return usageError{fmt.Errorf("--duration %v is not positive", o.duration)}
	}
	width := len("stage")
	for _, s := range stages {
		width = max(width, len(s.Name))
	}
	out := c.OutOrStdout()
	printMachine(out)
	limit, err := bench.Limit(c.Context(), bench.LimitOptions{Duration: min(o.duration, limitDuration)})
	if err != nil && !errors.Is(err, bench.ErrLimitUnsupported) {
		return err
	}
	fmt.Fprintf(out, "%-*s  %9s  %8s  %13s  %8s\n", width, "stage", "ns/packet", "MB/s", "allocs/packet", "to limit")
	result, err := bench.Micro(c.Context(), bench.MicroOptions{
		Filter:   filter,
		Duration: o.duration,
		Progress: func(s bench.MicroStage) { printStage(out, width, s, limit) },
	})
	if err != nil {
		return err
	}
	r := bench.NewReport(bench.KindMicro, commandLine(), result)
	if limit != nil {
		r.Limit = limit.ByTrain()
	}
	return saveReport(o.json, r)
}

// limitDuration is how long each mode of the limit runs beside other figures.
const limitDuration = 300 * time.Millisecond

func printStage(w io.Writer, width int, s bench.MicroStage, limit *bench.LimitResult) {
	rate, allocs, ratio := "-", "0", "-"
	if s.MBPerSecond > 0 {
		rate = rounded(s.MBPerSecond)
	}
	if s.Allocs >= 0.001 { // fewer are the runtime's own
		allocs = rounded(s.Allocs)
	}
	if least := limitOf(s.Name, limit); least > 0 {
		ratio = rounded(s.PacketNS/1000/least) + "×"
	}
	fmt.Fprintf(w, "%-*s  %9s  %8s  %13s  %8s\n", width, s.Name, rounded(s.PacketNS), rate, allocs, ratio)
}

// limitOf returns what a bare loop takes for the same work, in µs; 0 where it
// does no such thing.
func limitOf(stage string, limit *bench.LimitResult) float64 {
	switch {
	case limit == nil:
		return 0
	case strings.HasPrefix(stage, "fanout/null/"):
		return limit.Seal()
	case strings.HasPrefix(stage, "fanout/loopback/"):
		return limit.PerPacket(1)
	}
	return 0
}
