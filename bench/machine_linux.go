package bench

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// hardware asks /proc and uname(2).
func hardware() (cpu string, memory uint64, kernel string) {
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		cpu = cpuModel(string(b))
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		memory = uint64(info.Totalram) * uint64(info.Unit)
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	return cpu, memory, kernel
}

// cpuModel finds the model in /proc/cpuinfo, whose keys differ by architecture:
// x86 has "model name", others "Model" or "cpu model", and some ARM cores none.
func cpuModel(cpuinfo string) string {
	for _, want := range []string{"model name", "Model", "cpu model", "Hardware"} {
		for line := range strings.Lines(cpuinfo) {
			key, value, ok := strings.Cut(line, ":")
			if ok && strings.TrimSpace(key) == want {
				return strings.TrimSpace(value)
			}
		}
	}
	return ""
}
