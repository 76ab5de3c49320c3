package main

import (
	"fmt"
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

// sinkMeaning says what a device does.
func sinkMeaning(mode bench.SinkMode) string {
	if mode == bench.SinkOffloaded {
		return "segmentation offloaded: the device cuts trains and computes checksums"
	}
	return "segmentation in software: the kernel cuts trains and computes checksums"
}

// sinkFile puts the mode into the name of a report's file: a.json is
// a-offloaded.json. An empty name stays empty.
func sinkFile(name string, mode bench.SinkMode) string {
	if name == "" || mode == "" {
		return name
	}
	end := filepath.Ext(name)
	return strings.TrimSuffix(name, end) + "-" + string(mode) + end
}
