package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	joinsAtOnce  = 8
	firstMedia   = 20 * time.Second // after which a run without media is given up
	settle       = time.Second      // from the last first media to the window
	drain        = 500 * time.Millisecond
	bottleneckAt = 5 * time.Millisecond // lateness of the sender at p99
)

// ForwardOptions configures [Forward]. Server or Running is required; the zero
// value of everything else is a webinar of one publisher and 50 subscribers at 2.5 Mb/s.
type ForwardOptions struct {
	// Shape is who sends and receives what; see [Shapes]. If empty, "webinar".
	Shape string
	// Publishers, Subscribers, Rooms and Members scale the shape; zero takes
	// its default.
	Publishers, Subscribers, Rooms, Members int
	// Bitrate of each video track in bit/s of payload. If zero, 2,500,000.
	Bitrate int
	// FPS is the frame rate of video. If zero, 30.
	FPS int
	// Spread is the fraction of the frame interval over which the packets of a
	// video frame are sent, 0 to 1. Zero sends them at once, as encoders do.
	Spread float64
	// KeyInterval is how often video has a key frame, which is six times as
	// large as other frames. If zero, 10 s; if negative, only at the start and
	// on request.
	KeyInterval time.Duration
	// Simulcast has video sent in three encodings: f of Bitrate, h and q of 0.3
	// and 0.09 of that. If nil, shape "meeting" has it and others do not.
	Simulcast *bool
	// Sample is of how many packets that a subscriber receives one is opened, so
	// that receiving is cheap: its authentication is checked and its delay
	// measured. What is lost, late, or comes twice is seen in all. If zero, 16; 1
	// opens all, as Simulcast always does.
	Sample int
	// NoReports keeps subscribers from sending receiver reports.
	NoReports bool
	// NACK has subscribers ask for what is missing.
	NACK bool
	// TransportCC has subscribers send transport-wide feedback ten times a second,
	// where the server agrees on it.
	TransportCC bool
	// Drop is the fraction of the packets, 0 to 1, that subscribers throw away on
	// purpose before anything is counted; DropSent that of the packets that
	// publishers do not send.
	Drop, DropSent float64
	// Churn is how many members leave in a second of the window and give place to
	// others; of those who receive. Slow is how many members read their media and
	// their signalling slowly from the window on; their packets are counted apart.
	Churn float64
	Slow  int
	// Profile protects the media. If zero, AEAD_AES_128_GCM.
	Profile srtp.Profile
	// Duration is the length of the steady window. If zero, 10 s.
	Duration time.Duration
	// Server starts the server under test in a process of its own.
	Server ServerCommand
	// Running is a server that runs already, in place of Server.
	Running *RunningServer
	// Room is the name of the first room. If empty, "bench"; each room has its
	// number behind it.
	Room string
	// JoinRate is how many clients join in a second, 0 for as fast as it goes.
	JoinRate float64
	// HoldMedia lets nobody send before all have joined, so that a large room is
	// there soon. How long joining takes is then without the first media.
	HoldMedia bool
	// Sink, if set, gets the media of all but Checking subscribers, so that the
	// server does not pay for their half of the kernel. Server has to start a
	// Switchyard that listens on [SinkHost] with [SinkAddress] as its sink, in the
	// network namespace of this process.
	Sink *Sink
	// Checking is how many subscribers receive and check what they are sent, for
	// all, if there is a sink. If zero, 4.
	Checking int
	// ServerCPUs and ClientCPUs pin the two processes; empty means anywhere.
	ServerCPUs, ClientCPUs []int
	// Progress, if set, is told of each step, by one goroutine at a time.
	Progress func(Progress)
}

// ParseProfile returns the protection profile that is called "gcm"
// (AEAD_AES_128_GCM) or "cm" (AES128_CM_HMAC_SHA1_80).
func ParseProfile(name string) (srtp.Profile, error) {
	switch name {
	case "gcm":
		return srtp.AEADAES128GCM, nil
	case "cm":
		return srtp.AES128CMHMACSHA180, nil
	}
	return 0, fmt.Errorf("bench: unknown SRTP profile %q", name)
}

