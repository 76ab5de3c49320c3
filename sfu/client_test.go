package sfu_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// client is a pion peer over real loopback sockets, with pion's default
// interceptors: it asks for lost packets and reports as browsers do.
type client struct {
	t      testing.TB
	server *sfu.Server
	pc     *webrtc.PeerConnection
	peer   *sfu.Peer
	conn   *lossy
	sinks  chan *sink
	ready  chan struct{} // closed when the server is connected with it, too
	offers int
}

// sink is what came in one slot.
type sink struct {
	mid   string
	track *webrtc.TrackRemote

	mu      sync.Mutex
	packets []*rtp.Packet // in the order of arrival
	grown   chan struct{} // signalled after each packet
}

// lossy drops incoming media with a probability, from a seed. Before that it
// looks whether a number of an SSRC comes twice, which would be a nonce that was
// used twice: tests are too short for numbers to wrap.
type lossy struct {
	net.PacketConn
	loss    float64
	dropped atomic.Int64

	// Guarded by mu.
	mu     sync.Mutex
	random *rand.Rand
	seen   map[uint64]bool // by SSRC and number
	twice  int
}

// look notes a datagram and tells whether to drop it.
func (l *lossy) look(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(b) > 12 && (b[1] < 192 || b[1] > 223) {
		k := uint64(binary.BigEndian.Uint32(b[8:]))<<16 | uint64(binary.BigEndian.Uint16(b[2:]))
		if l.seen[k] {
			l.twice++
		}
		l.seen[k] = true
	}
	return l.random.Float64() < l.loss
}

func (l *lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := l.PacketConn.ReadFrom(b)
		if err != nil || n == 0 || b[0] < 128 || b[0] > 191 {
			return n, addr, err
		}
		if !l.look(b[:n]) {
			return n, addr, nil
		}
		l.dropped.Add(1)
	}
}

func listen(t testing.TB) *sfu.Server { return listenWith(t, sfu.Config{}) }

func listenWith(t testing.TB, cfg sfu.Config) *sfu.Server {
	t.Helper()
	cfg.Listen = loopback(0)
	s, err := sfu.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if m := s.MuxStats(); m.MediaRead != 0 || m.MediaWritten != 0 || m.Tracks != 0 {
			t.Errorf("pion read %d and wrote %d datagrams of media, and fired OnTrack %d times; want none",
				m.MediaRead, m.MediaWritten, m.Tracks)
		}
		if n := s.Entries(); n != 0 {
			t.Errorf("%d peers and publications are left after Close", n)
		}
	})
	return s
}

type clientOptions struct {
	loss     float64
	noRTX    bool
	numbers  webrtc.PayloadType          // of VP8; its RTX is 4 more; 0 = pion's defaults
	offers   []webrtc.RTPCodecParameters // what the client knows; nil = pion's defaults
	codecs   []webrtc.RTPCodecParameters // what the server lists for it; nil = its default
	handlers sfu.PeerHandlers
	profile  dtls.SRTPProtectionProfile // the only one; 0 = pion's defaults
}

func newClient(t testing.TB, s *sfu.Server, o clientOptions) *client {
	t.Helper()
	c := &client{t: t, server: s, sinks: make(chan *sink, 64), ready: make(chan struct{})}
	handlers, once := o.handlers, sync.Once{}
	handlers.OnState = func(state webrtc.PeerConnectionState) {
		if o.handlers.OnState != nil {
			o.handlers.OnState(state)
		}
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.ready) })
		}
	}
	var err error
	if c.peer, err = s.NewPeer(sfu.PeerOptions{Codecs: o.codecs, Handlers: handlers}); err != nil {
		t.Fatal(err)
	}
	se := webrtc.SettingEngine{}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.conn = &lossy{
		PacketConn: conn, loss: o.loss, random: rand.New(rand.NewPCG(1, 2)), seen: make(map[uint64]bool),
	}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: c.conn})
	se.SetICEUDPMux(mux)
	se.SetIncludeLoopbackCandidate(true)
	if o.profile != 0 {
		se.SetSRTPProtectionProfiles(o.profile)
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se))
	if o.noRTX {
		api = webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(plainCodecs(t)))
	}
	if o.offers != nil {
		api = webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(engineOf(t, o.offers)))
	}
	if o.numbers != 0 {
		api = webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(numberedCodecs(t, o.numbers)))
	}
	if c.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	c.pc.OnTrack(c.onTrack)
	t.Cleanup(func() {
		c.pc.Close()
		mux.Close()
		conn.Close()
		c.conn.mu.Lock()
		defer c.conn.mu.Unlock()
		if c.conn.twice != 0 {
			t.Errorf("%d packets came with an SSRC and number that was sent before", c.conn.twice)
		}
	})
	return c
}

// plainCodecs are the server's without RTX.
func plainCodecs(t testing.TB) *webrtc.MediaEngine {
	t.Helper()
	return engineOf(t, slices.DeleteFunc(sfu.DefaultCodecs(), func(c webrtc.RTPCodecParameters) bool { return c.MimeType == webrtc.MimeTypeRTX }))
}

