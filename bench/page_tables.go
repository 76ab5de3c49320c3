package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// figure writes a number for people: three significant digits below 100 unless
// it is whole, and thousands set apart above.
func figure(v float64) string {
	switch {
	case v < 0:
		return "−" + figure(-v)
	case v == math.Trunc(v) || v >= 100:
	case v < 1:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// megabits writes a bitrate that somebody chose, in Mb/s.
func megabits(bitrate int) string {
	return strconv.FormatFloat(float64(bitrate)/1e6, 'g', 4, 64) + " Mb/s"
}

func count(n uint64) string { return figure(float64(n)) }

// row is one figure of every run; one that is empty everywhere is left out.
type row struct {
	name string
	of   func(*ForwardResult) string
}

// some writes a figure that is 0 where it is not known.
func some(of func(*ForwardResult) float64) func(*ForwardResult) string {
	return func(r *ForwardResult) string {
		if v := of(r); v != 0 {
			return figure(v)
		}
		return ""
	}
}

// sunk writes a figure of runs that have a sink.
func sunk(of func(*SinkFigures) string) func(*ForwardResult) string {
	return func(r *ForwardResult) string {
		if r.Sink == nil {
			return ""
		}
		return of(r.Sink)
	}
}

// repaired writes a figure of runs in which something was repaired.
func repaired(of func(*RepairFigures) uint64) func(*ForwardResult) string {
	return func(r *ForwardResult) string {
		if r.Repair == nil {
			return ""
		}
		return count(of(r.Repair))
	}
}

// encodings writes a rate of each encoding.
func encodings(of func(EncodingFigures) uint64) func(*ForwardResult) string {
	return func(r *ForwardResult) string {
		var parts []string
		for _, e := range r.Encodings {
			parts = append(parts, e.RID+" "+figure(float64(of(e))*8/1e6/r.Seconds))
		}
		return strings.Join(parts, ", ")
	}
}

// rows are the figures of a run in the order of docs/benchmarks.md.
var rows = []row{
	{"Clients", func(r *ForwardResult) string { return count(uint64(r.Clients)) }},
	{"Subscriptions", func(r *ForwardResult) string { return count(uint64(r.Subscriptions)) }},
	{"Media sink", sunk(func(s *SinkFigures) string { return s.Address + ", " + string(s.Mode) })},
	{"Subscriptions that check", sunk(func(s *SinkFigures) string { return figure(float64(s.Checking)) })},
	{"Packets forwarded, sink too", sunk(func(s *SinkFigures) string { return count(s.Forwarded) })},
	{"Packets to forward, sink too", sunk(func(s *SinkFigures) string { return count(s.Expected) })},
	{"Packets or trains at the sink", sunk(func(s *SinkFigures) string { return count(s.Device) })},
	{"Packets in per second", func(r *ForwardResult) string { return figure(r.PacketsIn) }},
	{"Packets out per second", func(r *ForwardResult) string { return figure(r.PacketsOut) }},
	{"Mb/s out", func(r *ForwardResult) string { return figure(r.BitsOut / 1e6) }},
	{"Packets sent", func(r *ForwardResult) string { return count(r.Sent) }},
	{"Packets expected", func(r *ForwardResult) string { return count(r.Expected) }},
	{"Packets received", func(r *ForwardResult) string { return count(r.Received) }},
	{"Packets lost", func(r *ForwardResult) string { return count(r.Lost) }},
	{"Later than 100 ms", func(r *ForwardResult) string { return count(r.Late) }},
	{"Reordered", func(r *ForwardResult) string { return count(r.Reordered) }},
	{"Packets opened", some(func(r *ForwardResult) float64 { return float64(r.Samples) })},
	{"Thrown away by subscribers", some(func(r *ForwardResult) float64 { return float64(r.Dropped) })},
	{"Not sent by publishers", some(func(r *ForwardResult) float64 { return float64(r.Withheld) })},
	{"Feedback messages, packets", func(r *ForwardResult) string {
		if r.Feedback == nil {
			return ""
		}
		return count(r.Feedback.Messages) + ", " + count(r.Feedback.Packets)
	}},
	{"Packets asked for", repaired(func(p *RepairFigures) uint64 { return p.Requested })},
	{"Packets repaired", repaired(func(p *RepairFigures) uint64 { return p.Repaired })},
	{"Repaired for nothing", repaired(func(p *RepairFigures) uint64 { return p.Redundant })},
	{"Sent again by publishers", repaired(func(p *RepairFigures) uint64 { return p.Resent })},
	{"Members left, joined, could not", func(r *ForwardResult) string {
		if r.Churn == nil {
			return ""
		}
		return count(r.Churn.Left) + ", " + count(r.Churn.Joined) + ", " + count(r.Churn.Failed)
	}},
	{"Delay of newcomers p50, p99, ms", func(r *ForwardResult) string {
		if r.Churn == nil {
			return ""
		}
		return figure(r.Churn.DelayMS.P50) + ", " + figure(r.Churn.DelayMS.P99)
	}},
	{"Packets to slow members", func(r *ForwardResult) string {
		if r.Slow == nil {
			return ""
		}
		return count(r.Slow.Received) + " of " + count(r.Slow.Expected)
	}},
	{"Encodings sent, Mb/s", encodings(func(e EncodingFigures) uint64 { return e.SentBytes })},
	{"Encodings received, Mb/s", encodings(func(e EncodingFigures) uint64 { return e.ReceivedBytes })},
	{"Join p50, ms", func(r *ForwardResult) string { return figure(r.JoinMS.P50) }},
	{"Join p99, ms", func(r *ForwardResult) string { return figure(r.JoinMS.P99) }},
	{"Server CPU, cores", some(func(r *ForwardResult) float64 { return r.Server.CPU })},
	{"Server CPU per packet, µs", some(func(r *ForwardResult) float64 { return r.Server.CPUPerPacket })},
	{"Server memory idle, MB", some(func(r *ForwardResult) float64 { return float64(r.Server.IdleBytes) / 1e6 })},
	{"Server memory loaded, MB", some(func(r *ForwardResult) float64 { return float64(r.Server.LoadedBytes) / 1e6 })},
	{"Server memory per client, MB", some(func(r *ForwardResult) float64 { return r.Server.BytesPerClient / 1e6 })},
	{"Packets per message", some(func(r *ForwardResult) float64 { return r.Server.Train })},
	{"Packets per send call", some(func(r *ForwardResult) float64 { return r.Server.PacketsPerCall })},
	{"Allocations per packet", some(func(r *ForwardResult) float64 { return r.Server.AllocationsPerPacket })},
	{"Garbage collections", some(func(r *ForwardResult) float64 { return float64(r.Server.GCCycles) })},
	{"Longest GC pause at most, ms", some(func(r *ForwardResult) float64 { return r.Server.GCPauseMaxMS })},
	{"Dropped by the server's sockets", func(r *ForwardResult) string { return count(r.Server.SocketDrops) }},
	{"Dropped by the server, by reason", func(r *ForwardResult) string { return drops(r.Server.Drops) }},
	{"Client CPU, cores", func(r *ForwardResult) string { return figure(r.Client.CPU) }},
	{"Client late at p99, ms", func(r *ForwardResult) string { return figure(r.Client.LateMS.P99) }},
	{"Client could not send, packets", func(r *ForwardResult) string { return count(r.Client.Blocked) }},
	{"Dropped by the client's sockets", func(r *ForwardResult) string { return count(r.Client.SocketDrops) }},
}

func drops(by map[string]uint64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, reason+" "+count(by[reason]))
	}
	return strings.Join(parts, ", ")
}

