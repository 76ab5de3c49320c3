package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/switchyard-rtc/switchyard"

// folder is one package of the module, without its tests.
type folder struct {
	dir     string // slash-separated, from the module's root
	name    string
	set     *token.FileSet
	files   []*ast.File
	imports map[string]token.Position // path to where it is imported
}

// internal tells whether the package is of use only inside of its parent.
func (f *folder) internal() bool {
	return strings.Contains("/"+f.dir+"/", "/internal/")
}

// house parses every package of the module, files of all systems included.
func house(t *testing.T) map[string]*folder {
	t.Helper()
	root := moduleRoot(t)
	all := make(map[string]*folder)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && (base == "node_modules" || base == "testdata" || strings.HasPrefix(base, ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		relative, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(relative)
		f := all[dir]
		if f == nil {
			f = &folder{dir: dir, set: token.NewFileSet(), imports: make(map[string]token.Position)}
			all[dir] = f
		}
		return f.add(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found %d packages below %s; where is the module?", len(all), root)
	}
	return all
}

func (f *folder) add(name string) error {
	file, err := parser.ParseFile(f.set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f.name = file.Name.Name
	f.files = append(f.files, file)
	for _, s := range file.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return err
		}
		f.imports[p] = f.set.Position(s.Pos())
	}
	return nil
}

// moduleRoot is the folder above with a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above this package")
		}
		dir = filepath.Dir(dir)
	}
}

// ours returns the folder of an import of this module.
func ours(imported string) (dir string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard tells whether an import is of the standard library.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// matches tells whether a folder is one of the patterns: a path, or one that
// ends in /... for everything below it too.
func matches(dir string, patterns []string) bool {
	for _, p := range patterns {
		if below, ok := strings.CutSuffix(p, "/..."); ok && (dir == below || strings.HasPrefix(dir, below+"/")) {
			return true
		}
		if ok, err := path.Match(p, dir); err == nil && ok {
			return true
		}
	}
	return false
}
