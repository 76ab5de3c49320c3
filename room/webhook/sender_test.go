package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// A receiver that fails now and then gets everything, each room's in order.
func TestFailingReceiver(t *testing.T) {
	r := receive(t, func(n payload, try int) int {
		if n.Data.Room == "a" && len(n.Data.Reason)%2 == 0 && try <= 2 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	h := open(t, Config{Hooks: hooks(r)})
	defer h.close()
	const n = 20
	h.happen("a", 1, n)
	h.happen("b", 1, n)
	h.settle(func(s Stats) bool { return s.Delivered == n+9 && s.Failed == 1 })
	if got := r.of("b"); got != numbers(n) {
		t.Errorf("b: %s", got)
	}
	for i := range 2 * (n - 9) {
		h.settle(func(s Stats) bool { return int(s.Failed) > i })
		h.later(time.Hour)
	}
	h.settle(func(s Stats) bool { return s.Waiting == 0 })
	if got := r.of("a"); got != numbers(n) {
		t.Errorf("a: %s", got)
	}
	if s := h.Stats(); s != (Stats{Delivered: 2 * n, Failed: 2 * (n - 9)}) {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(h.log.String(), "live as long as the process") {
		t.Errorf("nothing was said about the folder:\n%s", h.log)
	}
}

// A receiver that does not answer about one room holds up no other.
func TestSlowReceiver(t *testing.T) {
	answer := make(chan struct{})
	r := receive(t, func(n payload, _ int) int {
		if n.Data.Room == "slow" {
			<-answer
		}
		return http.StatusOK
	})
	h := open(t, Config{Hooks: hooks(r)})
	h.happen("slow", 1, 3)
	h.happen("fast", 1, 50)
	h.settle(func(s Stats) bool { return s.Delivered == 50 })
	close(answer)
	h.close() // sends what is due
	if slow, fast := r.of("slow"), r.of("fast"); slow != numbers(3) || fast != numbers(50) {
		t.Errorf("slow %s, fast %s", slow, fast)
	}
}

// What a restart finds waiting is sent in order, and under the same ids.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "state")
	var up atomic.Bool
	r := receive(t, func(n payload, _ int) int {
		if !up.Load() && n.Data.Reason > "3" {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	h := open(t, Config{Hooks: hooks(r), Dir: dir})
	h.happen("a", 1, 9)
	h.happen("b", 1, 5)
	h.settle(func(s Stats) bool { return s.Delivered == 6 && s.Failed == 2 })
	other := open(t, Config{Hooks: hooks(r), Dir: dir})
	if !strings.Contains(other.log.String(), "live as long as the process") {
		t.Error("two senders share a folder")
	}
	other.close()
	h.close()
	left, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || !strings.Contains(string(left), `"tries":1`) {
		t.Fatalf("%s, %v", left, err)
	}
	// A crash cuts off what was being written.
	if err := os.WriteFile(filepath.Join(dir, fileName), append(left, `{"op":"end","id":"ms`...), 0o600); err != nil {
		t.Fatal(err)
	}
	up.Store(true)
	h = open(t, Config{Hooks: hooks(r), Dir: dir})
	h.happen("a", 10, 10)
	h.settle(func(s Stats) bool { return s.Waiting == 9 })
	h.later(time.Hour)
	h.settle(func(s Stats) bool { return s.Waiting == 0 })
	h.close()
	if a, b := r.of("a"), r.of("b"); a != numbers(10) || b != numbers(5) {
		t.Errorf("a %s, b %s", a, b)
	}
	for id, n := range r.ids {
		if n != 1 {
			t.Errorf("%s was accepted %d times", id, n)
		}
	}
	if len(r.ids) != 15 || !strings.Contains(h.log.String(), "make no sense") {
		t.Errorf("%d ids; log:\n%s", len(r.ids), h.log)
	}
	h = open(t, Config{Hooks: hooks(r), Dir: dir})
	if s := h.Stats(); s.Waiting != 0 {
		t.Errorf("after the end: %+v", s)
	}
	h.close()
}

// A process that is killed leaves everything in the file that it has not
// delivered.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, func(payload, int) int { return http.StatusBadGateway })
	h := open(t, Config{Hooks: hooks(r), Dir: dir})
	h.happen("a", 1, 3)
	h.settle(func(s Stats) bool { return s.Failed == 1 })
	file, err := os.ReadFile(filepath.Join(dir, fileName)) // as it is without Close
	if err != nil {
		t.Fatal(err)
	}
	h.close()
	waiting, skipped := readJournal(strings.NewReader(string(file)))
	if len(waiting) != 3 || skipped != 0 {
		t.Errorf("%d wait, %d lines make no sense:\n%s", len(waiting), skipped, file)
	}
}

// Addresses are looked at after names were resolved, and after each redirect.
func TestInnerAddressesAreRefused(t *testing.T) {
	inner := receive(t, nil)
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	outer := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusTemporaryRedirect
		if r.URL.Path == "/found" {
			status = http.StatusFound
		}
		http.Redirect(w, r, inner.URL, status)
	}))
	outer.Listener.Close()
	outer.Listener = l
	outer.Start()
	defer outer.Close()
	_, port, _ := net.SplitHostPort(inner.Listener.Addr().String())
	for _, tt := range []struct {
		url     string
		allow   bool
		want    string // in the log; empty: it arrives
		reaches bool
	}{
		{inner.URL, false, "is not public", false},
		{"http://localhost:" + port, false, "is not public", false},
		{"http://[::ffff:127.0.0.1]:" + port, false, "is not public", false},
		{"http://169.254.169.254/latest", false, "is not public", false},
		{outer.URL, false, "is not public", false},
		{outer.URL + "/found", false, "it answered 302", false},
		{outer.URL, true, "", true},
		{"http://localhost:" + port, true, "", true},
	} {
		before := len(inner.of("r"))
		h := open(t, Config{Hooks: []Hook{{URL: tt.url, Secret: secret, AllowPrivate: tt.allow}}, permit: only("127.0.0.2")})
		h.happen("r", 1, 1)
		h.settle(func(s Stats) bool { return s.Failed+s.Delivered == 1 })
		h.close()
		if !strings.Contains(h.log.String(), tt.want) || (len(inner.of("r")) > before) != tt.reaches {
			t.Errorf("%s, allowed %v: log\n%s", tt.url, tt.allow, h.log)
		}
		if strings.Contains(h.log.String(), "latest") {
			t.Errorf("the log tells the path:\n%s", h.log)
		}
	}
}

// It tries 8 times, later and later, then goes on with what came after.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		s, err := New(Config{
			Hooks: []Hook{{URL: "http://x.example", Secret: secret}},
			post: func(_ context.Context, _ *hook, d *delivery, _ time.Time) error {
				if strings.Contains(string(d.body), `"reason":"1"`) {
					at = append(at, time.Since(began))
					return errors.New("no")
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range []string{"1", "2"} {
			s.add(room.Notice{Event: room.RoomEnded, Room: "r", Reason: reason})
		}
		<-time.After(5 * time.Hour)
		s.Close(t.Context())
		if st := s.Stats(); st != (Stats{Delivered: 1, Failed: 8, GivenUp: 1}) {
			t.Errorf("%+v", st)
		}
		least := []time.Duration{0, 5 * time.Second, 20 * time.Second, 80 * time.Second, 320 * time.Second, 1280 * time.Second, time.Hour, time.Hour}
		for i := range at {
			wait := at[i]
			if i > 0 {
				wait -= at[i-1]
			}
			if wait < least[i] || wait > min(time.Hour, least[i]*5/4) {
				t.Errorf("try %d came after %v, want %v to a quarter more", i+1, wait, least[i])
			}
		}
	})
}

