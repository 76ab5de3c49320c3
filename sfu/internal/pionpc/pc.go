package pionpc

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// Config configures a [PC]. All fields are required.
type Config struct {
	Mux *Mux
	// Codecs may be negotiated, most preferred first. What the peer sends is
	// answered in this order; payload types do not matter.
	Codecs []webrtc.RTPCodecParameters
	// Candidates returns the addresses to announce, best first.
	Candidates func(loopback bool) []netip.AddrPort
	Handlers   Handlers
	Logger     *slog.Logger
}

// Handlers are called from pion's goroutines and must not block.
type Handlers struct {
	// OnKeys is called once, when the DTLS handshake is over and the peer's
	// certificate is the one that its fingerprint promised. Media may come
	// before it.
	OnKeys func(srtp.Keys)
	// OnRefused is called in place of OnKeys if the handshake failed or gave no
	// keys.
	OnRefused func(error)
	// OnPair is called when ICE chose a path, at first and after restarts.
	OnPair  func(local netip.Addr, remote netip.AddrPort)
	OnState func(webrtc.PeerConnectionState)
	// OnDataChannel is called for each data channel that the peer opened. It
	// returns at once; messages are read when what it returns is closed.
	OnDataChannel func(*webrtc.DataChannel) <-chan struct{}
}

// Answer is the outcome of a negotiation.
type Answer struct {
	SDP string
	// Sections are all sections that there are now, in the order of the offer.
	Sections []Section
}

// PC is the control plane of one peer, which offers; this side answers.
type PC struct {
	cfg   Config
	api   *webrtc.API
	media *webrtc.MediaEngine
	pc    *webrtc.PeerConnection
	tap   *tap
	ended chan struct{} // closed by Close

	// Owned by the caller of Answer.
	slots   map[string]*slot // by MID
	formats formats

	// Guarded by mu.
	mu     sync.Mutex
	ufrags []string // that the mux was told
	closed bool
}

const (
	receiveBuffer  = 256 << 10 // bytes of SCTP that one peer may have wait here
	largestMessage = 256 << 10 // bytes of one data channel message
)

// profiles lists what may protect media; the server's order decides.
var profiles = []dtls.SRTPProtectionProfile{
	dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
}

// New makes a peer connection that waits for its first offer.
func New(cfg Config) (*PC, error) {
	p := &PC{
		cfg: cfg, slots: make(map[string]*slot), formats: newFormats(cfg.Codecs), tap: &tap{}, ended: make(chan struct{}),
	}
	media, err := mediaEngine()
	if err != nil {
		return nil, err
	}
	settings, err := p.settings()
	if err != nil {
		return nil, err
	}
	p.media = media
	p.api = webrtc.NewAPI(
		webrtc.WithMediaEngine(media),
		webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}), // all RTCP is ours
	)
	// Package srtp does not know RFC 9335, so that it must not be answered.
	policy := webrtc.Configuration{RTPHeaderEncryptionPolicy: webrtc.RTPHeaderEncryptionPolicyDisable}
	if p.pc, err = p.api.NewPeerConnection(policy); err != nil {
		return nil, fmt.Errorf("new peer connection: %w", err)
	}
	p.pc.OnConnectionStateChange(cfg.Handlers.OnState)
	p.pc.OnDataChannel(p.onDataChannel)
	p.pc.OnTrack(func(*webrtc.TrackRemote, *webrtc.RTPReceiver) { cfg.Mux.conn.tracks.Add(1) })
	p.pc.SCTP().Transport().OnStateChange(p.onDTLS)
	p.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(p.onPair)
	return p, nil
}

// onDataChannel keeps pion from reading a channel too early.
func (p *PC) onDataChannel(c *webrtc.DataChannel) {
	select {
	case <-p.cfg.Handlers.OnDataChannel(c):
	case <-p.ended:
	}
}

