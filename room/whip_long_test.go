//go:build linux && long

package room_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	// enoughFrames is how many decoded pictures show that somebody plays.
	enoughFrames = 30
	// clientPatience is for interpreters and browsers to start on a busy machine.
	clientPatience = 45 * time.Second
)

// Clients that nobody here wrote publish to each other, through WHIP and WHEP.
func TestWHIPWithForeignClients(t *testing.T) {
	h, at := abroad(t)
	if h == nil {
		return
	}
	clients := []struct {
		name  string
		start func(t *testing.T, mode, url, codec string) *foreigner
	}{
		{"aiortc", script("aiortc_client.py")}, {"GStreamer", script("gstreamer_client.py")}, {"Chromium", browse},
	}
	for _, codec := range []string{"VP8", "H264"} {
		for _, from := range clients {
			t.Run(codec+" from "+from.name, func(t *testing.T) {
				name := codec + "-" + from.name
				publisher := from.start(t, "publish", at+"/whip/"+name, codec)
				publisher.wait("ready", 1)
				h.checkCodec(t, name, codec)
				var players []*foreigner
				for _, to := range clients {
					p := to.start(t, "play", at+"/whep/"+name, codec)
					p.name = to.name
					players = append(players, p)
				}
				for _, p := range players {
					t.Logf("%s decoded %d frames", p.name, p.wait("frames", enoughFrames))
					p.quit()
				}
				publisher.quit()
			})
		}
	}
	h.nothingLeft()
}

// checkCodec fails unless a room's only publication of video has a codec.
func (h *house) checkCodec(t *testing.T, name, codec string) {
	t.Helper()
	r, ok := h.Room(name)
	if !ok {
		t.Fatalf("there is no room %s", name)
	}
	got := ""
	for p := range r.Publications() {
		if p.Source() == room.Camera {
			got += p.Media().Codec().MimeType
		}
	}
	if got != "video/"+codec {
		t.Errorf("published in %q, want %s", got, codec)
	}
}

// foreigner is a client in a process of its own.
type foreigner struct {
	t      *testing.T
	name   string
	said   chan string
	errors *bytes.Buffer // to be read when the process has ended
	quit   func()
}

// wait waits until the client says a word, with a number of at least least behind
// it if it has one.
func (f *foreigner) wait(word string, least int) (n int) {
	f.t.Helper()
	limit := time.After(clientPatience)
	for {
		select {
		case line, ok := <-f.said:
			if !ok {
				f.t.Fatalf("%s ended: %s", f.name, f.errors)
			}
			if first, rest, _ := strings.Cut(line, " "); first != word {
				f.t.Logf("%s said %q", f.name, line)
				if first == "failed" {
					f.t.FailNow()
				}
			} else if _, err := fmt.Sscan(rest, &n); err != nil || n >= least {
				return n
			}
		case <-limit:
			f.t.Fatalf("%s did not say %s %d, but %d", f.name, word, least, n)
		}
	}
}

// newest passes over what the client has said so far, and returns the last number
// behind a word; n if there is none.
func (f *foreigner) newest(word string, n int) int {
	f.t.Helper()
	for {
		select {
		case line, ok := <-f.said:
			if !ok {
				f.t.Fatalf("%s ended: %s", f.name, f.errors)
			}
			if first, rest, _ := strings.Cut(line, " "); first == word {
				_, _ = fmt.Sscan(rest, &n) // as wait does
			}
		default:
			return n
		}
	}
}

// script starts clients written in Python, with Debian's interpreter.
func script(file string) func(t *testing.T, mode, url, codec string) *foreigner {
	return func(t *testing.T, mode, url, codec string) *foreigner {
		t.Helper()
		f := &foreigner{t: t, name: file, said: make(chan string, 1024), errors: new(bytes.Buffer)}
		c := exec.Command(cmp.Or(os.Getenv("PYTHON"), "/usr/bin/python3"), "testdata/whip/"+file, mode, url, codec)
		c.Stderr = f.errors
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				select {
				case f.said <- lines.Text():
				default: // nobody asks any more
				}
			}
			err := c.Wait()
			close(f.said)
			ended <- err
		}()
		over := false
		f.quit = func() {
			if over {
				return
			}
			over = true
			in.Close()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("%s: %v\n%s", f.name, err, f.errors)
				}
			case <-time.After(patience):
				_ = c.Process.Kill() // or it has just ended
				<-ended
				t.Errorf("%s did not end\n%s", f.name, f.errors)
			}
		}
		t.Cleanup(f.quit)
		return f
	}
}

// browse starts a Chromium with a page that is from another origin than WHIP.
func browse(t *testing.T, mode, at, codec string) *foreigner {
	t.Helper()
	f := &foreigner{t: t, name: "Chromium", said: make(chan string, 1024), errors: new(bytes.Buffer)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/whip/browser.html") })
	mux.HandleFunc("POST /said", func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		select {
		case f.said <- string(b):
		default: // nobody asks any more
		}
	})
	page := serveAt(t, mux) + "/?" + url.Values{"mode": {mode}, "url": {at}, "codec": {codec}}.Encode()
	c := exec.Command(cmp.Or(os.Getenv("CHROMIUM"), "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
		"--no-first-run", "--autoplay-policy=no-user-gesture-required", "--user-data-dir="+t.TempDir(), page)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has children
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	over := false
	f.quit = func() {
		if !over {
			over = true
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // or it has ended
			_ = c.Wait()                                      // killed
		}
	}
	t.Cleanup(f.quit)
	return f
}