// 410 means that there is no use in trying again.
func TestGone(t *testing.T) {
	r := receive(t, func(payload, int) int { return http.StatusGone })
	h := open(t, Config{Hooks: hooks(r)})
	h.happen("r", 1, 1)
	h.settle(func(s Stats) bool { return s.GivenUp == 1 && s.Waiting == 0 })
	h.close()
}

// Only what a hook names is told to it.
func TestEventsAreChosen(t *testing.T) {
	r := receive(t, nil)
	all := hooks(r)
	all[0].Events = []string{room.RoomStarted}
	h := open(t, Config{Hooks: all})
	h.happen("r", 1, 5)
	h.add(room.Notice{Event: room.RoomStarted, Room: "r", Reason: "start"})
	h.settle(func(s Stats) bool { return s.Delivered == 1 })
	h.close()
	if got := r.of("r"); got != "start" {
		t.Errorf("told %s", got)
	}
}

// However much happens while nobody answers, little waits.
func TestQueueIsBounded(t *testing.T) {
	h := open(t, Config{
		Hooks: []Hook{{URL: "http://x.example", Secret: secret}},
		post:  func(ctx context.Context, _ *hook, _ *delivery, _ time.Time) error { <-ctx.Done(); return ctx.Err() },
	})
	h.happen("r", 1, mostWaiting)
	h.settle(func(s Stats) bool { return s.Waiting == mostWaiting })
	h.happen("r", 1, 100)
	h.settle(func(s Stats) bool { return s.Forgotten == 100 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Close(ctx)
	if log := h.log.String(); strings.Count(log, "are forgotten") != 1 || !strings.Contains(log, "webhooks are lost") {
		t.Errorf("log:\n%s", log)
	}
	if s := h.Stats(); s.Failed != 0 {
		t.Errorf("%+v: what is given up at the end is no try", s)
	}
}

// A real room's life is told.
func TestHooks(t *testing.T) {
	if h := open(t, Config{}); h.Hooks().OnOpen != nil {
		t.Error("without hooks the rooms are watched")
	} else {
		h.close()
	}
	r := receive(t, nil)
	h := open(t, Config{Hooks: hooks(r)})
	h.Hooks().OnEnd(new(room.Room), "empty")
	h.settle(func(s Stats) bool { return s.Delivered == 1 })
	h.close()
}