func (o ForwardOptions) withDefaults() ForwardOptions {
	if o.Shape == "" {
		o.Shape = "webinar"
	}
	if o.Bitrate == 0 {
		o.Bitrate = 2_500_000
	}
	if o.FPS == 0 {
		o.FPS = 30
	}
	if o.KeyInterval == 0 {
		o.KeyInterval = 10 * time.Second
	}
	if o.Sample == 0 {
		o.Sample = 16
	}
	if o.Simulcast == nil {
		o.Simulcast = new(o.Shape == "meeting")
	}
	if *o.Simulcast {
		o.Sample = 1 // the server may leave packets out without a gap
	}
	if o.Profile == 0 {
		o.Profile = srtp.AEADAES128GCM
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// Forward starts a server, lets clients send and receive through it, and
// measures the steady part: what got through, how late, and what it cost. It
// takes the duration and the time that joining needs.
func Forward(ctx context.Context, o ForwardOptions) (*ForwardResult, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	plans, err := planShape(o)
	if err != nil {
		return nil, err
	}
	if n := o.slowPlans(plans); n < o.Slow {
		return nil, fmt.Errorf("bench: %d slow members, but %d who receive", o.Slow, n)
	}
	if err := o.sinkPlans(plans); err != nil {
		return nil, err
	}
	if err := pinSelf(o.ClientCPUs); err != nil {
		return nil, err
	}
	server, err := o.start(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	idle := int64(0)
	if server.pid != 0 {
		if idle, err = residentSize(server.pid); err != nil {
			return nil, err
		}
	}
	f := &forward{options: o, server: server, window: &window{}}
	f.result.Shape, f.result.Profile = o.Shape, o.Profile.String()
	f.result.Spread, f.result.KeyInterval = o.Spread, max(0, o.KeyInterval).Seconds()
	if o.Sink != nil {
		f.result.Sink = &SinkFigures{Mode: o.Sink.Mode(), Address: SinkAddress}
	}
	f.result.Bitrate, f.result.Server.IdleBytes = o.Bitrate, idle
	if err := f.open(); err != nil {
		return nil, err
	}
	defer f.close()
	if err := f.join(ctx, plans); err != nil {
		return nil, err
	}
	if err := f.measure(ctx); err != nil {
		return nil, err
	}
	return f.report()
}

func (o ForwardOptions) check() error {
	for name, v := range map[string]float64{"spread": o.Spread, "drop": o.Drop, "drop of what is sent": o.DropSent} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("bench: a %s of %v is not between 0 and 1", name, v)
		}
	}
	if !(o.Churn >= 0) || o.Slow < 0 {
		return fmt.Errorf("bench: a churn of %v or %d slow members is below 0", o.Churn, o.Slow)
	}
	if o.Sample < 1 {
		return fmt.Errorf("bench: a sample of one in %d is none", o.Sample)
	}
	return nil
}

// start starts the server, or takes the one that runs.
func (o ForwardOptions) start(ctx context.Context) (*server, error) {
	if o.Running != nil {
		return o.Running.server()
	}
	return startServer(ctx, o.Server, o.ServerCPUs)
}

// forward is one measurement under way.
type forward struct {
	options ForwardOptions
	server  *server
	joins   int // so far
	planned int // clients
	began   time.Time
	window  *window
	run     *run
	result  ForwardResult

	mu      sync.Mutex
	members []*member // guarded by mu, as is what their comments say

	closed sync.Once
}

// open makes the client side.
func (f *forward) open() error {
	identity, err := newIdentity()
	if err != nil {
		return err
	}
	n, err := f.network()
	if err != nil {
		return err
	}
	f.run = &run{
		target: f.server.target, network: n, meter: newMeter(), sender: newSender(f.window, f.options.DropSent, f.options.HoldMedia),
		receiving: receiving{
			sample: f.options.Sample, drop: f.options.Drop, report: !f.options.NoReports, nack: f.options.NACK,
			wide: f.options.TransportCC,
		},
		sinks: newSinkNetwork(), slow: newSlowNetwork(n), slowly: newMeter(), identity: identity, profile: f.options.Profile,
	}
	return nil
}

// network is the shared one towards a server on loopback.
func (f *forward) network() (*network, error) {
	if f.server.remote == "" {
		return newNetwork(1)
	}
	host, _, err := net.SplitHostPort(f.server.remote)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if a, err := netip.ParseAddr(host); host == "localhost" || err == nil && a.IsLoopback() {
		return newNetwork(1)
	}
	return newRemoteNetwork(f.server.remote)
}

// close ends the sender, the clients and the reader, after which everything
// that they counted can be read.
func (f *forward) close() {
	f.closed.Do(func() {
		f.run.sender.close()
		var all sync.WaitGroup
		for _, m := range f.members {
			all.Go(func() {
				if f.options.Running != nil {
					m.goodbye()
				}
				m.close()
			})
		}
		all.Wait()
		f.run.network.close()
		f.run.sinks.close()
		f.run.slow.close()
	})
}

// report ends the run and draws the sums.
func (f *forward) report() (*ForwardResult, error) {
	joins := hdrhistogram.New(1000, int64(time.Minute), 3)
	for _, m := range f.members {
		if t := m.joinTime(f.options.HoldMedia); t > 0 {
			_ = joins.RecordValue(min(int64(t), int64(time.Minute)))
		}
	}
	f.close()
	r := &f.result
	r.Received = f.run.meter.received.Load()
	f.expect()
	r.take(f.run.meter, f.run.sender)
	r.JoinMS = quantiles(joins)
	r.Client.LateMS = quantiles(f.run.sender.late)
	r.Client.Blocked = f.run.sender.blocked
	r.judge()
	return r, nil
}
