package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// Every mode sends, and what it sends arrives.
func TestLimit(t *testing.T) {
	var steps []int
	r, err := Limit(t.Context(), LimitOptions{Duration: 15 * time.Millisecond, Progress: func(done, total int) {
		steps = append(steps, done)
		if total != 21 {
			t.Errorf("%d rounds, want 21", total)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 21 || steps[20] != 21 || !slices.IsSorted(steps) {
		t.Errorf("progress %v", steps)
	}
	var names []string
	for _, m := range r.Modes {
		names = append(names, m.Name)
		if m.CPU <= 0 || m.Wall <= 0 || m.Least > m.CPU || m.Most < m.CPU || m.Packets < limitRounds*limitChunk || m.Lost != 0 {
			t.Errorf("mode %+v", m)
		}
	}
	if want := []string{"seal", "sendto", "sendmmsg", "gso-2", "gso-4", "gso-8", "gso-16"}; !slices.Equal(names, want) {
		t.Errorf("modes %v, want %v", names, want)
	}
	if costs := r.ByTrain(); len(costs) != 5 || costs[1] != r.Modes[2].CPU || r.PerPacket(16) != r.Modes[6].CPU || r.Seal() != r.Modes[0].CPU {
		t.Errorf("by train %v of %+v", costs, r.Modes)
	}
}

// A train is cut into the packets that it was made of.
func TestTrainsAreCut(t *testing.T) {
	l, err := newLimitLoop(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for _, s := range sendings()[1:] {
		if err := l.seal(s.seal); err != nil {
			t.Fatal(err)
		}
		if err := s.send(l, s.train); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if got := l.drain(); got != s.seal {
			t.Errorf("%s: %d datagrams arrived, want %d", s.name, got, s.seal)
		}
		for _, m := range l.inbox[:min(s.seal, 8)] {
			if m.size != limitPacket {
				t.Errorf("%s: a datagram of %d bytes, want %d", s.name, m.size, limitPacket)
			}
		}
	}
}

func TestLimitRefusesNonsense(t *testing.T) {
	if _, err := Limit(t.Context(), LimitOptions{Duration: -1}); err == nil {
		t.Error("a negative duration is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Limit(ctx, LimitOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
