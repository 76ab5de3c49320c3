package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

type limitOptions struct {
	duration time.Duration
	json     string
	sink     string
}

func benchLimitCommand() *cobra.Command {
	var o limitOptions
	c := &cobra.Command{
		Use:   "limit",
		Short: "Measure what a bare loop costs on this machine",
		Long: "Measure what a packet costs at the least on this machine: a loop that rewrites\n" +
			"12 bytes of header, seals 1,200 bytes and sends them over loopback, in all ways\n" +
			"that Linux has. Other reports are read as a distance to it. Then, what receiving\n" +
			"a packet costs the clients of `bench forward`: a server that sends more than one\n" +
			"core of theirs can count is not measured.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return benchLimit(c, o) },
	}
	c.Flags().DurationVar(&o.duration, "duration", time.Second, "how long each of the seven modes runs, and the clients")
	sinkFlag(c, &o.sink, "also measure the way to a device that drops everything: tun (Linux, root)")
	jsonFlag(c, &o.json)
	return c
}

func benchLimit(c *cobra.Command, o limitOptions) error {
	if o.duration <= 0 {
		return usageError{fmt.Errorf("--duration %v is not positive", o.duration)}
	}
	if err := enterSink(o.sink); err != nil {
		return err
	}
	result, err := bench.Limit(c.Context(), bench.LimitOptions{Duration: o.duration})
	if err != nil {
		return err
	}
	if result.Client, err = bench.Count(c.Context(), o.duration); err != nil {
		return err
	}
	for _, mode := range sinkModes(o.sink) {
		if result.Sinks, err = limitOfSink(c.Context(), mode, o.duration, result.Sinks); err != nil {
			return err
		}
	}
	out := c.OutOrStdout()
	printMachine(out)
	printLimit(out, result)
	for _, r := range result.Sinks {
		fmt.Fprintf(out, "\nTo %s behind a tun device that drops everything, %s.\n", bench.SinkAddress, sinkMeaning(r.Sink))
		printLimit(out, r)
	}
	r := bench.NewReport(bench.KindLimit, commandLine(), result)
	r.Limit = result.ByTrain()
	return saveReport(o.json, r)
}

// limitOfSink measures towards a device and adds that to the list.
func limitOfSink(ctx context.Context, mode bench.SinkMode, d time.Duration, list []*bench.LimitResult) ([]*bench.LimitResult, error) {
	sink, err := bench.OpenSink(mode)
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	r, err := bench.Limit(ctx, bench.LimitOptions{Duration: d, Sink: sink})
	return append(list, r), err
}

// modeNames says what the modes of the limit do.
var modeNames = map[string]string{
	"seal":     "rewrite and seal, do not send",
	"sendto":   "one by one (sendto)",
	"sendmmsg": "64 a call (sendmmsg)",
	"gso-2":    "64 a call in trains of 2 (GSO)",
	"gso-4":    "64 a call in trains of 4 (GSO)",
	"gso-8":    "64 a call in trains of 8 (GSO)",
	"gso-16":   "64 a call in trains of 16 (GSO)",
}

func printLimit(w io.Writer, r *bench.LimitResult) {
	fmt.Fprintf(w, "%-31s  %13s  %13s  %11s  %14s\n", "per packet of 1,200 bytes", "CPU µs", "least … most", "wall µs", "packets/s/core")
	var lost uint64
	for _, m := range r.Modes {
		spread := rounded(m.Least) + " … " + rounded(m.Most)
		fmt.Fprintf(w, "%-31s  %13s  %13s  %11s  %14.0f\n", modeNames[m.Name], rounded(m.CPU), spread, rounded(m.Wall), 1e6/m.CPU)
		lost += m.Lost
	}
	if c := r.Client; c != nil {
		fmt.Fprintf(w, "%-31s  %13s  %13s  %11s  %14.0f\n", "a client: receive and count", rounded(c.CPU), "", rounded(1e6/c.PerSecond), 1e6/c.CPU)
		lost += c.Lost
	}
	switch {
	case lost > 0 && r.Sink != "":
		fmt.Fprintf(w, "\nThe device did not get %d packets, which cost less.\n", lost)
	case lost > 0:
		fmt.Fprintf(w, "\nThe receiving socket lost %d packets, which cost less: raise net.core.rmem_max.\n", lost)
	}
}
