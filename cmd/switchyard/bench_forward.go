package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/switchyard-rtc/switchyard/bench"
)

// mostMembers is how many members a room of a server that bench starts can have:
// as many as there are addresses for clients.
const mostMembers = "65535"

type forwardOptions struct {
	bench.ForwardOptions
	profile, serverCPUs, clientCPUs string
	server, sink                    string
	json, html, findMax             string
	maxDelay                        time.Duration // that findMax allows
	runs                            int
	flags                           *pflag.FlagSet
	reports, verifyAll, simulcast   bool
	shown                           *progress
	limit                           time.Duration
	faults                          bench.Faults // of the baseline, on purpose
}

func benchForwardCommand() *cobra.Command {
	var o forwardOptions
	c := &cobra.Command{
		Use:   "forward",
		Short: "Measure a whole server with synthetic clients on this machine",
		Long: "Start a server in a process of its own, let synthetic clients join, send and\n" +
			"receive through it (real ICE, DTLS and SRTP over loopback), and measure what got\n" +
			"through, how late, and what it cost the server.\n\nShapes:\n" + shapes(),
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.OutOrStdout(), c.ErrOrStderr()) },
	}
	o.loadFlags(c)
	f := c.Flags()
	f.StringVar(&o.serverCPUs, "cpu-server", "", "processors of the server, such as 0 or 0,1")
	f.StringVar(&o.server, "server", "switchyard", "what to measure: switchyard, pion (its ordinary path, with default interceptors) or pion-bare (without)")
	sinkFlag(c, &o.sink, "send the media of most subscribers to a device that drops it, segmentation offloaded and then in software: tun (Linux, root)")
	f.IntVar(&o.Checking, "checking", 4, "with --sink, subscribers who still receive and check everything")
	faultFlags(c, &o.faults)
	return c
}

// loadFlags adds who sends and receives what, and measureFlags.
func (o *forwardOptions) loadFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.Shape, "shape", "webinar", "who sends and receives what: "+shapeNames())
	f.IntVar(&o.Publishers, "publishers", 0, "who send only (default 1, audio 10)")
	f.IntVar(&o.Subscribers, "subscribers", 0, "who receive only (default 50, audio 100)")
	f.IntVar(&o.Rooms, "rooms", 0, "rooms (default 1, shape rooms 4)")
	f.IntVar(&o.Members, "members", 0, "members of each room who send and receive (default 8, star 33)")
	f.Float64Var(&o.Churn, "churn", 0, "members who leave in a second, while others join; of those who receive")
	f.BoolVar(&o.HoldMedia, "hold-media", false, "nobody sends before all have joined, so that a large room is there soon")
	f.IntVar(&o.Slow, "slow", 0, "members who read media and signalling slowly")
	o.measureFlags(c)
}

// measureFlags adds what every command has that sends and receives.
func (o *forwardOptions) measureFlags(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&o.Bitrate, "bitrate", 2_500_000, "bit/s of each video track")
	f.IntVar(&o.FPS, "fps", 30, "frames per second of video")
	f.Float64Var(&o.Spread, "spread", 0, "fraction of the frame interval over which the packets of a frame are sent, 0 for at once")
	f.DurationVar(&o.KeyInterval, "key-interval", 10*time.Second, "how often video has a key frame, 0 for only on request")
	f.StringVar(&o.profile, "profile", "gcm", "SRTP profile: gcm or cm")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "length of the steady part")
	f.StringVar(&o.clientCPUs, "cpu-client", "", "processors of the clients")
	f.StringVar(&o.findMax, "find-max", "", "raise this until loss > 0.5 % or p99 delay > --max-delay: bitrate or subscribers")
	f.DurationVar(&o.maxDelay, "max-delay", 20*time.Millisecond, "what --find-max allows 99 % of the packets to take, 0 for as long as it takes")
	f.IntVar(&o.runs, "runs", 1, "how often to measure, to see how noisy the machine is")
	f.Float64Var(&o.JoinRate, "join-rate", 0, "clients that join in a second, 0 for as fast as it goes")
	o.clientFlags(c)
	f.DurationVar(&o.limit, "limit", 200*time.Millisecond, "how long to measure each mode of the machine's limit, 0 for not at all")
	jsonFlag(c, &o.json)
	htmlFlag(c, &o.html)
}

