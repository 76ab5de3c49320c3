package micro

import (
	"regexp"
	"testing"
)

func BenchmarkHotPath(b *testing.B) {
	for _, s := range Benchmarks() {
		b.Run(s.Name, s.Func)
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
