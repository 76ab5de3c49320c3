package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/switchyard-rtc/switchyard/bench"
)

// progress shows how far a measurement is: as a bar on a terminal, else line by
// line.
type progress struct {
	out      io.Writer
	terminal bool
	phase    string
	bar      *progressbar.ProgressBar // of the phase; nil between phases
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	return &progress{out: out, terminal: ok && isTerminal(f)}
}

// isTerminal tells whether people look at what is written to a file.
func isTerminal(f *os.File) bool {
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

// show shows one step.
func (p *progress) show(s bench.Progress) {
	switch {
	case !p.terminal || s.Phase == "":
		p.end()
		if s.Text != "" {
			fmt.Fprintln(p.out, s.Text)
		}
		return
	case p.bar == nil || p.phase != s.Phase || s.Total != p.bar.GetMax():
		p.end()
		p.phase = s.Phase
		p.bar = progressbar.NewOptions(s.Total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionUseANSICodes(true), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		)
	}
	text := s.Phase
	if s.Text != "" {
		text = s.Text
	}
	p.bar.Describe(text)
	_ = p.bar.Set(s.Done) // it cannot be drawn if the terminal is gone
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
