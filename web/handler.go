// Package web serves the meeting page: static files that are built into the
// binary, and nothing else. It knows neither rooms nor visitors.
package web

import (
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// policy keeps the page to its own origin: no third-party request, no inline
// script and no eval. Styles set through the CSSOM are allowed by 'self'. The
// page may be framed by its own origin only.
const policy = "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// drawingPolicy is that of the thread that draws backgrounds, which has no
// document. It alone may compile WebAssembly.
const drawingPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"

// Handler returns the handler of the meeting page.
//
// GET / is the page itself. It carries no validator and no Content-Length, so
// that a handler around this one may fill in the content of
//
//	<meta name="switchyard-visitor" content="">
//
// with the HTML-escaped name of the visitor. It names every module that it needs
// at the start, so that the browser asks for all of them at once.
//
// The page's modules and style sheets are sent as a bundle under /page/, with a
// source map, which is made in some 50 ms for the first request: a server that
// nobody opens the page of needs none. The client library is under /lib/ as it is
// written, for other pages; see its package.
// Files are revalidated by ETag, so that those of one page load always belong to
// one version, and sent by gzip to whoever accepts it. A Range is one of the bytes
// without gzip.
//
// Every other path is redirected to / with status 302, because a link is worth
// more than an error page. Methods other than GET and HEAD are answered 405.
//
// The handler is safe for concurrent use and does no IO but the response.
func Handler() http.Handler {
	loaded := sync.OnceValues(load)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		assets, index := loaded()
		if r.URL.Path == "/" {
			serveIndex(w, r, index)
			return
		}
		a, ok := assets[r.URL.Path]
		if !ok {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		if a.file == drawing {
			w.Header().Set("Content-Security-Policy", drawingPolicy)
		}
		a.serve(w, r)
	})
}

// serveIndex writes the page. It may hold a visitor's name by the time it
// reaches the browser, hence private.
func serveIndex(w http.ResponseWriter, r *http.Request, index []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	if r.Method == http.MethodHead {
		return
	}
	// An error here means that the browser went away.
	_, _ = w.Write(index)
}

// secure sets the headers that every response carries.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy",
		"camera=(self), microphone=(self), display-capture=(self), autoplay=(self), geolocation=()")
}

// load names what is served by URL path, and makes the page. A failure can only
// be a mistake in this package, found by its tests.
func load() (map[string]*asset, []byte) {
	assets := make(map[string]*asset)
	err := fs.WalkDir(static, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !served(file) {
			return err
		}
		url := strings.TrimPrefix(file, "static")
		assets[url] = &asset{file: url, source: func() ([]byte, error) { return static.ReadFile(file) }}
		return nil
	})
	index, readErr := static.ReadFile("static/index.html")
	if err != nil || readErr != nil {
		panic("web: embedded page is incomplete")
	}
	page := bundled()
	for url, b := range page.files {
		assets[url] = &asset{file: url, source: func() ([]byte, error) { return b, nil }}
	}
	return assets, page.page(index)
}

// served tells whether a file is one that a browser asks for: not one that is part
// of the bundle alone, nor one of those that make a package of the client library.
func served(file string) bool {
	switch dir := path.Dir(file); {
	case file == "static/index.html", dir == "static/ui", dir == "static/worker", path.Ext(file) == ".css", strings.HasSuffix(file, ".d.ts"):
		return false
	}
	return path.Dir(file) != "static/lib" || path.Ext(file) == ".js"
}

// contentType names the type by a table of our own first, because the one of
// package mime depends on files of the machine.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}
