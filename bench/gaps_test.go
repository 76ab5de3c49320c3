package bench

import (
	"slices"
	"testing"
	"time"
)

func TestGapsAskWithBackoff(t *testing.T) {
	var g gaps
	g.jump(0, 65534, 2) // 65534, 65535, 0, 1
	if got := g.poll(int64(gapWait)-1, nil); got != nil {
		t.Errorf("asked for %v before it was late", got)
	}
	now := int64(gapWait)
	g.found(now, 65534, false) // it was only late
	if got := g.poll(now, nil); !slices.Equal(got, []uint16{65535, 0, 1}) {
		t.Errorf("asked for %v, want 65535, 0 and 1", got)
	}
	const rtt = 40 * time.Millisecond
	g.found(now+int64(rtt), 65535, true)
	if g.rtt != rtt {
		t.Errorf("round trip of %v, want %v", g.rtt, rtt)
	}
	g.found(now, 1, true)
	g.rtt = rtt
	var asked []time.Duration
	for at := now + 1; at < int64(time.Minute); at += ms {
		if got := g.poll(at, nil); len(got) > 0 {
			asked = append(asked, time.Duration(at-now).Round(ms))
			now = at
		}
	}
	// The first wait was made when the round trip was not known.
	want := []time.Duration{firstRTT, 2 * rtt, 4 * rtt, 8 * rtt, 8 * rtt, 8 * rtt, 8 * rtt, 8 * rtt, 8 * rtt}
	if !slices.Equal(asked, want) {
		t.Errorf("asked again after %v, want %v", asked, want)
	}
	if len(g.missing) != 0 {
		t.Errorf("%v was not given up", g.missing)
	}
}

// A request that was repeated does not tell how long an answer takes.
func TestGapsMeasureOnce(t *testing.T) {
	var g gaps
	g.jump(0, 5, 6)
	g.poll(int64(time.Second), nil)
	g.poll(2*int64(time.Second), nil)
	if g.found(3*int64(time.Second), 5, true); g.rtt != 0 {
		t.Errorf("round trip of %v, want none", g.rtt)
	}
}

func TestGapsAreBounded(t *testing.T) {
	var g gaps
	g.jump(0, 0, 3000)
	if len(g.missing) != mostGaps || g.missing[0].number != 3000-mostGaps {
		t.Errorf("%d missing from %d on", len(g.missing), g.missing[0].number)
	}
}
