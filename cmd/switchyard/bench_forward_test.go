//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

// forward runs `bench forward` and returns its report.
func forward(t *testing.T, args string) bench.ForwardResult {
	t.Helper()
	return report(t, "bench forward "+args)
}

// report runs a bench command that forwards and returns its report.
func report(t *testing.T, args string) bench.ForwardResult {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	code, stdout, stderr := runCommand(t, append(strings.Fields(args+" --limit 0"), "--json", file)...)
	if code != 0 {
		t.Fatalf("%s: code %d, stderr %s", args, code, stderr)
	}
	if !strings.Contains(stdout, "packets/s") {
		t.Errorf("%s printed %s", args, stdout)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, err := bench.ReadReport(f)
	if err != nil {
		t.Fatal(err)
	}
	var r bench.ForwardResult
	if err := report.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if report.Kind != bench.KindForward || r.Sent == 0 || r.Received+r.Lost != r.Expected || r.Refused != 0 || r.Duplicate != 0 {
		t.Errorf("%s: counts do not agree: %+v", args, r)
	}
	sum := uint64(0)
	for _, p := range r.Timeline {
		sum += p.Packets
	}
	if sum != r.Received || len(r.DelayCDF) == 0 || r.DelayCDF[len(r.DelayCDF)-1] != [2]float64{r.DelayMS.Max, 1} {
		t.Errorf("%s: %d packets over time, %d received; distribution %v, longest %v ms", args, sum, r.Received, r.DelayCDF, r.DelayMS.Max)
	}
	return r
}

// Every shape in its short form: everything that was sent arrives once.
func TestForwardShapes(t *testing.T) {
	for _, tt := range []struct {
		args                   string
		clients, subscriptions int
	}{
		{"--subscribers 4", 5, 4},
		{"--subscribers 2 --spread 0.8", 3, 2},
		{"--subscribers 2 --profile cm", 3, 2},
		{"--shape audio --publishers 3 --subscribers 3", 6, 9},
		{"--shape meeting --members 3 --bitrate 500000 --simulcast=false", 3, 12},
		{"--shape rooms --rooms 2 --members 2 --bitrate 500000", 4, 8},
		{"--shape star --members 4 --bitrate 300000", 4, 12},
	} {
		r := forward(t, tt.args+" --duration 1s")
		if r.Clients != tt.clients || r.Subscriptions != tt.subscriptions {
			t.Errorf("%s: %d clients, %d subscriptions, want %d and %d", tt.args, r.Clients, r.Subscriptions, tt.clients, tt.subscriptions)
		}
		if r.Lost != 0 && r.Client.Bottleneck == "" {
			t.Errorf("%s: lost %d of %d", tt.args, r.Lost, r.Expected)
		}
		if r.Reports == 0 || r.Samples == 0 || r.Samples >= r.Received {
			t.Errorf("%s: %d reports, %d of %d were opened", tt.args, r.Reports, r.Samples, r.Received)
		}
		if r.Server.CPUPerPacket <= 0 || r.DelayMS.P50 <= 0 || r.JoinMS.P50 <= 0 || r.Server.IdleBytes < 1<<20 {
			t.Errorf("%s: figures are missing: %+v", tt.args, r)
		}
	}
}

func TestForwardUsage(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--profile rot13", `--profile "rot13" is neither gcm nor cm`},
		{"--shape circle", "is none of webinar, meeting"},
		{"--server nginx", "is none of switchyard, pion, pion-bare"},
		{"--cpu-server x", "is not a list of processors"},
		{"--subscribers -1", "below 0"},
		{"--bitrate 0", "above 0"},
		{"--spread 2", "is not between 0 and 1"},
		{"--drop 1.5", "--drop 1.5 is not between 0 and 1"},
		{"--drop-sent NaN", "--drop-sent NaN is not between 0 and 1"},
		{"--sample 0", "--sample 0 is below 1"},
		{"--churn -1", "--churn -1 is not between 0 and 1000"},
		{"--sink drain", `--sink "drain" is not tun`},
		{"--sink tun --server pion", "--sink needs --server switchyard"},
		{"--sink tun --checking 0", "--checking above 0"},
		{"--find-max fame", "is neither bitrate nor subscribers"},
	} {
		code, _, stderr := runCommand(t, append([]string{"bench", "forward"}, strings.Fields(tt.args)...)...)
		if code != exitUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: code %d, stderr %q, want 2 and %q", tt.args, code, stderr, tt.want)
		}
	}
}