// tabulate writes a figure per row and a run per column.
func tabulate(corner string, list []row, runs []shown) table {
	t := table{Head: []string{corner}}
	for _, r := range runs {
		t.Head = append(t.Head, r.name)
	}
	for _, f := range list {
		cells, known := []string{f.name}, false
		for _, r := range runs {
			cell := f.of(r.ForwardResult)
			known = known || cell != ""
			cells = append(cells, cmp.Or(cell, "–"))
		}
		if known {
			t.Rows = append(t.Rows, cells)
		}
	}
	return t
}

func figuresTable(runs []shown) table { return tabulate("Figure", rows, runs) }

// delayTable has the quantiles of the delay in ms; those that the summary of a
// run lacks are read off its distribution.
func delayTable(runs []shown) table {
	at := func(q float64) func(*ForwardResult) string {
		return func(r *ForwardResult) string {
			for _, p := range r.DelayCDF {
				if p[1] >= q {
					return figure(p[0])
				}
			}
			return ""
		}
	}
	of := func(pick func(Quantiles) float64) func(*ForwardResult) string {
		return func(r *ForwardResult) string { return figure(pick(r.DelayMS)) }
	}
	if len(runs) == 1 {
		runs = []shown{{"ms", runs[0].ForwardResult}}
	}
	return tabulate("Packets", []row{
		{"10 %", at(0.1)}, {"25 %", at(0.25)},
		{"50 %", of(func(q Quantiles) float64 { return q.P50 })},
		{"75 %", at(0.75)}, {"90 %", at(0.9)},
		{"95 %", of(func(q Quantiles) float64 { return q.P95 })},
		{"99 %", of(func(q Quantiles) float64 { return q.P99 })},
		{"99.9 %", of(func(q Quantiles) float64 { return q.P999 })},
		{"all", of(func(q Quantiles) float64 { return q.Max })},
	}, runs)
}

