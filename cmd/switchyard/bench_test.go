package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

// runBench runs a bench command in short form and returns its table and report.
func runBench(t *testing.T, into any, args ...string) (string, bench.Report) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	code, stdout, stderr := runCommand(t, append(append([]string{"bench"}, args...), "--json", file)...)
	if code != 0 || stderr != "" {
		t.Fatalf("%q: code %d, stderr %s", args, code, stderr)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := bench.ReadReport(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Decode(into); err != nil {
		t.Fatal(err)
	}
	if r.Machine != bench.ThisMachine() || r.Time.IsZero() {
		t.Errorf("machine %+v, time %v", r.Machine, r.Time)
	}
	if !strings.HasPrefix(r.Command, "switchyard bench "+args[0]) || !strings.HasSuffix(r.Command, " --json "+file) {
		t.Errorf("command %q", r.Command)
	}
	return stdout, r
}

func TestBenchMicro(t *testing.T) {
	var got bench.MicroResult
	stdout, r := runBench(t, &got, "micro", "--duration", "5ms", "--filter", "^(parse|protect/.*|fanout/null/1.?)$")
	if r.Kind != bench.KindMicro {
		t.Errorf("kind %q", r.Kind)
	}
	if !strings.Contains(r.Command, " --filter '^(parse|protect/.*|fanout/null/1.?)$' ") {
		t.Errorf("command %q cannot be repeated", r.Command)
	}
	want := []string{"parse", "protect/cm", "protect/gcm128", "protect/gcm256", "fanout/null/1", "fanout/null/10"}
	if len(got.Stages) != len(want) {
		t.Fatalf("stages %+v, want %v", got.Stages, want)
	}
	for i, s := range got.Stages {
		if s.Name != want[i] || s.PacketNS <= 0 || s.Packets == 0 || (s.MBPerSecond == 0) != (s.Name == "parse") {
			t.Errorf("stage %+v, want %s with figures", s, want[i])
		}
		if !strings.Contains(stdout, "\n"+s.Name+" ") {
			t.Errorf("no line about %s in\n%s", s.Name, stdout)
		}
	}
	if ratios := strings.Count(stdout, "×"); runtime.GOOS == "linux" && (ratios != 2 || len(r.Limit) != 5) {
		t.Errorf("%d ratios to the limit %v, want one for each fan-out:\n%s", ratios, r.Limit, stdout)
	}
	checkAligned(t, stdout)
}

func TestBenchLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		code, stdout, stderr := runCommand(t, "bench", "limit")
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "Linux only") {
			t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
		return
	}
	var got bench.LimitResult
	stdout, r := runBench(t, &got, "limit", "--duration", "30ms")
	if r.Kind != bench.KindLimit || len(r.Limit) != 5 || len(got.Modes) != 7 {
		t.Fatalf("kind %q, limit %v, modes %+v", r.Kind, r.Limit, got.Modes)
	}
	for _, m := range got.Modes {
		if m.CPU <= 0 || m.Packets == 0 {
			t.Errorf("mode %+v", m)
		}
		if name := modeNames[m.Name]; name == "" || !strings.Contains(stdout, "\n"+name+" ") {
			t.Errorf("no line about %s in\n%s", m.Name, stdout)
		}
	}
	if r.Limit.PerPacket(8) != got.PerPacket(8) || got.PerPacket(8) <= 0 {
		t.Errorf("limit at 8: %v in the envelope, %v in the result", r.Limit.PerPacket(8), got.PerPacket(8))
	}
	if c := got.Client; c == nil || c.CPU <= 0 || c.Packets == 0 || c.Lost != 0 || !strings.Contains(stdout, "\na client: ") {
		t.Errorf("client %+v in\n%s", c, stdout)
	}
	checkAligned(t, stdout)
}

// checkAligned wants all lines of the table, behind the one about the machine,
// equally long.
func checkAligned(t *testing.T, stdout string) {
	t.Helper()
	_, table, ok := strings.Cut(stdout, "\n\n")
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if !ok || len(lines) < 2 {
		t.Fatalf("no table in\n%s", stdout)
	}
	for _, l := range lines {
		if len([]rune(l)) != len([]rune(lines[0])) {
			t.Errorf("not aligned:\n%s", table)
			return
		}
	}
}

func TestBenchReportCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no", "such", "folder")
	code, _, stderr := runCommand(t, "bench", "micro", "--filter", "^parse$", "--duration", "1ms", "--json", file)
	if code != exitFailed || !strings.HasPrefix(stderr, "switchyard: write report: ") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
}

func TestShellWord(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"--json", "--json"}, {"/tmp/a_b.json", "/tmp/a_b.json"}, {"10.0.0.1:80", "10.0.0.1:80"},
		{"", "''"}, {"a b", "'a b'"}, {"a|b", "'a|b'"}, {"it's", `'it'\''s'`}, {"ä", "'ä'"}, {"x;", "'x;'"},
	} {
		if got := shellWord(tt.in); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestRounded(t *testing.T) {
	for _, tt := range []struct {
		in   float64
		want string
	}{
		{0, "0.00"}, {0.0126, "0.013"}, {0.5, "0.500"}, {1.234, "1.23"}, {12.34, "12.3"}, {123.4, "123"}, {31037.25, "31037"},
	} {
		if got := rounded(tt.in); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
}
