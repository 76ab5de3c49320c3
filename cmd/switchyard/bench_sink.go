package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

// sinkFlag adds --sink.
func sinkFlag(c *cobra.Command, sink *string, about string) {
	c.Flags().StringVar(sink, "sink", "", about)
}

// enterSink checks --sink, and restarts the command in a network namespace if it
// is set.
func enterSink(sink string) error {
	switch sink {
	case "":
		return nil
	case "tun":
		return bench.EnterNamespace()
	}
	return usageError{fmt.Errorf("--sink %q is not tun", sink)}
}

// sinkModes lists the devices of --sink, if it is set.
func sinkModes(sink string) []bench.SinkMode {
	if sink == "" {
		return nil
	}
	return []bench.SinkMode{bench.SinkOffloaded, bench.SinkSoftware}
}

// runInto measures with the media of most subscribers going to a device, into
// reports whose names say which.
func (o forwardOptions) runInto(ctx context.Context, out io.Writer, mode bench.SinkMode) error {
	sink, err := bench.OpenSink(mode)
	if err != nil {
		return err
	}
	defer sink.Close()
	o.Sink = sink
	o.json, o.html = sinkFile(o.json, mode), sinkFile(o.html, mode)
	return o.runOnce(ctx, out)
}

// printSink says where the media went. Rows behind it are about the checking
// subscriptions.
func printSink(row func(name, format string, args ...any), s *bench.SinkFigures) {
	if s == nil {
		return
	}
	row("sink", "tun device at %s, %s", s.Address, sinkMeaning(s.Mode))
	arrived := "packets"
	if s.Mode == bench.SinkOffloaded {
		arrived = "packets or trains"
	}
	row("", "%d packets forwarded, %d expected; %d %s arrived at the device", s.Forwarded, s.Expected, s.Device, arrived)
	row("", "%d subscriptions are received, and checked:", s.Checking)
}

// sinkMeaning says what a device does.
func sinkMeaning(mode bench.SinkMode) string {
	if mode == bench.SinkOffloaded {
		return "segmentation offloaded: the device cuts trains"
	}
	return "segmentation in software: the kernel cuts trains"
}

// sinkFile puts the mode into the name of a report's file: a.json is
// a-offloaded.json. An empty name stays empty.
func sinkFile(name string, mode bench.SinkMode) string {
	if name == "" {
		return ""
	}
	end := filepath.Ext(name)
	return strings.TrimSuffix(name, end) + "-" + string(mode) + end
}
