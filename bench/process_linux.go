package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time that a process has used, all its threads
// together, those that ended too.
func cpuTime(pid int) (time.Duration, error) {
	// The clock of another process (clock_getcpuclockid(3)): its number, turned
	// over, beside the mark of the scheduler's own count.
	const scheduler = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &ts); err != nil {
		return 0, fmt.Errorf("bench: processor time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// residentSize returns the memory of a process that is in use, in bytes.
func residentSize(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("bench: process %d has no VmRSS", pid)
}

// socketDrops returns how many datagrams the UDP sockets of a local port have
// dropped because their buffer was full.
func socketDrops(port uint16) (n uint64, err error) {
	for _, file := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // a system without IPv6
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 13 || !strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				continue
			}
			drops, err := strconv.ParseUint(f[12], 10, 64)
			if err != nil {
				return 0, fmt.Errorf("bench: %s: %q", file, line)
			}
			n += drops
		}
	}
	return n, nil
}

// pinned calls f in a thread that runs on the given processors only; processes
// that f starts inherit that. Without processors it just calls f.
func pinned(cpus []int, f func() error) error {
	if len(cpus) == 0 {
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, now unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("bench: pin: %w", err)
	}
	for _, c := range cpus {
		now.Set(c)
	}
	if err := unix.SchedSetaffinity(0, &now); err != nil {
		return fmt.Errorf("bench: pin to %v: %w", cpus, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return f()
}

// pinSelf moves every thread of this process to the given processors; threads
// that are made later inherit it.
func pinSelf(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	var set unix.CPUSet
	for _, c := range cpus {
		set.Set(c)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("bench: pin: %w", err)
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("bench: pin to %v: %w", cpus, err)
		}
	}
	return nil
}

// threadTime returns the CPU time of the calling thread, user and system.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0 // Linux has had this clock since 2.6.12
	}
	return time.Duration(t.Nano())
}
