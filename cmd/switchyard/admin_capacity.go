package main

import (
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strconv"
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

// capacityAnswer is what GET /api/v1/capacity answers.
type capacityAnswer struct {
	Bitrate     int64       `json:"bitrate"`     // bit/s of UDP payload, of one more subscriber
	Subscribers int         `json:"subscribers"` // how many more fit
	Basis       string      `json:"basis"`       // of the cost: "measured" or "assumed"
	Why         capacityWhy `json:"why"`
}

// capacityWhy is how the answer came about. Loads and costs are in cores.
type capacityWhy struct {
	Limit   string    `json:"limit"` // what is full first: "workers" or "process"
	MaxLoad float64   `json:"max_load"`
	Cores   float64   `json:"cores"` // that the process may use
	Process float64   `json:"process"`
	Workers []float64 `json:"workers"`
	// WorkerPer and ProcessPer are what one more takes of a worker, and of the
	// process in all.
	WorkerPer  float64 `json:"worker_per_subscriber"`
	ProcessPer float64 `json:"process_per_subscriber"`
	// Factor is how much more than assumed the present subscriptions take; 1 if
	// the basis is assumed.
	Factor  float64 `json:"factor"`
	Seconds float64 `json:"seconds"` // length of the window
}

func (m meter) serveCapacity(w http.ResponseWriter, r *http.Request) {
	bitrate, err := strconv.ParseInt(r.URL.Query().Get("bitrate"), 10, 64)
	if err != nil || bitrate <= 0 || bitrate > mostBitrate {
		http.Error(w, fmt.Sprintf("bitrate has to be the bit/s of a subscriber, 1 to %d", mostBitrate), http.StatusBadRequest)
		return
	}
	window, err := windowOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	before := m.look()
	if !waited(r.Context(), window) {
		return
	}
	writeJSON(w, http.StatusOK, capacity(before, m.look(), bitrate, usableCores()))
}

// capacity tells how many more subscribers of a bitrate fit on so many cores,
// from what the present ones took between two moments.
func capacity(a, b look, bitrate int64, cores float64) capacityAnswer {
	seconds := b.at.Sub(a.at).Seconds()
	used := rows(a, b, seconds)
	answer := capacityAnswer{Bitrate: bitrate, Basis: "assumed"}
	why := &answer.Why
	*why = capacityWhy{
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
