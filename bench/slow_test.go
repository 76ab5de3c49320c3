package bench

import (
	"net"
	"testing"
	"time"
)

func TestSlowPlans(t *testing.T) {
	o := ForwardOptions{Shape: "webinar", Publishers: 2, Subscribers: 3, Slow: 2}.withDefaults()
	plans, err := planShape(o)
	if err != nil {
		t.Fatal(err)
	}
	if n := o.slowPlans(plans); n != 2 {
		t.Errorf("%d are slow, want 2", n)
	}
	for i, p := range plans {
		if p.slow != (i == 2 || i == 3) {
			t.Errorf("plan %d is slow: %v", i, p.slow)
		}
	}
	if o.Slow = 9; o.slowPlans(plans) != 1 {
		t.Error("who does not receive is slow")
	}
}

// A connection is read at once until it is slow, then a little at a time, and at
// once again in the end.
func TestSlowConn(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	go func() {
		defer b.Close()
		b.Write(make([]byte, 3*slowBytes))
	}()
	s := newSlowness()
	c, buffer := slowConn{Conn: a, pace: s}, make([]byte, 2*slowBytes)
	if n, err := c.Read(buffer); n != len(buffer) || err != nil {
		t.Errorf("read %d, %v before it is slow", n, err)
	}
	s.begun.Store(true)
	began := time.Now()
	if n, err := c.Read(buffer); n != slowBytes || err != nil || time.Since(began) < slowEvery {
		t.Errorf("read %d in %v, %v", n, time.Since(began), err)
	}
	s.end()
	s.end()
	if s.pace(); len(s.batch(nil)) != 0 {
		t.Error("a batch of nothing has something")
	}
}
