package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/admin"
	"github.com/switchyard-rtc/switchyard/room/store"
	"github.com/switchyard-rtc/switchyard/room/webhook"
	"github.com/switchyard-rtc/switchyard/sfu"
	sio "github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/web"
)

const (
	pingInterval = 10 * time.Second
	pingTimeout  = 5 * time.Second
	closeWithin  = 10 * time.Second
	tellWithin   = 3 * time.Second
)

type serveOptions struct {
	http  string
	udp   string
	admin adminOptions
	sink  string
	data  string // folder; empty for the usual one
	twcc  bool

	proxies    []string // networks
	maxRooms   int
	maxMembers int      // of a room
	codecs     []string // most preferred first
	config     *config
}

func serveCommand() *cobra.Command {
	var o serveOptions
	var file string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve meetings",
		Long: "Serve the meeting page, its signalling and the media. It needs no\n" +
			"configuration, and ends on Ctrl-C after saying goodbye to every room.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := readConfig(file)
			if err != nil {
				return err
			}
			o.override(c, cfg)
			return serve(c.OutOrStdout(), o)
		},
	}
	c.Flags().StringVar(&file, "config", "", "file with settings, in YAML; flags go before it")
	c.Flags().StringVar(&o.http, "http", "127.0.0.1:8080", "address of the page and the signalling")
	c.Flags().StringVar(&o.udp, "udp", "7882", "UDP port of the media, or ADDRESS:PORT")
	c.Flags().StringVar(&o.admin.address, "admin", adminAddr, "loopback address of the admin API, health and profiles; off for none")
	c.Flags().StringSliceVar(&o.admin.hosts, "admin-host", nil, "name by which the admin API may be asked beside localhost, as behind a proxy")
	c.Flags().StringVar(&o.data, "data", "", "folder of what outlives the process; off for none (default the user's state directory)")
	c.Flags().StringSliceVar(&o.proxies, "trusted-proxies", nil, "networks of reverse proxies whose X-Forwarded headers are believed")
	c.Flags().IntVar(&o.maxRooms, "max-rooms", 10_000, "rooms together at most")
	c.Flags().IntVar(&o.maxMembers, "max-members", 1000, "members of a room at most")
	c.Flags().StringSliceVar(&o.codecs, "codecs", nil, "codecs of the rooms, best first, of vp8, vp9, h264, av1 and h265")
	c.Flags().StringVar(&o.sink, "bench-sink", "", "address in 198.18.0.0/15 that gets the media of who is called sink-…")
	c.Flags().BoolVar(&o.twcc, "bench-twcc", false, "number what is sent for transport-wide feedback, and count that")
	for _, name := range []string{"bench-sink", "bench-twcc"} {
		_ = c.Flags().MarkHidden(name) // it was just added
	}
	return c
}

