//go:build linux && long

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/bench"
	"github.com/switchyard-rtc/switchyard/room/admin"
)

const (
	partOfACore = 3000              // µs in a period of 10 ms
	present     = 100               // subscribers when the server is asked: so many that their cost is measured
	steady      = present * 280 * 4 // packets that they get in 4 s; then it is no longer busy with who joined
	loadFlags   = "bench load --limit 0 --duration 20s --bitrate 2500000 "
)

// confine lets a process use three tenths of a core, so that the clients beside it on
// this machine are never what gives way, and gives it that before all others.
func confine(t *testing.T, pid int) {
	t.Helper()
	write := func(file, text string) error { return os.WriteFile(file, []byte(text), 0o644) }
	dir, files := "/sys/fs/cgroup/cpu/switchyard-test", [][2]string{
		{"cpu.cfs_period_us", "10000"}, {"cpu.cfs_quota_us", fmt.Sprint(partOfACore)}, {"cpu.shares", "100000"},
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil { // version 2
		_ = write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu")
		dir, files = "/sys/fs/cgroup/switchyard-test", [][2]string{{"cpu.max", fmt.Sprint(partOfACore, " 10000")}, {"cpu.weight", "10000"}}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatalf("make a control group (needs root): %v", err)
	}
	t.Cleanup(func() { // a group with a process in it cannot be removed
		_ = write(filepath.Join(filepath.Dir(dir), "cgroup.procs"), fmt.Sprint(pid))
		for tries := 0; os.Remove(dir) != nil && tries < 20; tries++ { // the kernel may still be busy with the move
			<-time.After(50 * time.Millisecond)
		}
	})
	for _, f := range append(files, [2]string{"cgroup.procs", fmt.Sprint(pid)}) {
		if err := write(filepath.Join(dir, f[0]), f[1]); err != nil {
			t.Fatalf("set %s: %v", f[0], err)
		}
	}
}

// The server says how many more subscribers fit. Nine tenths of them do; with a
// third more than said, packets are lost or late, as `bench forward --find-max`
// judges it. Late comes first: the answer leaves 15 % of the processor free, so a
// third more is about all of it, and a socket's buffer holds half a minute of
// what one publisher sends.
func TestCapacityHolds(t *testing.T) {
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	confine(t, s.Process.Pid)
	var answer admin.Capacity
	loaded := make(chan bench.ForwardResult)
	go func() {
		loaded <- report(t, fmt.Sprint(loadFlags, "--url ", s.url, " --room present --subscribers ", present))
	}()
	for st := (processStats{}); st.Subscriptions < present || st.PacketsSent < steady; {
		get(t, s.admin+"debug/stats", &st)
		<-time.After(50 * time.Millisecond)
	}
	get(t, s.admin+"api/v1/capacity?seconds=8&bitrate=2500000", &answer)
	if r := <-loaded; r.Lost != 0 || answer.Basis != "measured" || answer.Subscribers < present*6/10 {
		t.Fatalf("%d lost with %d subscribers, %d more fit: %+v", r.Lost, present, answer.Subscribers, answer)
	}

	fits := present + answer.Subscribers*9/10
	r := report(t, fmt.Sprint(loadFlags, "--url ", s.url, " --room fits --subscribers ", fits))
	t.Logf("%+v", answer)
	t.Logf("%d more fit; %d: %.2f %% lost, delay %+v", answer.Subscribers, fits, 100*r.LossFraction(), r.DelayMS)
	if r.LossFraction() > 0.005 {
		t.Errorf("%d subscribers: %.2f %% were lost; the server said that %d fit beside %d",
			fits, 100*r.LossFraction(), answer.Subscribers, present)
	}

	tooMany := present + answer.Subscribers*13/10
	file := filepath.Join(t.TempDir(), "report.json")
	args := fmt.Sprint(loadFlags, "--url ", s.url, " --room crowd --subscribers ", tooMany, " --json ", file)
	code, _, stderr := runCommand(t, strings.Fields(args)...)
	if code != 0 {
		t.Logf("%d: could not join: %s", tooMany, stderr)
		return
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	envelope, err := bench.ReadReport(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := envelope.Decode(&r); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d: %.2f %% lost, delay %+v", tooMany, 100*r.LossFraction(), r.DelayMS)
	if r.LossFraction() <= 0.005 && r.DelayMS.P99 <= 20 {
		t.Errorf("%d subscribers: %.2f %% lost, 99 %% within %.1f ms; the server said that %d fit beside %d",
			tooMany, 100*r.LossFraction(), r.DelayMS.P99, answer.Subscribers, present)
	}
}
