package store

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is read is written and read again as the same, and nothing else is taken.
func FuzzAccess(f *testing.F) {
	seed, err := json.Marshal(access{version, sample})
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range []string{string(seed), `{"version":1}`, `{"version":1,"passes":[{"used":-1}]}`, `{}`, "\x00"} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second Store
		if first.acceptAccess(b) != nil {
			return
		}
		again, err := json.Marshal(access{version, first.past})
		if err != nil {
			t.Fatalf("%q cannot be written: %v", b, err)
		}
		if err := second.acceptAccess(again); err != nil {
			t.Fatalf("%q was written as %q: %v", b, again, err)
		}
		if diff := cmp.Diff(first.past, second.past); diff != "" {
			t.Fatalf("%q (-first +second):\n%s", b, diff)
		}
	})
}
