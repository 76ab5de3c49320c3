//go:build !linux

package admin

// cpuQuota returns 0: this system has no control groups.
func cpuQuota(string) float64 { return 0 }
