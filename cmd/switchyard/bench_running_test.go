//go:build linux

package main

import (
	"bufio"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Servers that run already are measured like those that bench starts.
func TestLoad(t *testing.T) {
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	r := report(t, fmt.Sprintf("bench load --url %s --server-pid %d --server-admin %s --subscribers 3 --duration 1s --join-rate 20",
		s.url, s.Process.Pid, s.admin))
	if r.Clients != 4 || r.Received == 0 || r.Server.CPUPerPacket <= 0 || r.Server.PacketsPerCall < 1 || r.Server.Train < 1 {
		t.Errorf("got %+v", r)
	}
	r = report(t, "bench load --url "+s.url+" --shape meeting --members 3 --bitrate 500000 --duration 1s --churn 2 --slow 1 --nack --drop 0.02")
	if r.Server.CPU != 0 || r.Received == 0 || r.Churn == nil || r.Churn.Joined == 0 || r.Slow == nil || r.Slow.Members != 1 || r.Dropped == 0 {
		t.Errorf("got %+v", r)
	}
	var after processStats
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(patience); ; <-tick.C { // transports end after the connections
		if get(t, s.admin+"debug/stats", &after); after.Peers == 0 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("%d members are still there", after.Peers)
		}
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

// What subscribers tell of transport-wide numbers is what the server counts.
func TestLoadFeedback(t *testing.T) {
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0", "--bench-twcc")
	for _, profile := range []string{"gcm", "cm"} {
		var before, after processStats
		get(t, s.admin+"debug/stats", &before)
		r := report(t, "bench load --url "+s.url+" --subscribers 3 --duration 1s --twcc --nack --drop 0.1 --room "+profile+" --profile "+profile)
		get(t, s.admin+"debug/stats", &after)
		told, lost := after.FeedbackPackets-before.FeedbackPackets, after.FeedbackLost-before.FeedbackLost
		f := r.Feedback
		if f == nil || f.Members != 3 || f.Messages < 30 || r.Lost != 0 || r.Repair.Repaired == 0 {
			t.Fatalf("%s: feedback %+v, %d lost, repair %+v", profile, f, r.Lost, r.Repair)
		}
		// The newest packets have not been told of when the members leave.
		if came := told - lost; came > f.Packets || came < f.Packets*8/10 {
			t.Errorf("%s: %d packets are said to have come, %d did", profile, came, f.Packets)
		}
		if part := float64(lost) / float64(told); part < 0.05 || part > 0.15 {
			t.Errorf("%s: %.3f of the packets are said to be lost, want 0.1", profile, part)
		}
	}
}

func TestWHIP(t *testing.T) {
	c := command(t, "bench", "baseline")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	found := printed.FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("printed %q, %v", line, err)
	}
	r := report(t, fmt.Sprintf("bench whip --publish %s/whip/%%s --play %s/whep/%%s --viewers 2 --duration 1s", found[1], found[1]))
	if r.Clients != 3 || r.Subscriptions != 2 || r.Received == 0 {
		t.Errorf("got %+v", r)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the baseline ended with %v", err)
	}
}

func TestRunningUsage(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"load", "--url is missing"},
		{"whip --play http://127.0.0.1:1", "--publish and --play are needed"},
	} {
		code, _, stderr := runCommand(t, append([]string{"bench"}, strings.Fields(tt.args)...)...)
		if code != exitUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: code %d, stderr %q, want 2 and %q", tt.args, code, stderr, tt.want)
		}
	}
	code, _, stderr := runCommand(t, "bench", "load", "--url", "nonsense", "--limit", "0")
	if code != exitFailed || !strings.Contains(stderr, "is not the URL of a server") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	a, b := dir+"/a.json", dir+"/b.json"
	for _, args := range []string{"--runs 2 --json " + a, "--json " + b} {
		code, _, stderr := runCommand(t, strings.Fields("bench forward --subscribers 2 --duration 500ms --limit 0 "+args)...)
		if code != 0 {
			t.Fatalf("code %d, stderr %s", code, stderr)
		}
	}
	code, stdout, stderr := runCommand(t, "bench", "diff", a, b)
	if code != 0 || !strings.Contains(stdout, "server CPU per packet, µs") {
		t.Errorf("code %d, stderr %s, printed\n%s", code, stderr, stdout)
	}
	for _, args := range [][]string{{a}, {a, b, a}} {
		if code, _, _ := runCommand(t, append([]string{"bench", "diff"}, args...)...); code != exitUsage {
			t.Errorf("%d reports: code %d", len(args), code)
		}
	}
	if code, _, stderr := runCommand(t, "bench", "diff", a, dir); code != exitFailed || stderr == "" {
		t.Errorf("a folder is no report: code %d, stderr %q", code, stderr)
	}
}
