package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/room"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

var secret = strings.Repeat("s", MinSecret)

// clock is turned by hand.
type clock struct {
	// Guarded by mu.
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is a sender whose clock stands still.
type house struct {
	t     *testing.T
	clock *clock
	log   *lockedBuffer
	*Sender
}

// lockedBuffer is a log.
type lockedBuffer struct {
	// Guarded by mu.
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func open(t *testing.T, cfg Config) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{t: time.Unix(1_700_000_000, 0)}, log: new(lockedBuffer)}
	cfg.Now, cfg.Logger = h.clock.now, slog.New(slog.NewTextHandler(h.log, nil))
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.Sender = s
	return h
}

// later turns the clock, which the sender notices.
func (h *house) later(d time.Duration) {
	h.clock.advance(d)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *house) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h.Close(ctx)
}

// happen adds notices of a room, numbered by their reasons.
func (h *house) happen(name string, from, to int) {
	for i := from; i <= to; i++ {
		h.add(room.Notice{Event: room.MemberLeft, Time: h.clock.now(), Room: name, Reason: strconv.Itoa(i)})
	}
}

// settle waits until f holds for the counters.
func (h *house) settle(f func(Stats) bool) {
	h.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !f(h.Stats()) {
		select {
		case <-tick.C:
		case <-limit:
			h.t.Fatalf("it came to %+v; log:\n%s", h.Stats(), h.log)
		}
	}
}

// receiver is a real HTTP server that answers with what status returns, and keeps
// what it accepted.
type receiver struct {
	*httptest.Server
	t      *testing.T
	status func(n payload, try int) int

	// Guarded by mu.
	mu       sync.Mutex
	tries    map[string]int // by webhook-id
	accepted []string       // room and reason
	ids      map[string]int // of what was accepted
}

func receive(t *testing.T, status func(n payload, try int) int) *receiver {
	t.Helper()
	r := &receiver{t: t, status: status, tries: make(map[string]int), ids: make(map[string]int)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	id := q.Header.Get("Webhook-Id")
	seconds, _ := strconv.ParseInt(q.Header.Get("Webhook-Timestamp"), 10, 64)
	var n payload
	if err != nil || json.Unmarshal(body, &n) != nil || q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("%s %v with %s", q.Method, q.Header, body)
	}
	if want := sign([]byte(secret), id, time.Unix(seconds, 0), body); q.Header.Get("Webhook-Signature") != want || !strings.HasPrefix(id, "msg_") {
		r.t.Errorf("id %q, signature %q, want %q", id, q.Header.Get("Webhook-Signature"), want)
	}
	r.mu.Lock()
	r.tries[id]++
	try := r.tries[id]
	r.mu.Unlock()
	status := http.StatusOK
	if r.status != nil {
		status = r.status(n, try)
	}
	if status < 300 {
		r.mu.Lock()
		r.accepted = append(r.accepted, n.Data.Room+" "+n.Data.Reason)
		r.ids[id]++
		r.mu.Unlock()
	}
	w.WriteHeader(status)
}

// of returns the reasons that were accepted from a room, in order.
func (r *receiver) of(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, one := range r.accepted {
		if rest, ok := strings.CutPrefix(one, name+" "); ok {
			list = append(list, rest)
		}
	}
	return strings.Join(list, " ")
}

// numbers is "1 2 3" up to n.
func numbers(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(i+1))
	}
	return strings.Join(list, " ")
}

// hooks is one hook to a receiver on this machine.
func hooks(r *receiver) []Hook { return []Hook{{URL: r.URL, Secret: secret, AllowPrivate: true}} }

// only permits one address beside those of the internet.
func only(a string) func(netip.Addr) bool {
	return func(b netip.Addr) bool { return public(b) || b == netip.MustParseAddr(a) }
}
