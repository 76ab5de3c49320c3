package engine

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipe is a transport without a network.
type pipe struct {
	in   chan packet // to read
	out  chan packet // written; a full one blocks the writer
	once sync.Once
	gone chan struct{}

	// Guarded by mu.
	mu     sync.Mutex
	reason error // of close
}

func newPipe(out int) *pipe {
	return &pipe{in: make(chan packet, 16), out: make(chan packet, out), gone: make(chan struct{})}
}

func (p *pipe) read(ctx context.Context) (packet, error) {
	select {
	case m := <-p.in:
		return m, nil
	case <-p.gone:
		return packet{}, ErrTransport
	case <-ctx.Done():
		return packet{}, ctx.Err()
	}
}

func (p *pipe) write(batch []packet) (int, error) {
	select {
	case p.out <- batch[0]:
		return 1, nil
	case <-p.gone:
		return 0, ErrTransport
	}
}

func (p *pipe) close(reason error) {
	p.mu.Lock()
	p.reason = reason
	p.mu.Unlock()
}

func (p *pipe) closedFor() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reason
}

func (p *pipe) abort(error) { p.once.Do(func() { close(p.gone) }) }

// serve runs a connection over p, a pipe, whose application reads messages to
// got.
func serve(t *testing.T, p transport) (s *Server, conn *Conn, got chan Message, done chan struct{}) {
	t.Helper()
	conns, started := make(chan *Conn, 1), make(chan *Conn, 1)
	got, done = make(chan Message, 16), make(chan struct{})
	s = NewServer(Options{
		PingInterval: 10 * time.Second,
		PingTimeout:  5 * time.Second,
		Logger:       slog.New(slog.DiscardHandler),
		OnConnect: func(c *Conn) {
			started <- c
			for {
				m, err := c.Read(context.Background())
				if err != nil {
					return
				}
				got <- m
			}
		},
	})
	if no := s.admit("a"); no != nil {
		t.Fatal(no.Message)
	}
	go func() {
		defer close(done)
		s.start(newConn("x", httptest.NewRequest("GET", "/", nil), "a", p, s.opts))
		conn := <-started
		conns <- conn
		<-conn.done
		conn.work.Wait()
	}()
	conn = <-conns
	out := make(chan packet)
	switch p := p.(type) {
	case *pipe:
		out = p.out
	case slowEnd:
		out = p.out
	}
	if hello := <-out; hello.kind != kindOpen {
		t.Fatalf("the first packet is of type %c", hello.kind)
	}
	synctest.Wait()
	return s, conn, got, done
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(16)
		_, conn, got, done := serve(t, p)
		began := time.Now()
		for beat := 1; beat <= 3; beat++ {
			if m := <-p.out; m.kind != kindPing {
				t.Fatalf("got type %c, want a ping", m.kind)
			}
			if at := time.Since(began); at != time.Duration(beat)*12*time.Second-2*time.Second {
				t.Errorf("ping %d after %v", beat, at)
			}
			<-time.After(2 * time.Second) // of the bubble: the client takes its time
			p.in <- packet{kind: kindPong}
			p.in <- packet{kind: kindMessage, Message: Message{Data: []byte("hi")}}
			if m := <-got; string(m.Data) != "hi" {
				t.Errorf("got %q", m.Data)
			}
		}
		<-p.out // another ping, which stays without answer
		timesOut(t, conn, done, 5*time.Second)
	})
}

// timesOut fails unless a connection ends for want of a pong, after so long.
func timesOut(t *testing.T, conn *Conn, done <-chan struct{}, after time.Duration) {
	t.Helper()
	began := time.Now()
	<-done
	if took := time.Since(began); took != after || !errors.Is(conn.Err(), ErrPingTimeout) {
		t.Errorf("ended after %v with %v, want after %v", took, conn.Err(), after)
	}
}

// A client that takes nothing ends its connection, and holds nobody up.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(1)
		_, conn, _, done := serve(t, p)
		sent := 0
		for conn.Send(Message{Data: []byte("x")}) == nil {
			sent++
			if sent > queuePackets+2 { // one is in the pipe, one at its mouth
				t.Fatal("the queue is not bounded")
			}
		}
		if sent < queuePackets/2 {
			t.Errorf("refused after %d packets", sent)
		}
		<-done
		if !errors.Is(conn.Err(), ErrSlowConsumer) {
			t.Errorf("ended with %v", conn.Err())
		}
	})
}

