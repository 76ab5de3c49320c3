//go:build long

package plane

import (
	"syscall"
	"testing"
	"time"
)

// A minute of a room of ten costs two seconds at the most, of which the ten take
// their part.
func TestRoomOfTenIsCheap(t *testing.T) {
	r := full(t, 10, lossy)
	before := cpuTime(t)
	r.run(60 * time.Second)
	took := cpuTime(t) - before
	t.Logf("60 s of ten people took %v of CPU time", took)
	if took > 2*time.Second {
		t.Errorf("60 s of ten people took %v of CPU time, want less than 2 s", took)
	}
}

// cpuTime is what this process has used: wall time would measure the machine.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
