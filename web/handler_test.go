package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/web"
)

func do(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
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
		{"GET", "/style.css", 200, "text/css; charset=utf-8", ""},
		{"GET", "/lib/switchyard.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/lang/en.json", 200, "application/json; charset=utf-8", ""},
		{"GET", "/vendor/socket.io.esm.min.js", 200, "text/javascript; charset=utf-8", ""},
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
		{"DELETE", "/style.css", 405, "", ""},
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
	first := do(t, "GET", "/style.css")
	etag := first.Header.Get("ETag")
	if etag == "" || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("ETag %q, Cache-Control %q", etag, first.Header.Get("Cache-Control"))
	}
	if r := do(t, "GET", "/style.css", "If-None-Match", etag); r.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: status %d, want 304", r.StatusCode)
	}
	if r := do(t, "GET", "/style.css", "If-None-Match", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("with another ETag: status %d, want 200", r.StatusCode)
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
