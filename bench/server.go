package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ServerCommand starts a server under test.
type ServerCommand struct {
	// Args is the command line. The server prints a line with its URL and
	// "UDP port N" when it is ready, and ends on SIGTERM. A line before that may
	// name the URL of its statistics.
	Args []string
	// Env is added to the environment.
	Env []string
	// WHIP tells that it speaks WHIP and WHEP instead of switchyard/1.
	WHIP bool
}

const startWithin = 20 * time.Second

// server is a server under test.
type server struct {
	target Target
	admin  string // URL of its statistics; empty if it has none
	media  uint16 // UDP port; 0 if it is not known
	pid    int    // 0 if it is not on this machine, or not known
	remote string // host:port; empty for one that was started here

	// Of one that was started here.
	command *exec.Cmd
	stderr  tail
	ended   chan error
	stopped sync.Once
}

// RunningServer is a server that runs already.
type RunningServer struct {
	// URL of a Switchyard's page; empty for other servers.
	URL string
	// Publish and Play are the URLs of WHIP and WHEP; "%s" stands for the room.
	Publish, Play string
	// Admin is the URL of a Switchyard's admin listener, if its statistics are to
	// be part of the report. If empty, they are not.
	Admin string
	// PID is the server's process, if it is on this machine and its processor
	// time and memory are to be measured. If zero, they are not.
	PID int
}

// server checks the URLs.
func (r RunningServer) server() (*server, error) {
	s := &server{pid: r.PID, target: switchyard{url: r.URL}, admin: strings.TrimSuffix(r.Admin, "/")}
	first := r.URL
	if r.URL == "" {
		s.target, first = whip{publish: r.Publish, play: r.Play}, r.Publish
	}
	u, err := url.Parse(strings.ReplaceAll(first, "%s", "room"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("bench: %q is not the URL of a server", first)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	s.remote = net.JoinHostPort(u.Hostname(), port)
	return s, nil
}

var (
	ready      = regexp.MustCompile(`(https?://[^/ ]+)/?.*UDP port (\d+)`)
	statistics = regexp.MustCompile(`statistics are on (https?://[^/ ]+)`)
)

// startServer starts the process and waits until it is ready.
func startServer(ctx context.Context, c ServerCommand, cpus []int) (*server, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("bench: no server to start")
	}
	s := &server{command: exec.CommandContext(ctx, c.Args[0], c.Args[1:]...), ended: make(chan error, 1)}
	s.command.Env = append(os.Environ(), c.Env...)
	s.command.Stderr = &s.stderr
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.WaitDelay = 5 * time.Second
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("bench: start server: %w", err)
	}
	if err := pinned(cpus, s.command.Start); err != nil {
		return nil, fmt.Errorf("bench: start server: %w", err)
	}
	s.pid = s.command.Process.Pid
	lines := make(chan string, 16)
	go func() {
		r := bufio.NewScanner(out)
		for r.Scan() {
			select {
			case lines <- r.Text():
			default: // it is ready for long; nobody reads
			}
		}
		close(lines)
		s.ended <- s.command.Wait()
	}()
	if err := s.await(lines, c.WHIP); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// await reads what the server prints until it is ready.
func (s *server) await(lines <-chan string, speaksWHIP bool) error {
	timeout := time.After(startWithin)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return fmt.Errorf("bench: the server ended before it was ready: %s", s.stderr.String())
			}
			if found := statistics.FindStringSubmatch(line); found != nil {
				s.admin = found[1]
			}
			found := ready.FindStringSubmatch(line)
			if found == nil {
				continue
			}
			port, err := strconv.ParseUint(found[2], 10, 16)
			if err != nil {
				return fmt.Errorf("bench: the server printed %q: %w", line, err)
			}
			s.media = uint16(port)
			s.target = switchyard{url: found[1]}
			if speaksWHIP {
				s.target = whip{publish: found[1] + "/whip/%s", play: found[1] + "/whep/%s"}
			}
			return nil
		case <-timeout:
			return fmt.Errorf("bench: the server is not ready after %v", startWithin)
		}
	}
}

// serverStats is what a Switchyard tells of itself.
type serverStats struct {
	PacketsSent uint64            `json:"packets_sent"`
	BytesSent   uint64            `json:"bytes_sent"`
	SendCalls   uint64            `json:"send_calls"`
	Messages    uint64            `json:"send_messages"`
	Allocations uint64            `json:"allocations"`
	GCCycles    uint64            `json:"gc_cycles"`
	GCPauseMax  float64           `json:"gc_pause_max_ms"`
	Drops       map[string]uint64 `json:"drops"`
}

// stats asks for the statistics; the zero value if the server has none.
func (s *server) stats(ctx context.Context) (st serverStats, err error) {
	if s.admin == "" {
		return st, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.admin+"/debug/stats", nil)
	if err != nil {
		return st, fmt.Errorf("bench: %w", err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return st, fmt.Errorf("bench: statistics: %w", err)
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(&st); err != nil {
		return st, fmt.Errorf("bench: statistics: %w", err)
	}
	return st, nil
}

// stop ends the process and waits for that, if it was started here.
func (s *server) stop() {
	if s.command == nil {
		return
	}
	s.stopped.Do(func() {
		_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-s.ended:
		case <-time.After(startWithin):
			_ = s.command.Process.Kill()
			<-s.ended
		}
	})
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const tailKept = 4 << 10

// Write implements [io.Writer].
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(b)
	if extra := t.b.Len() - tailKept; extra > 0 {
		t.b.Next(extra)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
