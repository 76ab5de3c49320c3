package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/web"
)

func do(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	return ask(web.Handler(), method, target, header...)
}

func ask(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStatusAndType(t *testing.T) {
	for _, tt := range []struct {
		method, target string
		status         int
		kind, location string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", ""},
		{"GET", "/?room=blue-fox-42", 200, "text/html; charset=utf-8", ""},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"GET", "/page/style.css", 200, "text/css; charset=utf-8", ""},
		{"GET", "/lib/switchyard.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/lang/en.json", 200, "application/json; charset=utf-8", ""},
		{"GET", "/lib/vendor/socket.io.esm.min.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/page/background-worker.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/vendor/mediapipe/selfie_segmentation_solution_simd_wasm_bin.wasm", 200, "application/wasm", ""},
		{"GET", "/vendor/mediapipe/selfie_segmentation.tflite", 200, "application/octet-stream", ""},
		{"GET", "/vendor/mediapipe/LICENSE.txt", 200, "text/plain; charset=utf-8", ""},
		{"GET", "/worker/studio.js", 302, "", "/"},
		{"GET", "/icon.svg", 200, "image/svg+xml", ""},
		{"GET", "/icon-192.png", 200, "image/png", ""},
		{"GET", "/manifest.webmanifest", 200, "application/manifest+json", ""},
		{"GET", "/index.html", 302, "", "/"},
		{"GET", "/lib", 302, "", "/"},
		{"GET", "/lib/", 302, "", "/"},
		{"GET", "/no/such/page", 302, "", "/"},
		{"GET", "//evil.example/", 302, "", "/"},
		{"GET", "/lib/../handler.go", 302, "", "/"},
		{"GET", "/static/index.html", 302, "", "/"},
		{"POST", "/", 405, "", ""},
		{"DELETE", "/page/style.css", 405, "", ""},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			r := do(t, tt.method, tt.target)
			if r.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", r.StatusCode, tt.status)
			}
			if got := r.Header.Get("Location"); got != tt.location {
				t.Errorf("Location %q, want %q", got, tt.location)
			}
			if got := r.Header.Get("Content-Type"); tt.kind != "" && got != tt.kind {
				t.Errorf("Content-Type %q, want %q", got, tt.kind)
			}
			if got := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self'") {
				t.Errorf("Content-Security-Policy %q", got)
			}
			if got := r.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options %q, want nosniff", got)
			}
		})
	}
}

func TestAssetIsRevalidated(t *testing.T) {
	first := do(t, "GET", "/page/style.css")
	etag := first.Header.Get("ETag")
	if etag == "" || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("ETag %q, Cache-Control %q", etag, first.Header.Get("Cache-Control"))
	}
	if r := do(t, "GET", "/page/style.css", "If-None-Match", etag); r.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: status %d, want 304", r.StatusCode)
	}
	if r := do(t, "GET", "/page/style.css", "If-None-Match", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("with another ETag: status %d, want 200", r.StatusCode)
	}
}

// Each encoding has its own ETag, a Range is one of the plain bytes, and whoever
// does not accept gzip gets none.
func TestEncodingIsNegotiated(t *testing.T) {
	const file = "/page/main.js"
	plain := do(t, "GET", file)
	packed := do(t, "GET", file, "Accept-Encoding", "gzip, deflate, br")
	text := body(t, plain)
	if got := packed.Header.Get("ETag"); got == plain.Header.Get("ETag") || got == "" {
		t.Errorf("with gzip the ETag is %s, without %s", got, plain.Header.Get("ETag"))
	}
	if got := unzip(t, body(t, packed)); got != text {
		t.Errorf("with gzip it is %q, without %q", got, text)
	}
	for _, tt := range []struct {
		name   string
		header []string
		status int
		gzip   bool
		length int // of the body, -1 for any
	}{
		{"nothing said", nil, 200, false, len(text)},
		{"gzip", []string{"Accept-Encoding", "br;q=1.0, GZIP;q=0.5"}, 200, true, -1},
		{"anything", []string{"Accept-Encoding", "*"}, 200, true, -1},
		{"anything else", []string{"Accept-Encoding", "*, gzip;q=0"}, 200, false, len(text)},
		{"gzip without weight", []string{"Accept-Encoding", "gzip;q=0.000"}, 200, false, len(text)},
		{"only another", []string{"Accept-Encoding", "br"}, 200, false, len(text)},
		{"identity", []string{"Accept-Encoding", "identity"}, 200, false, len(text)},
		{"known", []string{"Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag")}, 304, false, 0},
		{"known without gzip", []string{"If-None-Match", plain.Header.Get("ETag")}, 304, false, 0},
		{"known in the other encoding", []string{"Accept-Encoding", "gzip", "If-None-Match", plain.Header.Get("ETag")}, 200, true, -1},
		{"not the one meant", []string{"Accept-Encoding", "gzip", "If-Match", `"other"`}, 412, false, 0},
		{"a part", []string{"Accept-Encoding", "gzip", "Range", "bytes=2-5"}, 206, false, 4},
		{"a part of the packed", []string{"Range", "bytes=2-5", "If-Range", packed.Header.Get("ETag")}, 200, false, len(text)},
		{"no part", []string{"Accept-Encoding", "gzip", "Range", "bytes=9999999-"}, 416, false, -1},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+tt.name, func(t *testing.T) {
				r := do(t, method, file, tt.header...)
				if r.StatusCode != tt.status || r.Header.Get("Vary") != "Accept-Encoding" {
					t.Errorf("status %d, Vary %q; want %d, Accept-Encoding", r.StatusCode, r.Header.Get("Vary"), tt.status)
				}
				if got := r.Header.Get("Content-Encoding") == "gzip"; tt.status < 300 && got != tt.gzip {
					t.Errorf("Content-Encoding %q, want gzip %v", r.Header.Get("Content-Encoding"), tt.gzip)
				}
				b := body(t, r)
				if method == "HEAD" && b != "" && tt.status < 300 || method == "GET" && tt.length >= 0 && len(b) != tt.length {
					t.Errorf("%d bytes, want %d", len(b), tt.length)
				}
				if length := r.Header.Get("Content-Length"); tt.status == 200 && method == "GET" && length != strconv.Itoa(len(b)) {
					t.Errorf("Content-Length %s of %d bytes", length, len(b))
				}
			})
		}
	}
}

