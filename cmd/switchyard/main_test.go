package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand makes the test binary the command itself, so that exit codes,
// signals and what is printed are tested as the shell sees them.
const asCommand = "SWITCHYARD_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// patience bounds every wait of these tests, on a machine that has much else to do.
const patience = time.Minute

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	if os.Getenv("XDG_STATE_HOME") == "" { // tests have nothing to do with what the user's server keeps
		c.Env = append(c.Env, "XDG_STATE_HOME="+t.TempDir())
	}
	return c
}

// run runs the command to its end.
func runCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := command(t, args...)
	var out, log bytes.Buffer
	c.Stdout, c.Stderr = &out, &log
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v", args, err)
	}
	return c.ProcessState.ExitCode(), out.String(), log.String()
}

func TestUsageErrors(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string // in the one line of stderr
	}{
		{"serve --htp 127.0.0.1:0", "unknown flag: --htp; did you mean --http?"},
		{"serve --upd 7882", "unknown flag: --upd; did you mean --udp?"},
		{"serve --http", "flag needs an argument"},
		{"serve --http nonsense", `--http "nonsense" is not ADDRESS:PORT`},
		{"serve --http 127.0.0.1:99999", "is not ADDRESS:PORT"},
		{"serve --max-members 0", "--max-members 0 is below 1"},
		{"serve --max-rooms 0", "--max-rooms 0 is below 1"},
		{"serve --trusted-proxies 10.0.0.0/33", `--trusted-proxies: "10.0.0.0/33" is neither a network`},
		{"serve --udp x", `--udp "x" is neither a port nor ADDRESS:PORT`},
		{"serve --udp 70000", "is neither a port nor ADDRESS:PORT"},
		{"serve --admin nonsense --http 127.0.0.1:0 --udp 0", `--admin "nonsense" is not ADDRESS:PORT`},
		{"serve --max-members 0", "--max-members 0 is below 1"},
		{"serve --codecs vp8,h263", `--codecs: sfu: unknown codec: "h263"`},
		{"serve --bench-sink x", `--bench-sink "x" is not an address`},
		{"serve --bench-sink 203.0.113.9 --http 127.0.0.1:0 --udp 0", "is outside of 198.18.0.0/15: 203.0.113.9"},
		{"serve now", `serve takes no arguments, got "now"`},
		{"serv", `unknown command "serv"; did you mean serve?`},
		{"xyzzy", `unknown command "xyzzy"`},
		{"version --short", "unknown flag: --short"},
		{"bench micr", `unknown command "bench micr"; did you mean micro?`},
		{"bench micro --filter (", `--filter "(": error parsing regexp`},
		{"bench micro --filter nothing", `--filter "nothing" matches no stage`},
		{"bench micro --duration 0s", "--duration 0s is not positive"},
		{"bench micro --test.benchtime 1s", "unknown flag: --test.benchtime"},
		{"bench limit --duration -1s", "--duration -1s is not positive"},
		{"bench limit --sink x", `--sink "x" is not tun`},
		{"bench limit now", `limit takes no arguments, got "now"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			code, stdout, stderr := runCommand(t, strings.Fields(tt.args)...)
			if code != exitUsage || stdout != "" {
				t.Errorf("code %d, stdout %q; want code 2 and nothing", code, stdout)
			}
			if !strings.Contains(stderr, tt.want) || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "switchyard: ") {
				t.Errorf("stderr %q; want one line with %q", stderr, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"", "serve"},
		{"--help", "serve"},
		{"help serve", "--udp"},
		{"serve --help", `address of the page and the signalling (default "127.0.0.1:8080")`},
		{"version", "switchyard "},
		{"bench", "limit"},
		{"bench micro --help", "--filter REGEXP"},
		{"completion bash", "__switchyard"},
		{"completion zsh", "#compdef switchyard"},
		{"completion fish", "switchyard"},
		{"completion powershell", "switchyard"},
	} {
		code, stdout, stderr := runCommand(t, strings.Fields(tt.args)...)
		if code != 0 || stderr != "" || !strings.Contains(stdout, tt.want) {
			t.Errorf("%q: code %d, stderr %q, stdout without %q:\n%.400s", tt.args, code, stderr, tt.want, stdout)
		}
	}
}

// server is a running `switchyard serve`.
type server struct {
	*exec.Cmd
	url    string
	admin  string // empty without --admin
	stderr *bytes.Buffer
	ended  chan error
}

var printed = regexp.MustCompile(`(http://[^/ ]+)/ .*UDP port (\d+)`)

// start runs serve on free ports and waits until it says that it is ready.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{Cmd: command(t, append([]string{"serve"}, args...)...), stderr: new(bytes.Buffer), ended: make(chan error, 1)}
	s.Stderr = s.stderr
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill() })
	lines := bufio.NewReader(out)
	for s.url == "" {
		line, err := lines.ReadString('\n')
		if found := printed.FindStringSubmatch(line); found != nil {
			s.url = found[1]
		} else if at, ok := strings.CutPrefix(line, "Health, profiles and statistics are on "); ok {
			s.admin = strings.TrimSpace(at)
		} else {
			t.Fatalf("printed %q, %v; stderr %s", line, err, s.stderr)
		}
	}
	go func() {
		io.Copy(io.Discard, lines)
		s.ended <- s.Wait()
	}()
	return s
}

