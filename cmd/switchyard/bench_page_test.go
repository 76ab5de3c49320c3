//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every form of a measurement can be had as a page.
func TestHTML(t *testing.T) {
	for _, args := range []string{
		"--runs 2",
		"--find-max bitrate --bitrate 1 --fault-drop 90 --server pion-bare", // one step: less there is not
	} {
		file := filepath.Join(t.TempDir(), "page.html")
		all := append(strings.Fields("bench forward --subscribers 2 --duration 500ms --limit 0 "+args), "--html", file)
		if code, _, stderr := runCommand(t, all...); code != 0 {
			t.Fatalf("%s: code %d, stderr %s", args, code, stderr)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"<!doctype html>", "--html " + file, `"schema": "switchyard-bench/1"`, `"timeline": [`, `"delay_cdf": [`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: no %s in the page", args, want)
			}
		}
	}
	code, _, stderr := runCommand(t, strings.Fields("bench forward --subscribers 1 --duration 100ms --limit 0 --html "+t.TempDir())...)
	if code != exitFailed || !strings.HasPrefix(lastLine(stderr), "switchyard: write report: ") {
		t.Errorf("a page that is a folder: code %d, stderr %q", code, stderr)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
