// Package mono holds the clock of the data plane: a plain number that cores
// are given as an argument and never read by themselves.
package mono

import (
	"math"
	"time"
)

// Time is a moment on the server's monotonic clock, in nanoseconds since the
// server started. Times of one process are comparable, whichever worker took
// them; min, max and the comparison operators order them.
type Time int64

// Never is later than every moment. It is the deadline of what is not due.
const Never Time = math.MaxInt64

// Add returns the moment d after t. Never stays Never, and a sum that would
// pass it is Never.
func (t Time) Add(d time.Duration) Time {
	if t == Never || (d > 0 && int64(t) > math.MaxInt64-int64(d)) {
		return Never
	}
	return t + Time(d)
}

// Sub returns how long after u the moment t is; it is negative if t is before u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }
