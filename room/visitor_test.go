package room

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const page = `<html><meta name="switchyard-visitor" content=""><p>content=""</p></html>`

// pages serves a page as web does, and tells what else it was asked for.
func pages(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "method", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path != "/" {
		w.Header().Set("X-Path", r.URL.Path)
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"version"`)
	w.Header().Set("Content-Length", fmt.Sprint(len(page)))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Header.Get("If-None-Match") != "" || r.Header.Get("Range") != "" {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, page)
	}
}

var testKey = []byte(strings.Repeat("k", 32))

// browser keeps the cookie of a visitor.
type browser struct {
	t      *testing.T
	url    string
	cookie string
}

func browse(t *testing.T, v *Visitors) *browser {
	t.Helper()
	s := httptest.NewServer(v.Page(http.HandlerFunc(pages)))
	t.Cleanup(s.Close)
	return &browser{t: t, url: s.URL}
}

// ask makes a request, without following redirects.
func (b *browser) ask(method, path, body string, header http.Header) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", visitorCookie+"="+b.cookie)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	for _, c := range res.Cookies() {
		if c.Name == visitorCookie {
			b.cookie = c.Value
		}
	}
	return res, string(text)
}

// rename confirms a name in the lobby, and returns what was made of it.
func (b *browser) rename(name string) string {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		b.t.Fatal(err)
	}
	res, text := b.ask(http.MethodPost, "/visitor", string(body), nil)
	var got struct {
		Name       string
		ICEServers []any `json:"ice_servers"`
		Expires    int64
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || res.StatusCode != 200 || got.ICEServers == nil || got.Expires == 0 {
		b.t.Fatalf("POST /visitor: %s %s", res.Status, text)
	}
	return got.Name
}

func TestVisitorIsRemembered(t *testing.T) {
	v := NewVisitors(testKey)
	b := browse(t, v)
	res, text := b.ask(http.MethodGet, "/", "", nil)
	if text != page || b.cookie == "" {
		t.Errorf("a new visitor got %q with the cookie %q", text, b.cookie)
	}
	first, ok := v.open(b.cookie)
	if !ok || first.Name != "" || len(first.ID) != 22 {
		t.Errorf("the cookie says %+v, %v", first, ok)
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Path != "/" || c.MaxAge < 86400 {
		t.Errorf("the cookie is %+v", c)
	}
	if got := b.rename("Ana"); got != "Ana" {
		t.Errorf("named %q", got)
	}
	_, text = b.ask(http.MethodGet, "/?room=blue", "", nil)
	if want := strings.Replace(page, `content=""`, `content="Ana"`, 1); text != want {
		t.Errorf("the page is %q, want %q", text, want)
	}
	if again, _ := v.open(b.cookie); again.ID != first.ID {
		t.Errorf("the visitor became %+v, was %+v", again, first)
	}
	res, text = b.ask(http.MethodHead, "/", "", nil)
	if res.StatusCode != 200 || text != "" || len(res.Cookies()) != 1 {
		t.Errorf("HEAD: %s, %q, cookies %v", res.Status, text, res.Cookies())
	}
}

// What may be a part or another visitor's version of the page is never served.
func TestVisitorGetsTheWholePage(t *testing.T) {
	b := browse(t, NewVisitors(testKey))
	b.rename("Ana")
	for _, h := range []http.Header{
		{}, {"If-None-Match": {`"version"`}}, {"If-None-Match": {"*"}}, {"Range": {"bytes=0-3"}}, {"If-Modified-Since": {"Mon, 02 Jan 2034 15:04:05 GMT"}},
	} {
		res, text := b.ask(http.MethodGet, "/", "", h)
		if res.StatusCode != 200 || !strings.Contains(text, `content="Ana"`) || !strings.HasSuffix(text, "</html>") {
			t.Errorf("%v: got %s %q", h, res.Status, text)
		}
		if res.Header.Get("ETag") != "" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: may be stored: %v", h, res.Header)
		}
	}
}

func TestVisitorLeavesTheRestAlone(t *testing.T) {
	b := browse(t, NewVisitors(testKey))
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/anything", 302},
		{http.MethodGet, "/visitor", 302},
		{http.MethodGet, "/visitor/x", 302},
		{http.MethodPost, "/", 405},
		{http.MethodDelete, "/visitor", 405},
		{http.MethodPut, "/", 405},
		{http.MethodOptions, "/", 405},
	} {
		res, _ := b.ask(tt.method, tt.path, "", nil)
		if res.StatusCode != tt.status || len(res.Cookies()) > 0 {
			t.Errorf("%s %s: got %s and %d cookies, want %d", tt.method, tt.path, res.Status, len(res.Cookies()), tt.status)
		}
	}
}

// A cookie that is not ours belongs to a new visitor, and is no error.
func TestVisitorCookieCannotBeForged(t *testing.T) {
	v := NewVisitors(testKey)
	signed := func(v *Visitors, payload string) string {
		p := base64.RawURLEncoding.EncodeToString([]byte(payload))
		return "1." + p + "." + base64.RawURLEncoding.EncodeToString(v.sum(p))
	}
	good := signed(v, `{"id":"x","name":"Ana"}`)
	if who, ok := v.open(good); !ok || who.Name != "Ana" {
		t.Fatalf("%q is refused", good)
	}
	parts := strings.Split(good, ".")
	for name, value := range map[string]string{
		"empty":              "",
		"another key":        signed(NewVisitors([]byte(strings.Repeat("o", 32))), `{"id":"x","name":"Ana"}`),
		"random key":         signed(NewVisitors(nil), `{"id":"x","name":"Ana"}`),
		"another payload":    "1." + base64.RawURLEncoding.EncodeToString([]byte(`{"id":"x","name":"Eve"}`)) + "." + parts[2],
		"another version":    "2." + parts[1] + "." + parts[2],
		"no signature":       "1." + parts[1] + ".",
		"two parts":          "1." + parts[1],
		"four parts":         good + ".x",
		"truncated":          good[:len(good)-1],
		"longer":             good + "A",
		"padded":             good + "=",
		"spare bits":         good[:len(good)-1] + string(good[len(good)-1]+1),
		"signature no b64":   "1." + parts[1] + ".%%%",
		"payload no b64":     "1.%%%." + base64.RawURLEncoding.EncodeToString(v.sum("%%%")),
		"payload no JSON":    signed(v, `Ana`),
		"payload no id":      signed(v, `{"name":"Ana"}`),
		"payload wrong type": signed(v, `{"id":1}`),
		"10 kB":              strings.Repeat("1.", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			b := browse(t, v)
			b.cookie = value
			res, text := b.ask(http.MethodGet, "/", "", nil)
			if res.StatusCode != 200 || text != page {
				t.Errorf("got %s %q", res.Status, text)
			}
			if who, ok := v.open(b.cookie); !ok || who.ID == "x" || who.Name != "" {
				t.Errorf("the visitor is %+v, %v", who, ok)
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", visitorCookie+"=forged; "+visitorCookie+"="+good)
	if who := v.Read(r); who.Name != "Ana" {
		t.Errorf("a second cookie hides ours: %+v", who)
	}
}

func TestVisitorNames(t *testing.T) {
	b := browse(t, NewVisitors(testKey))
	for _, tt := range []struct{ name, in, want, shown string }{
		{"plain", "Ana", "Ana", "Ana"},
		{"empty", "", "", ""},
		{"spaces", "  Ana \t\n Bo ", "Ana Bo", "Ana Bo"},
		{"HTML", `"><script>alert(1)</script>`, `"><script>alert(1)</script>`, "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"},
		{"right to left override", "\u202eana\u2066", "ana", "ana"},
		{"NUL", "A\x00na", "Ana", "Ana"},
		{"no UTF-8", "A\xffna", "Ana", "Ana"},
		{"template", "$1 {{.}} ${x}", "$1 {{.}} ${x}", "$1 {{.}} ${x}"},
		{"long", strings.Repeat("ü", 100), strings.Repeat("ü", 32), strings.Repeat("ü", 32)},
		{"cut in a character", "a" + strings.Repeat("ü", 100), "a" + strings.Repeat("ü", 31), "a" + strings.Repeat("ü", 31)},
		{"right to left letters", "ענת", "ענת", "ענת"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := b.rename(tt.in); got != tt.want {
				t.Errorf("named %q, want %q", got, tt.want)
			}
			_, text := b.ask(http.MethodGet, "/", "", nil)
			if want := strings.Replace(page, `content=""`, `content="`+tt.shown+`"`, 1); text != want {
				t.Errorf("shown as %q, want %q", text, want)
			}
		})
	}
}

func TestVisitorRequests(t *testing.T) {
	b := browse(t, NewVisitors(testKey))
	own := http.Header{"Origin": {b.url}}
	for _, tt := range []struct {
		name, body string
		header     http.Header
		status     int
	}{
		{"a program", `{"name":"Ana"}`, nil, 200},
		{"own page", `{"name":"Ana"}`, own, 200},
		{"own page says so", `{"name":"Ana"}`, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {b.url}}, 200},
		{"unknown field", `{"name":"Ana","x":1}`, own, 200},
		{"foreign page", `{"name":"Eve"}`, http.Header{"Origin": {"https://evil.example"}}, 403},
		{"sandboxed page", `{"name":"Eve"}`, http.Header{"Origin": {"null"}}, 403},
		{"foreign page says so", `{"name":"Eve"}`, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"sister page", `{"name":"Eve"}`, http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"empty", ``, own, 400},
		{"no JSON", `name=Eve`, own, 400},
		{"two values", `{"name":"Ana"}{}`, own, 400},
		{"wrong type", `{"name":1}`, own, 400},
		{"a list", `["Eve"]`, own, 400},
		{"10 kB", `{"name":"` + strings.Repeat("x", 10<<10) + `"}`, own, 413},
		{"deep", strings.Repeat("[", 4000), own, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.cookie = ""
			res, text := b.ask(http.MethodPost, "/visitor", tt.body, tt.header)
			if res.StatusCode != tt.status || (b.cookie != "") != (tt.status == 200) {
				t.Errorf("got %s %q and the cookie %q, want %d", res.Status, text, b.cookie, tt.status)
			}
		})
	}
}

func TestVisitorCookieIsSecureOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(NewVisitors(testKey).Page(http.HandlerFunc(pages)))
	defer s.Close()
	client := s.Client()
	res, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	client.CloseIdleConnections()
	if c := res.Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("cookies: %v", c)
	}
}

// Whatever a cookie says, it is one of ours or a new visitor's.
func FuzzVisitorCookie(f *testing.F) {
	v := NewVisitors(testKey)
	w := httptest.NewRecorder()
	v.set(w, httptest.NewRequest(http.MethodGet, "/", nil), Visitor{ID: "x", Name: "Ana"})
	good := w.Result().Cookies()[0].Value
	f.Add(good)
	f.Add(good[:len(good)-2])
	f.Add("1..")
	f.Add("1.e30." + strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", visitorCookie+"="+value)
		if who := v.Read(r); who.ID == "" {
			t.Errorf("%q: no visitor", value)
		}
		if who, ok := v.open(value); ok && value != good {
			t.Errorf("%q is taken for %+v", value, who)
		}
	})
}
