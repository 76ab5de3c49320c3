package sfu

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/internal/worker"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const socketBuffer = 4 << 20 // bytes asked of the kernel, each way

// Server is a running media plane.
type Server struct {
	cfg     Config
	log     *slog.Logger
	sockets []*udp.Socket // of one address, one for each worker
	workers []*worker.Worker
	mux     *pionpc.Mux
	live    sync.Map       // plane.ID → *Peer or *Publication, read by the workers
	ended   sync.WaitGroup // peers, and the goroutine of balance
	quit    chan struct{}  // closed by Close

	paths paths

	refused [plane.NumDropReasons]atomic.Uint64 // by inputs

	// Guarded by mu, with everything that peers, publications and
	// subscriptions say of each other. Commands are posted under it, so that
	// the plane sees changes in the same order; the worker never takes it.
	mu         sync.Mutex
	peers      map[*Peer]struct{}
	population []int // peers of each worker
	next       plane.ID
	closed     bool
}

// Listen opens the socket, starts the worker and returns the running server.
// It fails if the address cannot be bound or the configuration is refused.
func Listen(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if cfg.BenchSink.IsValid() && !netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15).Contains(cfg.BenchSink) {
		return nil, fmt.Errorf("%w: %v", ErrBenchSink, cfg.BenchSink)
	}
	sockets, err := udp.ListenShared(cfg.Listen, cfg.Workers, udp.Options{
		ReadBuffer: socketBuffer, WriteBuffer: socketBuffer, Trains: true, Timestamps: true, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	s := &Server{
		cfg:        cfg,
		log:        cfg.Logger,
		sockets:    sockets,
		quit:       make(chan struct{}),
		peers:      make(map[*Peer]struct{}),
		population: make([]int, len(sockets)),
		paths:      paths{owners: make(map[plane.Path]*Peer)},
	}
	s.mux = pionpc.NewMux(pionpc.MuxConfig{
		Write:         sockets[0].WriteTo,
		Heard:         s.onHeard,
		Authenticated: s.authenticated,
		Port:          s.Addr().Port(),
		Logger:        cfg.Logger,
	})
	s.workers = worker.Start(s.configs(time.Now())...)
	s.describe()
	if len(s.workers) > 1 {
		s.ended.Go(s.balance)
	}
	return s, nil
}

// Addr returns the bound UDP address.
func (s *Server) Addr() netip.AddrPort { return s.sockets[0].LocalAddr() }

// NewPeer creates a peer that waits for its first offer. The peer lives until
// it is closed, its transport fails or the server closes.
func (s *Server) NewPeer(opts PeerOptions) (*Peer, error) {
	if opts.ID == "" {
		opts.ID = newID()
	}
	s.mu.Lock()
	err := s.vacancy()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	p := newPeer(s, opts)
	if opts.Codecs == nil {
		opts.Codecs = s.cfg.Codecs
	}
	if err := s.connect(p, opts.Codecs); err != nil {
		return nil, fmt.Errorf("sfu: new peer %s: %w", opts.ID, err)
	}
	if err := s.admit(p); err != nil {
		p.pc.Close()
		return nil, err
	}
	return p, nil
}

// vacancy tells whether there is room for one more peer. The caller holds mu.
func (s *Server) vacancy() error {
	switch {
	case s.closed:
		return ErrClosed
	case s.cfg.MaxPeers > 0 && len(s.peers) >= s.cfg.MaxPeers:
		return ErrFull
	}
	return nil
}

// connect gives a peer its control plane. It makes a certificate, so that it
// runs without the mutex.
func (s *Server) connect(p *Peer, codecs []webrtc.RTPCodecParameters) (err error) {
	p.pc, err = pionpc.New(pionpc.Config{
		Mux:        s.mux,
		Codecs:     codecs,
		Candidates: s.candidates,
		Handlers: pionpc.Handlers{
			OnKeys:        p.onKeys,
			OnRefused:     p.onRefused,
			OnPair:        p.onPair,
			OnState:       p.onState,
			OnDataChannel: p.onDataChannel,
		},
		Logger: p.log,
	})
	return err
}

// admit makes a peer one of the server's.
func (s *Server) admit(p *Peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.vacancy(); err != nil {
		return err
	}
	p.key = s.newKey()
	place := s.place(p.near)
	p.near = nil
	p.place.Store(int32(place))
	s.population[place]++
	s.peers[p] = struct{}{}
	s.live.Store(p.key, p)
	add := plane.AddTransport{Transport: p.key, SSRC: random32() | 1, CNAME: newID(), Plain: p.input != nil}
	if strings.HasPrefix(p.id, BenchSinkPrefix) {
		add.Sink = s.cfg.BenchSink
	}
	p.post(add)
	s.ended.Add(1)
	return nil
}

// Close closes all peers and the socket, and waits for every goroutine of the
// server, handlers included.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		close(s.quit)
	}
	s.closed = true
	peers := make([]*Peer, 0, len(s.peers))
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, p := range peers {
		closing.Go(func() { p.Close() })
	}
	closing.Wait()
	s.ended.Wait()
	s.mux.Close()
	for _, w := range s.workers {
		w.Close()
	}
	return nil
}

// newKey names something in the plane. The caller holds mu.
func (s *Server) newKey() plane.ID {
	s.next++
	return s.next
}

func (s *Server) candidates(loopback bool) []netip.AddrPort {
	return candidates(s.Addr(), s.cfg.PublicAddrs, loopback)
}

// kindOf names a section's kind as pion does.
func kindOf(audio bool) webrtc.RTPCodecType {
	if audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func random32() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}
