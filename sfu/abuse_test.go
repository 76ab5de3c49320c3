package sfu_test

import (
	"net"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// The numbers of the answer are what the packets carry, also where they are not
// those of pion and Chromium, and for retransmissions too.
func TestUnusualPayloadTypes(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{numbers: 101})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	c := newClient(t, s, clientOptions{numbers: 120, loss: 0.05})
	c.slots(video, 1)
	c.negotiate()
	subscribe(t, c, pub.publication(video))
	pace(t, cam, 200)
	sink := c.sink()
	pace(t, cam, 60) // whatever is lost at the end has successors
	for i, p := range sink.wait(t, 200) {
		if p.PayloadType != 120 {
			t.Fatalf("packet %d has payload type %d, want 120", i, p.PayloadType)
		}
	}
	if st := c.peer.Stats(); st.Outbound[0].RetransmittedPacketsSent == 0 {
		t.Error("nothing was sent again: the test says nothing of RTX")
	}
}

// An ICE restart while media flows keeps keys, SSRCs and numbers.
func TestRestartKeepsTheStream(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	c := newClient(t, s, clientOptions{})
	c.slots(video, 1)
	c.negotiate()
	subscribe(t, c, pub.publication(video))
	pace(t, cam, 60)
	sink := c.sink()
	sink.wait(t, 60)
	for i, who := range []*client{c, pub} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			pace(t, cam, 60)
		}()
		who.offer(&webrtc.OfferOptions{ICERestart: true})
		<-done
		pace(t, cam, 60)
		sink.wait(t, 60+120*(i+1))
	}
	got := sink.wait(t, 300)
	for _, p := range got { // some come late, and twice: pion asks again for what came as RTX
		if d := p.SequenceNumber - got[0].SequenceNumber; uint32(d) != count(p) || p.SSRC != got[0].SSRC {
			t.Errorf("packet %d has number %d and SSRC %d, want %d more than the first one's, and its SSRC",
				count(p), p.SequenceNumber, p.SSRC, count(p))
		}
	}
}

var fingerprintLine = regexp.MustCompile("a=fingerprint:sha-256 ([0-9A-Fa-f]{2})")

// A peer whose certificate is not the one of its offer is closed, and nothing it
// sends reaches anybody.
func TestWrongCertificate(t *testing.T) {
	s := listen(t)
	closed := make(chan error, 1)
	pub := newClient(t, s, clientOptions{handlers: sfu.PeerHandlers{OnClosed: func(err error) { closed <- err }}})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	c := newClient(t, s, clientOptions{})
	c.slots(video, 1)
	c.negotiate()

	offer, err := pub.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pub.pc)
	if err := pub.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	offer = *pub.pc.LocalDescription()
	offer.SDP = fingerprintLine.ReplaceAllStringFunc(offer.SDP, func(l string) string {
		last := "00"
		if l[len(l)-2:] == last {
			last = "01"
		}
		return l[:len(l)-2] + last
	})
	answer, err := pub.peer.Answer(t.Context(), offer, sfu.AnswerOptions{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	sub := subscribe(t, c, pub.publication(video))
	if err := pub.pc.SetRemoteDescription(answer); err != nil {
		t.Fatal(err)
	}
	for waiting := true; waiting; {
		select {
		case err := <-closed:
			if err == nil {
				t.Error("OnClosed(nil), want an error")
			}
			waiting = false
		case <-time.After(5 * time.Millisecond):
			cam.next() // fails while nothing is connected
		}
	}
	if st := c.peer.Stats(); st.Outbound[0].PacketsSent != 0 {
		t.Errorf("%d packets were forwarded", st.Outbound[0].PacketsSent)
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
}

// Checks and handshakes of strangers are counted, like all else that is dropped.
func TestStrangersAreCounted(t *testing.T) {
	s := listen(t)
	conn, err := net.Dial("udp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stun := make([]byte, 20) // a binding request without attributes
	stun[1], stun[4], stun[5], stun[6], stun[7] = 1, 0x21, 0x12, 0xa4, 0x42
	hello := make([]byte, 40)
	hello[0] = 22
	for range 10 {
		for _, b := range [][]byte{stun, hello, {1, 2, 3}} {
			if _, err := conn.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for {
		st := s.Stats()
		if st.Drops[sfu.DropUnknownSource] == 20 && st.Drops[sfu.DropMalformed] == 10 {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("drops %v after 10 s, want 20 unknown sources and 10 malformed", st.Drops)
		}
	}
}

// Peers that offer, publish, subscribe and close, all at once, leave nothing.
func TestComingAndGoing(t *testing.T) {
	s := listen(t)
	host := newClient(t, s, clientOptions{})
	host.publish(webrtc.MimeTypeVP8)
	host.slots(video, 1)
	host.negotiate()
	goroutines := runtime.NumGoroutine()
	for range cycles {
		comeAndGo(t, s, host)
	}
	if st := s.Stats(); st.Peers != 1 || st.Publications != 1 || st.Subscriptions != 0 {
		t.Errorf("left: %+v, want the host alone", st)
	}
	limit := time.After(10 * time.Second)
	for runtime.NumGoroutine() > goroutines+cycles/5 { // the host's own come and go
		select {
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			t.Fatalf("%d goroutines after 10 s, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
}

// comeAndGo is one peer: it offers, watches the host and is watched, and is
// closed while another offer of it is being answered.
func comeAndGo(t *testing.T, s *sfu.Server, host *client) {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	for _, d := range []webrtc.RTPTransceiverDirection{webrtc.RTPTransceiverDirectionSendonly, webrtc.RTPTransceiverDirectionRecvonly} {
		if _, err := pc.AddTransceiverFromKind(video, webrtc.RTPTransceiverInit{Direction: d}); err != nil {
			t.Fatal(err)
		}
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := s.NewPeer(sfu.PeerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Answer(t.Context(), offer, sfu.AnswerOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Subscribe(host.publication(video), sfu.SubscribeOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := host.peer.Subscribe(peer.Publications()[0], sfu.SubscribeOptions{}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		peer.Answer(t.Context(), offer, sfu.AnswerOptions{}) // may be closed meanwhile
	}()
	peer.Close()
	<-peer.Done()
	<-answered
}
