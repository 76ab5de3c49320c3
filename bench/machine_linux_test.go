package bench

import "testing"

func TestCPUModel(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n", "AMD EPYC"},
		{"processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 5\n", "Raspberry Pi 5"},
		{"processor\t: 0\nBogoMIPS\t: 108.00\n", ""},
		{"", ""},
	} {
		if got := cpuModel(tt.in); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
