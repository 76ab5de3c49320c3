package signal

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// stormy is a TCP proxy that cuts, stalls and delays what it carries, and has
// some connections made twice, until it is calmed.
type stormy struct {
	t      *testing.T
	l      net.Listener
	target string
	work   sync.WaitGroup
	calm   chan struct{} // closed when no more harm is done

	// Guarded by mu.
	mu    sync.Mutex
	rand  *rand.Rand
	conns map[net.Conn]bool
	harm  map[string]int // what was done
}

func storm(t *testing.T, target string, seed uint64) *stormy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stormy{
		t: t, l: l, target: target, calm: make(chan struct{}),
		rand: rand.New(rand.NewPCG(seed, seed)), conns: make(map[net.Conn]bool), harm: make(map[string]int),
	}
	s.work.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *stormy) stop() {
	s.l.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

func (s *stormy) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.work.Go(func() { s.carry(c) })
	}
}

// open dials the server; nil if that fails.
func (s *stormy) open() net.Conn {
	c, err := net.Dial("tcp", s.target)
	if err != nil {
		return nil
	}
	s.keep(c)
	return c
}

func (s *stormy) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
}

func (s *stormy) drop(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// carry connects a client with the server.
func (s *stormy) carry(client net.Conn) {
	s.keep(client)
	defer s.drop(client)
	server := s.open()
	if server == nil {
		return
	}
	defer s.drop(server)
	var both sync.WaitGroup
	both.Go(func() { s.pump(server, client, true) })
	both.Go(func() { s.pump(client, server, false) })
	both.Wait()
}

// pump copies one direction until either side ends, or is made to.
func (s *stormy) pump(to, from net.Conn, up bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 16<<10)
	for first := up; ; first = false {
		n, err := from.Read(buf[:1+s.draw(len(buf)-1)])
		if err != nil {
			return
		}
		if first && !bytes.Contains(buf[:n], []byte("sid=")) && s.chance("doubled", 0.2) {
			s.double(bytes.Clone(buf[:n]))
		}
		switch {
		case s.chance("cut", 0.01):
			return
		case s.chance("reset", 0.01):
			_ = to.(*net.TCPConn).SetLinger(0)
			_ = from.(*net.TCPConn).SetLinger(0)
			return
		case s.chance("cut in the middle", 0.01):
			n = s.draw(n)
			_, _ = to.Write(buf[:n])
			return
		case s.chance("stalled", 0.01):
			s.wait(time.Duration(s.draw(5000)) * time.Millisecond)
		case s.chance("delayed", 0.2): // so that others overtake it
			s.wait(time.Duration(s.draw(20)) * time.Millisecond)
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// double makes a request once more, on a connection of its own that nobody
// listens to.
func (s *stormy) double(request []byte) {
	s.work.Go(func() {
		c := s.open()
		if c == nil {
			return
		}
		defer s.drop(c)
		if _, err := c.Write(request); err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	})
}

// draw returns a number below n.
func (s *stormy) draw(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

// chance tells whether to do something that is done with a probability.
func (s *stormy) chance(what string, p float64) bool {
	select {
	case <-s.calm:
		return false
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rand.Float64() >= p {
		return false
	}
	s.harm[what]++
	return true
}

func (s *stormy) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.calm:
	}
}
