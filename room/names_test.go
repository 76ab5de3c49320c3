package room

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzFileNames(f *testing.F) {
	for _, s := range []string{"plan.pdf", "/etc/passwd", `C:\x`, "..", "\u202e\x00.", strings.Repeat("ü", 99) + ".txt", strings.Repeat(".x", 99), "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanFileName(s)
		switch {
		case got == "" || len(got) > longestFileName || !utf8.ValidString(got):
			t.Fatalf("%q: %q", s, got)
		case strings.ContainsAny(got, "/\\<>:\"|?*\x00\n\r") || got == "." || got == "..":
			t.Fatalf("%q: %q may be no name of a file", s, got)
		case cleanFileName(got) != got:
			t.Fatalf("%q: %q, and then %q", s, got, cleanFileName(got))
		}
		if name := cleanName(s); len(name) > longestName || !utf8.ValidString(name) {
			t.Fatalf("%q: %q as the name of a member", s, name)
		}
	})
}
