package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ServerCommand starts a server under test.
type ServerCommand struct {
	// Args is the command line. The server prints one line with its URL and
	// "UDP port N" when it is ready, and ends on SIGTERM.
	Args []string
	// Env is added to the environment.
	Env []string
	// WHIP tells that it speaks WHIP and WHEP instead of switchyard/1.
	WHIP bool
}

const startWithin = 20 * time.Second

// serverProcess is a running server.
type serverProcess struct {
	command *exec.Cmd
	target  Target
	media   uint16 // port
	stderr  tail
	ended   chan error
	stopped sync.Once
}

var ready = regexp.MustCompile(`(https?://[^/ ]+)/?.*UDP port (\d+)`)

// startServer starts the process and waits until it is ready.
func startServer(ctx context.Context, c ServerCommand, cpus []int) (*serverProcess, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("bench: no server to start")
	}
	s := &serverProcess{command: exec.CommandContext(ctx, c.Args[0], c.Args[1:]...), ended: make(chan error, 1)}
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
	lines := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		line, _ := r.ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, r)
		s.ended <- s.command.Wait()
	}()
	select {
	case line := <-lines:
		found := ready.FindStringSubmatch(line)
		if found == nil {
			s.stop()
			return nil, fmt.Errorf("bench: the server printed %q and %q", line, s.stderr.String())
		}
		port, err := strconv.ParseUint(found[2], 10, 16)
		if err != nil {
			s.stop()
			return nil, fmt.Errorf("bench: the server printed %q: %w", line, err)
		}
		s.media = uint16(port)
		s.target = switchyard{url: found[1]}
		if c.WHIP {
			s.target = whip{publish: found[1] + "/whip/%s", play: found[1] + "/whep/%s"}
		}
		return s, nil
	case <-time.After(startWithin):
		s.stop()
		return nil, fmt.Errorf("bench: the server is not ready after %v", startWithin)
	}
}

func (s *serverProcess) pid() int { return s.command.Process.Pid }

// stop ends the process and waits for that.
func (s *serverProcess) stop() {
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
