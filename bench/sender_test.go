package bench

import (
	"container/heap"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// frames is a source of frames of one size, 33 ms apart.
type frames struct{ n, size int }

func (f *frames) next(bool) frame {
	f.n++
	return frame{due: time.Duration(f.n-1) * 33 * time.Millisecond, size: f.size}
}

// A frame goes out at once, or its packets spread over a part of the interval.
func TestSenderSchedule(t *testing.T) {
	n, err := newNetwork(9)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	e, err := n.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := srtp.NewSealer(srtp.AEADAES128GCM, make([]byte, 16), make([]byte, 12))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		spread time.Duration
		want   []time.Duration // when the first events are due
		sent   uint64          // packets after them
	}{
		{0, []time.Duration{0, 33 * time.Millisecond, 66 * time.Millisecond}, 12},
		{20 * time.Millisecond, []time.Duration{
			0, 5 * time.Millisecond, 10 * time.Millisecond, 15 * time.Millisecond, 33 * time.Millisecond, 38 * time.Millisecond,
		}, 6},
	} {
		s := newSender(&window{}, 0, false)
		s.close() // its goroutine; this test takes its place
		source := &frames{size: 4 * maxPayload}
		tr := &track{publication: &publication{}, source: source, spread: tt.spread, from: &publisher{endpoint: e, sealer: sealer, remote: n.shared.LocalAddr()}}
		s.begin(tr)
		for i, want := range tt.want {
			if got := tr.due.Sub(tr.start); got != want {
				t.Errorf("spread %v: event %d is due at %v, want %v", tt.spread, i, got, want)
			}
			s.send(s.tracks[0])
			heap.Fix(&s.tracks, 0)
		}
		if got := s.sent.Load(); got != tt.sent {
			t.Errorf("spread %v: %d packets were sent, want %d", tt.spread, got, tt.sent)
		}
	}
}

// What is held back starts with the release, and what comes later at once.
func TestSenderHolds(t *testing.T) {
	s := newSender(&window{}, 0, true)
	s.close() // its goroutine; this test takes its place
	track := func() []*track { return []*track{{publication: &publication{}, source: &frames{size: 1}}} }
	s.take(track())
	s.take(track())
	if len(s.tracks) != 0 {
		t.Fatalf("%d tracks send before the release", len(s.tracks))
	}
	s.flow()
	s.take(track())
	if len(s.tracks) != 3 || len(s.waiting) != 0 {
		t.Errorf("%d tracks send after the release and %d wait, want 3 and 0", len(s.tracks), len(s.waiting))
	}
}
