package admin

import (
	"os"
	"path/filepath"
	"testing"
)

// The tightest limit of a group and of those above it counts, in both versions
// of control groups.
func TestCPUQuota(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"no control groups", nil, 0},
		{"version 2", map[string]string{
			"proc/self/cgroup":             "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max":    "150000 100000\n",
			"sys/fs/cgroup/a/cpu.max":      "max 100000\n",
			"sys/fs/cgroup/cpu/a/cpu.max":  "1 100000\n", // not there in this version
			"sys/fs/cgroup/other/cpu.max":  "1 100000\n",
			"sys/fs/cgroup/a/b/c/cpu.max":  "1 100000\n",
			"sys/fs/cgroup/cgroup.subtree": "cpu\n",
		}, 1.5},
		{"version 2, tighter above", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/cpu.max": "20000 100000\n",
		}, 0.2},
		{"version 2 without a limit", map[string]string{"proc/self/cgroup": "0::/\n"}, 0},
		{"version 1", map[string]string{
			"proc/self/cgroup":                        "9:name=systemd:/\n2:cpu,cpuacct:/x\n1:cpuset:/y\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_quota_us":    "2000\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_period_us":   "10000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":      "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us":     "100000\n",
			"sys/fs/cgroup/cpuset/y/cpu.cfs_quota_us": "1\n",
		}, 0.2},
		{"nonsense", map[string]string{"proc/self/cgroup": "x\n0::/\n1:cpu\n", "sys/fs/cgroup/cpu.max": "abc\n"}, 0},
	} {
		root := t.TempDir()
		for name, text := range tt.files {
			file := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := cpuQuota(root); got != tt.want {
			t.Errorf("%s: %v cores, want %v", tt.name, got, tt.want)
		}
	}
}
