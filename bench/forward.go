package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
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
	// Churn is how many guests a second come, receive everything for two seconds
	// and go, beside those who are measured. If zero, nobody.
	Churn float64
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
	// Progress, if set, is told a line about each step.
	Progress func(string)
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
	if o.Profile == 0 {
		o.Profile = srtp.AEADAES128GCM
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// Forward starts a server, lets clients send and receive through it, and
// measures the steady part: what got through, how late, and what it cost. It
// takes the duration and the time that joining needs.
func Forward(ctx context.Context, o ForwardOptions) (*ForwardResult, error) {
	o = o.withDefaults()
	if o.Spread < 0 || o.Spread > 1 {
		return nil, fmt.Errorf("bench: a spread of %v is not between 0 and 1", o.Spread)
	}
	plans, err := planShape(o)
	if err != nil {
		return nil, err
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
	stop := f.startChurn(ctx)
	err = f.measure(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	return f.report()
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
	began   time.Time
	window  *window
	run     *run
	members []*member
	wanted  map[string]int // subscriptions that are received, by track name
	sunk    map[string]int // those that go to the sink
	result  ForwardResult
	closed  sync.Once
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
		target: f.server.target, network: n, meter: newMeter(f.window), sender: newSender(f.window),
		sinks: newSinkNetwork(), identity: identity, profile: f.options.Profile,
	}
	f.wanted, f.sunk = make(map[string]int), make(map[string]int)
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

// turn waits until the next client may join.
func (f *forward) turn(ctx context.Context) error {
	if f.options.JoinRate <= 0 {
		return ctx.Err()
	}
	if f.joins == 0 {
		f.began = time.Now()
	}
	due := f.began.Add(time.Duration(float64(f.joins) / f.options.JoinRate * float64(time.Second)))
	f.joins++
	return pause(ctx, time.Until(due))
}

// close ends the sender, the clients and the reader, after which everything
// that they counted can be read.
func (f *forward) close() {
	f.closed.Do(func() {
		f.run.sender.close()
		var all sync.WaitGroup
		for _, m := range f.members {
			all.Go(m.close)
		}
		all.Wait()
		f.run.network.close()
		f.run.sinks.close()
	})
}

// join brings everybody in: who publishes first, so that the others find
// something to ask for.
func (f *forward) join(ctx context.Context, plans []memberPlan) error {
	slices.SortStableFunc(plans, func(a, b memberPlan) int { return len(b.sources) - len(a.sources) })
	f.members = make([]*member, 0, len(plans))
	publishing := 0
	for i, p := range plans {
		if len(p.sources) == 0 {
			break
		}
		if err := f.turn(ctx); err != nil {
			return err
		}
		m, err := f.run.join(ctx, fmt.Sprint("publisher ", i), p)
		if err != nil {
			return err
		}
		f.members = append(f.members, m)
		publishing++
	}
	f.options.Progress(fmt.Sprintf("%d publishers joined", publishing))
	if err := f.joinViewers(ctx, plans[publishing:]); err != nil {
		return err
	}
	f.result.Clients, f.result.Publishers = len(f.members), publishing
	for i, m := range f.members[:publishing] {
		if err := f.subscribe(ctx, m); err != nil {
			return fmt.Errorf("publisher %d: %w", i, err)
		}
	}
	f.options.Progress(fmt.Sprintf("%d clients joined, %d subscriptions", len(f.members), f.result.Subscriptions))
	return f.awaitMedia(ctx)
}

// joinViewers lets those join who only receive, some at once.
func (f *forward) joinViewers(ctx context.Context, plans []memberPlan) error {
	type outcome struct {
		m   *member
		err error
	}
	work, done := make(chan int), make(chan outcome)
	var workers sync.WaitGroup
	for range joinsAtOnce {
		workers.Go(func() {
			for i := range work {
				m, err := f.run.join(ctx, fmt.Sprint("viewer ", i), plans[i])
				done <- outcome{m, err}
			}
		})
	}
	go func() {
		for i := range plans {
			if f.turn(ctx) != nil {
				break // the joins that run fail with the same reason
			}
			work <- i
		}
		close(work)
		workers.Wait()
		close(done)
	}()
	var failed error
	for o := range done {
		if o.err != nil {
			failed = o.err
			continue
		}
		f.members = append(f.members, o.m)
		if err := f.subscribe(ctx, o.m); err != nil {
			failed = err
		}
	}
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// subscribe asks for what the others of the room publish, as far as the member
// has slots.
func (f *forward) subscribe(ctx context.Context, m *member) error {
	audio, video := m.plan.audio, m.plan.video
	var names []string
	for _, o := range f.members {
		if o == m || o.plan.room != m.plan.room {
			continue
		}
		for i, name := range o.names {
			room := &video
			if o.tracks[i].audio {
				room = &audio
			}
			if *room > 0 {
				*room--
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	count := f.wanted
	if m.plan.sink {
		count = f.sunk
	} else if f.result.Sink != nil {
		f.result.Sink.Checking += len(names)
	}
	for _, n := range names {
		count[n]++
	}
	f.result.Subscriptions += len(names)
	return m.subscribe(ctx, names)
}

// awaitMedia waits until everybody who asked for something receives something,
// but for those whose media goes to the sink.
func (f *forward) awaitMedia(ctx context.Context) error {
	deadline := time.Now().Add(firstMedia)
	for {
		missing := 0
		for _, m := range f.members {
			if !m.asked.IsZero() && !m.plan.sink && m.inbox.first.Load() == 0 {
				missing++
			}
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("bench: %d of %d clients received nothing for %v", missing, len(f.members), firstMedia)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// report ends the run and draws the sums.
func (f *forward) report() (*ForwardResult, error) {
	joins := hdrhistogram.New(1000, int64(time.Minute), 3)
	for _, m := range f.members {
		if t := m.joinTime(); t > 0 {
			_ = joins.RecordValue(min(int64(t), int64(time.Minute)))
		}
	}
	f.close()
	f.expect()
	r := &f.result
	r.take(f.run.meter)
	r.JoinMS = quantiles(joins)
	r.Client.LateMS = quantiles(f.run.sender.late)
	r.Client.Blocked = f.run.sender.blocked
	r.judge()
	return r, nil
}
