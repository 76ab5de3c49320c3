package engine

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options configures a [Server]. The zero value accepts connections from pages
// of its own host and reads nothing from them.
type Options struct {
	// OnConnect is called for each new connection, in its own goroutine, which
	// is the one to read from it. The connection lives on when it returns.
	OnConnect func(*Conn)
	// PingInterval and PingTimeout are the heartbeat's. If zero, 25 s and 20 s.
	PingInterval, PingTimeout time.Duration
	// MaxPayload limits one message of a client in bytes, its type included.
	// If zero, 1,000,000.
	MaxPayload int
	// Origins lists the Origin headers of pages that may connect, such as
	// "https://example.com"; "*" allows all. The server's own host may always.
	Origins []string
	// Logger receives refusals at debug level. If nil, [slog.Default].
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.OnConnect == nil {
		o.OnConnect = func(c *Conn) { c.Close() }
	}
	if o.PingInterval <= 0 {
		o.PingInterval = 25 * time.Second
	}
	if o.PingTimeout <= 0 {
		o.PingTimeout = 20 * time.Second
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1_000_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Server accepts Engine.IO connections.
type Server struct {
	opts Options

	// Guarded by mu.
	mu     sync.Mutex
	conns  map[*Conn]struct{}
	closed bool
	empty  chan struct{} // closed by Shutdown's last connection
}

// NewServer returns a server to be mounted at a path such as "/engine.io/".
func NewServer(opts Options) *Server {
	return &Server{
		opts:  opts.withDefaults(),
		conns: make(map[*Conn]struct{}),
		empty: make(chan struct{}),
	}
}

// refusal is the answer to a request that opens no connection.
type refusal struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// ServeHTTP opens a connection and serves it until it ends.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no := s.check(r); no != nil {
		s.opts.Logger.Debug("connection refused", "err", no.Message)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(no.status)
		_ = json.NewEncoder(w).Encode(no)
		return
	}
	t, err := accept(w, r, s.opts.MaxPayload)
	if err != nil {
		s.opts.Logger.Debug("connection refused", "err", err)
		return
	}
	s.serve(t, r)
}

// check decides on a request. Codes and words are those of the protocol.
func (s *Server) check(r *http.Request) *refusal {
	q := r.URL.Query()
	if t := q["transport"]; len(t) != 1 || t[0] != "websocket" {
		return &refusal{http.StatusBadRequest, 0, "Transport unknown"}
	}
	if q.Has("sid") {
		return &refusal{http.StatusBadRequest, 1, "Session ID unknown"}
	}
	if r.Method != http.MethodGet {
		return &refusal{http.StatusBadRequest, 2, "Bad handshake method"}
	}
	if q.Get("EIO") != "4" {
		return &refusal{http.StatusBadRequest, 5, "Unsupported protocol version"}
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return &refusal{http.StatusBadRequest, 3, "Bad request"}
	}
	if !s.allowed(r) {
		return &refusal{http.StatusForbidden, 4, "Forbidden"}
	}
	return nil
}

// allowed checks the Origin header. Without one, the client is not a page, and
// nobody's cookies are at stake.
func (s *Server) allowed(r *http.Request) bool {
	all := r.Header.Values("Origin")
	if len(all) == 0 {
		return true
	}
	if len(all) > 1 {
		return false
	}
	for _, o := range s.opts.Origins {
		if o == "*" || strings.EqualFold(o, all[0]) {
			return true
		}
	}
	u, err := url.Parse(all[0])
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// handshake is what a client learns first.
type handshake struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"` // ms
	PingTimeout  int64    `json:"pingTimeout"`  // ms
	MaxPayload   int      `json:"maxPayload"`
}

// serve runs a connection on t until it is over.
func (s *Server) serve(t transport, r *http.Request) {
	c := newConn(newID(), t, s.opts)
	c.request = r
	hello, err := json.Marshal(handshake{
		SID:          c.id,
		Upgrades:     []string{},
		PingInterval: s.opts.PingInterval.Milliseconds(),
		PingTimeout:  s.opts.PingTimeout.Milliseconds(),
		MaxPayload:   s.opts.MaxPayload,
	})
	if err != nil || !s.add(c) {
		t.abort()
		return
	}
	defer s.remove(c)
	_, _ = c.enqueue(kindOpen, Message{Data: hello})

	var writer sync.WaitGroup
	writer.Go(c.run)
	s.opts.OnConnect(c)
	<-c.done
	writer.Wait()
	c.cutting.Wait()
}

// newID returns 128 random bits.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) add(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.closed && len(s.conns) == 0 {
		close(s.empty)
	}
}

// Shutdown refuses new connections, ends the others after what was queued has
// been sent, and waits for all their goroutines. When ctx ends first, it aborts
// what is left, waits for that, and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.shut() {
		c.begin(ErrShutdown, false)
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.snapshot() {
		c.abort(ErrShutdown)
	}
	<-s.empty
	return fmt.Errorf("engine: shut down: %w", ctx.Err())
}

// shut closes the door, once, and returns who is inside.
func (s *Server) shut() []*Conn {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if first && len(s.conns) == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
	return s.snapshot()
}

func (s *Server) snapshot() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}
