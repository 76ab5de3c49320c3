package arch

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// cores decide, with time and bytes as their arguments.
var cores = []string{
	"sfu/internal/codec", "sfu/internal/feedback", "sfu/internal/layer", "sfu/internal/mono", "sfu/internal/nack", "sfu/internal/netem",
	"sfu/internal/packet", "sfu/internal/plane", "sfu/internal/report", "sfu/internal/rewrite", "sfu/internal/speaker",
}

// mayImport lists what each part of the house may import of the rest of it.
// Every package has to be named here.
var mayImport = map[string][]string{
	"sfu/internal/mono":     {},
	"sfu/internal/packet":   {},
	"sfu/internal/arch":     {},
	"sfu/internal/codec":    {"sfu/internal/packet"},
	"sfu/internal/feedback": {"sfu/internal/packet", "sfu/internal/mono"},
	"sfu/internal/layer":    {"sfu/internal/packet"},
	"sfu/internal/nack":     {"sfu/internal/packet", "sfu/internal/mono"},
	"sfu/internal/netem":    {"sfu/internal/mono"},
	"sfu/internal/report":   {"sfu/internal/packet", "sfu/internal/mono"},
	"sfu/internal/rewrite":  {"sfu/internal/packet", "sfu/internal/mono"},
	"sfu/internal/speaker":  {"sfu/internal/packet", "sfu/internal/mono"},
	"sfu/internal/plane": {
		"sfu/internal/codec", "sfu/internal/feedback", "sfu/internal/layer", "sfu/internal/mono", "sfu/internal/nack", "sfu/internal/packet",
		"sfu/internal/report", "sfu/internal/rewrite", "sfu/internal/speaker", "sfu/srtp",
	},
	"sfu/internal/cputime":   {},
	"sfu/internal/worker":    {"sfu/internal/cputime", "sfu/internal/plane", "sfu/internal/packet", "sfu/internal/mono", "sfu/udp"},
	"sfu/internal/pionpc":    {"sfu/internal/codec", "sfu/internal/packet", "sfu/srtp"},
	"sfu/srtp":               {"sfu/srtp/internal/vaes"},
	"sfu/srtp/internal/vaes": {},
	"sfu/udp":                {},
	"sfu": {
		"sfu/internal/codec", "sfu/internal/layer", "sfu/internal/packet", "sfu/internal/pionpc", "sfu/internal/plane", "sfu/internal/worker",
		"sfu/srtp", "sfu/udp",
	},
	"sfu/micro": {
		"sfu/internal/cputime", "sfu/internal/layer", "sfu/internal/mono", "sfu/internal/nack", "sfu/internal/packet", "sfu/internal/plane", "sfu/internal/rewrite",
		"sfu/srtp", "sfu/udp",
	},
	"bench":              {"room", "sfu", "sfu/micro", "sfu/srtp", "sfu/udp", "signal/client"},
	"signal":             {"signal/engine", "signal/sio"},
	"signal/adaptertest": {"signal", "signal/engine"},
	"signal/client":      {"signal/sio"},
	"signal/engine":      {},
	"signal/sio":         {},
	"room":               {"room/internal/problem", "sfu"},
	"room/admin":         {"room", "room/internal/problem", "room/token", "sfu"},
	"room/store":         {"room", "room/internal/lock"},
	"room/token":         {"room"},
	"room/webhook":       {"room", "room/internal/lock"},
	"web":                {},
	"cmd/switchyard":     {"bench", "room", "room/admin", "room/store", "room/token", "room/webhook", "sfu", "signal", "web"},
	"examples/...":       {"room", "sfu", "signal", "web"},

	"room/internal/lock":    {},
	"room/internal/problem": {},
}

// onlyIn lists modules that only some packages may import, tests apart.
var onlyIn = map[string][]string{
	"github.com/pion/":           {"bench", "sfu", "room", "sfu/internal/pionpc", "examples/..."},
	"github.com/pion/rtcp":       {"bench"}, // and the oracle of tests
	"github.com/golang-jwt/":     {"room/token"},
	"github.com/danielgtaylor/":  {"room/admin"},
	"github.com/HdrHistogram/":   {"bench"},
	"github.com/schollz/":        {"cmd/switchyard"},
	"github.com/coder/websocket": {"signal/client", "signal/engine"},
	"github.com/spf13/":          {"cmd/switchyard"},
	"github.com/evanw/":          {"web"},
	"github.com/goccy/":          {"cmd/switchyard"},
	"golang.org/x/":              {"bench", "sfu/srtp/internal/vaes", "sfu/udp"},
}

// impure is what a core must not have.
var impure = []string{"sync", "sync/atomic", "net", "net/http", "os", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "context"}

func TestImports(t *testing.T) {
	for _, f := range house(t) {
		allowed, known := rule(f.dir)
		if !known {
			t.Errorf("%s: no rule says what it may import; add one", f.dir)
		}
		for imported, where := range f.imports {
			if dir, ok := ours(imported); ok && !slices.Contains(allowed, dir) {
				t.Errorf("%v: %s must not import %s", where, f.dir, dir)
			}
		}
	}
}

func rule(dir string) (allowed []string, ok bool) {
	if allowed, ok := mayImport[dir]; ok {
		return allowed, true
	}
	for pattern, allowed := range mayImport {
		if matches(dir, []string{pattern}) {
			return allowed, true
		}
	}
	return nil, false
}

// A rule about a folder that is gone guards nothing.
func TestRulesAreAboutFolders(t *testing.T) {
	all := house(t)
	named := append(slices.Collect(maps.Keys(mayImport)), cores...)
	for _, dir := range named {
		if strings.HasSuffix(dir, "/...") {
			continue
		}
		if all[dir] == nil {
			t.Errorf("there is a rule for %s, but no such package", dir)
		}
	}
}

func TestForeignModulesStayWhereTheyBelong(t *testing.T) {
	for _, f := range house(t) {
		for imported, where := range f.imports {
			if standard(imported) {
				continue
			}
			if _, ok := ours(imported); ok {
				continue
			}
			if prefix := longest(imported); !matches(f.dir, onlyIn[prefix]) {
				t.Errorf("%v: %s must not import %s", where, f.dir, imported)
			}
		}
	}
}

// longest finds the most particular rule for an import.
func longest(imported string) string {
	best := ""
	for prefix := range onlyIn {
		if strings.HasPrefix(imported, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return best
}

func TestCoresImportNothingImpure(t *testing.T) {
	all := house(t)
	for _, dir := range cores {
		for imported, where := range all[dir].imports {
			if slices.Contains(impure, imported) {
				t.Errorf("%v: the core %s must not import %s", where, dir, imported)
			}
		}
	}
}
