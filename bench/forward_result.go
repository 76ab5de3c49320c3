package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// KindForward is a [Report] whose result is a [ForwardResult].
const KindForward = "forward"

// Quantiles of a distribution, in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	ms := func(ns int64) float64 { return float64(ns) / 1e6 }
	return Quantiles{
		P50: ms(h.ValueAtQuantile(50)), P95: ms(h.ValueAtQuantile(95)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

// cdf returns the points of a distribution in nanoseconds: every percent, and
// the last one in tenths and hundredths.
func cdf(h *hdrhistogram.Histogram) (points [][2]float64) {
	if h.TotalCount() == 0 {
		return nil
	}
	points = append(points, [2]float64{float64(h.Min()) / 1e6, 0})
	// In 1/10,000: 0.01 to 0.99, 0.991 to 0.999, 0.9991 to 1.
	for q, step := 100, 100; q <= 10_000; q += step {
		ms := float64(h.ValueAtQuantile(float64(q)/100)) / 1e6
		if last := &points[len(points)-1]; ms <= last[0] {
			last[1] = float64(q) / 10_000
		} else {
			points = append(points, [2]float64{ms, float64(q) / 10_000})
		}
		switch q {
		case 9_900:
			step = 10
		case 9_990:
			step = 1
		}
	}
	return points
}

// ForwardResult is what [Forward] measured. Counts are of the steady window: of
// the packets that were sent in it, whenever they came.
type ForwardResult struct {
	Shape   string `json:"shape"`
	Profile string `json:"profile"`
	Bitrate int    `json:"bitrate"` // of a video track, bit/s
	// Spread is the fraction of the frame interval over which packets were sent.
	Spread float64 `json:"spread,omitempty"`
	// KeyInterval is how often video had a key frame, in s; 0 is only on
	// request.
	KeyInterval   float64 `json:"key_interval"`
	Clients       int     `json:"clients"`
	Publishers    int     `json:"publishers"`
	Subscriptions int     `json:"subscriptions"`
	Seconds       float64 `json:"seconds"` // length of the window

	Sent     uint64 `json:"sent"`     // packets, by the publishers
	Expected uint64 `json:"expected"` // sent, times who subscribed
	Received uint64 `json:"received"` // different ones, by the subscribers
	Lost     uint64 `json:"lost"`     // expected and not received
	// Late came more than 100 ms after they were sent; Reordered after one that
	// was sent later. Both are received.
	Late      uint64 `json:"late"`
	Reordered uint64 `json:"reordered"`
	// Samples is how many of the received packets were opened: Late, DelayMS and
	// DelayCDF are estimates from these, each of which stands for those before it
	// that were not.
	Samples uint64 `json:"samples"`
	// Duplicate, Refused and Foreign are of the whole run: packets that came
	// again, those whose authentication failed, and those without a stamp, such
	// as padding.
	Duplicate uint64 `json:"duplicate"`
	Refused   uint64 `json:"refused"`
	Foreign   uint64 `json:"foreign,omitempty"`

	// Dropped and Withheld are of the whole run: what subscribers threw away on
	// purpose, and what publishers did not send on purpose. Reports is how many
	// receiver reports subscribers sent.
	Dropped  uint64         `json:"dropped,omitempty"`
	Withheld uint64         `json:"withheld,omitempty"`
	Reports  uint64         `json:"receiver_reports,omitempty"`
	Repair   *RepairFigures `json:"repair,omitempty"` // absent if nothing was lost
	// Feedback is what subscribers told of transport-wide numbers; absent unless
	// they were to.
	Feedback *FeedbackFigures `json:"transport_feedback,omitempty"`
	// Churn tells who came and went, Slow what became of slow members; absent
	// without them.
	Churn *ChurnFigures `json:"churn,omitempty"`
	Slow  *SlowFigures  `json:"slow,omitempty"`
	// Encodings is what became of each encoding; absent without simulcast.
	Encodings []EncodingFigures `json:"encodings,omitempty"`

	PacketsIn  float64 `json:"packets_in_per_second"`
	PacketsOut float64 `json:"packets_out_per_second"`
	BitsOut    float64 `json:"bits_out_per_second"` // of UDP payload

	// DelayMS is from the moment a packet was sent to the moment the kernel of
	// the receiver had it.
	DelayMS Quantiles `json:"delay_ms"`
	// JoinMS is from the start of signalling to the first media, or to being
	// connected with [ForwardOptions.HoldMedia].
	JoinMS Quantiles `json:"join_ms"`
	// DelayCDF is the whole distribution of the delay: about 100 points of a
	// delay in ms and the fraction of the packets that took at most that long,
	// both rising. The tail has more points than its share.
	DelayCDF [][2]float64 `json:"delay_cdf,omitempty"`
	// Timeline is the window second by second.
	Timeline []TimelinePoint `json:"timeline,omitempty"`

	// Sink tells where the media went, if not to the subscribers.
	Sink *SinkFigures `json:"sink,omitempty"`

	Server ServerFigures `json:"server"`
	Client ClientFigures `json:"client"`
}

// ServerFigures is what the run cost the server.
type ServerFigures struct {
	// CPU is the processor time it used, in cores.
	CPU float64 `json:"cpu_cores"`
	// CPUPerPacket is that for each forwarded packet, in µs.
	CPUPerPacket float64 `json:"cpu_us_per_packet"`
	IdleBytes    int64   `json:"idle_bytes"`   // resident, before anybody joined
	LoadedBytes  int64   `json:"loaded_bytes"` // resident, at the end
	// BytesPerClient is what each client added to the resident memory.
	BytesPerClient float64 `json:"bytes_per_client"`
	// SocketDrops counts datagrams that its sockets had no room for.
	SocketDrops uint64 `json:"socket_drops"`

	// What only Switchyard tells of itself; zero for others.

	// PacketsPerCall is how many packets one system call sent on average.
	PacketsPerCall float64 `json:"packets_per_send_call,omitempty"`
	// Train is how many packets a message had on average that the kernel was
	// given; 1 without trains (UDP_SEGMENT).
	Train float64 `json:"packets_per_message,omitempty"`
	// AllocationsPerPacket counts heap objects, those of signalling included.
	AllocationsPerPacket float64 `json:"allocations_per_packet,omitempty"`
	GCCycles             uint64  `json:"gc_cycles,omitempty"`
	GCPauseMaxMS         float64 `json:"gc_pause_max_ms,omitempty"` // upper bound, since the start
	// Drops counts packets that it did not forward, by reason.
	Drops map[string]uint64 `json:"drops,omitempty"`
}

// ClientFigures tells how well the measuring side kept up.
type ClientFigures struct {
	CPU         float64   `json:"cpu_cores"`
	LateMS      Quantiles `json:"late_ms"`      // of frames, behind their schedule
	Blocked     uint64    `json:"blocked"`      // packets that could not be sent
	SocketDrops uint64    `json:"socket_drops"` // for want of room to receive
	// Bottleneck says why the figures are about the client and not about the
	// server; empty if they are about the server.
	Bottleneck string `json:"bottleneck,omitempty"`
}

// observation is a moment of the processes.
type observation struct {
	at                       time.Time
	server, client           time.Duration // processor time
	serverDrops, clientDrops uint64
	resident                 int64
	own                      serverStats
	device                   uint64 // messages that arrived at the sink
}

func (f *forward) observe(ctx context.Context) (o observation, err error) {
	o.at = time.Now()
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	if pid := f.server.pid; pid != 0 {
		o.server, e = cpuTime(pid)
		note(e)
		o.resident, e = residentSize(pid)
		note(e)
	}
	o.client, e = cpuTime(os.Getpid())
	note(e)
	if f.server.media != 0 {
		o.serverDrops, e = socketDrops(f.server.media)
		note(e)
	}
	f.mu.Lock()
	ports := f.run.network.ports(f.members)
	f.mu.Unlock()
	for _, port := range ports {
		n, e := socketDrops(port)
		note(e)
		o.clientDrops += n
	}
	o.own, e = f.server.stats(ctx)
	note(e)
	if f.options.Sink != nil {
		o.device, e = f.options.Sink.seen()
		note(e)
	}
	return o, err
}

// observed takes what happened between two moments.
func (r *ForwardResult) observed(a, b observation) {
	r.Seconds = b.at.Sub(a.at).Seconds()
	r.Server.CPU = (b.server - a.server).Seconds() / r.Seconds
	r.Client.CPU = (b.client - a.client).Seconds() / r.Seconds
	r.Server.SocketDrops = b.serverDrops - a.serverDrops
	r.Client.SocketDrops = b.clientDrops - a.clientDrops
	r.Server.LoadedBytes = b.resident
	s := &r.Server
	s.GCCycles, s.GCPauseMaxMS = b.own.GCCycles-a.own.GCCycles, b.own.GCPauseMax
	if calls := b.own.SendCalls - a.own.SendCalls; calls > 0 {
		sent := float64(b.own.PacketsSent - a.own.PacketsSent)
		s.PacketsPerCall = sent / float64(calls)
		s.Train = sent / float64(max(1, b.own.Messages-a.own.Messages))
		s.AllocationsPerPacket = float64(b.own.Allocations-a.own.Allocations) / sent
	}
	r.drained(a, b)
	for reason, n := range b.own.Drops {
		if n -= a.own.Drops[reason]; n > 0 {
			if s.Drops == nil {
				s.Drops = make(map[string]uint64)
			}
			s.Drops[reason] = n
		}
	}
}

// take reads a meter whose reader has ended.
func (r *ForwardResult) take(m *meter, s *sender) {
	r.Late, r.Reordered = m.late, m.reordered
	r.Duplicate, r.Refused, r.Foreign = m.duplicate, m.refused, m.foreign
	r.Samples, r.Reports = m.samples, m.reports
	r.Dropped, r.Withheld = m.dropped, s.withheld
	if m.repair.Resent = s.repaired; m.repair != (RepairFigures{}) {
		r.Repair = &m.repair
	}
	if r.Feedback != nil {
		r.Feedback.Messages, r.Feedback.Packets = m.wide.Messages, m.wide.Packets
	}
	r.DelayMS, r.DelayCDF = quantiles(m.delay), cdf(m.delay)
	if r.Churn != nil {
		r.Churn.DelayMS = quantiles(m.early)
	}
	r.complete()
	r.PacketsIn = float64(r.Sent) / r.Seconds
	r.PacketsOut = float64(r.forwarded()) / r.Seconds
	if r.Sink == nil {
		r.BitsOut = float64(m.bytes) * 8 / r.Seconds
	}
	if n := r.forwarded(); n > 0 {
		r.Server.CPUPerPacket = r.Server.CPU * r.Seconds * 1e6 / float64(n)
	}
	if r.Clients > 0 && r.Server.LoadedBytes > 0 {
		r.Server.BytesPerClient = float64(r.Server.LoadedBytes-r.Server.IdleBytes) / float64(r.Clients)
	}
}

// judge says whether the measuring side was what gave way.
func (r *ForwardResult) judge() {
	c := &r.Client
	switch {
	case c.SocketDrops > 0:
		c.Bottleneck = fmt.Sprintf("the client's socket had no room for %d datagrams", c.SocketDrops)
	case c.Blocked > 0:
		c.Bottleneck = fmt.Sprintf("the client could not send %d packets", c.Blocked)
	case c.LateMS.P99 > float64(bottleneckAt)/1e6:
		c.Bottleneck = fmt.Sprintf("the client sent 1 %% of the frames more than %.1f ms late", c.LateMS.P99)
	}
}

// LossFraction is lost ÷ expected, 0 to 1.
func (r *ForwardResult) LossFraction() float64 {
	if r.Expected == 0 {
		return 0
	}
	return float64(r.Lost) / float64(r.Expected)
}
