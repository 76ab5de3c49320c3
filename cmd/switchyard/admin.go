package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/admin"
	"github.com/switchyard-rtc/switchyard/room/webhook"
)

// adminAddr is where the admin listener is unless --admin says otherwise.
const adminAddr = "127.0.0.1:9090"

// adminOptions is what the command line says about the admin listener.
type adminOptions struct {
	address string   // "" and "off": none
	given   bool     // by the user; if not, a taken port is no reason to give up
	hosts   []string // by which it may be asked beside loopback names, without keys
}

func (o adminOptions) off() bool { return o.address == "" || o.address == "off" }

// listenAdmin opens the admin listener, or returns nil where there is none.
// Without keys it is on loopback only.
func listenAdmin(o adminOptions, keys bool) (net.Listener, error) {
	if o.off() {
		return nil, nil
	}
	addr, err := pageAddr("--admin", o.address)
	if err != nil {
		return nil, err
	}
	if !keys && !addr.Addr().IsLoopback() {
		return nil, usageError{fmt.Errorf("--admin %v is no loopback address, and without keys who may ask there cannot be told", addr)}
	}
	l, err := net.Listen("tcp", addr.String())
	if err != nil && !o.given && errors.Is(err, syscall.EADDRINUSE) {
		return nil, nil
	}
	if err != nil {
		return nil, taken(err, "--admin", addr)
	}
	return l, nil
}

// serveAdmin answers on the admin listener, if there is one, until stop is
// called. It says where that is if somebody chose it.
func serveAdmin(out io.Writer, log *slog.Logger, o adminOptions, l net.Listener, h http.Handler) (stop func()) {
	if l == nil {
		if !o.off() {
			log.Warn("admin listener is off: its port is taken; choose another with --admin", "admin", o.address)
		}
		return func() {}
	}
	bound := l.Addr().(*net.TCPAddr).AddrPort()
	server := newHTTPServer(log, h)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends by Close
	}()
	if o.given {
		fmt.Fprintf(out, "Health, profiles and statistics are on http://%v/\n", bound)
	} else {
		log.Info("admin listener open", "addr", bound.String())
	}
	return func() {
		server.Close()
		<-ended
	}
}

// adminHandler answers questions about this process.
func adminHandler(meter admin.Meter, events *admin.Events, hooks *webhook.Sender, access *admin.Access) (http.Handler, error) {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	api, err := admin.New(admin.Config{Meter: meter, Events: events, Access: access, Version: version})
	if err != nil {
		return nil, err
	}
	secret := http.NewServeMux()
	secret.HandleFunc("/", nothing)
	secret.HandleFunc("GET /debug/stats", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, readProcessStats(meter, hooks))
	})
	secret.HandleFunc("GET /debug/cost", func(w http.ResponseWriter, r *http.Request) { serveCost(meter, w, r) })
	secret.HandleFunc("GET /debug/pprof/", pprof.Index)
	secret.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	secret.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	secret.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	secret.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux := http.NewServeMux()
	rows := room.Permissions.Admin
	access.Handle(mux, rows.Debug, secret)
	access.Handle(mux, rows.Health, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	}))
	mux.Handle("/api/v1/", api) // takes rows, too
	mux.Handle("/", access.GuardAll(http.HandlerFunc(nothing)))
	return mux, nil
}

func nothing(w http.ResponseWriter, _ *http.Request) {
	admin.Refuse(w, "not_found", "there is nothing at this address")
}

func serveCost(meter admin.Meter, w http.ResponseWriter, r *http.Request) {
	window, err := admin.ParseWindow(r.URL.Query().Get("seconds"))
	if err != nil {
		admin.Refuse(w, "bad_request", err.Error())
		return
	}
	cost, err := meter.Cost(r.Context(), window)
	if err != nil {
		return // nobody wants the answer any more
	}
	writeJSON(w, http.StatusOK, cost)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // an error means that the client went away
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
	SendCalls       uint64            `json:"send_calls"`       // system calls that sent packets
	SendMessages    uint64            `json:"send_messages"`    // packets and trains of packets in them
	FeedbackPackets uint64            `json:"feedback_packets"` // that transport-wide feedback told of
	FeedbackLost    uint64            `json:"feedback_lost"`    // of those, did not come
	Drops           map[string]uint64 `json:"drops"`            // by reason
	DataDrops       map[string]uint64 `json:"data_drops"`       // of what members send each other, by reason
	Webhooks        webhook.Stats     `json:"webhooks"`
	Goroutines      uint64            `json:"goroutines"`
	Allocations     uint64            `json:"allocations"`     // objects
	GCCycles        uint64            `json:"gc_cycles"`       // completed
	GCPauseMax      float64           `json:"gc_pause_max_ms"` // upper bound of the longest
	GCCPUSeconds    float64           `json:"gc_cpu_seconds"`  // an estimate of the runtime
	HeapBytes       uint64            `json:"heap_bytes"`      // objects, live or not yet swept
	MemoryBytes     uint64            `json:"memory_bytes"`    // mapped by the Go runtime
}

func readProcessStats(meter admin.Meter, hooks *webhook.Sender) processStats {
	st := meter.Media.Stats()
	p := processStats{
		Peers: st.Peers, Publications: st.Publications, Subscriptions: st.Subscriptions,
		PacketsReceived: st.PacketsReceived, PacketsSent: st.PacketsSent,
		BytesReceived: st.BytesReceived, BytesSent: st.BytesSent, SendCalls: st.SendCalls, SendMessages: st.SendMessages,
		FeedbackPackets: st.FeedbackPackets, FeedbackLost: st.FeedbackLost, Drops: make(map[string]uint64),
		DataDrops: make(map[string]uint64), Webhooks: hooks.Stats(),
	}
	for reason, n := range meter.Rooms.ParcelDrops() {
		p.DataDrops[reason.String()] = n
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
