package admin

import (
	"context"
	"math"
	"runtime"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	// maxLoad is the fraction of its cores that a server may use. Beyond it
	// queues grow: a burst of one room is waited for by all others.
	maxLoad = 0.85
	// leastMeasured is how many cores the subscriptions must take for what they
	// take to be a measure of more of them. With less to do, waking up and cold
	// caches are most of it.
	leastMeasured = 0.05
	// assumedPeer and assumedRest are the CPU time that a subscriber takes in a
	// second beside its media: of the workers for RTCP, and of the rest for ICE
	// and signalling. Measured with 300 subscribers on an AMD EPYC.
	assumedPeer = 40 * time.Microsecond
	assumedRest = 300 * time.Microsecond
	mostBitrate = 1_000_000_000 // bit/s
	mostAnswer  = 1_000_000     // subscribers
)

// Capacity is how many more subscribers fit.
type Capacity struct {
	Bitrate     int64       `json:"bitrate" doc:"bit/s of UDP payload, of one more subscriber"`
	Subscribers int         `json:"subscribers" doc:"how many more fit"`
	Basis       string      `json:"basis" enum:"measured,assumed" doc:"of the cost"`
	Why         CapacityWhy `json:"why"`
}

// CapacityWhy is how the answer came about. Loads and costs are in cores.
type CapacityWhy struct {
	Limit      string    `json:"limit" enum:"workers,process" doc:"what is full first"`
	MaxLoad    float64   `json:"max_load" doc:"fraction of the cores that may be used"`
	Cores      float64   `json:"cores" doc:"that the process may use"`
	Process    float64   `json:"process"`
	Workers    []float64 `json:"workers" nullable:"false"`
	WorkerPer  float64   `json:"worker_per_subscriber" doc:"what one more takes of a worker"`
	ProcessPer float64   `json:"process_per_subscriber" doc:"what one more takes of the process in all"`
	Factor     float64   `json:"factor" doc:"how much more than assumed the present subscriptions take; 1 if the basis is assumed"`
	Seconds    float64   `json:"seconds" doc:"length of the window"`
}

// Capacity tells how many more subscribers of a bitrate fit, from what the
// present ones take in a window of time; see [Meter.Cost].
func (m Meter) Capacity(ctx context.Context, bitrate sfu.Bitrate, window time.Duration) (Capacity, error) {
	before := m.look()
	if err := wait(ctx, window); err != nil {
		return Capacity{}, err
	}
	return capacity(before, m.look(), int64(bitrate), usableCores()), nil
}

// capacity tells how many more subscribers of a bitrate fit on so many cores,
// from what the present ones took between two moments.
func capacity(a, b look, bitrate int64, cores float64) Capacity {
	seconds := b.at.Sub(a.at).Seconds()
	used := rows(a, b, seconds)
	answer := Capacity{Bitrate: bitrate, Basis: "assumed"}
	why := &answer.Why
	*why = CapacityWhy{
		MaxLoad: maxLoad, Cores: cores, Process: used.Process, Workers: used.Workers, Factor: 1, Seconds: seconds,
	}
	peer, rest := assumedPeer.Seconds(), assumedRest.Seconds()
	if assumed := (b.stats.CPU.Assumed - a.stats.CPU.Assumed).Seconds() / seconds; used.Subscriptions >= leastMeasured && assumed > 0 {
		answer.Basis = "measured"
		why.Factor = used.Subscriptions / assumed
		peers := float64(max(1, b.stats.Peers))
		peer, rest = used.Peers/peers, (used.Rest+used.GC)/peers
	}
	why.WorkerPer = why.Factor*sfu.AssumedLoad(sfu.Bitrate(bitrate)).Seconds() + peer
	why.ProcessPer = why.WorkerPer + rest
	workers := 0.0
	for _, load := range used.Workers {
		workers += math.Floor(max(0, maxLoad-load) / why.WorkerPer)
	}
	process := math.Floor(max(0, maxLoad*cores-used.Process) / why.ProcessPer)
	why.Limit = "workers"
	if process < workers {
		why.Limit = "process"
	}
	answer.Subscribers = int(min(workers, process, mostAnswer))
	return answer
}

// usableCores returns how many cores this process may use: those that it may run
// on, less if a control group limits it (as containers do).
func usableCores() float64 {
	cores := float64(min(runtime.NumCPU(), runtime.GOMAXPROCS(0)))
	if quota := cpuQuota("/"); quota > 0 {
		cores = min(cores, quota)
	}
	return cores
}
