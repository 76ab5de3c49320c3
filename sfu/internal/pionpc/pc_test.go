package pionpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Media is refused in both directions, by all its first bytes and no others.
func TestPionSeesNoMedia(t *testing.T) {
	o := newOwnersConn(t)
	o.check("a", password+"a", there)
	wrote := 0
	o.cfg.Write = func([]byte, netip.Addr, netip.AddrPort) error { wrote++; return nil }
	for first := range 256 {
		b := make([]byte, 40)
		b[0] = byte(first)
		media := first >= 128 && first <= 191
		before, queued := wrote, len(o.queue)
		n, err := o.WriteTo(b, net.UDPAddrFromAddrPort(there))
		if media != errors.Is(err, errMedia) || media != (n == 0) || media == (wrote > before) {
			t.Errorf("pion writes first byte %d: %d, %v, sent %v", first, n, err, wrote > before)
		}
		o.deliver(b, here, there)
		if media == (len(o.queue) > queued) {
			t.Errorf("pion reads first byte %d: queued %v", first, len(o.queue) > queued)
		}
	}
	if s := o.stats(); s.MediaRead != 64 || s.MediaWritten != 64 {
		t.Errorf("%+v: want 64 read and 64 written", s)
	}
}

// What finds the queue full is counted.
func TestOverflowIsCounted(t *testing.T) {
	o := newOwnersConn(t)
	o.check("a", password+"a", there)
	b := make([]byte, 13)
	b[0] = 22
	for range queueLength + 100 {
		o.deliver(b, here, there)
	}
	o.deliver(append(b, make([]byte, datagramSize)...), here, there)
	if s := o.stats(); s.Overflow != 101 {
		t.Errorf("overflow %d, want 101", s.Overflow)
	}
}

// Candidates of an offer are nothing to the server: it sends no packet, opens no
// connection and looks nothing up because of them.
func TestCandidatesCauseNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	victim, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var contacts atomic.Int32
	var watching sync.WaitGroup
	watching.Go(func() {
		for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
			contacts.Add(1)
			c.Close()
		}
	})
	watching.Go(func() {
		b := make([]byte, 1500)
		for _, _, err := victim.ReadFrom(b); err == nil; _, _, err = victim.ReadFrom(b) {
			contacts.Add(1)
		}
	})
	resolver := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		contacts.Add(1)
		return nil, errors.New("no look-ups here")
	}}
	defer func() { net.DefaultResolver = resolver }()

	var lines strings.Builder
	for i := range 10 {
		for _, c := range []string{
			fmt.Sprintf("tcp 1518280447 127.0.0.1 %d typ host tcptype passive", listener.Addr().(*net.TCPAddr).Port),
			fmt.Sprintf("udp 2122260223 127.0.0.1 %d typ host", victim.LocalAddr().(*net.UDPAddr).Port),
			fmt.Sprintf("udp 2122260223 6f2b7c1e-8a0d-4f6e-9d51-%012d.local 4000 typ host", i),
			"udp 2122260223 169.254.169.254 80 typ host",
			"udp 1686052607 metadata.google.internal 80 typ srflx raddr 0.0.0.0 rport 0",
		} {
			fmt.Fprintf(&lines, "a=candidate:%d 1 %s\n", i, c)
		}
	}
	certificate, print := identity(t)
	w := newWire(t)
	p := newPeer(t, w)
	text := strings.ReplaceAll(offer(with(camera, "a=rtcp-mux", lines.String()+"a=rtcp-mux\n")), fingerprint, print)
	if n := strings.Count(text, "a=candidate:"); n != 50 {
		t.Fatalf("the offer has %d candidates, want 50", n)
	}
	a := p.answer(t, text)
	w.nominate(t, a.SDP)
	c, err := w.handshake(t, dtls.SRTP_AEAD_AES_128_GCM, certificate)
	if err != nil {
		t.Fatal(err)
	}
	<-p.keys
	c.Close()
	p.Close()
	for _, to := range w.addresses() {
		if to != w.client {
			t.Errorf("the server wrote to %v", to)
		}
	}
	listener.Close()
	victim.Close()
	watching.Wait()
	if n := contacts.Load(); n != 0 {
		t.Errorf("%d packets, connections or look-ups", n)
	}
}

