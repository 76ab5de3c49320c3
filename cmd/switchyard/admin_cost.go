package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	windowDefault = 2 * time.Second
	windowLeast   = 100 * time.Millisecond
	windowMost    = 30 * time.Second
	topRooms      = 20
)

// meter answers what the server's work costs. It looks twice, a window apart:
// so it costs nothing while nobody asks.
type meter struct {
	media *sfu.Server
	rooms *room.Server
}

// look is a moment of the process.
type look struct {
	at      time.Time
	stats   sfu.ServerStats
	process time.Duration // CPU time of the process, user and system
	gc      time.Duration // CPU time of the garbage collector
}

func (m meter) look() look {
	gc := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(gc)
	return look{
		at: time.Now(), stats: m.media.Stats(), process: processCPU(),
		gc: time.Duration(gc[0].Value.Float64() * float64(time.Second)),
	}
}

// cpuRows are cores, or CPU seconds since the start.
type cpuRows struct {
	Workers       []float64 `json:"workers"` // of each; the four rows below are their sum
	Publications  float64   `json:"publications"`
	Subscriptions float64   `json:"subscriptions"`
	Peers         float64   `json:"peers"`
	Shared        float64   `json:"shared"`
	GC            float64   `json:"gc"`
	Rest          float64   `json:"rest"` // signalling, ICE, DTLS, the runtime
	Process       float64   `json:"process"`
}

// rows tells what was used between two moments, divided by the time.
func rows(a, b look, seconds float64) cpuRows {
	per := func(d time.Duration) float64 { return d.Seconds() / seconds }
	from, to := a.stats.CPU, b.stats.CPU
	r := cpuRows{
		Workers:       []float64{},
		Publications:  per(to.Publications - from.Publications),
		Subscriptions: per(to.Subscriptions - from.Subscriptions),
		Peers:         per(to.Peers - from.Peers),
		Shared:        per(to.Shared - from.Shared),
		GC:            per(b.gc - a.gc),
		Process:       per(b.process - a.process),
	}
	r.Rest = r.Process - r.GC
	for i, cpu := range to.Workers {
		if i < len(from.Workers) {
			cpu -= from.Workers[i]
		}
		r.Workers = append(r.Workers, per(cpu))
		r.Rest -= per(cpu)
	}
	r.Rest = max(0, r.Rest)
	return r
}

// costAnswer is what GET /debug/cost answers.
type costAnswer struct {
	Seconds float64    `json:"seconds"` // length of the window
	Cores   cpuRows    `json:"cores"`   // used in the window
	Total   cpuRows    `json:"cpu_seconds"`
	Rooms   []roomCost `json:"rooms"` // the most expensive ones in the window
}

type roomCost struct {
	Room    string       `json:"room"`
	Cores   float64      `json:"cores"`
	Bits    float64      `json:"bits_per_second"` // UDP payload, in and out
	Members []memberCost `json:"members"`         // most expensive first
}

type memberCost struct {
	Member        string  `json:"member"`
	Cores         float64 `json:"cores"`
	Publications  float64 `json:"publications"`  // cores, of what it sends
	Subscriptions float64 `json:"subscriptions"` // cores, of what it is sent
	Bits          float64 `json:"bits_per_second"`
}

func (m meter) serveCost(w http.ResponseWriter, r *http.Request) {
	window, err := windowOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	before, members := m.look(), m.members()
	if !waited(r.Context(), window) {
		return
	}
	after := m.look()
	seconds := after.at.Sub(before.at).Seconds()
	a := costAnswer{
		Seconds: seconds, Cores: rows(before, after, seconds), Total: rows(look{}, after, 1), Rooms: []roomCost{},
	}
	for x := range m.rooms.Rooms() {
		a.Rooms = append(a.Rooms, roomSince(x.Name(), x.Cost(), members, seconds))
	}
	slices.SortFunc(a.Rooms, func(x, y roomCost) int { return cmp.Compare(y.Cores, x.Cores) })
	a.Rooms = a.Rooms[:min(len(a.Rooms), topRooms)]
	writeJSON(w, http.StatusOK, a)
}

// members returns what each member has cost so far.
func (m meter) members() map[string]room.MemberCost {
	all := make(map[string]room.MemberCost)
	for r := range m.rooms.Rooms() {
		for _, c := range r.Cost().Members {
			all[r.Name()+"/"+c.Member] = c
		}
	}
	return all
}

// roomSince tells what a room cost since then, when a member that was not there
// had cost nothing. A member whose peer was replaced begins anew.
func roomSince(name string, now room.Cost, then map[string]room.MemberCost, seconds float64) roomCost {
	r := roomCost{Room: name, Members: []memberCost{}}
	for _, c := range now.Members {
		old := then[name+"/"+c.Member]
		if old.Total.CPU > c.Total.CPU {
			old = room.MemberCost{}
		}
		m := memberCost{
			Member:        c.Member,
			Cores:         c.Total.Sub(old.Total).CPU.Seconds() / seconds,
			Publications:  max(0, c.Publications.Sub(old.Publications).CPU.Seconds()) / seconds,
			Subscriptions: max(0, c.Subscriptions.Sub(old.Subscriptions).CPU.Seconds()) / seconds,
			Bits:          float64(c.Total.Sub(old.Total).Bytes) * 8 / seconds,
		}
		r.Cores += m.Cores
		r.Bits += m.Bits
		r.Members = append(r.Members, m)
	}
	slices.SortFunc(r.Members, func(x, y memberCost) int { return cmp.Compare(y.Cores, x.Cores) })
	return r
}

// windowOf reads ?seconds=, how far the two looks are apart.
func windowOf(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("seconds")
	if text == "" {
		return windowDefault, nil
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s >= windowLeast.Seconds() && s <= windowMost.Seconds()) {
		return 0, fmt.Errorf("seconds=%q is not a number from %v to %v", text, windowLeast.Seconds(), windowMost.Seconds())
	}
	return time.Duration(s * float64(time.Second)), nil
}

// waited waits, and returns false if nobody wants the answer any more.
func waited(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
