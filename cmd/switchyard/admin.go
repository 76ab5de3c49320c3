package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/metrics"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// serveAdmin opens the admin listener and says where it is.
func serveAdmin(out io.Writer, log *slog.Logger, address string, media *sfu.Server) (stop func(), err error) {
	addr, err := pageAddr("--admin", address)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, taken(err, "--admin", addr)
	}
	bound := l.Addr().(*net.TCPAddr).AddrPort()
	if !bound.Addr().IsLoopback() {
		log.Warn("everyone who reaches this address can read profiles and statistics", "admin", bound.String())
	}
	server := newHTTPServer(log, ownHosts(bound, adminHandler(media)))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends by Close
	}()
	fmt.Fprintf(out, "Health, profiles and statistics are on http://%v/\n", bound)
	return func() {
		server.Close()
		<-ended
	}, nil
}

// adminHandler answers questions about this process.
func adminHandler(media *sfu.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /debug/stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		_ = e.Encode(readProcessStats(media)) // an error means that the client went away
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// processStats is what GET /debug/stats answers. Counts are since the start.
type processStats struct {
	Peers           int               `json:"peers"`
	Publications    int               `json:"publications"`
	Subscriptions   int               `json:"subscriptions"`
	PacketsReceived uint64            `json:"packets_received"`
	PacketsSent     uint64            `json:"packets_sent"`
	BytesReceived   uint64            `json:"bytes_received"` // of UDP payload
	BytesSent       uint64            `json:"bytes_sent"`
	SendCalls       uint64            `json:"send_calls"`    // system calls that sent packets
	SendMessages    uint64            `json:"send_messages"` // packets and trains of packets in them
	Drops           map[string]uint64 `json:"drops"`         // by reason
	Goroutines      uint64            `json:"goroutines"`
	Allocations     uint64            `json:"allocations"`     // objects
	GCCycles        uint64            `json:"gc_cycles"`       // completed
	GCPauseMax      float64           `json:"gc_pause_max_ms"` // upper bound of the longest
	GCCPUSeconds    float64           `json:"gc_cpu_seconds"`  // an estimate of the runtime
	HeapBytes       uint64            `json:"heap_bytes"`      // objects, live or not yet swept
	MemoryBytes     uint64            `json:"memory_bytes"`    // mapped by the Go runtime
}

func readProcessStats(media *sfu.Server) processStats {
	st := media.Stats()
	p := processStats{
		Peers: st.Peers, Publications: st.Publications, Subscriptions: st.Subscriptions,
		PacketsReceived: st.PacketsReceived, PacketsSent: st.PacketsSent,
		BytesReceived: st.BytesReceived, BytesSent: st.BytesSent, SendCalls: st.SendCalls, SendMessages: st.SendMessages,
		Drops: make(map[string]uint64),
	}
	for reason, n := range st.Drops {
		p.Drops[reason.String()] = n
	}
	samples := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(samples)
	for i, to := range []*uint64{&p.Goroutines, &p.Allocations, &p.GCCycles, &p.HeapBytes, &p.MemoryBytes} {
		*to = samples[i].Value.Uint64()
	}
	p.GCCPUSeconds = samples[5].Value.Float64()
	p.GCPauseMax = 1000 * longest(samples[6].Value.Float64Histogram())
	return p
}

// longest returns the upper bound of the highest bucket that is not empty.
func longest(h *metrics.Float64Histogram) float64 {
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > 0 {
			return h.Buckets[min(i+1, len(h.Buckets)-2)]
		}
	}
	return 0
}
