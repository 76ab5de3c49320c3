package room_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

const longestFile = 10 << 20

// shared is a message with a file, as the answer to an upload has it.
type shared struct {
	ID, Sender, Name, Text, To string
	Attachment                 struct {
		ID, Name, Type string
		Size           int64
	}
	Code string // of a refusal
}

// counter serves the files of a house.
type counter struct {
	*house
	url string
}

func files(t *testing.T, cfg room.Config) *counter {
	t.Helper()
	if cfg.Files == "" {
		cfg.Files = t.TempDir()
	}
	h := open(t, cfg)
	s := httptest.NewServer(h.Files())
	t.Cleanup(s.Close)
	return &counter{h, s.URL}
}

// ask makes a request.
func (c *counter) ask(method, path string, header http.Header, body io.Reader) (*http.Response, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, b
}

// send sends a file as a member, whose join was answered with a.
func (c *counter) send(a ack, query, kind string, body io.Reader) (shared, int) {
	c.t.Helper()
	resp, b := c.ask(http.MethodPost, "/files/r?"+query, http.Header{
		"Authorization": {"Bearer " + a.Session + "." + a.Key}, "Content-Type": {kind},
		"Expect": {"100-continue"}, // what is refused is not sent
	}, body)
	var got shared
	if err := json.Unmarshal(b, &got); err != nil {
		c.t.Fatalf("%d %s: %v", resp.StatusCode, b, err)
	}
	if want := "/files/r/" + got.Attachment.ID; resp.StatusCode == http.StatusCreated && resp.Header.Get("Location") != want {
		c.t.Errorf("Location %q, want %q", resp.Header.Get("Location"), want)
	}
	return got, resp.StatusCode
}

// left counts what is in the folder of the files.
func left(t *testing.T, dir string) (n int) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		inside, err := os.ReadDir(dir + "/" + d.Name())
		if err != nil {
			t.Fatal(err)
		}
		n += len(inside)
	}
	return n
}

// until waits for something that nobody tells.
func until(t *testing.T, f func() bool) {
	t.Helper()
	limit, often := time.After(patience), time.NewTicker(5*time.Millisecond)
	defer often.Stop()
	for !f() {
		select {
		case <-often.C:
		case <-limit:
			t.Fatal("it does not happen")
		}
	}
}

func TestFiles(t *testing.T) {
	c := files(t, room.Config{})
	_, first := c.enter("Ana")
	b, second := c.enter("Bo")
	other, _ := c.enter("Cy")
	sent, status := c.send(first, "name="+url.QueryEscape("Plan B é.pdf"), "application/pdf; x=y", strings.NewReader("%PDF-"))
	if status != http.StatusCreated || sent.Text != "Plan B é.pdf" || sent.Sender != first.Self.ID || sent.Name != "Ana" ||
		sent.Attachment.Name != sent.Text || sent.Attachment.Type != "application/pdf" || sent.Attachment.Size != 5 {
		t.Errorf("sent: %d %+v", status, sent)
	}
	for _, x := range []*conn{b, other} {
		if got := next(x, "new_message", func(shared) bool { return true }); got != sent {
			t.Errorf("%s gets %+v, want %+v", x.id, got, sent)
		}
	}
	private, _ := c.send(first, "name=x.txt&to="+second.Self.ID, "", strings.NewReader("secret"))
	if got := next(b, "new_message", func(shared) bool { return true }); got != private || got.To != second.Self.ID || got.Attachment.Type != "application/octet-stream" {
		t.Errorf("to Bo: %+v, want %+v", got, private)
	}
	for len(other.events) > 0 {
		if e := <-other.events; e.name == "new_message" {
			t.Errorf("Cy gets %s", e.arg)
		}
	}
	resp, body := c.ask(http.MethodGet, "/files/r/"+sent.Attachment.ID, nil, nil)
	if string(body) != "%PDF-" || resp.StatusCode != http.StatusOK {
		t.Errorf("fetched: %d %q", resp.StatusCode, body)
	}
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	if kind != "attachment" || params["filename"] != "Plan B é.pdf" || err != nil {
		t.Errorf("Content-Disposition %q", resp.Header.Get("Content-Disposition"))
	}
	resp, body = c.ask(http.MethodGet, "/files/r/"+sent.Attachment.ID, http.Header{"Range": {"bytes=1-3"}}, nil)
	if string(body) != "PDF" || resp.StatusCode != http.StatusPartialContent {
		t.Errorf("a part: %d %q", resp.StatusCode, body)
	}
	_, late := c.enter("Di")
	if len(late.Chat) != 1 || late.Chat[0].Text != "Plan B é.pdf" {
		t.Errorf("who comes later reads %+v", late.Chat)
	}
}