// exit waits for the end and returns the exit code.
func (s *server) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
		return s.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("serve goes on; stderr %s", s.stderr)
		return 0
	}
}

func TestServe(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		s := start(t, "--http", "127.0.0.1:0", "--udp", "0")
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		for _, tt := range []struct {
			path, host string
			status     int
		}{
			{"/", "", http.StatusOK},
			{"/?room=blue-fox-42", "", http.StatusOK},
			{"/page/style.css", "", http.StatusOK},
			{"/no/such/thing", "", http.StatusFound},
			{"/visitor", "", http.StatusFound},
			{"/", "localhost", http.StatusOK},
			{"/", "evil.example", http.StatusMisdirectedRequest},
			{"/socket.io/?EIO=4&transport=websocket", "evil.example", http.StatusMisdirectedRequest},
			{"/socket.io/?EIO=4&transport=carrier-pigeon", "", http.StatusBadRequest},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.host != "" {
				r.Host = tt.host
			}
			got, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != tt.status {
				t.Errorf("GET %s of host %q: %d, want %d", tt.path, tt.host, got.StatusCode, tt.status)
			}
			if tt.status == http.StatusFound && got.Header.Get("Location") != "/" {
				t.Errorf("GET %s leads to %q, want /", tt.path, got.Header.Get("Location"))
			}
		}
		client.CloseIdleConnections()
		if err := s.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if code := s.exit(t); code != 0 {
			t.Errorf("code %d after %v, want 0; stderr %s", code, signal, s.stderr)
		}
	}
}

func TestPortIsTaken(t *testing.T) {
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	media, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	for _, tt := range []struct{ flag, page, media string }{
		{"--http", page.Addr().String(), "127.0.0.1:0"},
		{"--udp", "127.0.0.1:0", media.LocalAddr().String()},
	} {
		code, stdout, stderr := runCommand(t, "serve", "--http", tt.page, "--udp", tt.media)
		taken := tt.page
		if tt.flag == "--udp" {
			taken = tt.media
		}
		_, port, _ := net.SplitHostPort(taken)
		want := fmt.Sprintf("switchyard: port %s is taken; choose another with %s\n", port, tt.flag)
		if code != exitFailed || stdout != "" || stderr != want {
			t.Errorf("code %d, stdout %q, stderr %q; want code 1, nothing and %q", code, stdout, stderr, want)
		}
	}
}

// An unfinished request holds the shutdown up; who signals again does not want
// to wait for it.
func TestSecondSignalForces(t *testing.T) {
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0")
	host := strings.TrimPrefix(s.url, "http://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The handler asks for the body with "100 Continue" once it is reading.
	fmt.Fprintf(c, "POST /visitor HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", host)
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // it has taken the first signal when it listens no more
		probe, err := net.Dial("tcp", host)
		if err != nil {
			break
		}
		probe.Close()
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != exitForced {
		t.Errorf("code %d, want %d", code, exitForced)
	}
}

func TestWarnsWhereBrowsersGiveNoCamera(t *testing.T) {
	s := start(t, "--http", "0.0.0.0:0", "--udp", "0")
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 0 || !strings.Contains(s.stderr.String(), "only over HTTPS") {
		t.Errorf("code %d, stderr %q; want a warning", code, s.stderr)
	}
	if !strings.HasPrefix(s.url, "http://127.0.0.1:") {
		t.Errorf("printed %q, which one cannot open", s.url)
	}
}

var adminAt = regexp.MustCompile(`statistics are on (http://[^/ ]+)/`)

// The admin listener tells how the process is, to loopback names only.
func TestAdmin(t *testing.T) {
	c := command(t, "serve", "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	found := adminAt.FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("printed %q, %v", line, err)
	}
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, host string
		status     int
		want       string
	}{
		{"/healthz", "", http.StatusOK, "ok"},
		{"/debug/stats", "", http.StatusOK, `"packets_sent": 0`},
		{"/debug/pprof/goroutine?debug=1", "", http.StatusOK, "goroutine profile"},
		{"/", "", http.StatusNotFound, ""},
		{"/debug/stats", "evil.example", http.StatusMisdirectedRequest, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, found[1]+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.host != "" {
			r.Host = tt.host
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
			t.Errorf("GET %s of host %q: %d %.200s, want %d and %q", tt.path, tt.host, got.StatusCode, body, tt.status, tt.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
