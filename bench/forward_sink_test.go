package bench

import (
	"testing"
	"time"
)

// A subscription into the sink expects what was sent in the window while its
// member was there.
func TestSunk(t *testing.T) {
	w := &window{}
	w.start.Store(100)
	w.end.Store(200)
	to := &track{}
	for serial := range uint32(30) { // one each 10 ns: the window is serial 10 to 19
		to.bounds.sent(serial, int64(serial)*10, w)
	}
	p := &publication{tracks: []*track{to}}
	for _, tt := range []struct {
		s    subscription
		want uint64
	}{
		{subscription{first: 3}, 10},
		{subscription{first: 12}, 8},
		{subscription{first: 25}, 0},
		{subscription{first: 3, last: 14, left: true}, 4},
		{subscription{first: 12, last: 14, left: true}, 2},
		{subscription{first: 3, last: 5, left: true}, 0},
		{subscription{first: 3, last: 29, left: true}, 10},
	} {
		tt.s.to, tt.s.at = p, time.Unix(0, 1)
		if got := tt.s.sunk(); got != tt.want {
			t.Errorf("%+v: %d packets, want %d", tt.s, got, tt.want)
		}
	}
	if got := (subscription{to: &publication{tracks: []*track{{}}}}).sunk(); got != 0 {
		t.Errorf("%d packets of a track that sent none", got)
	}
}

// Who is slow receives, and does not check either.
func TestSinkPlansLeaveOutTheSlow(t *testing.T) {
	o := ForwardOptions{Subscribers: 9, Slow: 2, Checking: 3, Sink: &Sink{}}.withDefaults()
	plans, err := planShape(o)
	if err != nil {
		t.Fatal(err)
	}
	o.slowPlans(plans)
	if err := o.sinkPlans(plans); err != nil {
		t.Fatal(err)
	}
	sinks := 0
	for i, p := range plans {
		if p.sink {
			sinks++
		}
		if p.sink && p.slow {
			t.Errorf("plan %d is slow, and goes to the sink", i)
		}
	}
	if sinks != 4 {
		t.Errorf("%d go to the sink, want 4", sinks)
	}
}
