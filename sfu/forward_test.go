package sfu_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

const video, audio = webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio

func subscribe(t testing.TB, c *client, pub *sfu.Publication) *sfu.Subscription {
	t.Helper()
	sub, err := c.peer.Subscribe(pub, sfu.SubscribeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// pace sends n packets at about 200 a second while f tells to go on.
func pace(t testing.TB, cam *camera, n int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range n {
		<-tick.C
		cam.send(t, 1)
	}
}

// One publisher reaches twenty subscribers: every packet once, numbers gapless.
func TestForwardToTwenty(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8), first: 65500, stamp: 4294900000}
	pub.negotiate()
	var clients []*client
	for range 20 {
		c := newClient(t, s, clientOptions{})
		c.slots(video, 1)
		c.negotiate()
		subscribe(t, c, pub.publication(video))
		clients = append(clients, c)
	}
	pace(t, cam, 200)
	for i, c := range clients {
		got := c.sink().wait(t, 200)
		for j, p := range got {
			if j > 0 && p.SequenceNumber != got[j-1].SequenceNumber+1 {
				t.Fatalf("subscriber %d: number %d follows %d", i, p.SequenceNumber, got[j-1].SequenceNumber)
			}
			if count(p) != uint32(j) {
				t.Fatalf("subscriber %d: packet %d carries count %d", i, j, count(p))
			}
			if len(p.CSRC) != 1 || p.CSRC[0] != pub.publication(video).Number() {
				t.Fatalf("subscriber %d: CSRC %v, want %d", i, p.CSRC, pub.publication(video).Number())
			}
		}
	}
}

// What is lost on the way down comes again as RTX.
func TestLossIsRepaired(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	c := newClient(t, s, clientOptions{loss: 0.05})
	c.slots(video, 1)
	c.negotiate()
	subscribe(t, c, pub.publication(video))
	done := make(chan struct{})
	go func() {
		defer close(done)
		pace(t, cam, 600)
	}()
	sink := c.sink()
	<-done
	pace(t, cam, 60) // whatever is lost at the end has successors
	sink.wait(t, 600)
	st := c.peer.Stats()
	if len(st.Outbound) != 1 || st.Outbound[0].RetransmittedPacketsSent < 10 {
		t.Errorf("outbound %+v: want at least 10 retransmissions", st.Outbound)
	}
}

// A client without RTX gets no packet twice, whatever it asks for.
func TestWithoutRTX(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	c := newClient(t, s, clientOptions{loss: 0.05, noRTX: true})
	c.slots(video, 1)
	c.negotiate()
	subscribe(t, c, pub.publication(video))
	pace(t, cam, 300)
	got := c.sink().wait(t, 200)
	if len(got) != unique(got) {
		t.Errorf("%d packets, %d unique", len(got), unique(got))
	}
	if st := c.peer.Stats(); len(st.Outbound) != 1 || st.Outbound[0].RetransmittedPacketsSent != 0 {
		t.Errorf("outbound %+v: want no retransmission", st.Outbound)
	}
}

// A slot whose publication changes stays one stream, and nothing is negotiated.
func TestReplaceKeepsTheStream(t *testing.T) {
	s := listen(t)
	a, b := newClient(t, s, clientOptions{}), newClient(t, s, clientOptions{})
	first := &camera{track: a.publish(webrtc.MimeTypeVP8), first: 100, stamp: 1000}
	second := &camera{track: b.publish(webrtc.MimeTypeVP8), first: 40000, stamp: 3e9}
	a.negotiate()
	b.negotiate()
	c := newClient(t, s, clientOptions{})
	c.slots(video, 1)
	c.negotiate()
	sub := subscribe(t, c, a.publication(video))
	pace(t, first, 60)
	sink := c.sink()
	sink.wait(t, 60)
	if err := sub.Replace(b.publication(video)); err != nil {
		t.Fatal(err)
	}
	pace(t, second, 60)
	got := sink.wait(t, 120)
	checkStream(t, got)
	if n := got[len(got)-1].CSRC[0]; n != b.publication(video).Number() {
		t.Errorf("last CSRC %d, want that of the second publication", n)
	}
	if c.offers != 1 {
		t.Errorf("%d offers, want 1", c.offers)
	}
}

