package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestSince(t *testing.T) {
	at := time.Now()
	a := sample{at: at, received: 100, server: time.Second, client: 2 * time.Second, resident: 5}
	b := sample{at: at.Add(2 * time.Second), received: 300, server: 2 * time.Second, client: 2500 * time.Millisecond, resident: 7}
	want := TimelinePoint{Packets: 200, ServerCPU: 0.5, ClientCPU: 0.25, Resident: 7}
	if got := b.since(a); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Packets that came after the window belong to its last second.
func TestTimelineSumsToReceived(t *testing.T) {
	for _, tt := range []struct {
		received uint64
		in, want []uint64
	}{
		{10, []uint64{3, 4}, []uint64{3, 7}},
		{7, []uint64{3, 4}, []uint64{3, 4}},
		{5, nil, nil},
	} {
		r := ForwardResult{Received: tt.received}
		for _, n := range tt.in {
			r.Timeline = append(r.Timeline, TimelinePoint{Packets: n})
		}
		r.complete()
		var got []uint64
		for _, p := range r.Timeline {
			got = append(got, p.Packets)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d received, timeline %v: got %v, want %v", tt.received, tt.in, got, tt.want)
		}
	}
}

func TestCDF(t *testing.T) {
	h := hdrhistogram.New(1000, longestDelay, 3)
	if got := cdf(h); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	_ = h.RecordValue(2_000_000)
	if got, end := cdf(h), [2]float64{float64(h.Max()) / 1e6, 1}; len(got) > 2 || got[len(got)-1] != end {
		t.Errorf("of one value: %v", got)
	}
	h.Reset()
	for i := range int64(100_000) {
		_ = h.RecordValue((i + 1) * 10_000) // 0.01 to 1000 ms
	}
	got := cdf(h)
	if len(got) < 80 || len(got) > 130 {
		t.Errorf("%d points", len(got))
	}
	for i, p := range got {
		if i > 0 && (p[0] <= got[i-1][0] || p[1] <= got[i-1][1]) {
			t.Errorf("point %d %v is not above %v", i, p, got[i-1])
		}
		if want := p[1] * 1000; p[0] < want*0.997-0.02 || p[0] > want*1.003+0.02 {
			t.Errorf("point %d: %v ms at %v, want %v", i, p[0], p[1], want)
		}
	}
	if last := got[len(got)-1]; last != [2]float64{float64(h.Max()) / 1e6, 1} {
		t.Errorf("last %v, want the longest %d ns", last, h.Max())
	}
}
