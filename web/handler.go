// Package web serves the meeting page: static files that are built into the
// binary, and nothing else. It knows neither rooms nor visitors.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// policy keeps the page to its own origin: no third-party request, no inline
// script and no eval. Styles set through the CSSOM are allowed by 'self'. The
// page may be framed by its own origin only.
const policy = "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// asset is one embedded file with everything that its response needs.
type asset struct {
	name string // last element of the path
	body []byte
	kind string // Content-Type
	etag string
}

// Handler returns the handler of the meeting page.
//
// GET / is the page itself. It carries no validator and no Content-Length, so
// that a handler around this one may fill in the content of
//
//	<meta name="switchyard-visitor" content="">
//
// with the HTML-escaped name of the visitor. The files that the page refers to
// have stable names; they are revalidated by ETag, so that the modules of one
// page load always belong to one version. Every other path is redirected to /
// with status 302, because a link is worth more than an error page. Methods
// other than GET and HEAD are answered 405.
//
// The handler is safe for concurrent use and does no IO but the response.
func Handler() http.Handler {
	assets, index := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if r.URL.Path == "/" {
			serveIndex(w, r, index)
			return
		}
		a, ok := assets[r.URL.Path]
		if !ok {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", a.etag)
		http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.body))
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

// load reads the embedded tree once: the files by URL path, and the page.
// A failure can only be a mistake in this package, found by its tests.
func load() (map[string]asset, []byte) {
	assets := make(map[string]asset)
	var index []byte
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		if name == "static/index.html" {
			index = body
			return nil
		}
		sum := sha256.Sum256(body)
		assets[strings.TrimPrefix(name, "static")] = asset{
			name: path.Base(name),
			body: body,
			kind: contentType(name),
			etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		}
		return nil
	})
	if err != nil || index == nil {
		panic("web: embedded page is incomplete")
	}
	return assets, index
}

// contentType names the type by a table of our own first, because the one of
// package mime depends on files of the machine.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json":
		return "application/json; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt", ".ts":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}
