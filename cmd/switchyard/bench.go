package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

// benchCommand returns the parent of what measures.
func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure what forwarding costs",
		Long: "Measure what forwarding costs on this machine. Figures of different machines\n" +
			"do not compare; distances to `bench limit` on the same machine do.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("unknown command %q%s", "bench "+args[0], nearestCommand(c, args[0]))}
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(benchForwardCommand(), benchDiffCommand(), benchLoadCommand(), benchWHIPCommand(), benchBaselineCommand(), benchMicroCommand(), benchLimitCommand())
	return c
}

// jsonFlag adds --json, which names the file of the report.
func jsonFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "json", "", "also write the report to this `FILE`, see docs/benchmarks.md")
}

// htmlFlag adds --html, which names the file of the page.
func htmlFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "html", "", "also write a page with charts to this `FILE`, which needs nothing else")
}

// saveReport writes a report as JSON to a file, unless its name is empty.
func saveReport(file string, r bench.Report) error { return save(file, r, bench.WriteJSON) }

// savePage writes a report as a page to a file, unless its name is empty.
func savePage(file string, r bench.Report) error { return save(file, r, bench.WriteHTML) }

func save(file string, r bench.Report, write func(io.Writer, bench.Report) error) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := write(f, r); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// commandLine is what to type to repeat this run.
func commandLine() string {
	words := []string{"switchyard"}
	for _, a := range os.Args[1:] {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word if a shell would not take it as it is.
func shellWord(word string) string {
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("-_./:=,@%+", r)
	}
	if word != "" && !strings.ContainsFunc(word, special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// rounded writes a figure with three significant digits, but all digits before
// the point.
func rounded(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1 || v == 0:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// printMachine says what the figures below it belong to.
func printMachine(w io.Writer) {
	fmt.Fprintf(w, "%v\n\n", bench.ThisMachine())
}