// Nothing that is served runs, whatever it is called.
func TestFilesAreInert(t *testing.T) {
	c := files(t, room.Config{})
	_, a := c.enter("Ana")
	for _, tt := range []struct{ name, kind, body, disposition, served, told string }{
		{"x.html", "text/html", "<script>alert(1)</script>", "attachment", "application/octet-stream", "text/html"},
		{"x.png", "image/png", "<!doctype html><script>alert(1)</script>", "attachment", "application/octet-stream", "image/png"},
		{"x.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "attachment", "application/octet-stream", "image/svg+xml"},
		{"x.js", "text/javascript", "alert(1)", "attachment", "application/octet-stream", "text/javascript"},
		{"x.html", "text/html", "\x89PNG\r\n\x1a\n<script>", "inline", "image/png", "image/png"},
		{"x.gif", "image/gif", "GIF89a", "inline", "image/gif", "image/gif"},
	} {
		sent, _ := c.send(a, "name="+tt.name, tt.kind, strings.NewReader(tt.body))
		resp, body := c.ask(http.MethodGet, "/files/r/"+sent.Attachment.ID, nil, nil)
		disposition, _, _ := strings.Cut(resp.Header.Get("Content-Disposition"), ";")
		if disposition != tt.disposition || resp.Header.Get("Content-Type") != tt.served || sent.Attachment.Type != tt.told || string(body) != tt.body {
			t.Errorf("%s as %s: %s, %s, told as %s", tt.name, tt.kind, disposition, resp.Header.Get("Content-Type"), sent.Attachment.Type)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", tt.name, name, got)
			}
		}
	}
}

func TestFilesAreRefused(t *testing.T) {
	mute := room.Guest()
	mute.CanChat = false
	c := files(t, room.Config{Authorize: func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Name == "Mute" {
			return mute, nil
		}
		return room.Guest(), nil
	}})
	_, a := c.enter("Ana")
	_, silent := c.enter("Mute")
	wrongKey, noKey := a, a
	wrongKey.Key, noKey.Key = "AAAAAAAAAAAAAAAAAAAAAA", ""
	for _, tt := range []struct {
		name   string
		as     ack
		query  string
		body   io.Reader
		status int
		code   string
	}{
		{"nobody", ack{}, "", strings.NewReader("x"), 401, "unauthorized"},
		{"a wrong key", wrongKey, "", strings.NewReader("x"), 401, "unauthorized"},
		{"no key", noKey, "", strings.NewReader("x"), 401, "unauthorized"},
		{"who may not chat", silent, "", strings.NewReader("x"), 403, "forbidden"},
		{"to nobody", a, "to=nobody", strings.NewReader("x"), 404, "member_not_found"},
		{"nothing", a, "", strings.NewReader(""), 400, "bad_request"},
		{"too much, as it says", a, "", bytes.NewReader(make([]byte, longestFile+1)), 413, "too_large"},
		{"too much, and it does not say", a, "", io.MultiReader(bytes.NewReader(make([]byte, longestFile)), strings.NewReader("x")), 413, "too_large"},
	} {
		if got, status := c.send(tt.as, "name=x&"+tt.query, "", tt.body); status != tt.status || got.Code != tt.code {
			t.Errorf("%s: %d %q, want %d %q", tt.name, status, got.Code, tt.status, tt.code)
		}
	}
	sent, status := c.send(a, "name=x", "", bytes.NewReader(make([]byte, longestFile)))
	if status != http.StatusCreated {
		t.Errorf("as much as may be: %d %+v", status, sent)
	}
	if _, ok := c.Room("s"); ok {
		t.Error("there is a room s")
	}
	c.bind("stranger").must("join", o{"v": 1, "room": "s"})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/files/s/" + sent.Attachment.ID, 404}, {"GET", "/files/r/none", 404}, {"GET", "/files/r/", 404}, {"GET", "/files/r", 404},
		{"GET", "/files/", 404}, {"GET", "/files/r/..%2f..%2fetc%2fpasswd", 404}, {"GET", "/files/r/%2e%2e", 404},
		{"DELETE", "/files/r/" + sent.Attachment.ID, 405}, {"PUT", "/files/r", 405}, {"HEAD", "/files/r/" + sent.Attachment.ID, 200},
	} {
		if resp, _ := c.ask(tt.method, tt.path, nil, nil); resp.StatusCode != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, resp.StatusCode, tt.status)
		}
	}
	// Somebody who is in another room.
	d := c.bind("d")
	elsewhere := d.must("join", o{"v": 1, "room": "s"})
	if got, status := c.send(elsewhere, "name=x", "", strings.NewReader("x")); status != 401 {
		t.Errorf("from another room: %d %q", status, got.Code)
	}
}

