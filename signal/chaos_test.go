package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dialer "github.com/switchyard-rtc/switchyard/signal/client"
)

// ledger is what was sent one way between a client and the server: numbers from
// 0, each of them once.
type ledger struct {
	// Guarded by mu.
	mu    sync.Mutex
	next  int
	acked map[int]bool
	came  []int
}

func newLedger() *ledger { return &ledger{acked: make(map[int]bool)} }

// number returns the next to be sent.
func (l *ledger) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next - 1
}

func (l *ledger) arrived(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.came = append(l.came, n)
}

func (l *ledger) acknowledged(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[n] = true
}

// check fails unless each number came at most once, and those that were
// acknowledged came, and in order. It returns how many those were.
func (l *ledger) check(t *testing.T, who string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen, last, acked := make(map[int]bool), -1, 0
	for _, n := range l.came {
		if seen[n] {
			t.Errorf("%s: %d came twice", who, n)
		}
		seen[n] = true
		if !l.acked[n] {
			continue // nobody knows whether it came; it may have been late
		}
		acked++
		if n < last {
			t.Errorf("%s: %d came after %d", who, n, last)
		}
		last = n
	}
	if acked != len(l.acked) {
		t.Errorf("%s: %d were acknowledged, and %d of them came", who, len(l.acked), acked)
	}
	return acked
}

// pilgrim is a client that goes on whatever the weather.
type pilgrim struct {
	name     string
	up, down *ledger
	link     *dialer.Link
	back     int // times it connected

	// Guarded by mu.
	mu   sync.Mutex
	lost []string // why it was not connected, lately
}

// note remembers why a connection ended.
func (p *pilgrim) note(why error, _ time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = append(p.lost, fmt.Sprintf("%v %v", time.Now().Format("05.000"), why))
	p.lost = p.lost[max(0, len(p.lost)-5):]
}

// send sends numbers until the end, each some time after the last was
// acknowledged or lost, so that other tests can breathe.
func (p *pilgrim) send(ctx context.Context) {
	for ctx.Err() == nil {
		n := p.up.number()
		call, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := p.link.Call(call, "up", p.name, n, strings.Repeat("x", n*n%3000))
		cancel()
		if err == nil {
			p.up.acknowledged(n)
		}
		<-time.After(time.Duration(n%20) * time.Millisecond)
	}
}

// host answers the pilgrims, and sends them numbers in turn.
type host struct {
	down map[string]*ledger // by name; does not change
	up   map[string]*ledger
	work sync.WaitGroup
}

func (h *host) connected(_ context.Context, s *Socket) error {
	var auth struct{ Name string }
	if err := json.Unmarshal(s.Auth(), &auth); err != nil || h.up[auth.Name] == nil {
		return coded{}
	}
	s.On("up", func(_ context.Context, a Args) ([]any, error) {
		var n int
		if err := a.Decode(1, &n); err != nil {
			return nil, err
		}
		h.up[auth.Name].arrived(n)
		return []any{true}, nil
	})
	h.work.Go(func() { h.send(s, h.down[auth.Name]) })
	return nil
}

// send sends numbers as long as the socket lives.
func (h *host) send(s *Socket, l *ledger) {
	for s.Err() == nil {
		n := l.number()
		ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
		_, err := s.Call(ctx, "down", n, []byte(strings.Repeat("x", n*n%3000)))
		cancel()
		if err == nil {
			l.acknowledged(n)
		}
		<-time.After(time.Duration(n%20) * time.Millisecond)
	}
}

