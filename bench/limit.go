package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	limitPacket  = 1200 // bytes of a sealed datagram
	limitHeader  = 12
	limitPayload = limitPacket - limitHeader - 16 // the tag of GCM
	limitSSRC    = 0x5359

	limitRounds = 3
	limitBatch  = 64  // packets of one sendmmsg
	limitChunk  = 128 // packets between two drains of the receiver
)

// ErrLimitUnsupported is returned by [Limit] on other systems than Linux, which
// have neither sendmmsg nor UDP_SEGMENT.
var ErrLimitUnsupported = errors.New("bench: the limit can be measured on Linux only")

// LimitOptions configures [Limit]. The zero value is what reports use.
type LimitOptions struct {
	// Duration is how long each mode runs, all rounds together, without the
	// emptying of the receiving socket. If zero, 1 s.
	Duration time.Duration
	// Sink, if set, is what is sent to, in place of a socket on loopback. It must
	// be of this thread's network namespace.
	Sink *Sink
	// Progress is called after each of the rounds with how many of them are
	// done. It may be nil.
	Progress func(done, total int)
}

func (o LimitOptions) withDefaults() LimitOptions {
	if o.Duration == 0 {
		o.Duration = time.Second
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o
}

// LimitResult is what a bare loop costs on this machine. Costs are medians of
// the rounds.
type LimitResult struct {
	PacketBytes int         `json:"packet_bytes"` // of UDP payload
	Profile     string      `json:"profile"`      // of SRTP
	Rounds      int         `json:"rounds"`
	Modes       []LimitMode `json:"modes"`
	// Sink is what the device did itself that was sent to; empty on loopback.
	Sink SinkMode `json:"sink,omitempty"`
	// Client is what receiving costs the clients of [Forward], if that was measured.
	Client *CountResult `json:"client,omitempty"`
	// Sinks are the same towards devices, if that was asked for.
	Sinks []*LimitResult `json:"sinks,omitempty"`
}

// LimitMode is one way of sending. A packet's cost is that of rewriting 12 bytes
// of header, sealing and sending.
type LimitMode struct {
	// Name is "seal" for the work without sending, "sendto" for one packet per
	// system call, "sendmmsg" for 64, and "gso-N" for 64 in trains of N.
	Name string `json:"name"`
	// Train is how many packets the kernel is given as one message; 0 without
	// sending.
	Train int     `json:"train"`
	CPU   float64 `json:"cpu_us"`  // µs of the thread's CPU time per packet
	Wall  float64 `json:"wall_us"` // µs per packet; more than CPU if the thread had to wait for a core
	// Least and Most are the lowest and the highest CPU of the rounds.
	Least   float64 `json:"cpu_us_min"`
	Most    float64 `json:"cpu_us_max"`
	Packets uint64  `json:"packets"` // sent in all rounds
	// Lost is how many of them the receiving socket, or the device of a sink, did
	// not get. The socket has room for what is between two drains, so more than
	// zero means a limit of the system; what is lost costs the sender less.
	Lost uint64 `json:"lost"`
}

// Limit measures what a bare loop costs per packet on this machine: rewrite the
// header, seal 1,200 bytes with AEAD_AES_128_GCM, send to one address over
// loopback, or to a sink. It takes Duration and about a fifth more for each of seven modes and
// blocks that long; it ends early with the error of ctx.
//
// On loopback one thread sends and receives. After every 128 packets it empties the
// receiving socket, whose buffer holds them all, and does not count the time
// for that. So the sender is charged, as on any loopback, for the kernel's whole
// receiving half up to the receiver's queue, but neither for waking a reader
// nor for one that competes for caches and cores, both of which differ from
// machine to machine and run to run. Letting the socket overflow instead would
// make packets look a quarter cheaper than a server can send them: 1.3 µs in
// place of 1.8 in one run. CPU time is that of the thread's clock, which counts
// in nanoseconds where getrusage(2) may count in ticks.
func Limit(ctx context.Context, o LimitOptions) (*LimitResult, error) {
	o = o.withDefaults()
	if o.Duration < 0 {
		return nil, fmt.Errorf("bench: limit: negative duration %v", o.Duration)
	}
	return limit(ctx, o)
}

// ByTrain returns the CPU time per packet by length of train: 1 is sendmmsg
// without trains.
func (r *LimitResult) ByTrain() TrainCosts {
	t := make(TrainCosts)
	for _, m := range r.Modes {
		if m.Train > 1 || m.Name == "sendmmsg" {
			t[m.Train] = m.CPU
		}
	}
	return t
}

// Seal returns the µs of CPU time per packet for rewriting and sealing alone; 0
// if that was not measured.
func (r *LimitResult) Seal() float64 {
	for _, m := range r.Modes {
		if m.Train == 0 {
			return m.CPU
		}
	}
	return 0
}

// PerPacket returns the µs of CPU time per packet at an average length of
// trains; see [TrainCosts.PerPacket].
func (r *LimitResult) PerPacket(train float64) float64 { return r.ByTrain().PerPacket(train) }

// TrainCosts is the µs of CPU time per packet by how many packets the kernel is
// given as one message: 1 without segmentation offload.
type TrainCosts map[int]float64

// PerPacket returns the cost at an average length of trains: the share of a
// message in a packet shrinks with the length of its train, so between two
// lengths that were measured the cost is linear in 1/train. With 2.0 µs at 1
// and 1.2 µs at 2, it is 1.467 µs at 1.5. Shorter than the shortest and longer
// than the longest cost what those do. It is 0 if nothing was measured.
func (t TrainCosts) PerPacket(train float64) float64 {
	if len(t) == 0 {
		return 0
	}
	lengths := make([]int, 0, len(t))
	for n := range t {
		lengths = append(lengths, n)
	}
	slices.Sort(lengths)
	if !(train > float64(lengths[0])) { // NaN too
		return t[lengths[0]]
	}
	for i, longer := range lengths[1:] {
		if train <= float64(longer) {
			shorter := lengths[i]
			a, b := 1/float64(shorter), 1/float64(longer)
			return t[longer] + (t[shorter]-t[longer])*(1/train-b)/(a-b)
		}
	}
	return t[lengths[len(lengths)-1]]
}

// limitRound is what one mode did in one round.
type limitRound struct {
	cpu, wall     time.Duration
	packets, lost uint64
}

// limitMode sums the rounds of a mode up.
func limitMode(name string, train int, rounds []limitRound) LimitMode {
	m := LimitMode{Name: name, Train: train}
	var cpu, wall []float64
	for _, r := range rounds {
		m.Packets += r.packets
		m.Lost += r.lost
		n := float64(max(r.packets, 1)) * 1000
		cpu, wall = append(cpu, float64(r.cpu)/n), append(wall, float64(r.wall)/n)
	}
	m.CPU, m.Wall = median(cpu), median(wall)
	m.Least, m.Most = slices.Min(cpu), slices.Max(cpu)
	return m
}

// median returns the middle of values, the upper one of two, and sorts them.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
