package sfu

import (
	"log/slog"
	"net/netip"
	"runtime"
	"time"

	"github.com/pion/webrtc/v4"
)

// BenchSinkPrefix starts the ids of peers that [Config.BenchSink] is about.
const BenchSinkPrefix = "sink-"

// Config configures a [Server]. The zero value is valid: it serves on one
// ephemeral UDP port on all addresses.
type Config struct {
	// Listen is the UDP address to serve on. If it is the zero value, one
	// ephemeral port on all addresses; an unspecified address serves IPv4 and
	// IPv6.
	Listen netip.AddrPort

	// Workers is the number of workers, each of which moves packets with one
	// core. If zero, GOMAXPROCS. Where the system cannot share a port there is
	// one.
	Workers int

	// PublicAddrs are announced as host candidates in place of the local
	// addresses, for a server behind 1:1 NAT. If empty, local addresses are
	// announced.
	PublicAddrs []netip.Addr

	// Codecs lists what peers may negotiate, most preferred first, unless
	// [PeerOptions.Codecs] says otherwise. If nil, [DefaultCodecs] is used.
	Codecs []webrtc.RTPCodecParameters

	// MaxPeers limits the peers of this server. If zero, there is no limit.
	MaxPeers int

	// MaxDownlink limits the video that each peer is sent, in bit/s of payload.
	// Its video subscriptions share it equally: each gets the best layer within
	// its part, and at least the lowest one. If zero, there is no limit.
	MaxDownlink Bitrate

	// HistoryDuration is how long received packets are kept for
	// retransmission (RFC 4588). If zero, 1 s.
	HistoryDuration time.Duration

	// BenchSink is for measurement only. If valid, media for peers whose
	// [PeerOptions.ID] starts with [BenchSinkPrefix] is sent to this address in
	// place of theirs, to the same port, so that a device can swallow it; STUN
	// and DTLS still go to them, and so does RTCP to those who publish. [Listen]
	// fails with [ErrBenchSink] for an address outside of 198.18.0.0/15, the
	// network for benchmarks (RFC 2544, appendix C.2.2).
	BenchSink netip.Addr

	// BenchTransportCC is for measurement only. It numbers what is sent to peers
	// that negotiated transport-wide feedback about it, and counts what they tell;
	// nothing follows from that.
	BenchTransportCC bool

	// Logger receives control-plane events only; packets are counted, never
	// logged. If nil, [slog.Default] is used.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if !c.Listen.IsValid() {
		c.Listen = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Codecs == nil {
		c.Codecs = DefaultCodecs()
	}
	if c.HistoryDuration == 0 {
		c.HistoryDuration = time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
