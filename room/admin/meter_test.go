package admin

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// watched is a second in which subscriptions took so much of each worker, and
// twice as much as is assumed.
func watched(workers []time.Duration, subscriptions, process time.Duration) (a, b look) {
	a.at = time.Unix(100, 0)
	b = look{at: a.at.Add(time.Second), process: process}
	a.stats.CPU.Workers = make([]time.Duration, len(workers))
	b.stats.Peers = 100
	b.stats.CPU = sfu.CPUStats{Workers: workers, Subscriptions: subscriptions, Assumed: subscriptions / 2}
	return a, b
}

func TestCapacityFollowsLoad(t *testing.T) {
	const ms, bitrate = time.Millisecond, 2_500_000
	one := sfu.AssumedLoad(bitrate).Seconds()
	for _, tt := range []struct {
		name          string
		workers       []time.Duration
		subscriptions time.Duration
		process       time.Duration
		cores         float64
		basis, limit  string
		want          float64 // subscribers
	}{
		{"idle", []time.Duration{0}, 0, 0, 1, "assumed", "process", 0.85 / (one + (assumedPeer + assumedRest).Seconds())},
		{"too little to measure", []time.Duration{40 * ms}, 40 * ms, 40 * ms, 1, "assumed", "process", 0.81 / (one + (assumedPeer + assumedRest).Seconds())},
		{"twice as dear as assumed", []time.Duration{200 * ms}, 200 * ms, 200 * ms, 2, "measured", "workers", 0.65 / (2 * one)},
		{"the rest counts", []time.Duration{200 * ms}, 200 * ms, 300 * ms, 1, "measured", "process", 0.55 / (2*one + 0.001)},
		{"two workers", []time.Duration{200 * ms, 700 * ms}, 900 * ms, 900 * ms, 4, "measured", "workers", 0.65/(2*one) + 0.15/(2*one)},
		{"one worker is over", []time.Duration{200 * ms, 950 * ms}, 1150 * ms, 1150 * ms, 4, "measured", "workers", 0.65 / (2 * one)},
		{"a quota", []time.Duration{200 * ms}, 200 * ms, 200 * ms, 0.5, "measured", "process", (0.425 - 0.2) / (2 * one)},
		{"full", []time.Duration{900 * ms}, 900 * ms, 950 * ms, 1, "measured", "workers", 0},
	} {
		a, b := watched(tt.workers, tt.subscriptions, tt.process)
		got := capacity(a, b, bitrate, tt.cores)
		if n := float64(got.Subscribers); got.Basis != tt.basis || got.Why.Limit != tt.limit || n > tt.want+1 || n < tt.want-2 {
			t.Errorf("%s: %+v, want %.0f, %s, %s", tt.name, got, tt.want, tt.basis, tt.limit)
		}
	}
}

// A member that was not there cost nothing before, one whose peer was replaced
// begins anew, and the dearest comes first.
func TestRoomSince(t *testing.T) {
	cost := func(id string, cpu time.Duration) room.MemberCost {
		c := sfu.Cost{CPU: cpu, Bytes: uint64(cpu / time.Millisecond)}
		return room.MemberCost{Member: id, Total: c, Subscriptions: c}
	}
	then := map[string]room.MemberCost{
		"r/a": cost("a", time.Second), "r/b": cost("b", 5*time.Second), "other/c": cost("c", time.Second),
	}
	now := room.Cost{Members: []room.MemberCost{cost("a", 2*time.Second), cost("b", time.Second), cost("c", 4*time.Second)}}
	got, err := json.Marshal(roomSince("r", now, then, 2))
	const want = `{"room":"r","cores":3,"bits_per_second":24000,"members":[` +
		`{"member":"c","cores":2,"publications":0,"subscriptions":2,"bits_per_second":16000},` +
		`{"member":"a","cores":0.5,"publications":0,"subscriptions":0.5,"bits_per_second":4000},` +
		`{"member":"b","cores":0.5,"publications":0,"subscriptions":0.5,"bits_per_second":4000}]}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}
