package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func keygenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Print a new key for tokens",
		Long: "Print a new key as ID:SECRET, for " + keysVariable + " or, as\n" +
			"id: secret, for auth.keys of the file of serve --config. Who has it can let\n" +
			"anybody in.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s:%s\n", strings.ToLower(rand.Text()[:8]), newKeySecret())
			return err
		},
	}
}
