package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzPayload: what can be read is written the same way, and nothing is made up.
func FuzzPayload(f *testing.F) {
	for _, s := range []string{"4hello", "4a\x1e4b", "2\x1ebAQIDBA==\x1e4", "b", "bAQ==", "b????", "", "\x1e", "4\x1e", "0{}", "1", "9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var all []packet
		for one := range bytes.SplitSeq(b, []byte{separator}) {
			p, err := parseEncoded(one)
			if err != nil {
				return
			}
			if len(p.Data) > len(one) {
				t.Fatalf("%q became %d bytes", one, len(p.Data))
			}
			all = append(all, p)
		}
		again := appendPayload(nil, all)
		if strings.ContainsAny(string(b), "\r\n") {
			return // which base64 may contain
		}
		if !bytes.Equal(again, b) && !bytes.ContainsRune(b, kindBytes) {
			t.Fatalf("%q became %q", b, again)
		}
		if len(again) != len(b) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}

// play is a server whose clients do at random what they may and may not.
type play struct {
	t        *testing.T
	server   *Server
	requests sync.WaitGroup

	// Guarded by mu.
	mu      sync.Mutex
	conns   []*Conn
	ids     []string
	cancels []context.CancelFunc
	ends    []net.Conn // clients' of WebSockets
}

func newPlay(t *testing.T) *play {
	p := &play{t: t}
	p.server = NewServer(Options{
		PingInterval: 10 * time.Second, PingTimeout: 5 * time.Second, MaxPayload: 1000, PerAddress: 20,
		Logger: slog.New(slog.DiscardHandler),
		OnConnect: func(c *Conn) {
			p.mu.Lock()
			p.conns = append(p.conns, c)
			p.mu.Unlock()
			echo(c)
		},
	})
	return p
}

// request makes one of the client's, which may last.
func (p *play) request(method, query, body string) {
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, method, "/engine.io/?EIO=4&"+query, strings.NewReader(body))
	w := httptest.NewRecorder()
	p.mu.Lock()
	p.cancels = append(p.cancels, cancel)
	p.mu.Unlock()
	p.requests.Go(func() {
		p.server.ServeHTTP(w, r)
		var h handshake
		if b := w.Body.String(); strings.HasPrefix(b, "0{") && json.Unmarshal([]byte(b[1:]), &h) == nil {
			p.mu.Lock()
			p.ids = append(p.ids, h.SID)
			p.mu.Unlock()
		}
	})
}

// hijackable is a response that turns into a connection.
type hijackable struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// dial opens a WebSocket on which the client says messages, separated by zeros.
func (p *play) dial(query, says string) {
	ours, theirs := net.Pipe()
	p.mu.Lock()
	p.ends = append(p.ends, ours)
	p.mu.Unlock()
	r := httptest.NewRequest("GET", "/engine.io/?EIO=4&"+query, nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	p.requests.Go(func() { p.server.ServeHTTP(hijackable{httptest.NewRecorder(), theirs}, r) })
	p.requests.Go(func() { _, _ = io.Copy(io.Discard, ours) })
	p.requests.Go(func() {
		for s := range strings.SplitSeq(says, "\x00") {
			b, opcode := []byte(s), byte(0x81)
			if bytes.HasPrefix(b, []byte{'#'}) {
				b, opcode = b[1:], 0x82
			}
			frame := binary.BigEndian.AppendUint16([]byte{opcode, 0x80 | 126}, uint16(len(b)))
			if len(b) < 126 {
				frame = []byte{opcode, 0x80 | byte(len(b))}
			}
			if _, err := ours.Write(append(append(frame, 0, 0, 0, 0), b...)); err != nil {
				return
			}
		}
	})
}

// pick returns the one that a byte names.
func pick[T any](p *play, all *[]T, n byte) (one T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(*all) > 0 {
		one = (*all)[int(n)%len(*all)]
	}
	return one
}

// step does what a letter says, with the object that a digit names.
func (p *play) step(do, which byte, text string) {
	id := "&sid=" + pick(p, &p.ids, which)
	switch do {
	case 'o':
		p.request("GET", "transport=polling", "")
	case 'g':
		p.request("GET", "transport=polling"+id, "")
	case 'p':
		p.request("POST", "transport=polling"+id, text)
	case 'x':
		p.request("DELETE", "transport=polling"+id, text)
	case 'u':
		p.dial("transport=websocket"+id, text)
	case 'w':
		p.dial("transport=websocket", text)
	case 'c':
		if cancel := pick(p, &p.cancels, which); cancel != nil {
			cancel()
		}
	case 'h':
		if end := pick(p, &p.ends, which); end != nil {
			end.Close()
		}
	case 's':
		if c := pick(p, &p.conns, which); c != nil {
			_ = c.Send(Message{Data: []byte(text), Volatile: which%2 == 0}, Message{Data: []byte(text), Binary: true, Volatile: which%2 == 0})
		}
	case 'e':
		if c := pick(p, &p.conns, which); c != nil {
			c.Close()
		}
	case 't':
		<-time.After(time.Duration(which) * 100 * time.Millisecond)
	}
	synctest.Wait()
}

// end fails unless nothing is left.
func (p *play) end() {
	for _, c := range p.conns {
		c.mu.Lock()
		if c.bytes < 0 || c.packets < 0 || c.volatile < 0 || c.packets > queuePackets+2 || c.bytes > queueBytes+2000 {
			p.t.Errorf("%d bytes in %d packets wait, %d volatile", c.bytes, c.packets, c.volatile)
		}
		c.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := p.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		p.t.Errorf("Shutdown: %v", err)
	}
	for _, end := range p.ends {
		end.Close()
	}
	p.requests.Wait() // none waits for anything
	for _, cancel := range p.cancels {
		cancel()
	}
	if s := p.server; s.inside != 0 || len(s.conns) != 0 || len(s.clients) != 0 {
		p.t.Errorf("%d connections are inside, %d known, of %d clients", s.inside, len(s.conns), len(s.clients))
	}
	for _, c := range p.conns {
		if c.Err() == nil {
			p.t.Error("a connection has not ended")
		}
	}
}

// FuzzSession plays a script, in steps separated by newlines: a letter, a byte
// that names an object or a time, and a text. No request is left over, no
// goroutine, and no memory that has no bound.
func FuzzSession(f *testing.F) {
	for _, s := range []string{
		"o0\ng0\np04hi\ng0\nt\xff\np03",
		"o0\nu02probe\x005\x004hi\x003\nt\x60\ns1x\np04no\ng0",
		"o0\ng0\nu02probe\ng0\nh0\ng0\np04still here\ng0",
		"o0\ng0\ng0\np0x", "o0\np04a\np04b\np01", "o0\ng0\nc1\np04x", "o0\ng0\ne0\ng0\ng0",
		"w04hi\x00#bytes\x001\nt\x10", "w0x\nt\x60", "o0\nt\xff\nt\xff", "w04\x002\x000\nh0", "o0\nu02probe\x005\nu02probe\ne0\nt\x80",
		"o0\nw04hi\ns0one\ns1two\ns2three\ng0\nx0\np0bAQ==\x1e4x\x1e3",
		"o0\no0\no0\ng2\nu12probe\x005x\ng1\nu14\ng1\nt\x05\np23",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			p := newPlay(t)
			steps := strings.Split(string(script), "\n")
			for _, s := range steps[:min(len(steps), 50)] {
				if len(s) >= 2 {
					p.step(s[0], s[1], s[2:])
				}
			}
			p.end()
		})
	})
}
