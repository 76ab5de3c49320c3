//go:build !linux

package micro

import "time"

// started is where this clock begins, so that it is monotonic.
var started = time.Now()

// clock returns the time since the program started: there is no portable clock
// of a thread.
func clock() time.Duration { return time.Since(started) }