// The answer has the numbers of the offer, whatever they are, and so has what is
// learned from it. With pion's default engine copy they would be 96 and 97.
func TestNumbersOfTheAnswer(t *testing.T) {
	p := newPeer(t, newWire(t))
	slots := with(with(with(with(camera, "a=mid:cam", "a=mid:slot\n"), "a=sendonly", "a=recvonly\n"), "a=ssrc-group:FID 1001 1002", ""), "a=ssrc:1001 cname:x", "")
	slots = with(slots, "a=ssrc:1002 cname:x", "")
	a := p.answer(t, offer(camera, slots))
	if len(a.Sections) != 2 || a.Sections[0].Role != RolePublication || a.Sections[1].Role != RoleSlot {
		t.Fatalf("sections %+v", a.Sections)
	}
	for _, s := range a.Sections {
		if len(s.Codecs) != 2 || s.Codecs[0].PayloadType != 120 || s.Codecs[0].RTX != 124 ||
			s.Codecs[1].PayloadType != 121 || s.Codecs[1].RTX != 125 {
			t.Errorf("section %s: codecs %+v, want 120/124 and 121/125", s.MID, s.Codecs)
		}
		if id := s.Extensions[packet.ExtTransportCC]; id != 9 {
			t.Errorf("section %s: transport-wide number is extension %d, want 9", s.MID, id)
		}
	}
	if s := a.Sections[1]; s.SSRC == 0 || s.RTX == 0 || s.SSRC == s.RTX {
		t.Errorf("the slot has SSRC %d and RTX %d", s.SSRC, s.RTX)
	}
	for _, want := range []string{"a=rtpmap:120 VP8/90000", "a=fmtp:124 apt=120"} {
		if strings.Count(a.SDP, want+"\r\n") != 2 {
			t.Errorf("not twice in the answer: %s\n%s", want, a.SDP)
		}
	}
}

// Header extensions that are encrypted (RFC 9335) could not be read.
func TestHeaderExtensionsStayInTheClear(t *testing.T) {
	p := newPeer(t, newWire(t))
	offer := strings.Replace(crlf(chromium), "a=extmap-allow-mixed\r\n", "a=extmap-allow-mixed\r\na=cryptex\r\n", 1)
	if a := p.answer(t, offer); strings.Contains(a.SDP, "cryptex") || !strings.Contains(offer, "cryptex") {
		t.Errorf("the offer\n%s\nis answered\n%s", offer, a.SDP)
	}
}

// With the dependency descriptor Chromium strips the descriptor of VP8 to a byte
// without picture ids: no section but AV1's may be answered with it.
func TestNoDependencyDescriptorForVP8(t *testing.T) {
	p := newPeer(t, newWire(t))
	a := p.answer(t, crlf(chromium))
	if strings.Contains(a.SDP, "dependency-descriptor") {
		t.Errorf("the answer has a dependency descriptor:\n%s", a.SDP)
	}
	for _, s := range a.Sections {
		if s.Extensions[packet.ExtDependencyDescriptor] != 0 {
			t.Errorf("section %s has a dependency descriptor", s.MID)
		}
	}
	if s := a.Sections[1]; len(s.RIDs) != 3 || s.Codecs[0].Codec != packet.VP8 {
		t.Errorf("section %+v, want three encodings of VP8", s)
	}
}

// A section that sends AV1 first is answered with it, one of VP8 beside it is not; a
// slot is, whatever it prefers. Layer allocations are taken of all who send.
func TestDependencyDescriptorForAV1(t *testing.T) {
	p := newPeer(t, newWire(t))
	descriptor := packet.ExtDependencyDescriptor.URI()
	slots := strings.ReplaceAll(chromiumSlots, chromiumExtensions, chromiumExtensions+"a=extmap:12 "+descriptor+"\n")
	text := strings.Replace(chromium, chromiumSlots, slots, 1)
	a := p.answer(t, crlf(text))
	for i, want := range []struct {
		descriptor, allocation uint8
	}{1: {0, 9}, 3: {12, 0}} {
		if s := a.Sections[i]; s.Extensions[packet.ExtDependencyDescriptor] != want.descriptor || s.Extensions[packet.ExtVLA] != want.allocation {
			t.Errorf("VP8 first, section %s: extensions %v, want %+v", s.MID, s.Extensions, want)
		}
	}
	if !a.Sections[1].Mixed || !a.Sections[3].Mixed {
		t.Error("both forms of extensions are offered, but not agreed on")
	}

	text = strings.Replace(text, "SAVPF 96 97 103 104 45 46 116 117 118", "SAVPF 45 46", 1)
	a = newPeer(t, newWire(t)).answer(t, crlf(text))
	if s := a.Sections[1]; s.Codecs[0].Codec != packet.AV1 || s.Extensions[packet.ExtDependencyDescriptor] != 12 {
		t.Errorf("AV1: codecs %+v, extensions %v", s.Codecs, s.Extensions)
	}

	text = strings.Replace(text, "a=extmap-allow-mixed\n", "", 1)
	a = newPeer(t, newWire(t)).answer(t, crlf(text))
	if s := a.Sections[1]; s.Mixed {
		t.Error("one form of extensions is offered, but both agreed on")
	}
}

