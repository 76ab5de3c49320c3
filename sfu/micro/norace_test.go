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

// leastAllocs tries again for longer while there are more allocations than
// enough: the runtime allocates now and then, for a new thread for instance,
// which is much for the few packets that a short time on a busy machine sees.
func leastAllocs(t *testing.T, f func(*testing.B), enough float64) float64 {
	t.Helper()
	least := math.Inf(1)
	for _, duration := range []string{"20ms", "20ms", "100ms", "500ms", "2s"} {
		if err := flag.Set("test.benchtime", duration); err != nil {
			t.Fatal(err)
		}
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
