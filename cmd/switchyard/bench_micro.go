package main

import (
	"fmt"
	"io"
	"regexp"
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
			"out: null without sending, loopback with the kernel's work of a full socket.",
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
	fmt.Fprintf(out, "%-*s  %9s  %8s  %13s\n", width, "stage", "ns/packet", "MB/s", "allocs/packet")
	result, err := bench.Micro(c.Context(), bench.MicroOptions{
		Filter:   filter,
		Duration: o.duration,
		Progress: func(s bench.MicroStage) { printStage(out, width, s) },
	})
	if err != nil {
		return err
	}
	return saveReport(o.json, bench.NewReport(bench.KindMicro, commandLine(), result))
}

func printStage(w io.Writer, width int, s bench.MicroStage) {
	rate, allocs := "-", "0"
	if s.MBPerSecond > 0 {
		rate = rounded(s.MBPerSecond)
	}
	if s.Allocs >= 0.001 { // fewer are the runtime's own
		allocs = rounded(s.Allocs)
	}
	fmt.Fprintf(w, "%-*s  %9s  %8s  %13s\n", width, s.Name, rounded(s.PacketNS), rate, allocs)
}
