package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/bench"
)

func benchDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff A.json B.json",
		Short: "Compare two reports of forward, load or whip",
		Long: "Print the ratios of B to A, with the smallest and the largest ratio of any two\n" +
			"runs: machines are noisy, so make reports with --runs.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("diff takes two reports, got %d", len(args))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return printDiff(c.OutOrStdout(), args[0], args[1]) },
	}
}

func readReport(file string) (bench.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return bench.Report{}, err
	}
	defer f.Close()
	r, err := bench.ReadReport(f)
	if err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

func printDiff(out io.Writer, before, after string) error {
	a, err := readReport(before)
	if err != nil {
		return err
	}
	b, err := readReport(after)
	if err != nil {
		return err
	}
	ratios, err := bench.Diff(a, b)
	if err != nil {
		return err
	}
	if a.Machine != b.Machine {
		fmt.Fprintf(out, "The machines differ, so the ratios say little:\n  %v\n  %v\n", a.Machine, b.Machine)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tA\tB\tB ÷ A\tspread")
	for _, r := range ratios {
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%.2f\t%.2f – %.2f\n", r.Name, r.A, r.B, r.Ratio, r.Low, r.High)
	}
	return w.Flush()
}
