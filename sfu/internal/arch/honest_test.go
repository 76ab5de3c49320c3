package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// skips are calls that leave a test out; sleeps wait for a time instead of an
// event.
var (
	skips  = regexp.MustCompile(`\b[tbf]b?\.Skip(Now|f)?\(`)
	sleeps = regexp.MustCompile(`\btime\.Sleep\(`)
)

// A test that is left out proves nothing, and one that sleeps proves it slowly
// or not at all.
func TestTestsNeitherSkipNorSleep(t *testing.T) {
	root := moduleRoot(t)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") || d.Name() == "honest_test.go" {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, r := range []*regexp.Regexp{skips, sleeps} {
			if found := r.Find(b); found != nil {
				t.Errorf("%s has %s", name, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// CVE-2026-54908 is a panic in pion/dtls before v3.1.4.
func TestCVE_2026_54908_DTLSIsNewEnough(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(moduleRoot(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`github\.com/pion/dtls/v3 v3\.(\d+)\.(\d+)`).FindStringSubmatch(string(b))
	if found == nil {
		t.Fatal("go.mod does not require pion/dtls/v3")
	}
	minor, _ := strconv.Atoi(found[1])
	patch, _ := strconv.Atoi(found[2])
	if minor < 1 || minor == 1 && patch < 4 {
		t.Errorf("%s is older than v3.1.4", found[0])
	}
}
