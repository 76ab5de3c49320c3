package worker

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// What is pushed is copied, comes out once and in order, and wakes the worker
// once; what does not fit is counted.
func TestInbox(t *testing.T) {
	woken := 0
	b := inbox{wake: func() { woken++ }}
	one := make([]byte, 1000)
	push := func(first byte, to int) int {
		one[0] = first
		return b.push(2, []plane.Handover{{To: to, B: one}})
	}
	for i := range 3 {
		if push(byte(i), 2) != 0 || push(99, 1) != 0 {
			t.Fatal("dropped although there is room")
		}
	}
	one[0] = 77
	got := b.take()
	if len(got) != 3 || woken != 1 {
		t.Fatalf("%d elements, woken %d times, want 3 and once", len(got), woken)
	}
	for i, h := range got {
		if h.B[0] != byte(i) || len(h.B) != len(one) || cap(h.B)-len(h.B) < plane.HandoverRoom {
			t.Errorf("element %d: first byte %d, length %d of %d", i, h.B[0], len(h.B), cap(h.B))
		}
	}
	push(5, 2)
	if got := b.take(); len(got) != 1 || got[0].B[0] != 5 || woken != 2 {
		t.Errorf("second turn: %d elements, woken %d times", len(got), woken)
	}
	dropped, pushed := 0, 3*inboxBytes/len(one)
	for range pushed {
		dropped += push(1, 2)
	}
	if got := len(b.take()); got+dropped != pushed || got < inboxBytes/(len(one)+plane.HandoverRoom)-1 {
		t.Errorf("%d taken and %d dropped of %d", got, dropped, pushed)
	}
	if n := b.push(2, []plane.Handover{{To: 2, B: make([]byte, 1<<16)}}); n != 1 {
		t.Error("took what is no datagram")
	}
}
