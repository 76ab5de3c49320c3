//go:build linux && long

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

// sinkReports runs `bench forward --sink tun` and returns the report of each
// device.
func sinkReports(t *testing.T, args string) map[bench.SinkMode]bench.Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	code, stdout, stderr := runCommand(t, append(strings.Fields("bench forward --sink tun --limit 50ms "+args), "--json", file)...)
	if code != 0 || strings.Count(stdout, "tun device at "+bench.SinkAddress) != 2 || strings.Count(stdout, "× a bare loop") != 2 {
		t.Fatalf("%s: code %d, stderr %s, stdout %s", args, code, stderr, stdout)
	}
	all := make(map[bench.SinkMode]bench.Report)
	for _, mode := range []bench.SinkMode{bench.SinkOffloaded, bench.SinkSoftware} {
		f, err := os.Open(sinkFile(file, mode))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if all[mode], err = bench.ReadReport(f); err != nil {
			t.Fatal(err)
		}
		if len(all[mode].Limit) != 5 {
			t.Errorf("%s: limit %v", mode, all[mode].Limit)
		}
	}
	return all
}

// near tells whether two counts agree: the window of the packets and the
// counters do not begin and end together.
func near(got, want uint64) bool { return got >= want-want/10 && got <= want+want/10 }

// The server sends everybody everything, the device gets what is not checked,
// and the checking subscribers lose nothing.
func TestForwardSink(t *testing.T) {
	for _, tt := range []struct {
		args                            string
		clients, subscriptions, checked int
	}{
		{"--subscribers 20 --duration 3s", 21, 20, 4},
		{"--shape meeting --members 5 --checking 2 --bitrate 500000 --duration 3s", 5, 40, 16},
	} {
		for mode, report := range sinkReports(t, tt.args) {
			var r bench.ForwardResult
			if err := report.Decode(&r); err != nil {
				t.Fatal(err)
			}
			s := r.Sink
			if s == nil || s.Mode != mode || s.Address != bench.SinkAddress || s.Checking != tt.checked ||
				r.Clients != tt.clients || r.Subscriptions != tt.subscriptions {
				t.Fatalf("%s: %s: result %+v, sink %+v", tt.args, mode, r, s)
			}
			sunk := s.Forwarded * uint64(r.Subscriptions-s.Checking) / uint64(r.Subscriptions)
			if !near(s.Forwarded, s.Expected) || mode == bench.SinkSoftware && !near(s.Device, sunk) {
				t.Errorf("%s: %s: counts do not agree: sink %+v, about %d for the device", tt.args, mode, s, sunk)
			}
			if mode == bench.SinkOffloaded && tt.subscriptions == 20 && (s.Device == 0 || s.Device > sunk/2 || r.Server.Train < 2) {
				t.Errorf("%s: trains were cut before the device: %d messages of %d packets, %.1f in one", tt.args, s.Device, sunk, r.Server.Train)
			}
			if r.Received == 0 || r.Received+r.Lost != r.Expected || r.Lost != 0 && r.Client.Bottleneck == "" {
				t.Errorf("%s: %s: %d received, %d lost of %d", tt.args, mode, r.Received, r.Lost, r.Expected)
			}
			if r.Encodings != nil {
				delete(r.Server.Drops, "layer") // two encodings of three are for nobody
			}
			if r.Server.CPUPerPacket <= 0 || r.DelayMS.P50 <= 0 || len(r.Server.Drops) > 0 {
				t.Errorf("%s: %s: server %+v, delay %+v", tt.args, mode, r.Server, r.DelayMS)
			}
		}
	}
}

// Members come and go, and some are slow, while most media goes to a sink: what
// the server forwarded is what those were to get who were there.
func TestForwardSinkChurnSlow(t *testing.T) {
	for mode, report := range sinkReports(t, "--subscribers 20 --churn 5 --slow 2 --duration 4s") {
		var r bench.ForwardResult
		if err := report.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if c := r.Churn; c == nil || c.Left < 10 || c.Joined != c.Left || c.Failed != 0 {
			t.Errorf("%s: churn %+v", mode, c)
		}
		if s := r.Slow; s == nil || s.Members != 2 || s.Received == 0 || r.Subscriptions != 20 || r.Sink.Checking != 4 {
			t.Errorf("%s: slow %+v, %d subscriptions, sink %+v", mode, s, r.Subscriptions, r.Sink)
		}
		if s := r.Sink; !near(s.Forwarded, s.Expected) {
			t.Errorf("%s: counts do not agree: sink %+v", mode, s)
		}
		if r.Received == 0 || r.Received+r.Lost != r.Expected || r.Lost != 0 && r.Client.Bottleneck == "" {
			t.Errorf("%s: %d received, %d lost of %d", mode, r.Received, r.Lost, r.Expected)
		}
	}
}

// A sink needs somebody whose media goes there.
func TestForwardSinkNeedsSubscribers(t *testing.T) {
	code, _, stderr := runCommand(t, strings.Fields("bench forward --sink tun --limit 0 --subscribers 4")...)
	if code != exitFailed || !strings.Contains(stderr, "4 checking subscribers of 4 leave none for the sink") {
		t.Errorf("code %d, stderr %s", code, stderr)
	}
}

func TestBenchLimitOfSinks(t *testing.T) {
	var got bench.LimitResult
	stdout, r := runBench(t, &got, "limit", "--sink", "tun", "--duration", "30ms")
	if len(got.Sinks) != 2 || got.Sinks[0].Sink != bench.SinkOffloaded || got.Sinks[1].Sink != bench.SinkSoftware || len(r.Limit) != 5 {
		t.Fatalf("result %+v, limit %v", got, r.Limit)
	}
	for _, s := range got.Sinks {
		if len(s.Modes) != 7 || !strings.Contains(stdout, sinkMeaning(s.Sink)) {
			t.Errorf("%s: modes %+v in\n%s", s.Sink, s.Modes, stdout)
		}
		for _, m := range s.Modes {
			if m.CPU <= 0 || m.Packets == 0 || m.Lost != 0 {
				t.Errorf("%s: mode %+v", s.Sink, m)
			}
		}
	}
}