// An offer that is refused leaves the peer as it was: the next one is answered.
func TestBadOfferLeavesThePeer(t *testing.T) {
	good := offer(camera)
	for _, tt := range []struct{ name, in string }{
		{"no codec", offer(strings.ReplaceAll(with(camera, "a=fmtp:121 profile-id=0", ""), " VP", " XX"))},
		{"two ufrags", offer(camera, with(microphone, "a=rtcp-mux", "a=rtcp-mux\na=ice-ufrag:other\n"))},
		{"two passwords", offer(camera, with(microphone, "a=rtcp-mux", "a=rtcp-mux\na=ice-pwd:"+strings.Repeat("x", 24)+"\n"))},
		{"a fingerprint without a value", strings.Replace(good, fingerprint, "sha-256", 1)},
		{"two fingerprints", offer(camera, with(microphone, "a=rtcp-mux", "a=rtcp-mux\na=fingerprint:"+strings.Replace(fingerprint, "6A", "6B", 1)+"\n"))},
		{"an rtpmap without a rate", offer(with(camera, "a=rtpmap:120 VP8/90000", "a=rtpmap:120 VP8\n"))},
		{"an rtpmap with a wrong rate", offer(with(camera, "a=rtpmap:120 VP8/90000", "a=rtpmap:120 VP8/x\n"))},
		{"a format without an rtpmap", offer(with(camera, "a=rtpmap:120 VP8/90000", ""))},
		{"apt of nothing", offer(with(camera, "a=fmtp:124 apt=120", "a=fmtp:124 apt=x\n"))},
		{"an extmap without a URI", offer(with(camera, "a=extmap:5 urn:3gpp:video-orientation", "a=extmap:5\n"))},
		{"an unknown kind", offer(with(camera, "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125", "m=text 9 UDP/TLS/RTP/SAVPF 120\n"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, newWire(t))
			_, err := p.Answer(t.Context(), tt.in, true)
			t.Logf("answered with %v", err)
			if err != nil && !errors.Is(err, ErrBadDescription) && !errors.Is(err, ErrNoCodec) {
				t.Errorf("refused with %v, want ErrBadDescription or ErrNoCodec", err)
			}
			if _, err := p.Answer(t.Context(), good, true); err != nil {
				t.Errorf("the next offer: %v", err)
			}
		})
	}
}

// Close ends an Answer, at whatever point it is.
func TestCloseEndsAnswer(t *testing.T) {
	for i := range 20 {
		w := newWire(t)
		p := newPeer(t, w)
		answered := make(chan error, 1)
		go func() {
			_, err := p.Answer(context.Background(), crlf(chromium), true)
			answered <- err
		}()
		<-time.After(time.Duration(i) * 100 * time.Microsecond)
		p.Close()
		select {
		case <-answered:
		case <-time.After(10 * time.Second):
			t.Fatalf("closed after %d00 µs, Answer hangs", i)
		}
	}
}

// pioneer is a pion client behind a wire.
func pioneer(t *testing.T, w *wire) *webrtc.PeerConnection {
	t.Helper()
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: w})
	s := webrtc.SettingEngine{}
	s.SetICEUDPMux(mux)
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pc.Close()
		mux.Close()
	})
	return pc
}

// negotiate offers what edit makes of the client's offer.
func negotiate(t *testing.T, p *peer, pc *webrtc.PeerConnection, o *webrtc.OfferOptions, edit func(string) string) Answer {
	t.Helper()
	offer, err := pc.CreateOffer(o)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	a := p.answer(t, edit(pc.LocalDescription().SDP))
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.SDP}); err != nil {
		t.Fatal(err)
	}
	return a
}

func same(s string) string { return s }

// An ICE restart keeps DTLS and so the keys, and tells the new path.
func TestRestartKeepsTheKeys(t *testing.T) {
	w := newWire(t)
	p := newPeer(t, w)
	pc := pioneer(t, w)
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	first := negotiate(t, p, pc, nil, same)
	p.until(t, webrtc.PeerConnectionStateConnected)
	<-p.keys
	<-p.pairs
	second := negotiate(t, p, pc, &webrtc.OfferOptions{ICERestart: true}, same)
	if line(t, first.SDP, "ice-ufrag") == line(t, second.SDP, "ice-ufrag") {
		t.Error("the answer to a restart has the old ufrag")
	}
	select {
	case <-p.pairs:
	case <-time.After(10 * time.Second):
		t.Fatal("no path after 10 s")
	}
	if len(p.keys) != 0 || len(p.refused) != 0 {
		t.Errorf("%v after the restart, want none", p)
	}
	if a, b := first.Sections[0], second.Sections[0]; a.SSRC != b.SSRC || a.RTX != b.RTX {
		t.Errorf("SSRCs %d and %d became %d and %d", a.SSRC, a.RTX, b.SSRC, b.RTX)
	}
}

// A slot that was inactive comes back as one with another SSRC.
func TestSlotIsRevived(t *testing.T) {
	w := newWire(t)
	p := newPeer(t, w)
	pc := pioneer(t, w)
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	first := negotiate(t, p, pc, nil, same).Sections[0]
	p.until(t, webrtc.PeerConnectionStateConnected)
	gone := negotiate(t, p, pc, nil, func(s string) string { return strings.Replace(s, "a=recvonly", "a=inactive", 1) }).Sections[0]
	if gone.Role != RoleNone {
		t.Errorf("an inactive section has role %d, want none", gone.Role)
	}
	again := negotiate(t, p, pc, nil, same).Sections[0]
	if again.Role != RoleSlot || again.SSRC == 0 || again.SSRC == first.SSRC || again.MID != first.MID {
		t.Errorf("revived as %+v, want a slot with an SSRC other than %d", again, first.SSRC)
	}
	if s := w.mux.Stats(); s.MediaRead != 0 || s.MediaWritten != 0 || s.Tracks != 0 {
		t.Errorf("%+v: pion handled media", s)
	}
}