func unzip(t *testing.T, packed string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// budget is what the page may weigh as it is sent, in bytes, in its longest
// language: home, lobby and room together, but not what is opened seldom and
// fetched then.
const budget = 80_000

func TestPageIsLight(t *testing.T) {
	handler := web.Handler()
	page := body(t, ask(handler, "GET", "/"))
	total, later, language := len(page), 0, 0
	for _, file := range files(t) {
		r := ask(handler, "GET", file, "Accept-Encoding", "gzip")
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", file, r.StatusCode)
		}
		n := len(body(t, r))
		t.Logf("%6d %s", n, file)
		switch {
		case strings.HasPrefix(file, "/lang/"):
			language = max(language, n)
		case strings.Contains(page, file):
			total += n
		default:
			later += n
		}
	}
	total += language
	t.Logf("%6d bytes altogether, and %d that may be fetched later", total, later)
	if total > budget {
		t.Errorf("the page weighs %d bytes, may weigh %d", total, budget)
	}
}

// files returns the URL paths of everything that the page may fetch, but what
// draws backgrounds, what only developers look at, and the client library as
// other pages use it.
func files(t *testing.T) (list []string) {
	t.Helper()
	for _, file := range web.Files() {
		if !strings.HasPrefix(file, "/lib/") && !strings.Contains(file, "mediapipe") && path.Ext(file) != ".map" && path.Ext(file) != ".txt" {
			list = append(list, file)
		}
	}
	return list
}

// The bundle is what the page needs at the start, in few files, and its sources
// are nowhere else.
func TestPageIsABundle(t *testing.T) {
	page := body(t, do(t, "GET", "/"))
	if n := strings.Count(page, "/page/"); n < 2 || n > 12 {
		t.Errorf("the page names %d files of the bundle:\n%s", n, page)
	}
	for _, file := range []string{"/ui/main.js", "/ui/call.js", "/style.css", "/style/call.css"} {
		if r := do(t, "GET", file); r.StatusCode != http.StatusFound {
			t.Errorf("%s: status %d, want 302", file, r.StatusCode)
		}
	}
	if r := do(t, "GET", "/page/main.js.map"); r.StatusCode != http.StatusOK || !strings.Contains(body(t, r), "ui/main.js") {
		t.Error("the source map is missing, or names no source")
	}
}

// Only the thread that draws backgrounds may compile WebAssembly, and nothing may
// make code out of text.
func TestOnlyBackgroundsCompile(t *testing.T) {
	handler := web.Handler()
	for _, file := range append(web.Files(), "/", "/no/such/page") {
		got := ask(handler, "HEAD", file).Header.Get("Content-Security-Policy")
		if want := file == "/page/background-worker.js"; strings.Contains(got, "'wasm-unsafe-eval'") != want {
			t.Errorf("%s: WebAssembly allowed %v, want %v: %q", file, !want, want, got)
		}
		if strings.Contains(got, "'unsafe-eval'") || strings.Contains(got, "unsafe-inline") {
			t.Errorf("%s: %q", file, got)
		}
	}
}

// What makes a package of the client library is of no use to a browser.
func TestPackageIsNotServed(t *testing.T) {
	for _, file := range []string{"/lib/package.json", "/lib/README.md", "/lib/tsconfig.json", "/lib/LICENSE"} {
		if r := do(t, "GET", file); r.StatusCode != http.StatusFound {
			t.Errorf("%s: status %d, want 302", file, r.StatusCode)
		}
	}
}

// The handler of package room edits the page on its way out, so nothing may
// describe the bytes before that.
func TestPageCanBeEdited(t *testing.T) {
	r := do(t, "GET", "/", "If-None-Match", "*")
	if r.StatusCode != http.StatusOK {
		t.Fatalf("status %d, want 200", r.StatusCode)
	}
	for _, name := range []string{"ETag", "Content-Length", "Last-Modified"} {
		if got := r.Header.Get(name); got != "" {
			t.Errorf("%s is %q, want none", name, got)
		}
	}
	if got := strings.Count(body(t, r), `<meta name="switchyard-visitor" content="">`); got != 1 {
		t.Errorf("the visitor's place is there %d times, want once", got)
	}
}

// The policy forbids what is inline, and the page must work without a request
// to anybody else.
func TestPageKeepsItsPolicy(t *testing.T) {
	page := body(t, do(t, "GET", "/"))
	for _, bad := range []string{"<script>", " style=", "http://", "https://", "onclick="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	for _, ref := range regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if r := do(t, "GET", ref[1]); r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, want 200", ref[1], r.StatusCode)
		}
	}
}