// Fifty clients, half of them by long-polling, in a network that does what it
// likes: what was acknowledged came once and in order, and nobody is left in the
// end.
func TestChaos(t *testing.T) {
	const pilgrims = 50
	h := &host{up: make(map[string]*ledger), down: make(map[string]*ledger)}
	for i := range pilgrims {
		name := fmt.Sprint("pilgrim ", i)
		h.up[name], h.down[name] = newLedger(), newLedger()
	}
	o := root(Handlers{OnConnect: h.connected})
	o.PingInterval, o.PingTimeout, o.ConnectTimeout = time.Second, 2*time.Second, 5*time.Second
	o.Logger = slog.New(slog.DiscardHandler)
	s := NewServer(o)
	front := httptest.NewServer(s)
	defer front.Close()
	weather := storm(t, strings.TrimPrefix(front.URL, "http://"), 7)

	ctx, cancel := context.WithCancel(t.Context())
	var all []*pilgrim
	var sending sync.WaitGroup
	for i := range pilgrims {
		p := &pilgrim{name: fmt.Sprint("pilgrim ", i)}
		p.up, p.down = h.up[p.name], h.down[p.name]
		p.link = p.set(t, "http://"+weather.l.Addr().String(), i%2 == 0)
		all = append(all, p)
		sending.Go(func() { p.send(ctx) })
	}
	<-time.After(stormTime)
	close(weather.calm)
	var through sync.WaitGroup
	for _, p := range all { // everybody gets through again
		through.Go(func() { p.through(t) })
	}
	through.Wait()
	cancel()
	sending.Wait()
	report(t, all, weather)
	empty(t, s)
	h.work.Wait()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// set sends a pilgrim on its way.
func (p *pilgrim) set(t *testing.T, url string, polling bool) *dialer.Link {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return dialer.Keep(url, dialer.Options{
		Auth: map[string]string{"Name": p.name}, Polling: polling, HTTPClient: &http.Client{Transport: transport},
		OnEvent: func(_ string, a dialer.Args) []any {
			var n int
			if a.Decode(0, &n) == nil {
				p.down.arrived(n)
			}
			return nil
		},
	}, dialer.Reconnect{
		Delay: 20 * time.Millisecond, MaxDelay: 500 * time.Millisecond, Timeout: 10 * time.Second,
		OnConnect:    func(context.Context, *dialer.Client) error { p.back++; return nil },
		OnDisconnect: p.note,
	})
}

// through waits until something that is sent from now on is acknowledged.
func (p *pilgrim) through(t *testing.T) {
	deadline := time.After(3 * patience) // the machine may be busy
	for {
		_, err := p.link.Call(t.Context(), "up", p.name, -1)
		if err == nil {
			return
		}
		select {
		case <-deadline:
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Errorf("%s does not get through: %v; it was lost for\n%s", p.name, err, strings.Join(p.lost, "\n"))
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// report closes the links and checks the ledgers.
func report(t *testing.T, all []*pilgrim, weather *stormy) {
	t.Helper()
	var closing sync.WaitGroup
	for _, p := range all {
		closing.Go(func() {
			if err := p.link.Close(); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		})
	}
	closing.Wait()
	up, down, back := 0, 0, 0
	for _, p := range all {
		p.up.forget(-1)
		up += p.up.check(t, p.name+" up")
		down += p.down.check(t, p.name+" down")
		back += p.back
	}
	weather.mu.Lock()
	defer weather.mu.Unlock()
	t.Logf("%d connections; %d events up and %d down were acknowledged; the storm: %v", back, up, down, weather.harm)
	if back < 2*len(all) || up < 10*len(all) || down < 10*len(all) {
		t.Errorf("that was no storm, or nobody got through")
	}
}

// forget takes a number out that was no part of the order.
func (l *ledger) forget(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.came = slices.DeleteFunc(l.came, func(m int) bool { return m == n })
}

// empty waits until a server has no socket and no connection any more.
func empty(t *testing.T, s *Server) {
	t.Helper()
	deadline := time.After(patience)
	for len(s.Of("/").Sockets()) > 0 || len(s.Of("/").Rooms()) > 0 || s.Connections() > 0 {
		select {
		case <-deadline:
			t.Fatalf("%d sockets, %d rooms and %d connections are left", len(s.Of("/").Sockets()), len(s.Of("/").Rooms()), s.Connections())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
