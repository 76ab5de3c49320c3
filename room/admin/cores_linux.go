package admin

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cpuQuota returns how many cores the control groups of this process (cgroups(7),
// version 1 or 2) let it use, or 0 if they set no limit. root is where /proc and
// /sys are.
func cpuQuota(root string) (cores float64) {
	b, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		base, read := filepath.Join(root, "sys/fs/cgroup"), quotaV2
		if f[1] != "" {
			if !slices.Contains(strings.Split(f[1], ","), "cpu") {
				continue
			}
			base, read = filepath.Join(base, "cpu"), quotaV1
		}
		for dir := path.Clean("/" + f[2]); ; dir = path.Dir(dir) {
			if q := read(filepath.Join(base, dir)); q > 0 && (cores == 0 || q < cores) {
				cores = q
			}
			if dir == "/" {
				break
			}
		}
	}
	return cores
}

// quotaV2 reads "quota period", or "max period" without a limit.
func quotaV2(dir string) float64 {
	b, _ := os.ReadFile(filepath.Join(dir, "cpu.max")) // the root group has none
	quota, period, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return ratio(quota, period)
}

func quotaV1(dir string) float64 {
	quota, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_quota_us"))
	period, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_period_us"))
	return ratio(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
}

// ratio is 0 unless both are numbers above 0.
func ratio(quota, period string) float64 {
	q, _ := strconv.ParseFloat(quota, 64)
	p, _ := strconv.ParseFloat(period, 64)
	if !(q > 0 && p > 0) {
		return 0
	}
	return q / p
}
