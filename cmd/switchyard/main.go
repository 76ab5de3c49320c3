// Command switchyard is a selective forwarding unit for video meetings: one
// binary that serves the page, the signalling and the media.
//
// Exit codes: 0 for success, 1 when it could not start or go on, 2 for wrong
// usage, 3 when a second signal forced it to end.
package main

import (
	"errors"
	"fmt"
	"os"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
	exitForced = 3
)

// usageError is an error of the one who typed the command line.
type usageError struct{ error }

func main() {
	err := rootCommand().Execute()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "switchyard:", err)
	var usage usageError
	if errors.As(err, &usage) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}
