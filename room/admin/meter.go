package admin

import (
	"cmp"
	"context"
	"fmt"
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

// Meter answers what the server's work costs. It looks twice, a window apart:
// so it costs nothing while nobody asks.
type Meter struct {
	Media *sfu.Server
	Rooms *room.Server
}

// look is a moment of the process.
type look struct {
	at      time.Time
	stats   sfu.ServerStats
	process time.Duration // CPU time of the process, user and system
	gc      time.Duration // CPU time of the garbage collector
}

func (m Meter) look() look {
	gc := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(gc)
	return look{
		at: time.Now(), stats: m.Media.Stats(), process: processCPU(),
		gc: time.Duration(gc[0].Value.Float64() * float64(time.Second)),
	}
}

// CPU is in cores, or in CPU seconds since the start.
type CPU struct {
	Workers       []float64 `json:"workers" nullable:"false" doc:"of each; the four rows below are their sum"`
	Publications  float64   `json:"publications"`
	Subscriptions float64   `json:"subscriptions"`
	Peers         float64   `json:"peers"`
	Shared        float64   `json:"shared"`
	GC            float64   `json:"gc"`
	Rest          float64   `json:"rest" doc:"signalling, ICE, DTLS, the runtime"`
	Process       float64   `json:"process"`
}

// rows tells what was used between two moments, divided by the time.
func rows(a, b look, seconds float64) CPU {
	per := func(d time.Duration) float64 { return d.Seconds() / seconds }
	from, to := a.stats.CPU, b.stats.CPU
	r := CPU{
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

// Cost is what the server's work cost in a window of time.
type Cost struct {
	Seconds float64    `json:"seconds" doc:"length of the window"`
	Cores   CPU        `json:"cores" doc:"used in the window"`
	Total   CPU        `json:"cpu_seconds" doc:"used since the start"`
	Rooms   []RoomCost `json:"rooms" nullable:"false" doc:"the 20 most expensive ones in the window, those first"`
}

// RoomCost is what a room cost.
type RoomCost struct {
	Room    string       `json:"room"`
	Cores   float64      `json:"cores"`
	Bits    float64      `json:"bits_per_second" doc:"UDP payload, in and out"`
	Members []MemberCost `json:"members" nullable:"false" doc:"most expensive first"`
}

// MemberCost is what a member cost.
type MemberCost struct {
	Member        string  `json:"member"`
	Cores         float64 `json:"cores"`
	Publications  float64 `json:"publications" doc:"cores, of what it sends"`
	Subscriptions float64 `json:"subscriptions" doc:"cores, of what it is sent"`
	Bits          float64 `json:"bits_per_second"`
}

// Cost looks twice, a window apart, which is 100 ms to 30 s. It fails if ctx ends
// before.
func (m Meter) Cost(ctx context.Context, window time.Duration) (Cost, error) {
	before, members := m.look(), m.members()
	if err := wait(ctx, window); err != nil {
		return Cost{}, err
	}
	after := m.look()
	seconds := after.at.Sub(before.at).Seconds()
	c := Cost{
		Seconds: seconds, Cores: rows(before, after, seconds), Total: rows(look{}, after, 1), Rooms: []RoomCost{},
	}
	for x := range m.Rooms.Rooms() {
		c.Rooms = append(c.Rooms, roomSince(x.Name(), x.Cost(), members, seconds))
	}
	slices.SortFunc(c.Rooms, func(x, y RoomCost) int { return cmp.Compare(y.Cores, x.Cores) })
	c.Rooms = c.Rooms[:min(len(c.Rooms), topRooms)]
	return c, nil
}

// members returns what each member has cost so far.
func (m Meter) members() map[string]room.MemberCost {
	all := make(map[string]room.MemberCost)
	for r := range m.Rooms.Rooms() {
		for _, c := range r.Cost().Members {
			all[r.Name()+"/"+c.Member] = c
		}
	}
	return all
}

// roomSince tells what a room cost since then, when a member that was not there
// had cost nothing. A member whose peer was replaced begins anew.
func roomSince(name string, now room.Cost, then map[string]room.MemberCost, seconds float64) RoomCost {
	r := RoomCost{Room: name, Members: []MemberCost{}}
	for _, c := range now.Members {
		old := then[name+"/"+c.Member]
		if old.Total.CPU > c.Total.CPU {
			old = room.MemberCost{}
		}
		m := MemberCost{
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
	slices.SortFunc(r.Members, func(x, y MemberCost) int { return cmp.Compare(y.Cores, x.Cores) })
	return r
}

// ParseWindow reads how far apart the two looks of a [Meter] are, in seconds from
// 0.1 to 30; 2 if text is empty.
func ParseWindow(text string) (time.Duration, error) {
	if text == "" {
		return windowDefault, nil
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s >= windowLeast.Seconds() && s <= windowMost.Seconds()) {
		return 0, fmt.Errorf("seconds=%q is not a number from %v to %v", text, windowLeast.Seconds(), windowMost.Seconds())
	}
	return time.Duration(s * float64(time.Second)), nil
}

// wait fails if nobody wants the answer any more.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