// slowEnd is a pipe whose abort takes until it is let go, as below TLS.
type slowEnd struct {
	*pipe
	let chan struct{}
}

func (p slowEnd) abort(reason error) {
	<-p.let
	p.pipe.abort(reason)
}

// Send must not wait for the end of a client that it cuts off.
func TestSendDoesNotWaitForTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := slowEnd{newPipe(1), make(chan struct{})}
		_, conn, _, done := serve(t, p)
		for conn.Send(Message{Data: make([]byte, queueBytes/4)}) == nil {
		}
		if !errors.Is(conn.Err(), ErrSlowConsumer) {
			t.Errorf("ended with %v", conn.Err())
		}
		synctest.Wait()
		select {
		case <-done:
			t.Error("the end was not waited for")
		default:
		}
		close(p.let)
		<-done
	})
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0)
		_, conn, _, done := serve(t, p)
		half := Message{Data: make([]byte, queueBytes/2)}
		if conn.Send(half, half) != nil {
			t.Fatal("a full queue was refused")
		}
		if err := conn.Send(Message{Data: []byte("x")}); !errors.Is(err, ErrSlowConsumer) {
			t.Errorf("got %v", err)
		}
		<-done
	})
}

// A client that stops reading is gone after a whole heartbeat, even if it had
// little to read.
func TestStalledWriteEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0)
		_, conn, _, done := serve(t, p)
		if err := conn.Send(Message{Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		timesOut(t, conn, done, 15*time.Second)
	})
}

func TestWriteWaitsForSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0)
		_, conn, _, done := serve(t, p)
		if conn.Send(Message{Data: make([]byte, queueBytes)}) != nil {
			t.Fatal("refused")
		}
		wrote := make(chan error, 1)
		go func() { wrote <- conn.Write(t.Context(), Message{Data: []byte("x")}) }()
		synctest.Wait()
		if len(wrote) != 0 {
			t.Fatal("Write did not wait")
		}
		<-p.out
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		if m := <-p.out; string(m.Data) != "x" {
			t.Errorf("got %q", m.Data)
		}
		conn.Close()
		<-done
		if err := conn.Write(t.Context(), Message{}); !errors.Is(err, ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
	})
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(16)
		_, conn, _, done := serve(t, p)
		_ = conn.Send(Message{Data: []byte("1")}, Message{Data: []byte("2")})
		conn.Close()
		<-done
		if len(p.out) != 2 || !errors.Is(p.closedFor(), ErrClosed) {
			t.Errorf("%d packets were sent, closed for %v", len(p.out), p.closedFor())
		}
	})
}

func TestClientPackets(t *testing.T) {
	for _, tt := range []struct {
		kind kind
		want error
	}{
		{kindClose, ErrTransportClose}, {kindOpen, ErrParse}, {kindPing, ErrParse}, {kindUpgrade, ErrParse},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipe(16)
			_, conn, _, done := serve(t, p)
			p.in <- packet{kind: kindNoop}
			p.in <- packet{kind: tt.kind}
			<-done
			if !errors.Is(conn.Err(), tt.want) {
				t.Errorf("type %c: ended with %v, want %v", tt.kind, conn.Err(), tt.want)
			}
		})
	}
}

func TestShutdownWaitsAndCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0) // takes nothing
		s, conn, _, done := serve(t, p)
		_ = conn.Send(Message{Data: []byte("x")})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		<-done
		if !errors.Is(conn.Err(), ErrShutdown) {
			t.Errorf("ended with %v", conn.Err())
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("second Shutdown: %v", err)
		}
	})
}

func FuzzParseText(f *testing.F) {
	for _, s := range []string{"0{}", "1", "2probe", "3", "4hello", "5", "6", "", "7"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseText(b)
		if err != nil {
			return
		}
		if got := appendText(nil, p); string(got) != string(b) {
			t.Fatalf("%q became %q", b, got)
		}
	})
}