// mediaAddr returns where media is served: on loopback as long as the page is,
// unless --udp names an address itself.
func mediaAddr(udp string, page netip.AddrPort) (netip.AddrPort, error) {
	if a, err := netip.ParseAddrPort(udp); err == nil {
		return a, nil
	}
	port, err := strconv.ParseUint(udp, 10, 16)
	if err != nil {
		return netip.AddrPort{}, usageError{fmt.Errorf("--udp %q is neither a port nor ADDRESS:PORT", udp)}
	}
	addr := netip.IPv6Unspecified()
	if page.Addr().IsLoopback() {
		addr = page.Addr()
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// withCodecs sets what may be negotiated, by name; without names it is the usual.
func withCodecs(cfg sfu.Config, names []string) (sfu.Config, error) {
	if len(names) == 0 {
		return cfg, nil
	}
	var err error
	if cfg.Codecs, err = sfu.NamedCodecs(names...); err != nil {
		return cfg, usageError{fmt.Errorf("--codecs: %w", err)}
	}
	return cfg, nil
}

// pageAddr reads a TCP address, of which the host may be a name or missing.
func pageAddr(flag, s string) (netip.AddrPort, error) {
	a, err := net.ResolveTCPAddr("tcp", s)
	if err != nil {
		return netip.AddrPort{}, usageError{fmt.Errorf("%s %q is not ADDRESS:PORT", flag, s)}
	}
	ap := a.AddrPort()
	if !ap.Addr().IsValid() {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), ap.Port()), nil
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

// serve runs until a signal comes.
func serve(out io.Writer, o serveOptions) error {
	log := newLogger(os.Stderr)
	page, err := pageAddr("--http", o.http)
	if err != nil {
		return err
	}
	udp, err := mediaAddr(o.udp, page)
	if err != nil {
		return err
	}
	if o.maxMembers < 1 {
		return usageError{fmt.Errorf("--max-members %d is below 1", o.maxMembers)}
	}
	if o.maxRooms < 1 {
		return usageError{fmt.Errorf("--max-rooms %d is below 1", o.maxRooms)}
	}
	front, err := parseProxies(o.proxies)
	if err != nil {
		return usageError{fmt.Errorf("--trusted-proxies: %w", err)}
	}
	sink, err := benchSink(o.sink)
	if err != nil {
		return err
	}
	cfg, err := withCodecs(sfu.Config{Listen: udp, BenchSink: sink, BenchTransportCC: o.twcc, Logger: log}, o.codecs)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", page.String())
	if err != nil {
		return taken(err, "--http", page)
	}
	defer listener.Close()
	adminListener, err := listenAdmin(o.admin, o.config.keys.Len() > 0)
	if err != nil {
		return err
	}
	if adminListener != nil {
		defer adminListener.Close()
	}
	media, err := listenMedia(cfg)
	if err != nil {
		return err
	}
	defer media.Close()
	kept := store.Open(dataDir(o.data), log)
	defer kept.Close()
	authorize, invite := access(o.config, kept.Key("invitations"))
	visitors := room.NewVisitors(kept.Key("visitors"))
	happened := admin.NewEvents()
	sender, err := webhook.New(webhook.Config{Hooks: o.config.hooks(), Dir: dataDir(o.data), Logger: log})
	if err != nil {
		return usageError{err}
	}
	defer closeSender(sender)
	rooms, err := room.NewServer(room.Config{
		Media: media, Authorize: withSink(sink, authorize), Visitors: visitors, Invite: invite, Memory: kept.Memory(),
		Files: kept.Folder("files"), MaxRooms: o.maxRooms, MaxMembers: o.maxMembers, Linger: o.config.linger, Hooks: happened.Hooks().Then(sender.Hooks()), Logger: log,
	})
	if err != nil {
		return err
	}
	events := sio.NewServer(sio.Options{
		Namespaces:   map[string]sio.Handlers{"/": {OnConnect: func(ctx context.Context, s *sio.Socket) error { return rooms.Bind(ctx, s) }}},
		PingInterval: pingInterval,
		PingTimeout:  pingTimeout,
		Logger:       log,
	})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	bound := listener.Addr().(*net.TCPAddr).AddrPort()
	server := newHTTPServer(log, ownHosts(bound, front.handler(handler(events, visitors, rooms))))
	answers, err := adminHandler(admin.Meter{Media: media, Rooms: rooms}, happened, sender, admin.NewAccess(admin.AccessConfig{
		Keys: o.config.keys, Hosts: o.admin.hosts, Withdrawn: rooms.Withdrawn,
	}))
	if err != nil {
		return err
	}
	if o.config.keys.Len() > 0 { // else it answers this machine only, proxies on it too
		answers = front.handler(answers)
	}
	stop := serveAdmin(out, log, o.admin, adminListener, answers)
	defer stop()
	announce(out, log, bound, media.Addr(), o.config.tokenNeeded())
	return run(signals, server, listener, func(ctx context.Context) error {
		return errors.Join(rooms.Shutdown(ctx), events.Shutdown(ctx), server.Shutdown(ctx))
	})
}

// closeSender gives webhooks a while to tell how the rooms ended.
func closeSender(s *webhook.Sender) {
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	s.Close(ctx)
}

// listenMedia says which flag is wrong if it cannot listen.
func listenMedia(cfg sfu.Config) (*sfu.Server, error) {
	media, err := sfu.Listen(cfg)
	switch {
	case errors.Is(err, sfu.ErrBenchSink):
		return nil, usageError{fmt.Errorf("--bench-sink: %w", err)}
	case err != nil:
		return nil, taken(err, "--udp", cfg.Listen)
	}
	return media, nil
}

func newHTTPServer(log *slog.Logger, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// handler joins page, cookie, signalling and the doors for those who have none.
func handler(events http.Handler, visitors *room.Visitors, rooms *room.Server) http.Handler {
	rows := room.Permissions.HTTP
	routes := &room.Routes{}
	routes.Handle(events, rows.Signalling)
	routes.Handle(rooms.WHIP(), rows.WHIP, rows.PatchWHIP, rows.EndWHIP, rows.AskWHIP, rows.ShowWHIP)
	routes.Handle(rooms.WHEP(), rows.WHEP, rows.WHEPMember, rows.WHEPSource, rows.PatchWHEP, rows.EndWHEP, rows.AskWHEP, rows.ShowWHEP)
	routes.Handle(rooms.Files(), rows.Upload, rows.Download)
	routes.Handle(rooms.Listing(), rows.Rooms, rows.Lobby)
	routes.Handle(rooms.Check(), rows.Check)
	routes.Handle(visitors.Page(web.Handler()), rows.Page, rows.Files, rows.Visitor)
	return routes
}

// run serves until a signal comes, then shuts down. A second signal ends the
// process at once.
func run(signals <-chan os.Signal, server *http.Server, l net.Listener, shutdown func(context.Context) error) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-signals:
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- shutdown(ctx) }()
	select {
	case err := <-closed:
		<-served
		if err != nil {
			return fmt.Errorf("shut down: %w", err)
		}
		return nil
	case <-signals:
		os.Exit(exitForced)
		return nil
	}
}

// taken says in one line which port is taken and which flag changes it.
func taken(err error, flag string, addr netip.AddrPort) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken; choose another with %s", addr.Port(), flag)
	}
	return fmt.Errorf("%s %v: %w", flag, addr, err)
}

// announce prints the link, after a warning where a browser would refuse the
// camera.
func announce(out io.Writer, log *slog.Logger, page, media netip.AddrPort, closed bool) {
	host := page
	if page.Addr().IsUnspecified() {
		host = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), page.Port())
	}
	switch {
	case page.Addr().IsLoopback():
	case closed:
		log.Warn("browsers give camera and microphone only over HTTPS", "http", page.String())
	default:
		log.Warn("everyone who reaches this address can join; browsers give camera and microphone only over HTTPS",
			"http", page.String())
	}
	fmt.Fprintf(out, "Switchyard is ready. Open http://%v/ (media on UDP port %d)\n", host, media.Port())
	if closed {
		fmt.Fprintln(out, "Joining needs a token; switchyard token --room NAME prints a link with one.")
	}
}

// newLogger writes text for people and JSON for machines.
func newLogger(f *os.File) *slog.Logger {
	if isTerminal(f) {
		return slog.New(slog.NewTextHandler(f, nil))
	}
	return slog.New(slog.NewJSONHandler(f, nil))
}