// timelineTable has a row for each second of each run.
func timelineTable(runs []shown, server bool) table {
	t := table{Head: []string{"Second", "Packets/s", "Client cores"}}
	if server {
		t.Head = append(t.Head, "Server cores", "Server MB")
	}
	if len(runs) > 1 {
		t.Head = slices.Insert(t.Head, 0, "Run")
	}
	for _, r := range runs {
		before := 0.0
		for _, p := range r.Timeline {
			cells := []string{
				strconv.FormatFloat(p.Seconds, 'f', 1, 64), figure(float64(p.Packets) / (p.Seconds - before)), figure(p.ClientCPU),
			}
			if server {
				cells = append(cells, figure(p.ServerCPU), figure(float64(p.Resident)/1e6))
			}
			if len(runs) > 1 {
				cells = slices.Insert(cells, 0, strings.TrimPrefix(r.name, "Run "))
			}
			t.Rows = append(t.Rows, cells)
			before = p.Seconds
		}
	}
	return t
}

// value names the load of a step.
func (m *MaximumResult) value(s MaximumStep) string {
	if m.Raise == "bitrate" {
		return megabits(s.Value)
	}
	return figure(float64(s.Value)) + " " + m.Raise
}

// table has a row for each step, the lowest load first.
func (m *MaximumResult) table() table {
	t := table{Head: []string{"Load", "Packets/s out", "Packets/s wanted", "Lost, %", "p99, ms", "Server cores", "Verdict"}}
	sorted := slices.SortedStableFunc(slices.Values(m.Steps), func(a, b MaximumStep) int { return a.Value - b.Value })
	for _, s := range sorted {
		wanted := 0.0
		if s.Result.Seconds > 0 {
			wanted = float64(s.Result.toForward()) / s.Result.Seconds
		}
		t.Rows = append(t.Rows, []string{
			m.value(s), figure(s.Result.PacketsOut), figure(wanted), figure(100 * s.Result.LossFraction()),
			figure(s.Result.DelayMS.P99), figure(s.Result.Server.CPU), cmp.Or(s.Why, "carried"),
		})
	}
	return t
}

// facts lists what is known of a machine.
func (m Machine) facts() [][2]string {
	memory := ""
	if m.Memory > 0 {
		memory = fmt.Sprintf("%.1f GiB", float64(m.Memory)/(1<<30))
	}
	all := [][2]string{
		{"Processor", m.CPU}, {"Cores", strconv.Itoa(m.Cores)}, {"Memory", memory}, {"Kernel", m.Kernel},
		{"System", m.OS}, {"Go", m.Go},
	}
	return slices.DeleteFunc(all, func(f [2]string) bool { return f[1] == "" })
}

func (t TrainCosts) table() table {
	all := table{Head: []string{"Packets in a train", "µs of CPU per packet"}}
	for _, n := range slices.Sorted(maps.Keys(t)) {
		all.Rows = append(all.Rows, []string{strconv.Itoa(n), figure(t[n])})
	}
	return all
}
