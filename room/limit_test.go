package room

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newBucket(10, 3)
	for i := range 3 {
		if wait := b.take(now); wait != 0 {
			t.Fatalf("take %d waits %v", i, wait)
		}
	}
	if wait := b.take(now); wait != 100*time.Millisecond {
		t.Errorf("an empty bucket waits %v", wait)
	}
	if wait := b.take(now.Add(99 * time.Millisecond)); wait <= 0 || wait > 2*time.Millisecond {
		t.Errorf("a moment too early: %v", wait)
	}
	if wait := b.take(now.Add(100 * time.Millisecond)); wait != 0 {
		t.Errorf("in time: %v", wait)
	}
	if wait := b.take(now); wait <= 0 {
		t.Error("a clock that goes back fills it")
	}
	if b.full(now.Add(200*time.Millisecond)) || !b.full(now.Add(time.Hour)) {
		t.Error("full at the wrong time")
	}
}

// Three times the rate for ten seconds is a flood; less, or with pauses, is not.
func TestFlood(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rate  int // events a second
		pause int // every so many seconds there is a second without any
		at    int // second in which it is noticed, 0 for never
	}{
		{"as allowed", 50, 0, 0},
		{"thrice", 150, 0, 0},
		{"more than thrice", 151, 0, 11},
		{"far more", 5000, 0, 11},
		{"with pauses", 5000, 9, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f flood
			now, at := time.Unix(1000, 0), 0
			for second := 1; second <= 30 && at == 0; second++ {
				for i := range tt.rate {
					if tt.pause > 0 && second%(tt.pause+1) == 0 {
						break
					}
					if f.event(now.Add(time.Duration(i) * time.Second / time.Duration(tt.rate))) {
						at = second
						break
					}
				}
				now = now.Add(time.Second)
			}
			if at != tt.at {
				t.Errorf("noticed in second %d, want %d", at, tt.at)
			}
		})
	}
}

func TestJoinsAreLimitedByAddress(t *testing.T) {
	var l joinLimits
	now := time.Unix(1000, 0)
	for range joinBurst {
		if err := l.take("192.0.2.1", now); err != nil {
			t.Fatal(err)
		}
	}
	if l.take("192.0.2.1", now) == nil || l.take("::ffff:192.0.2.1", now) == nil {
		t.Error("501 joins at once were taken")
	}
	if err := l.take("192.0.2.2", now); err != nil {
		t.Errorf("another address: %v", err)
	}
	for i := range failureBurst {
		if err := l.take("2001:db8::1", now); err != nil {
			t.Fatalf("after %d failures: %v", i, err)
		}
		l.failed("2001:db8::1", now)
	}
	if l.take("2001:db8::2", now) == nil {
		t.Error("31 failed joins at once were taken from one network")
	}
	if err := l.take("2001:db8:0:1::1", now); err != nil {
		t.Errorf("another network: %v", err)
	}
	if err := l.take("2001:db8::2", now.Add(2*time.Second)); err != nil {
		t.Errorf("two seconds later: %v", err)
	}
	for i := range 3 * addressesKept {
		_ = l.take(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), now.Add(time.Hour))
	}
	if n := len(l.addresses); n > addressesKept {
		t.Errorf("%d addresses are kept", n)
	}
}

// A crowd may not flood its room, though each of it says little.
func TestRoomMessagesAreLimited(t *testing.T) {
	r := newRoom(&Server{cfg: Config{}.withDefaults(), log: slog.New(slog.DiscardHandler)}, "r", Options{})
	said, began := 0, time.Now()
	for i := range 100 {
		m := newMember(r, JoinRequest{}, Guest(), &binding{})
		for j := range 10 {
			_, err := r.say(m, &messageArg{CID: fmt.Sprint(i, "-", j), Text: "x"})
			switch {
			case err == nil:
				said++
			case !errors.Is(err, ErrRateLimited) || asError(err).RetryAfter() <= 0:
				t.Fatalf("refused by %v", err)
			}
		}
	}
	if more := time.Since(began).Seconds() * roomMessageRate; said < roomMessageBurst || float64(said) > roomMessageBurst+more {
		t.Errorf("%d messages passed, want %d", said, roomMessageBurst)
	}
}