func TestFileNames(t *testing.T) {
	c := files(t, room.Config{})
	_, a := c.enter("Ana")
	long := strings.Repeat("ü", 100)
	for in, want := range map[string]string{
		"": "file", "..": "file", ". .": "file", "/etc/passwd": "passwd", `C:\Users\ana\plan.doc`: "plan.doc", "a\x00b\u202ec.txt": "abc.txt",
		`what? "no" <b>.txt`: "what_ _no_ _b_.txt", long + ".txt": strings.Repeat("ü", 62) + ".txt", "a" + long: "a" + strings.Repeat("ü", 63),
	} {
		sent, status := c.send(a, "name="+url.QueryEscape(in), "", strings.NewReader("x"))
		if sent.Attachment.Name != want || sent.Text != want {
			t.Errorf("%q: %q, want %q (%d)", in, sent.Attachment.Name, want, status)
		}
	}
}

func TestFilesEndWithTheirRoom(t *testing.T) {
	dir := t.TempDir()
	c := files(t, room.Config{Files: dir})
	_, a := c.enter("Ana")
	sent, _ := c.send(a, "name=x", "", strings.NewReader("x"))
	if got := left(t, dir); got != 1 {
		t.Errorf("%d files", got)
	}
	r, _ := c.Room("r")
	r.Close()
	if resp, _ := c.ask(http.MethodGet, "/files/r/"+sent.Attachment.ID, nil, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("after the end: %d", resp.StatusCode)
	}
	if got := left(t, dir); got != 0 {
		t.Errorf("%d files are left", got)
	}
	_, again := c.enter("Ana")
	if resp, _ := c.ask(http.MethodGet, "/files/r/"+sent.Attachment.ID, nil, nil); resp.StatusCode != http.StatusNotFound || len(again.Chat) != 0 {
		t.Errorf("in another room of that name: %d, chat %v", resp.StatusCode, again.Chat)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := os.ReadDir(dir); len(all) != 0 || err != nil {
		t.Errorf("left: %v %v", all, err)
	}
}

// An upload that breaks off, or that its room does not take any more, leaves
// nothing behind.
func TestBrokenUploadsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	c := files(t, room.Config{Files: dir})
	_, a := c.enter("Ana")
	more, body := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/files/r?name=x", more)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.Session+"."+a.Key)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	fmt.Fprint(body, "half")
	until(t, func() bool { return left(t, dir) == 1 })
	cancel()
	body.CloseWithError(io.ErrUnexpectedEOF)
	<-done
	until(t, func() bool { return left(t, dir) == 0 })

	late, ended := io.Pipe()
	status := make(chan int, 1)
	go func() {
		_, code := c.send(a, "name=x", "", late)
		status <- code
	}()
	fmt.Fprint(ended, "half")
	until(t, func() bool { return left(t, dir) == 1 })
	room, _ := c.Room("r")
	room.Close()
	ended.Close()
	if got := <-status; got != http.StatusServiceUnavailable {
		t.Errorf("the room ended meanwhile: %d", got)
	}
	until(t, func() bool { return left(t, dir) == 0 })
}

func TestUploadsAreLimited(t *testing.T) {
	c := files(t, room.Config{})
	_, a := c.enter("Ana")
	refused := shared{}
	for range 40 {
		if refused, _ = c.send(a, "name=x", "", strings.NewReader("x")); refused.Code != "" {
			break
		}
	}
	if refused.Code != "rate_limited" {
		t.Errorf("40 at once: %q", refused.Code)
	}
}

// A client that goes while it asks whether its file may come takes no place.
func TestCancelledUploadsAreForgotten(t *testing.T) {
	c := files(t, room.Config{})
	_, a := c.enter("Ana")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	post := func(ctx context.Context, k int) int {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/files/r?name=x", strings.NewReader("x"))
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", k)
		r.Header.Set("Authorization", "Bearer "+a.Session+"."+a.Key)
		w := httptest.NewRecorder()
		c.Files().ServeHTTP(w, r)
		return w.Code
	}
	for k := range 5 {
		post(gone, k)
	}
	r, _ := c.Room("r")
	r.Summary() // it has carried out what was asked
	if got := post(t.Context(), 9); got != http.StatusCreated {
		t.Errorf("after five that were cancelled: %d", got)
	}
}

// A server that does not end in time deletes the files all the same.
func TestFilesEndWithTheServer(t *testing.T) {
	dir := t.TempDir()
	hold := make(chan struct{})
	c := files(t, room.Config{Files: dir, Hooks: room.Hooks{OnEnd: func(*room.Room, string) { <-hold }}})
	defer close(hold)
	_, a := c.enter("Ana")
	if _, status := c.send(a, "name=x", "", strings.NewReader("x")); status != http.StatusCreated {
		t.Fatalf("sent: %d", status)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Shutdown(ctx); err == nil {
		t.Error("the room has not ended")
	}
	if got, err := os.ReadDir(dir); len(got) > 0 || err != nil {
		t.Errorf("left: %v, %v", got, err)
	}
}
