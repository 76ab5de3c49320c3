package bench

import (
	"fmt"
	"runtime"
	"strings"
)

// Machine is what decides on figures beside the code. What the system does not
// tell stays empty.
type Machine struct {
	CPU    string `json:"cpu"`    // the model as the system names it
	Cores  int    `json:"cores"`  // logical ones that this process may use
	Memory uint64 `json:"memory"` // bytes
	Kernel string `json:"kernel"` // its name and release
	OS     string `json:"os"`     // GOOS/GOARCH
	Go     string `json:"go"`     // version that built the binary
}

// ThisMachine returns the facts of the machine that it runs on.
func ThisMachine() Machine {
	m := Machine{
		Cores: runtime.NumCPU(),
		OS:    runtime.GOOS + "/" + runtime.GOARCH,
		Go:    runtime.Version(),
	}
	m.CPU, m.Memory, m.Kernel = hardware()
	return m
}

// String returns the facts as one line for people.
func (m Machine) String() string {
	parts := []string{m.CPU, fmt.Sprintf("%d cores", m.Cores)}
	if m.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%.1f GiB", float64(m.Memory)/(1<<30)))
	}
	parts = append(parts, m.Kernel, m.OS, m.Go)
	known := parts[:0]
	for _, p := range parts {
		if p != "" {
			known = append(known, p)
		}
	}
	return strings.Join(known, ", ")
}
