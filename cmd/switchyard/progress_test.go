//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/switchyard-rtc/switchyard/bench"
)

// openTerminal opens a pseudo-terminal: what is written to the second file comes
// out of the first (pty(7)).
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}

// On a terminal a run shows bars, and leaves nothing of them.
func TestProgressOnTerminal(t *testing.T) {
	t.Parallel()
	screen, terminal := openTerminal(t)
	c := command(t, strings.Fields("bench forward --subscribers 2 --duration 1s --limit 0 --bitrate 300000")...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, terminal
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	shown, _ := io.ReadAll(screen) // ends with an error when the command has
	if err := c.Wait(); err != nil {
		t.Fatalf("%v, shown %q", err, shown)
	}
	for _, want := range []string{"join", "100% |", "packets received", "█"} {
		if !strings.Contains(string(shown), want) {
			t.Errorf("no %q in %q", want, shown)
		}
	}
	if !strings.HasSuffix(string(shown), "\x1b[2K\r") || strings.Contains(string(shown), "\n") {
		t.Errorf("the bar is left: %q", shown)
	}
	if !strings.HasPrefix(out.String(), "shape ") {
		t.Errorf("printed %q", out.String())
	}
}

// Elsewhere it writes lines.
func TestProgressElsewhere(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	p.show(bench.Progress{Phase: "join", Done: 1, Total: 2})
	p.show(bench.Progress{Phase: "join", Done: 2, Total: 2, Text: "2 clients joined"})
	p.show(bench.Progress{Text: "bitrate 5: carried"})
	p.end()
	if got := out.String(); got != "2 clients joined\nbitrate 5: carried\n" {
		t.Errorf("got %q", got)
	}
}

// A result stays on the terminal, above the next bar.
func TestProgressKeepsResults(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, terminal: true}
	p.show(bench.Progress{Phase: "measure", Done: 10, Total: 20})
	p.show(bench.Progress{Text: "bitrate 5: carried"})
	p.show(bench.Progress{Phase: "join", Done: 1, Total: 3})
	p.end()
	first, rest, ok := strings.Cut(out.String(), "bitrate 5: carried\n")
	if !ok || !strings.Contains(first, "50%") || !strings.HasSuffix(first, "\x1b[2K\r") || !strings.Contains(rest, "33%") {
		t.Errorf("got %q", out.String())
	}
}
