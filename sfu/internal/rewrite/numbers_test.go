package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// frames plays the numbers of described frames. An @ before one changes the
// source; @- is a source without descriptors.
func frames(t *testing.T, n *Numbers, in string) string {
	t.Helper()
	var out []string
	for _, step := range strings.Fields(in) {
		if step == "@-" {
			n.Start(&packet.Frame{})
			continue
		}
		f := packet.Frame{Described: true}
		if _, err := fmt.Sscan(strings.TrimPrefix(step, "@"), &f.Number); err != nil {
			t.Fatalf("step %q: %v", step, err)
		}
		if step[0] == '@' {
			n.Start(&f)
		}
		out = append(out, fmt.Sprint(n.Map(&f)))
	}
	return strings.Join(out, " ")
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"the first source keeps its numbers", "@100 100 101 104", "100 100 101 104"},
		{"the next source goes on", "@100 101 @7 7 8 12", "100 101 102 102 103 107"},
		{"and the next", "@100 @7 8 @900 901", "100 101 102 103 104"},
		{"a late frame does not count", "@100 105 101 @7", "100 105 101 106"},
		{"a source wraps", "@65535 0 1 @7", "65535 0 1 2"},
		{"the line wraps", "@65534 65535 @7 8", "65534 65535 0 1"},
		{"a source without descriptors between", "@100 101 @- @7 8", "100 101 102 103"},
		{"descriptors that begin later", "@- 50 51 @7", "50 51 52"},
		{"descriptors that begin later, of a later source", "@100 101 @- 50", "100 101 102"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := frames(t, new(Numbers), tt.in); got != tt.want {
				t.Errorf("in %q: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// A packet that is sent again needs the numbers of its own source.
func TestNumbersCopiesAreIndependent(t *testing.T) {
	var n Numbers
	frames(t, &n, "@100 @7 8")
	before := n
	frames(t, &n, "@900 901")
	if got, want := frames(t, &before, "7 8"), "101 102"; got != want {
		t.Errorf("the copy: got %q, want %q", got, want)
	}
	if got, want := frames(t, &n, "902"), "105"; got != want {
		t.Errorf("the original: got %q, want %q", got, want)
	}
}