// onDTLS hands over the keys when the handshake is over, and not before: until
// then nobody has checked the peer's certificate.
func (p *PC) onDTLS(state webrtc.DTLSTransportState) {
	switch state {
	case webrtc.DTLSTransportStateFailed:
		p.cfg.Handlers.OnRefused(errHandshake)
	case webrtc.DTLSTransportStateConnected:
		if keys, ok := p.tap.take(); ok {
			p.cfg.Handlers.OnKeys(keys)
		} else {
			p.cfg.Handlers.OnRefused(errNoKeys)
		}
	}
}

func (p *PC) settings() (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: loggers{p.cfg.Logger}}
	s.SetLite(true)
	s.SetICEUDPMux(muxCloser{p.cfg.Mux})
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(10*time.Second, 45*time.Second, 2*time.Second)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.DisableActiveTCP(true)
	s.SetSCTPMaxReceiveBufferSize(receiveBuffer)
	s.SetSCTPMaxMessageSize(largestMessage)
	s.DisableMediaEngineCopy(true)
	s.SetSRTPProtectionProfiles(profiles...)
	s.SetDTLSKeyLogWriter(p.tap)
	s.SetDTLSServerHelloMessageHook(p.tap.serverHello)
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, fmt.Errorf("answer as DTLS server: %w", err)
	}
	return s, nil
}

// extensions lists what is negotiated, by kind.
var extensions = []struct {
	extension    packet.Extension
	audio, video bool
}{
	{packet.ExtMID, true, true},
	{packet.ExtTransportCC, true, true},
	{packet.ExtAudioLevel, true, false},
	{packet.ExtRID, false, true},
	{packet.ExtRepairedRID, false, true},
	{packet.ExtVideoOrientation, false, true},
	{packet.ExtPlayoutDelay, false, true},
	{packet.ExtColorSpace, false, true},
	{packet.ExtContentType, false, true},
	{packet.ExtDependencyDescriptor, false, true},
	{packet.ExtVLA, false, true},
}

// mediaEngine knows no codecs until there is an offer; see [formats.register].
func mediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	for _, e := range extensions {
		uri := webrtc.RTPHeaderExtensionCapability{URI: e.extension.URI()}
		if e.audio {
			if err := m.RegisterHeaderExtension(uri, webrtc.RTPCodecTypeAudio); err != nil {
				return nil, fmt.Errorf("extension %s: %w", uri.URI, err)
			}
		}
		if e.video {
			if err := m.RegisterHeaderExtension(uri, webrtc.RTPCodecTypeVideo); err != nil {
				return nil, fmt.Errorf("extension %s: %w", uri.URI, err)
			}
		}
	}
	return m, nil
}

func (p *PC) onPair(pair *webrtc.ICECandidatePair) {
	if pair == nil || pair.Remote == nil {
		return
	}
	a, err := netip.ParseAddr(pair.Remote.Address)
	if err != nil {
		return
	}
	remote := netip.AddrPortFrom(a.Unmap(), pair.Remote.Port)
	local, _ := p.cfg.Mux.conn.owners.local(remote)
	p.cfg.Handlers.OnPair(local, remote)
}

// Answer applies an offer. One call at a time.
func (p *PC) Answer(ctx context.Context, offer string, loopback bool) (Answer, error) {
	d, err := readOffer(offer)
	if err != nil {
		return Answer{}, err
	}
	p.formats.choose(d)
	if err := p.formats.register(p.media, d); err != nil {
		return Answer{}, err
	}
	text, err := d.Marshal()
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrBadDescription, err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(text)}); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrBadDescription, err)
	}
	if err := p.addSlots(d); err != nil {
		return Answer{}, err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return Answer{}, fmt.Errorf("create answer: %w", err)
	}
	p.expect(answer.SDP)
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return Answer{}, fmt.Errorf("set answer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	case <-p.ended: // pion does not end the gathering then
		return Answer{}, errEnded
	}
	return p.finish(d, loopback)
}

// Stuck tells whether a failed Answer left pion in the middle of a negotiation.
// It cannot roll back, so that nothing but Close is left; readOffer refuses
// before that what is known to get it there.
func (p *PC) Stuck() bool {
	s := p.pc.SignalingState()
	return s != webrtc.SignalingStateStable && s != webrtc.SignalingStateClosed
}