func checkStream(t *testing.T, got []*rtp.Packet) {
	t.Helper()
	for i := 1; i < len(got); i++ {
		if got[i].SequenceNumber != got[i-1].SequenceNumber+1 {
			t.Fatalf("packet %d: number %d follows %d", i, got[i].SequenceNumber, got[i-1].SequenceNumber)
		}
		if d := int32(got[i].Timestamp - got[i-1].Timestamp); d <= 0 || d > 90000 {
			t.Fatalf("packet %d: timestamp step %d", i, d)
		}
		if got[i].SSRC != got[0].SSRC {
			t.Fatalf("packet %d: SSRC changed", i)
		}
	}
}

// Closing one subscription stops exactly that one.
func TestUnsubscribeStopsOne(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	one := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	c := newClient(t, s, clientOptions{})
	c.slots(video, 2)
	c.negotiate()
	slots := c.peer.Slots()
	v := pub.publication(video)
	first, err := c.peer.Subscribe(v, sfu.SubscribeOptions{MID: slots[0].MID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.peer.Subscribe(v, sfu.SubscribeOptions{MID: slots[1].MID}); err != nil {
		t.Fatal(err)
	}
	pace(t, one, 30)
	x, y := c.sink(), c.sink()
	if x.mid != slots[0].MID {
		x, y = y, x
	}
	x.wait(t, 30)
	y.wait(t, 30)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	c.peer.Stats() // commands before this one are carried out
	pace(t, one, 30)
	y.wait(t, 60)
	if got := len(x.wait(t, 0)); got != 30 {
		t.Errorf("the closed subscription got %d packets, want 30", got)
	}
	if err := first.Update(sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("Update of a closed subscription: %v, want ErrClosed", err)
	}
}

// Errors that callers branch on.
func TestSubscribeErrors(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	pub.publish(webrtc.MimeTypeVP8)
	pub.negotiate()
	c := newClient(t, s, clientOptions{})
	c.slots(audio, 1)
	c.negotiate()
	v := pub.publication(video)
	if _, err := c.peer.Subscribe(v, sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrNoSlot) {
		t.Errorf("without a video slot: %v, want ErrNoSlot", err)
	}
	if _, err := c.peer.Subscribe(v, sfu.SubscribeOptions{MID: "0"}); !errors.Is(err, sfu.ErrUnknownSlot) {
		t.Errorf("in an audio slot: %v, want ErrUnknownSlot", err)
	}
	pub.peer.Close()
	<-pub.peer.Done()
	if _, err := c.peer.Subscribe(v, sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("after the publisher closed: %v, want ErrClosed", err)
	}
	_, err := c.peer.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: "v=0"}, sfu.AnswerOptions{})
	if !errors.Is(err, sfu.ErrBadDescription) {
		t.Errorf("Answer of a stump: %v, want ErrBadDescription", err)
	}
}

// A peer that leaves is told to the server: handlers run in order, the last one
// is OnClosed.
func TestHandlersEndWithOnClosed(t *testing.T) {
	s := listen(t)
	var order []string
	closed := make(chan error, 1)
	pub := newClient(t, s, clientOptions{handlers: sfu.PeerHandlers{
		OnPublish:   func(*sfu.Publication) { order = append(order, "publish") },
		OnUnpublish: func(*sfu.Publication) { order = append(order, "unpublish") },
		OnClosed:    func(err error) { order = append(order, "closed"); closed <- err },
	}})
	pub.publish(webrtc.MimeTypeVP8)
	pub.negotiate()
	pub.pc.Close()
	select {
	case err := <-closed:
		if err == nil {
			t.Error("OnClosed(nil) although the remote side closed")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("OnClosed was not called within 10 s of the remote close")
	}
	<-pub.peer.Done()
	if want := []string{"publish", "unpublish", "closed"}; len(order) != 3 || order[0] != want[0] || order[1] != want[1] || order[2] != want[2] {
		t.Errorf("handlers ran as %v, want %v", order, want)
	}
	if st := s.Stats(); st.Peers != 0 || st.Publications != 0 {
		t.Errorf("left: %+v", st)
	}
}
