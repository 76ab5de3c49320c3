package pionpc

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	prints "github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is the network between a mux and one client: no socket, no loss.
type wire struct {
	mux    *Mux
	client netip.AddrPort
	in     chan []byte // for the client
	closed chan struct{}
	once   sync.Once

	// Guarded by mu.
	mu    sync.Mutex
	sent  map[netip.AddrPort]int // datagrams that the server wrote, by address
	media int                    // datagrams that the client sent as media
	heard int
}

var server = netip.MustParseAddrPort("127.0.0.1:7882")

func newWire(t testing.TB) *wire {
	w := &wire{
		client: netip.MustParseAddrPort("127.0.0.1:40001"),
		in:     make(chan []byte, 1024),
		closed: make(chan struct{}),
		sent:   make(map[netip.AddrPort]int),
	}
	w.mux = NewMux(MuxConfig{
		Write: w.fromServer,
		Heard: func(netip.Addr, netip.AddrPort) {
			w.mu.Lock()
			w.heard++
			w.mu.Unlock()
		},
		Authenticated: awake,
		Port:          server.Port(),
		Logger:        slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() {
		w.Close()
		w.mux.Close()
	})
	return w
}

func (w *wire) fromServer(b []byte, _ netip.Addr, remote netip.AddrPort) error {
	w.mu.Lock()
	w.sent[remote]++
	w.mu.Unlock()
	if remote == w.client {
		select {
		case w.in <- append([]byte(nil), b...):
		default:
		}
	}
	return nil
}

// addresses returns where the server has written to.
func (w *wire) addresses() (list []netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for a := range w.sent {
		list = append(list, a)
	}
	return list
}

func (w *wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	if isMedia(b) {
		w.mu.Lock()
		w.media++
		w.mu.Unlock()
		return len(b), nil // a worker would keep it
	}
	w.mux.Deliver(b, server.Addr(), w.client)
	return len(b), nil
}

func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-w.in:
		return copy(b, d), net.UDPAddrFromAddrPort(server), nil
	case <-w.closed:
		return 0, nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(w.client) }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// peer is a PC and what it said.
type peer struct {
	*PC
	keys    chan srtp.Keys
	pairs   chan netip.AddrPort
	states  chan webrtc.PeerConnectionState
	refused chan error
}

func newPeer(t testing.TB, w *wire) *peer {
	t.Helper()
	return newPeerOf(t, w, testCodecs())
}

func newPeerOf(t testing.TB, w *wire, codecs []webrtc.RTPCodecParameters) *peer {
	t.Helper()
	p := &peer{
		keys: make(chan srtp.Keys, 8), pairs: make(chan netip.AddrPort, 8),
		states: make(chan webrtc.PeerConnectionState, 32), refused: make(chan error, 8),
	}
	var err error
	p.PC, err = New(Config{
		Mux:        w.mux,
		Codecs:     codecs,
		Candidates: func(bool) []netip.AddrPort { return []netip.AddrPort{server} },
		Handlers: Handlers{
			OnKeys:        func(k srtp.Keys) { p.keys <- k },
			OnRefused:     func(err error) { p.refused <- err },
			OnPair:        func(_ netip.Addr, remote netip.AddrPort) { p.pairs <- remote },
			OnState:       func(s webrtc.PeerConnectionState) { p.states <- s },
			OnDataChannel: func(*webrtc.DataChannel) <-chan struct{} { return nil },
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func testCodecs() []webrtc.RTPCodecParameters {
	video := func(mime, fmtp string, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
		return webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp}, PayloadType: pt,
		}
	}
	opus := video(webrtc.MimeTypeOpus, "minptime=10;useinbandfec=1", 111)
	opus.ClockRate, opus.Channels = 48000, 2
	return []webrtc.RTPCodecParameters{
		opus,
		video(webrtc.MimeTypeVP8, "", 96), video(webrtc.MimeTypeRTX, "apt=96", 97),
		video(webrtc.MimeTypeVP9, "profile-id=0", 98), video(webrtc.MimeTypeRTX, "apt=98", 99),
		video(webrtc.MimeTypeAV1, "", 45), video(webrtc.MimeTypeRTX, "apt=45", 46),
	}
}

func (p *peer) answer(t testing.TB, offer string) Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, err := p.Answer(ctx, offer, true)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// until waits for a state.
func (p *peer) until(t testing.TB, want webrtc.PeerConnectionState) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case s := <-p.states:
			if s == want {
				return
			}
		case <-limit:
			t.Fatalf("not %v after 10 s: connection %v, DTLS %v, ICE %v", want, p.pc.ConnectionState(), p.pc.SCTP().Transport().State(), p.pc.ICEConnectionState())
		}
	}
}

// line returns the value of an attribute of a description.
func line(t testing.TB, sdp, name string) string {
	t.Helper()
	for l := range strings.SplitSeq(sdp, "\r\n") {
		if v, ok := strings.CutPrefix(l, "a="+name+":"); ok {
			return v
		}
	}
	t.Fatalf("no a=%s in\n%s", name, sdp)
	return ""
}

// nominate sends a check that selects the path, as a client does that has
// offered with the ufrag 9uB6, and waits for the response.
func (w *wire) nominate(t testing.TB, answer string) {
	t.Helper()
	m, err := stun.Build(
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(line(t, answer, "ice-ufrag")+":9uB6"),
		ice.AttrControlling(7), ice.PriorityAttr(1<<24), ice.UseCandidate(),
		stun.NewShortTermIntegrity(line(t, answer, "ice-pwd")), stun.Fingerprint,
	)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 { // the agent starts while we are at it
		w.WriteTo(m.Raw, nil)
		select {
		case b := <-w.in:
			if b[0] == 1 && b[1] == 1 {
				return
			}
			t.Fatalf("answered with % x", b[:2])
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("no response to the check in 5 s")
}

// identity makes a certificate and its fingerprint as descriptions have it.
func identity(t testing.TB) (tls.Certificate, string) {
	t.Helper()
	c, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := prints.HashFromString("sha-256")
	if err != nil {
		t.Fatal(err)
	}
	f, err := prints.Fingerprint(c.Leaf, hash)
	if err != nil {
		t.Fatal(err)
	}
	return c, "sha-256 " + strings.ToUpper(f)
}

// handshake is that of a client with or without a certificate.
func (w *wire) handshake(t testing.TB, profile dtls.SRTPProtectionProfile, certificates ...tls.Certificate) (*dtls.Conn, error) {
	t.Helper()
	options := []dtls.ClientOption{dtls.WithInsecureSkipVerify(true), dtls.WithSRTPProtectionProfiles(profile)}
	if len(certificates) > 0 {
		options = append(options, dtls.WithCertificates(certificates...))
	}
	c, err := dtls.ClientWithOptions(w, net.UDPAddrFromAddrPort(server), options...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return c, c.HandshakeContext(ctx)
}

func (p *peer) String() string { return fmt.Sprint(len(p.keys), " keys, ", len(p.refused), " refused") }