// faultFlags adds what makes the baseline fail on purpose, to test the ruler.
func faultFlags(c *cobra.Command, f *bench.Faults) {
	c.Flags().IntVar(&f.DropPercent, "fault-drop", 0, "percent of the packets that the baseline leaves out")
	c.Flags().DurationVar(&f.Delay, "fault-delay", 0, "what the baseline adds to each packet")
	c.Flags().DurationVar(&f.Stall, "fault-stall", 0, "how long the baseline stops once a second")
	for _, name := range []string{"fault-drop", "fault-delay", "fault-stall"} {
		_ = c.Flags().MarkHidden(name) // it was just added
	}
}

func shapes() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range bench.Shapes() {
		fmt.Fprintf(w, "  %s\t%s\n", s.Name, s.About)
	}
	w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

func shapeNames() string {
	var names []string
	for _, s := range bench.Shapes() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// resolve checks what the flags say.
func (o *forwardOptions) resolve() error {
	var err error
	if o.Profile, err = bench.ParseProfile(o.profile); err != nil {
		return usageError{fmt.Errorf("--profile %q is neither gcm nor cm", o.profile)}
	}
	if !strings.Contains(","+strings.ReplaceAll(shapeNames(), " ", "")+",", ","+o.Shape+",") {
		return usageError{fmt.Errorf("--shape %q is none of %s", o.Shape, shapeNames())}
	}
	for name, n := range map[string]int{
		"publishers": o.Publishers, "subscribers": o.Subscribers, "rooms": o.Rooms, "members": o.Members,
	} {
		if n < 0 {
			return usageError{fmt.Errorf("--%s %d is below 0", name, n)}
		}
	}
	if o.runs < 1 || o.runs > 1 && o.findMax != "" {
		return usageError{fmt.Errorf("--runs %d has to be above 0, and 1 with --find-max", o.runs)}
	}
	if o.findMax != "" && o.findMax != "bitrate" && o.findMax != "subscribers" {
		return usageError{fmt.Errorf("--find-max %q is neither bitrate nor subscribers", o.findMax)}
	}
	if o.Spread < 0 || o.Spread > 1 {
		return usageError{fmt.Errorf("--spread %v is not between 0 and 1", o.Spread)}
	}
	if err := o.resolveClients(); err != nil {
		return err
	}
	if o.Bitrate <= 0 || o.FPS <= 0 || o.Duration <= 0 || o.JoinRate < 0 {
		return usageError{fmt.Errorf("--bitrate, --fps and --duration have to be above 0, --join-rate not below")}
	}
	if o.KeyInterval <= 0 {
		o.KeyInterval = -1
	}
	if o.maxDelay <= 0 {
		o.maxDelay = -1
	}
	if o.ServerCPUs, err = processors("cpu-server", o.serverCPUs); err != nil {
		return err
	}
	if o.ClientCPUs, err = processors("cpu-client", o.clientCPUs); err != nil {
		return err
	}
	if o.Running != nil {
		return nil
	}
	if o.sink != "" && (o.server != "switchyard" || o.Checking < 1) {
		return usageError{errors.New("--sink needs --server switchyard, and --checking above 0")}
	}
	o.Server, err = o.serverCommand()
	return err
}

func processors(flag, list string) (cpus []int, err error) {
	if list == "" {
		return nil, nil
	}
	for f := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil || n < 0 {
			return nil, usageError{fmt.Errorf("--%s %q is not a list of processors", flag, list)}
		}
		cpus = append(cpus, n)
	}
	return cpus, nil
}

