package web

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// entry is the module that the page starts with, and how the page names it.
const (
	entry  = "/ui/main.js"
	script = `<script type="module" src="` + entry + `">`
)

// preload names the modules of the page in its head. Without that the browser
// learns of each only from the one which imports it, one round trip later.
func preload(index []byte) []byte {
	var links strings.Builder
	for _, p := range modules(entry) {
		links.WriteString(`<link rel="modulepreload" href="` + p + "\">\n")
	}
	return bytes.Replace(index, []byte(script), []byte(links.String()+script), 1)
}

// modules returns the URL paths of what a module imports before it runs,
// directly or not, without itself; the nearest first.
func modules(from string) []string {
	list := []string{from}
	for i := 0; i < len(list); i++ {
		source, err := static.ReadFile("static" + list[i])
		if err != nil {
			continue // the browser says so as well
		}
		for _, p := range imports(string(source)) {
			if p = path.Join(path.Dir(list[i]), p); !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list[1:]
}

// imports returns what a module of ours imports, as it is written there. Each
// statement begins a line and ends with a semicolon.
func imports(source string) (paths []string) {
	for rest := source; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		for _, begin := range []string{"import ", "export {", "export *"} {
			if !strings.HasPrefix(line, begin) {
				continue
			}
			statement, _, _ := strings.Cut(rest, ";")
			if parts := strings.Split(statement, "'"); len(parts) == 3 {
				paths = append(paths, parts[1])
			}
		}
		rest = after
	}
	return paths
}