// expect lets checks for the answer's agent through the mux.
func (p *PC) expect(answer string) {
	d := sdp.SessionDescription{}
	if d.UnmarshalString(answer) != nil {
		return
	}
	ufrag, password := iceAttribute(&d, "ice-ufrag"), iceAttribute(&d, "ice-pwd")
	p.mu.Lock()
	defer p.mu.Unlock()
	if ufrag != "" && !p.closed && !slices.Contains(p.ufrags, ufrag) {
		p.ufrags = append(p.ufrags, ufrag)
		p.cfg.Mux.conn.owners.expect(ufrag, password)
	}
}

// iceAttribute returns an attribute of the session or of the first section that
// has it.
func iceAttribute(d *sdp.SessionDescription, name string) string {
	if v, ok := d.Attribute(name); ok {
		return v
	}
	for _, m := range d.MediaDescriptions {
		if v, ok := m.Attribute(name); ok {
			return v
		}
	}
	return ""
}

// finish reads the local description and puts in the candidates.
func (p *PC) finish(offer *sdp.SessionDescription, loopback bool) (Answer, error) {
	d := sdp.SessionDescription{}
	if err := d.UnmarshalString(p.pc.LocalDescription().SDP); err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	announced := p.cfg.Candidates(loopback)
	out := Answer{}
	media, usable := 0, 0
	for i, m := range d.MediaDescriptions {
		offered := offer.MediaDescriptions[min(i, len(offer.MediaDescriptions)-1)]
		p.formats.answer(m, offered)
		m.Attributes = withoutCandidates(m.Attributes)
		if m.MediaName.Port.Value != 0 {
			m.Attributes = append(m.Attributes, candidateLines(announced)...)
		}
		s := readSection(m, offered)
		s.Mixed = len(s.Codecs) > 0 && (has(d.Attributes, sdp.AttrKeyExtMapAllowMixed) || has(m.Attributes, sdp.AttrKeyExtMapAllowMixed))
		if t := p.slots[s.MID]; s.Role == RoleSlot && t != nil {
			s.SSRC, s.RTX, s.StreamID, s.TrackID = t.ssrc, t.rtx, t.stream, t.id
		}
		if offered.MediaName.Media != "application" && isActive(offered) {
			media++
			if m.MediaName.Port.Value != 0 && s.MID != p.formats.idle {
				usable++
			}
		}
		out.Sections = append(out.Sections, s)
	}
	if media > 0 && usable == 0 {
		return Answer{}, ErrNoCodec
	}
	unbundle(&d)
	text, err := d.Marshal()
	if err != nil {
		return Answer{}, fmt.Errorf("write answer: %w", err)
	}
	out.SDP = string(text)
	return out, nil
}

func has(list []sdp.Attribute, key string) bool {
	return slices.ContainsFunc(list, func(a sdp.Attribute) bool { return a.Key == key })
}

// candidateLines announces host candidates (RFC 8839 section 5.1), best first.
func candidateLines(list []netip.AddrPort) []sdp.Attribute {
	var lines []sdp.Attribute
	for i, a := range list {
		priority := 126<<24 | (65535-i)<<8 | 255 // RFC 8445 section 5.1.2.1
		lines = append(lines, sdp.NewAttribute("candidate",
			fmt.Sprintf("%d 1 udp %d %s %d typ host", i+1, priority, a.Addr(), a.Port())))
	}
	return append(lines, sdp.NewPropertyAttribute("end-of-candidates"))
}

// Close ends the peer connection and waits for pion's goroutines.
func (p *PC) Close() error {
	p.mu.Lock()
	if !p.closed {
		close(p.ended)
	}
	p.closed = true
	ufrags := p.ufrags
	p.mu.Unlock()
	err := p.pc.GracefulClose()
	for _, u := range ufrags {
		p.cfg.Mux.RemoveConnByUfrag(u)
	}
	return err
}