func engineOf(t testing.TB, codecs []webrtc.RTPCodecParameters) *webrtc.MediaEngine {
	t.Helper()
	m := &webrtc.MediaEngine{}
	for _, c := range codecs {
		kind := webrtc.RTPCodecTypeVideo
		if strings.HasPrefix(c.MimeType, "audio/") {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := m.RegisterCodec(c, kind); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// numberedCodecs has VP8 with the payload type pt, and RTX with pt + 4.
func numberedCodecs(t testing.TB, pt webrtc.PayloadType) *webrtc.MediaEngine {
	t.Helper()
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for _, c := range []webrtc.RTPCodecParameters{
		{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback,
		}},
		{PayloadType: pt + 4, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt),
		}},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (c *client) onTrack(track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	mid := ""
	for _, tr := range c.pc.GetTransceivers() {
		if tr.Receiver() == r {
			mid = tr.Mid()
		}
	}
	s := &sink{mid: mid, track: track, grown: make(chan struct{}, 1)}
	c.sinks <- s
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.packets = append(s.packets, p)
		s.mu.Unlock()
		select {
		case s.grown <- struct{}{}:
		default:
		}
	}
}

// slots adds receive-only sections; negotiate makes them known.
func (c *client) slots(kind webrtc.RTPCodecType, n int) {
	c.t.Helper()
	for range n {
		if _, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionRecvonly,
		}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// publish adds a track; negotiate makes it known.
func (c *client) publish(mime string) *webrtc.TrackLocalStaticRTP {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], "stream")
	if err != nil {
		c.t.Fatal(err)
	}
	tr, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	go func() { // pion answers NACKs only while somebody reads RTCP
		for b := make([]byte, 1500); ; {
			if _, _, err := tr.Sender().Read(b); err != nil {
				return
			}
		}
	}()
	return track
}

// negotiate offers once and waits until the transport is up.
func (c *client) negotiate() {
	c.t.Helper()
	c.offer(nil)
}

func (c *client) offer(o *webrtc.OfferOptions) {
	c.t.Helper()
	connected := make(chan struct{})
	var once sync.Once
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	offer, err := c.pc.CreateOffer(o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.offers++
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-gathered
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := c.peer.Answer(ctx, *c.pc.LocalDescription(), sfu.AnswerOptions{Loopback: true})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(answer); err != nil {
		c.t.Fatal(err)
	}
	if c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		return
	}
	limit := time.After(10 * time.Second)
	for _, end := range []chan struct{}{connected, c.ready} { // what is sent before both are is lost
		select {
		case <-end:
		case <-limit:
			c.t.Fatalf("not connected after 10 s: %v", c.pc.ConnectionState())
		}
	}
}

// publication returns what the peer publishes of a kind.
func (c *client) publication(kind webrtc.RTPCodecType) *sfu.Publication {
	c.t.Helper()
	for _, p := range c.peer.Publications() {
		if p.Kind() == kind {
			return p
		}
	}
	c.t.Fatalf("no publication of kind %v", kind)
	return nil
}

// sink waits for the first packet of a slot.
func (c *client) sink() *sink {
	c.t.Helper()
	select {
	case s := <-c.sinks:
		return s
	case <-time.After(10 * time.Second):
		c.t.Fatal("no media after 10 s")
		return nil
	}
}

// wait waits until the slot got n packets, each number counted once.
func (s *sink) wait(t testing.TB, n int) []*rtp.Packet {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		got := s.packets[:len(s.packets):len(s.packets)]
		s.mu.Unlock()
		if unique(got) >= n {
			return got
		}
		select {
		case <-s.grown:
		case <-limit:
			t.Fatalf("slot %s got %d packets (%d unique) in 20 s, want %d", s.mid, len(got), unique(got), n)
		}
	}
}

func unique(packets []*rtp.Packet) int {
	seen := make(map[uint16]bool, len(packets))
	for _, p := range packets {
		seen[p.SequenceNumber] = true
	}
	return len(seen)
}

// camera makes VP8 packets of which each carries its count; the first is a key
// frame, and so is every 30th.
type camera struct {
	track *webrtc.TrackLocalStaticRTP
	count uint32
	first uint16
	stamp uint32
}

func (c *camera) send(t testing.TB, n int) {
	t.Helper()
	for range n {
		if err := c.next(); err != nil {
			t.Fatal(err)
		}
	}
}

// next sends one packet.
func (c *camera) next() error {
	tag := byte(1)
	if c.count%30 == 0 {
		tag = 0
	}
	b := []byte{0x90, 0xe0, 0x80 | byte(c.count>>8)&0x7f, byte(c.count), byte(c.count), 0x20, tag, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00}
	b = binary.BigEndian.AppendUint32(b, c.count)
	p := &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, SequenceNumber: c.first + uint16(c.count), Timestamp: c.stamp + 3000*c.count,
		},
		Payload: append(b, make([]byte, 900)...),
	}
	c.count++
	return c.track.WriteRTP(p)
}

// count returns what camera.send wrote into a packet.
func count(p *rtp.Packet) uint32 { return binary.BigEndian.Uint32(p.Payload[16:]) }