// serverCommand is this binary itself in another role.
func (o *forwardOptions) serverCommand() (bench.ServerCommand, error) {
	self, err := os.Executable()
	if err != nil {
		return bench.ServerCommand{}, fmt.Errorf("find this binary: %w", err)
	}
	switch o.server {
	case "switchyard":
		return o.switchyardCommand(self), nil
	case "pion", "pion-bare":
		return o.baselineCommand(self), nil
	}
	return bench.ServerCommand{}, usageError{fmt.Errorf("--server %q is none of switchyard, pion, pion-bare", o.server)}
}

func (o *forwardOptions) switchyardCommand(self string) bench.ServerCommand {
	args, media := []string{self, "serve", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", noData, "--max-members", mostMembers}, "127.0.0.1"
	if o.sink != "" {
		args, media = append(args, "--bench-sink", bench.SinkAddress), bench.SinkHost
	}
	if o.TransportCC {
		args = append(args, "--bench-twcc")
	}
	return bench.ServerCommand{Args: append(args, "--udp", media+":0")}
}

func (o *forwardOptions) baselineCommand(self string) bench.ServerCommand {
	args := []string{
		self, "bench", "baseline", fmt.Sprint("--fault-drop=", o.faults.DropPercent),
		fmt.Sprint("--fault-delay=", o.faults.Delay), fmt.Sprint("--fault-stall=", o.faults.Stall),
	}
	if o.server == "pion" {
		args = append(args, "--interceptors")
	}
	if o.TransportCC {
		args = append(args, "--twcc")
	}
	return bench.ServerCommand{Args: args, WHIP: true}
}

func (o *forwardOptions) run(out, progress io.Writer) error {
	if err := o.resolve(); err != nil {
		return err
	}
	if err := enterSink(o.sink); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o.shown = newProgress(progress)
	o.Progress = o.shown.show
	defer o.shown.end()
	if o.sink == "" {
		return o.runOnce(ctx, out)
	}
	for _, mode := range sinkModes(o.sink) {
		if err := o.runInto(ctx, out, mode); err != nil {
			return err
		}
	}
	return nil
}

// runOnce measures the limit and then the server, and saves the report.
func (o *forwardOptions) runOnce(ctx context.Context, out io.Writer) error {
	var limit bench.TrainCosts
	if o.limit > 0 {
		l, err := bench.Limit(ctx, bench.LimitOptions{Duration: o.limit, Sink: o.Sink})
		if err != nil {
			return err
		}
		limit = l.ByTrain()
	}
	kind, result, err := o.measure(ctx, out, limit)
	if err != nil {
		return err
	}
	report := bench.NewReport(kind, commandLine(), result)
	report.Limit = limit
	if err := saveReport(o.json, report); err != nil {
		return err
	}
	return savePage(o.html, report)
}

// measure runs once, or as often as it takes to find the maximum, and prints
// what came of it.
func (o *forwardOptions) measure(ctx context.Context, out io.Writer, limit bench.TrainCosts) (kind string, result any, err error) {
	if o.findMax == "" {
		return o.repeat(ctx, out, limit)
	}
	m, err := bench.Maximum(ctx, bench.MaximumOptions{Forward: o.ForwardOptions, Raise: o.findMax, MaxDelay: o.maxDelay})
	o.shown.end()
	if err != nil {
		return "", nil, err
	}
	if m.Best < 0 {
		fmt.Fprintln(out, "no load was carried")
		return bench.KindMaximum, m, nil
	}
	best := m.Steps[m.Best]
	fmt.Fprintf(out, "highest load carried: %s %d\n", m.Raise, best.Value)
	return bench.KindMaximum, m, printForward(out, best.Result, limit)
}

// repeat measures as often as --runs says.
func (o *forwardOptions) repeat(ctx context.Context, out io.Writer, limit bench.TrainCosts) (kind string, result any, err error) {
	var all bench.ForwardRuns
	for range o.runs {
		r, err := bench.Forward(ctx, o.ForwardOptions)
		o.shown.end()
		if err != nil {
			return "", nil, err
		}
		if err := printForward(out, r, limit); err != nil {
			return "", nil, err
		}
		all.Runs = append(all.Runs, r)
	}
	if len(all.Runs) == 1 {
		return bench.KindForward, all.Runs[0], nil
	}
	return bench.KindForwardRuns, all, nil
}

// printForward writes the figures for people.
func printForward(out io.Writer, r *bench.ForwardResult, limit bench.TrainCosts) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("shape", "%s, %d clients, %d subscriptions, %s", r.Shape, r.Clients, r.Subscriptions, r.Profile)
	row("in", "%.0f packets/s", r.PacketsIn)
	row("out", "%.0f packets/s, %.1f Mb/s", r.PacketsOut, r.BitsOut/1e6)
	printSink(row, r.Sink)
	row("lost", "%d of %d (%.3f %%)", r.Lost, r.Expected, 100*r.LossFraction())
	row("late, reordered", "%d, %d", r.Late, r.Reordered)
	printClients(row, r)
	row("delay", "%s", ms(r.DelayMS))
	if r.Samples < r.Received {
		row("", "of %d packets that were opened; the others are counted by their numbers", r.Samples)
	}
	row("join", "%s", ms(r.JoinMS))
	if r.Server.CPU > 0 {
		row("server", "%.2f cores, %.2f µs per forwarded packet", r.Server.CPU, r.Server.CPUPerPacket)
	}
	if train := max(1, r.Server.Train); limit.PerPacket(train) > 0 && r.Server.CPUPerPacket > 0 {
		bare := limit.PerPacket(train)
		how := fmt.Sprintf("trains of %.1f", train)
		if r.Server.Train == 0 { // a server that does not tell
			how = "packet by packet"
		}
		row("", "%.2f × a bare loop that sends %s (%.2f µs)", r.Server.CPUPerPacket/bare, how, bare)
	}
	if r.Server.PacketsPerCall > 0 {
		row("", "%.1f packets per message, %.1f per send call, %.3f allocations per packet, %d collections, longest pause ≤ %.2f ms",
			r.Server.Train, r.Server.PacketsPerCall, r.Server.AllocationsPerPacket, r.Server.GCCycles, r.Server.GCPauseMaxMS)
	}
	if r.Server.IdleBytes > 0 {
		row("memory", "%.1f MB idle, %.2f MB per client", float64(r.Server.IdleBytes)/1e6, r.Server.BytesPerClient/1e6)
	}
	row("client", "%.2f cores, frames late by %.2f ms at p99", r.Client.CPU, r.Client.LateMS.P99)
	if r.Server.SocketDrops+r.Client.SocketDrops > 0 {
		row("socket drops", "%d by the server's sockets, %d by the client's", r.Server.SocketDrops, r.Client.SocketDrops)
	}
	if r.Client.Bottleneck != "" {
		row("BOTTLENECK", "%s: the figures are about the client, not the server", r.Client.Bottleneck)
	}
	return w.Flush()
}

func ms(q bench.Quantiles) string {
	return fmt.Sprintf("p50 %.2f  p95 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms", q.P50, q.P95, q.P99, q.P999, q.Max)
}

// benchBaselineCommand is the server that `forward --server pion` starts.
func benchBaselineCommand() *cobra.Command {
	o := bench.BaselineOptions{Listen: "127.0.0.1:0"}
	c := &cobra.Command{
		Use:    "baseline",
		Short:  "Serve WHIP and WHEP on pion's ordinary path",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			o.Ready = func(url string, port int) {
				fmt.Fprintf(c.OutOrStdout(), "The baseline is ready on %s/ (media on UDP port %d)\n", url, port)
			}
			return bench.Baseline(ctx, o)
		},
	}
	c.Flags().StringVar(&o.Listen, "http", o.Listen, "address of WHIP and WHEP")
	c.Flags().BoolVar(&o.Interceptors, "interceptors", false, "with pion's default interceptors")
	c.Flags().BoolVar(&o.TransportCC, "twcc", false, "number what is sent for transport-wide feedback, where it is negotiated")
	faultFlags(c, &o.Faults)
	return c
}
