package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// A server on loopback answers neither other names nor pages of other machines,
// which WHIP and WHEP would let in; one that others reach answers all.
func TestOwnHosts(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, tt := range []struct {
		bound, host, origin string
		want                int
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", "", 200},
		{"127.0.0.1:8080", "localhost:8080", "http://localhost:8080", 200},
		{"127.0.0.1:8080", "127.0.0.1:8080", "http://localhost:3000", 200},
		{"127.0.0.1:8080", "127.0.0.1:8080", "http://[::1]:3000", 200},
		{"127.0.0.1:8080", "rebound.example:8080", "", 421},
		{"127.0.0.1:8080", "127.0.0.1:8080", "https://studio.example", 403},
		{"127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1.example", 403},
		{"127.0.0.1:8080", "127.0.0.1:8080", "null", 403},
		{"192.0.2.1:8080", "meet.example", "https://studio.example", 200},
	} {
		r := httptest.NewRequest(http.MethodPost, "/whep/r", nil)
		if r.Host = tt.host; tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		ownHosts(netip.MustParseAddrPort(tt.bound), ok).ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("on %s, host %s, origin %q: %d, want %d", tt.bound, tt.host, tt.origin, w.Code, tt.want)
		}
		if got := w.Header().Get("Content-Type"); w.Code != 200 && got != "application/problem+json" {
			t.Errorf("host %s, origin %q: refused as %s", tt.host, tt.origin, got)
		}
	}
}
