//go:build !linux

// Package cputime reads how much processor time a thread has used.
package cputime

import "time"

// started is where this clock begins, so that it is monotonic.
var started = time.Now()

// Thread returns the time since the program started: there is no portable clock
// of a thread.
func Thread() time.Duration { return time.Since(started) }
