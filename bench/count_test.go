package bench

import (
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	r, err := Count(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Packets < countClients*countTrain || r.Lost > r.Packets/10 || r.PerSecond <= 0 {
		t.Errorf("got %+v", r)
	}
	t.Logf("%+v", *r)
	if _, err := Count(t.Context(), 0); err == nil {
		t.Error("a duration of 0 is accepted")
	}
}

// BenchmarkCount is what one packet costs the clients, by the clock of the
// thread that reads.
func BenchmarkCount(b *testing.B) {
	for range b.N {
		r, err := Count(b.Context(), time.Second)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(r.CPU*1000, "ns/packet")
		b.ReportMetric(r.PerSecond, "packets/s")
	}
}
