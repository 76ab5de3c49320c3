//go:build !race

package micro

import (
	"flag"
	"math"
	"strings"
	"testing"
)

// Nothing on the packet path allocates, except a key stream per packet of CM.
// The race detector allocates by itself.
func TestNothingAllocates(t *testing.T) {
	before := flag.Lookup("test.benchtime").Value.String()
	if err := flag.Set("test.benchtime", "20ms"); err != nil {
		t.Fatal(err)
	}
	defer flag.Set("test.benchtime", before)
	for _, s := range Benchmarks() {
		t.Run(s.Name, func(t *testing.T) {
			most := 0.001
			if strings.HasSuffix(s.Name, "/cm") {
				most = 3
			}
			if least := leastAllocs(t, s.Func, most); least > most {
				t.Errorf("%.4f allocations per packet, want at most %v", least, most)
			}
		})
	}
}

// leastAllocs tries again while there are more allocations than enough: the
// runtime allocates now and then, for a new thread for instance.
func leastAllocs(t *testing.T, f func(*testing.B), enough float64) float64 {
	t.Helper()
	least := math.Inf(1)
	for range 5 {
		r := testing.Benchmark(f)
		if r.N == 0 {
			t.Fatal("it failed; go test -bench shows why")
		}
		if r.Extra[UnitTime] <= 0 || r.Extra[UnitBatch] < 1 {
			t.Fatalf("reports %v", r.Extra)
		}
		if least = min(least, r.Extra[UnitAllocs]); least <= enough {
			break
		}
	}
	return least
}
