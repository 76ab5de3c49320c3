package room_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// dry is a server without media, for a bubble, in which time jumps. Nobody can join
// it.
func dry(t *testing.T, cfg room.Config) *house {
	t.Helper()
	cfg.Media, cfg.Logger = new(sfu.Server), slog.New(slog.DiscardHandler)
	s, err := room.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return &house{Server: s, t: t}
}

// exhaust does something until it is refused as too much, and fails unless that is
// when a bucket of so many, into which rate come a second, is empty: however long
// each takes. It returns the refusal, and when it was asked for.
func exhaust(t *testing.T, rate, burst float64, do func() ack) (refused ack, at time.Time) {
	t.Helper()
	began := time.Now()
	for n := 0.0; ; n++ {
		at = time.Now()
		refused = do()
		most := burst + rate*time.Since(began).Seconds()
		switch limited := refused.Code == "rate_limited"; {
		case limited && n < burst:
			t.Fatalf("only %v were taken, want %v", n, burst)
		case limited:
			return refused, at
		case n >= most:
			t.Fatalf("%v were taken within %v, want at most %v", n+1, time.Since(began), most)
		}
	}
}

// hurries has a room end soon after it has become empty.
func (h *house) hurries(name string) {
	h.t.Helper()
	if _, opened, err := h.OpenWith(name, room.Options{Linger: 20 * time.Millisecond}); opened || err != nil {
		h.t.Fatalf("open %s, which is open: opened %v, %v", name, opened, err)
	}
}

// Three times the rate for ten seconds, with whatever events, ends the connection;
// exactly three times does not.
func TestFloodsEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		rate int // of events, each 20 ms
		ends time.Duration
	}{
		{"far too many", 20, 10 * time.Second},
		{"just too many", 4, 10 * time.Second},
		{"many", 3, 0}, // 150 a second
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := dry(t, room.Config{JoinTimeout: time.Hour})
				c := h.bind("Ana")
				began := time.Now()
				for time.Since(began) < time.Minute && len(c.events) == 0 {
					for range tt.rate {
						if got := c.ask("", o{}); got.Code != "unknown_event" && got.Code != "rate_limited" {
							t.Fatalf("an unknown event: %q", got.Code)
						}
					}
					<-time.After(20 * time.Millisecond)
				}
				took := time.Since(began)
				if tt.ends == 0 {
					if len(c.events) > 0 {
						t.Errorf("ended after %v", took)
					}
					return
				}
				if took < tt.ends || took > tt.ends+20*time.Millisecond {
					t.Errorf("ended after %v, want %v", took, tt.ends)
				}
				<-c.done
				if e := <-c.events; e.name != "bye" || !strings.Contains(string(e.arg), `"rate_limited"`) {
					t.Errorf("told %s %s", e.name, e.arg)
				}
			})
		})
	}
}
