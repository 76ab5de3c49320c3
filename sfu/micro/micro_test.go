package micro

import (
	"flag"
	"regexp"
	"strings"
	"testing"
)

func BenchmarkHotPath(b *testing.B) {
	for _, s := range Benchmarks() {
		b.Run(s.Name, s.Func)
	}
}

// Nothing on the packet path allocates, except a key stream per packet of CM.
func TestNothingAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	before := flag.Lookup("test.benchtime").Value.String()
	if err := flag.Set("test.benchtime", "20ms"); err != nil {
		t.Fatal(err)
	}
	defer flag.Set("test.benchtime", before)
	for _, s := range Benchmarks() {
		t.Run(s.Name, func(t *testing.T) {
			r := testing.Benchmark(s.Func)
			if r.N == 0 {
				t.Fatal("it failed; go test -bench shows why")
			}
			if r.Extra[UnitTime] <= 0 || r.Extra[UnitBatch] < 1 {
				t.Errorf("reports %v", r.Extra)
			}
			allocs, cm := r.Extra[UnitAllocs], strings.HasSuffix(s.Name, "/cm")
			if cm && allocs > 3 || !cm && allocs > 0.001 { // the runtime allocates now and then
				t.Errorf("%.4f allocations per packet", allocs)
			}
		})
	}
}

func TestNamesAreUniqueAndPlain(t *testing.T) {
	plain := regexp.MustCompile(`^[a-z0-9]+(/[a-z0-9]+)*$`)
	seen := make(map[string]bool)
	for _, s := range Benchmarks() {
		if seen[s.Name] || !plain.MatchString(s.Name) {
			t.Errorf("the name %q is not plain or not unique", s.Name)
		}
		seen[s.Name] = true
	}
}
