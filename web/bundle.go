package web

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	script = `<script type="module" src="/ui/main.js"></script>`
	style  = `<link rel="stylesheet" href="/style.css">`

	// drawing is the script of the thread that draws backgrounds.
	drawing = "/page/background-worker.js"
)

// bundle is the page's modules and style sheets as they are sent: what is needed
// at the start in one file, what is opened later in others.
type bundle struct {
	files map[string][]byte // by URL path
	head  []byte            // in place of the script and the style sheet of the page
}

// start is added to what is imported later. The splitting puts modules that the
// same entries need into one file; so all entries need those of the start, and they
// become one, which packs better than many.
const start = `
import "/ui/call.js";
import "/ui/home.js";
import "/ui/left.js";
import "/ui/lobby.js";
import "/ui/theme.js";
`

// later finds what a module imports when it is needed; types are in braces.
var later = regexp.MustCompile(`[ (]import\('\.(/[^']+)'\)`)

// importedLater returns the URL paths of the modules that another one imports when
// they are needed.
func importedLater() map[string]bool {
	found := make(map[string]bool)
	files, _ := fs.Glob(static, "static/ui/*.js") // the pattern is a good one
	for _, file := range files {
		source, _ := static.ReadFile(file) // it is there
		for _, m := range later.FindAllSubmatch(source, -1) {
			found["/ui"+string(m[1])] = true
		}
	}
	return found
}

// bundled makes the bundle, once for the process, in some 50 ms. A failure can
// only be a mistake in the embedded files, found by the tests of this package.
var bundled = sync.OnceValue(func() bundle {
	b := bundle{files: make(map[string][]byte)}
	b.add(api.BuildOptions{
		EntryPoints: []string{"/ui/main.js", "/style.css"}, Splitting: true, Format: api.FormatESModule,
	})
	// A thread that fetches scripts which are no modules cannot be one itself.
	b.add(api.BuildOptions{EntryPoints: []string{"/worker/background-worker.js"}, Format: api.FormatIIFE})
	b.head = b.links()
	return b
})

// add bundles what o says.
func (b bundle) add(o api.BuildOptions) {
	o.Outdir, o.Outbase, o.EntryNames, o.ChunkNames = "/", "/", "page/[name]", "page/[name]-[hash]"
	o.Bundle, o.Target = true, api.ES2022
	o.MinifyWhitespace, o.MinifySyntax, o.MinifyIdentifiers = true, true, true
	o.Charset, o.LegalComments = api.CharsetUTF8, api.LegalCommentsNone
	o.Sourcemap = api.SourceMapLinked // for whoever opens the developer's tools
	o.Plugins = []api.Plugin{{Name: "embedded", Setup: embedded}}
	o.LogLevel = api.LogLevelSilent
	result := api.Build(o)
	if len(result.Errors) > 0 {
		panic("web: " + result.Errors[0].Text)
	}
	for _, f := range result.OutputFiles {
		b.files[f.Path] = f.Contents
	}
}

// embedded lets esbuild read the embedded tree, whose root is that of the URLs.
func embedded(build api.PluginBuild) {
	seldom := importedLater()
	build.OnResolve(api.OnResolveOptions{Filter: `.*`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		p := a.Path
		if !path.IsAbs(p) {
			p = path.Join(path.Dir(a.Importer), p)
		}
		r := api.OnResolveResult{Path: p, Namespace: "embedded"}
		if strings.HasPrefix(p, "/lib/") {
			r.SideEffects = api.SideEffectsFalse // what the page does not use of the library is left out
		}
		return r, nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "embedded"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		source, err := static.ReadFile("static" + a.Path)
		text, loader := string(source), api.LoaderJS
		if path.Ext(a.Path) == ".css" {
			loader = api.LoaderCSS
		}
		if seldom[a.Path] {
			text += start
		}
		return api.OnLoadResult{Contents: &text, Loader: loader}, err
	})
}

// imported finds what a module of the bundle imports before it runs.
var imported = regexp.MustCompile(`(?:from|import)"(\./[^"]+)"`)

// links names the files that the page needs at the start. Without that the
// browser learns of some only from those which import them, a round trip later.
func (b bundle) links() []byte {
	const entry = "/page/main.js"
	list := []string{entry}
	for i := 0; i < len(list); i++ {
		for _, m := range imported.FindAllSubmatch(b.files[list[i]], -1) {
			if p := path.Join("/page", string(m[1])); !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	var s strings.Builder
	s.WriteString(`<link rel="stylesheet" href="/page/style.css">` + "\n")
	for _, p := range list[1:] {
		s.WriteString(`<link rel="modulepreload" href="` + p + "\">\n")
	}
	s.WriteString(`<script type="module" src="` + entry + `"></script>`)
	return []byte(s.String())
}

// page returns the page with what the bundle has in place of its sources.
func (b bundle) page(index []byte) []byte {
	index = bytes.Replace(index, []byte(style+"\n"), nil, 1)
	return bytes.Replace(index, []byte(script), b.head, 1)
}
