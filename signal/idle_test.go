//go:build long

package signal

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// idleServer is a process that serves; see serveIdle.
type idleServer struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
	at  string
}

func startIdleServer(t *testing.T) *idleServer {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), idleChild+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	s := &idleServer{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	s.at = s.line()
	return s
}

func (s *idleServer) line() string {
	s.out.Scan()
	return s.out.Text()
}

// collect returns how many sockets the server has, when it has collected its
// garbage.
func (s *idleServer) collect() string {
	fmt.Fprintln(s.in)
	return s.line()
}

// rss is the server's memory in bytes.
func (s *idleServer) rss(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// cpu is the time that the server has computed.
func (s *idleServer) cpu(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond // of 100 ticks a second
}

// Five thousand connections that do nothing cost at most 30 kB each, and a
// hundredth of a core's time together over their heartbeats.
func TestIdleConnections(t *testing.T) {
	const connections = 5000
	s := startIdleServer(t)
	for range 100 { // so that what the first ones allocate is not counted
		closeNow(t, s.at)
	}
	s.collect()
	before := s.rss(t)
	began := time.Now()
	var all []net.Conn
	for range connections {
		all = append(all, idle(t, s.at))
	}
	took := time.Since(began)
	for s.collect() != fmt.Sprint("collected ", connections) {
	}
	each := (s.rss(t) - before) / connections
	answer(all)
	busy := s.cpu(t)
	<-time.After(30 * time.Second) // one heartbeat and more
	busy = s.cpu(t) - busy
	t.Logf("%d connections in %v: %d bytes of RSS each, %.2f %% of a core", connections, took, each, busy.Seconds()/30*100)
	if each > 30_000 {
		t.Errorf("%d bytes of RSS for each connection", each)
	}
	if busy > 3*time.Second {
		t.Errorf("%v of CPU in 30 s of idleness", busy)
	}
	if got := s.collect(); got != fmt.Sprint("collected ", connections) {
		t.Errorf("after the heartbeat: %s", got)
	}
	for _, c := range all {
		c.Close()
	}
}

// idle connects a client that is in the default namespace.
func idle(t *testing.T, at string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	_, _ = conn.Write(append(frameHeader(0x81, 2), "40"...))
	buf := make([]byte, 1024)
	for heard := ""; !strings.Contains(heard, `40{"sid":"`); {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, heard)
		}
		heard += string(buf[:n])
	}
	return conn
}

func closeNow(t *testing.T, at string) { idle(t, at).Close() }

// answer has clients answer pings until they are closed.
func answer(all []net.Conn) {
	pong := append(frameHeader(0x81, 1), '3')
	for _, c := range all {
		go func() {
			buf := make([]byte, 64)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				_, _ = c.Write(pong)
			}
		}()
	}
}
