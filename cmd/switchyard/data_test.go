package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal/client"
)

// What a server knows about access is there again after a restart: who is banned,
// which invitations are withdrawn or used up, and who a visitor is.
func TestAccessOutlivesTheServer(t *testing.T) {
	t.Setenv(keysVariable, "")
	data := filepath.Join(t.TempDir(), "data")
	serve := func() *server {
		return start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0", "--data", data)
	}
	s := serve()
	boss, _ := enter(t, s, http.Header{"Cookie": {cookie(t, s, "")}})
	good, withdrawn, used := invitation(t, boss, 0), invitation(t, boss, 0), invitation(t, boss, 1)
	call(t, boss, "invite", map[string]any{"revoke": withdrawn.id})
	for _, i := range []invited{good, used} {
		if code, _ := tryJoin(t, s, "lounge", i.token); code != "" {
			t.Fatalf("%s: %s", i.id, code)
		}
	}
	_, eve := enter(t, s, nil)
	call(t, boss, "mod", map[string]any{"op": "ban", "member": eve})
	ana := cookie(t, s, "Ana")
	stop(t, s)
	left := filepath.Join(data, "files", "switchyard-files-1")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}

	s = serve()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a crash left is there still: %v", err)
	}
	for room, want := range map[string]string{"lounge": "banned", "attic": ""} {
		if code, _ := tryJoin(t, s, room, ""); code != want {
			t.Errorf("into %s: %q, want %q", room, code, want)
		}
	}
	boss, _ = enter(t, s, http.Header{"Cookie": {ana}})
	call(t, boss, "mod", map[string]any{"op": "unban", "member": eve})
	for _, tt := range []struct{ name, token, code string }{
		{"unbanned", "", ""}, {"good", good.token, ""}, {"withdrawn", withdrawn.token, "unauthorized"}, {"used up", used.token, "unauthorized"},
	} {
		if code, _ := tryJoin(t, s, "lounge", tt.token); code != tt.code {
			t.Errorf("%s: %q, want %q", tt.name, code, tt.code)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", ana)
	if page := read(t, r); !strings.Contains(page, `content="Ana"`) {
		t.Errorf("the visitor is not known any more:\n%s", page)
	}
	stop(t, s)
}

// Without a folder that can be written the server starts, and says so.
func TestServeWithoutData(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"off", `"INFO"`}, {filepath.Join(file(t, ""), "below"), `"WARN"`},
	} {
		s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "off", "--data", tt.data)
		stop(t, s)
		if log := s.stderr.String(); !strings.Contains(log, tt.want) || strings.Count(log, "as long as the process") != 1 {
			t.Errorf("--data %s: log %s", tt.data, log)
		}
	}
}

func stop(t *testing.T, s *server) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 0 {
		t.Fatalf("code %d, stderr %s", code, s.stderr)
	}
}

// enter joins the lounge, and returns the id of the member.
func enter(t *testing.T, s *server, header http.Header) (*client.Client, string) {
	t.Helper()
	c, err := client.Dial(t.Context(), s.url, client.Options{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, call(t, c, "join", map[string]any{"v": 1, "room": "lounge"}).Self.ID
}

// answer is what acknowledgements say that these tests look at.
type answer struct {
	OK            bool
	Code, ID, URL string
	Self          struct{ ID string }
}

// call sends an event that may not be refused.
func call(t *testing.T, c *client.Client, event string, arg any) (a answer) {
	t.Helper()
	got, err := c.Call(t.Context(), event, arg)
	if err == nil {
		err = got.Decode(0, &a)
	}
	if err != nil || !a.OK {
		t.Fatalf("%s %v: %+v, %v", event, arg, a, err)
	}
	return a
}

type invited struct{ id, token string }

// invitation has a moderator invite.
func invitation(t *testing.T, c *client.Client, uses int) invited {
	t.Helper()
	a := call(t, c, "invite", map[string]any{"role": "guest", "uses": uses})
	_, token, _ := strings.Cut(a.URL, "#token=")
	return invited{a.ID, token}
}

// cookie asks for the page as somebody new, or gives a name, and returns the cookie.
func cookie(t *testing.T, s *server, name string) string {
	t.Helper()
	ask := func() (*http.Response, error) { return http.Get(s.url + "/") }
	if name != "" {
		ask = func() (*http.Response, error) {
			return http.Post(s.url+"/visitor", "application/json", strings.NewReader(`{"name":"`+name+`"}`))
		}
	}
	resp, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return strings.Split(resp.Header.Get("Set-Cookie"), ";")[0]
}

func read(t *testing.T, r *http.Request) string {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
