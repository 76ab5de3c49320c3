package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProxiesTellTheClient(t *testing.T) {
	p, err := parseProxies([]string{"10.0.0.0/8", " 192.0.2.7 ", "2001:db8:1::/48", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	const far, near, own = "198.51.100.4", "10.1.2.3", "192.0.2.7"
	for _, tt := range []struct {
		name    string
		peer    string
		headers []string
		want    string
	}{
		{"no header", near + ":80", nil, near + ":80"},
		{"one proxy", near + ":80", []string{far}, far + ":0"},
		{"a stranger lies", far + ":80", []string{"203.0.113.1"}, far + ":80"},
		{"a client lies to the proxy", near + ":80", []string{"203.0.113.1, " + far}, far + ":0"},
		{"and says that it is a proxy", near + ":80", []string{"203.0.113.1," + near + "," + far}, far + ":0"},
		{"two proxies", near + ":80", []string{far + ", " + own}, far + ":0"},
		{"two headers", near + ":80", []string{"203.0.113.1", far + " ,\t" + own, near}, far + ":0"},
		{"two headers, the first empty", near + ":80", []string{"", far}, far + ":0"},
		{"a client within the networks", near + ":80", []string{"10.9.9.9, " + own}, "10.9.9.9:0"},
		{"with a port", near + ":80", []string{far + ":5000"}, far + ":0"},
		{"IPv6", "[2001:db8:1::5]:80", []string{"2001:db8:2::9"}, "[2001:db8:2::9]:0"},
		{"IPv6 with a port", "[::1]:80", []string{"[2001:db8:2::9]:77, 2001:db8:1:ffff::1"}, "[2001:db8:2::9]:0"},
		{"IPv6 in brackets", "[::1]:80", []string{"[2001:db8:2::9]"}, "[2001:db8:2::9]:0"},
		{"IPv6 of no proxy", "[2001:db8:2::5]:80", []string{far}, "[2001:db8:2::5]:80"},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:80", []string{"::ffff:198.51.100.4"}, far + ":0"},
		{"with a zone", "[::1]:80", []string{"fe80::1%eth0"}, "[fe80::1]:0"},
		{"garbage", near + ":80", []string{"unknown"}, near + ":80"},
		{"garbage before the client", near + ":80", []string{"<script>, " + far}, far + ":0"},
		{"garbage behind the client", near + ":80", []string{far + ", _hidden, " + own}, own + ":0"},
		{"half brackets", near + ":80", []string{"[2001:db8:2::9"}, near + ":80"},
		{"commas", near + ":80", []string{",,,"}, near + ":80"},
		{"a name", near + ":80", []string{"example.com"}, near + ":80"},
		{"no number", near + ":80", []string{"1.2.3.456"}, near + ":80"},
		{"a lot", near + ":80", []string{strings.Repeat("1.1.1.1,", 5000) + far}, far + ":0"},
		{"a peer without an address", "@", []string{far}, "@"},
	} {
		got := ""
		h := p.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		for _, v := range tt.headers {
			r.Header.Add("X-Forwarded-For", v)
		}
		h.ServeHTTP(nil, r)
		if got != tt.want {
			t.Errorf("%s: %s with %.60q is from %s, want %s", tt.name, tt.peer, tt.headers, got, tt.want)
		}
		if r.RemoteAddr != tt.peer {
			t.Errorf("%s: the request itself was changed", tt.name)
		}
	}
}

func TestProxiesTellTheProtocol(t *testing.T) {
	p, err := parseProxies([]string{"10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peer    string
		headers []string
		want    bool
	}{
		{"10.0.0.1:80", nil, false},
		{"10.0.0.1:80", []string{"https"}, true},
		{"10.0.0.1:80", []string{"HTTPS"}, true},
		{"10.0.0.1:80", []string{"http"}, false},
		{"10.0.0.1:80", []string{"https", "http"}, false},
		{"10.0.0.1:80", []string{"http, https"}, true},
		{"10.0.0.1:80", []string{"https,"}, false},
		{"10.0.0.1:80", []string{"\x00"}, false},
		{"10.0.0.2:80", []string{"https"}, false},
	} {
		got := false
		h := p.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.TLS != nil }))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		r.Header["X-Forwarded-Proto"] = tt.headers
		if h.ServeHTTP(nil, r); got != tt.want {
			t.Errorf("%s with %q: by TLS %v, want %v", tt.peer, tt.headers, got, tt.want)
		}
	}
}

func TestParseProxies(t *testing.T) {
	for s, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "192.0.2.7": "192.0.2.7/32", "2001:db8::1": "2001:db8::1/128", "::/0": "::/0",
		"": "", "nginx": "", "10.0.0.0/33": "", "10.0.0.1:80": "", "fe80::1%eth0": "", "::ffff:10.0.0.1": "", "::ffff:10.0.0.0/104": "",
	} {
		got, err := parseProxies([]string{s})
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), s) {
				t.Errorf("%q: %v, %v, want an error", s, got, err)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%q: %v, %v, want %s", s, got, err, want)
		}
	}
}

// The visitor's cookie is for TLS only where the client spoke it, and limits are
// those of the client.
func TestServeBehindAProxy(t *testing.T) {
	t.Setenv(keysVariable, "")
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "off", "--trusted-proxies", "127.0.0.0/8,::1")
	ask := func(client string) (status int, secure bool) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/rooms", nil)
		if client == "" {
			r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", client)
		r.Header.Set("X-Forwarded-Proto", "https")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for _, c := range resp.Cookies() {
			secure = secure || c.Secure
		}
		return resp.StatusCode, secure
	}
	if status, secure := ask(""); status != http.StatusOK || !secure {
		t.Errorf("the page: %d, secure %v", status, secure)
	}
	limited := false
	for range 5000 { // meanwhile more are allowed
		if status, _ := ask("198.51.100.1"); status == http.StatusTooManyRequests {
			limited = true
			break
		}
	}
	if !limited {
		t.Error("who asks too much is not limited")
	}
	if status, _ := ask("198.51.100.2"); status != http.StatusOK {
		t.Errorf("somebody else behind the same proxy: %d", status)
	}
}
