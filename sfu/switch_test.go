package sfu_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// studio publishes VP8 by simulcast: f, h and q, each frame one packet, each
// fourth a key frame.
type studio struct {
	tracks []*webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	mid    string
	sent   uint32
}

var rids = []string{"f", "h", "q"}

func newStudio(c *client) *studio {
	c.t.Helper()
	s := &studio{}
	for _, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "stream",
			webrtc.WithRTPStreamID(rid))
		if err != nil {
			c.t.Fatal(err)
		}
		s.tracks = append(s.tracks, track)
	}
	tr, err := c.pc.AddTransceiverFromTrack(s.tracks[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	s.sender = tr.Sender()
	for _, track := range s.tracks[1:] {
		if err := s.sender.AddEncoding(track); err != nil {
			c.t.Fatal(err)
		}
	}
	c.negotiate()
	s.mid = tr.Mid()
	return s
}

// frame sends a frame of each encoding, temporal layers T0 T2 T1 T2.
func (s *studio) frame(t testing.TB) {
	t.Helper()
	s.sent++
	for i, track := range s.tracks {
		width := uint16(1280 >> i)
		b := []byte{0x90, 0xe0, 0x80 | byte(s.sent>>8)&0x7f, byte(s.sent), byte(s.sent / 4), []byte{2 << 6, 1<<6 | 0x20, 2<<6 | 0x20, 0}[(s.sent+2)%4],
			1, 0, 0, 0x9d, 0x01, 0x2a, byte(width), byte(width >> 8), byte(width * 9 / 16), byte(width * 9 / 16 >> 8)}
		if s.sent%4 == 1 {
			b[6] = 0
		}
		b = binary.BigEndian.AppendUint32(b, s.sent)
		b = append(b, byte(i))
		p := &rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: true, SequenceNumber: uint16(60000*i) + uint16(s.sent), Timestamp: uint32(1e9*i) + 450*s.sent,
			},
			Payload: append(b, make([]byte, 200>>i)...),
		}
		for _, x := range s.sender.GetParameters().HeaderExtensions {
			value := ""
			switch x.URI {
			case "urn:ietf:params:rtp-hdrext:sdes:mid":
				value = s.mid
			case "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id":
				value = rids[i]
			default:
				continue
			}
			if err := p.SetExtension(uint8(x.ID), []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
		if err := track.WriteRTP(p); err != nil {
			t.Fatal(err)
		}
	}
}

// seenLayers collects what OnLayer tells.
type seenLayers struct {
	mu   sync.Mutex
	list []sfu.LayerInfo
}

func (s *seenLayers) add(l sfu.LayerInfo) {
	s.mu.Lock()
	s.list = append(s.list, l)
	s.mu.Unlock()
}

func (s *seenLayers) last() (l sfu.LayerInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) > 0 {
		l = s.list[len(s.list)-1]
	}
	return l
}

// A slot that is shown at random sizes, of random publications, is one stream:
// its numbers have no gap, its timestamps go on, and what changes begins with a
// key frame.
func TestRandomLayersAndSlots(t *testing.T) {
	s := listen(t)
	var pubs []*sfu.Publication
	var studios []*studio
	for range 2 {
		c := newClient(t, s, clientOptions{})
		studios = append(studios, newStudio(c))
		pubs = append(pubs, c.publication(video))
	}
	c := newClient(t, s, clientOptions{})
	c.slots(video, 1)
	c.negotiate()
	var told seenLayers
	sub, err := c.peer.Subscribe(pubs[0], sfu.SubscribeOptions{OnLayer: told.add})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	play := func(frames int) {
		for range frames {
			<-tick.C
			for _, x := range studios {
				x.frame(t)
			}
		}
	}
	play(30)
	for range 220 {
		if random.IntN(3) == 0 {
			if err := sub.Replace(pubs[random.IntN(2)]); err != nil {
				t.Fatal(err)
			}
		}
		size := []int{0, 320, 640, 1280}[random.IntN(4)]
		rate := []float64{0, 0, 25}[random.IntN(3)]
		if err := sub.Update(sfu.SubscribeOptions{MaxWidth: size, MaxFrameRate: rate}); err != nil {
			t.Fatal(err)
		}
		play(3 + random.IntN(8))
	}
	if err := sub.Update(sfu.SubscribeOptions{MaxWidth: 640, MaxHeight: 360}); err != nil {
		t.Fatal(err)
	}
	play(40)
	checkFilm(t, c.sink().wait(t, 1000), 100)
	for limit := time.Now().Add(5 * time.Second); told.last().RID != "h" && time.Now().Before(limit); {
		play(1)
	}
	want := sfu.LayerInfo{Layer: sfu.Layer{Spatial: 1, Temporal: 2}, RID: "h", Layers: 3, Width: 640, Height: 360}
	if got := told.last(); got != want {
		t.Errorf("told last: %+v, want %+v", got, want)
	}
	if got := sub.Layer(); got != want {
		t.Errorf("Layer: %+v, want %+v", got, want)
	}
}

// checkFilm checks packets of studios as they came in one slot.
func checkFilm(t *testing.T, list []*rtp.Packet, least int) {
	t.Helper()
	first := list[0].SequenceNumber
	slices.SortFunc(list, func(a, b *rtp.Packet) int { return int(a.SequenceNumber-first) - int(b.SequenceNumber-first) })
	switches := 0
	source := func(p *rtp.Packet) [2]uint32 { return [2]uint32{p.CSRC[0], uint32(p.Payload[20])} }
	for i, p := range list[1:] {
		last := list[i]
		if p.SequenceNumber != last.SequenceNumber+1 {
			t.Errorf("number %d follows %d", p.SequenceNumber, last.SequenceNumber)
		}
		if d := int32(p.Timestamp - last.Timestamp); d <= 0 || d > 90000 {
			t.Errorf("packet %d: timestamp step %d", i+1, d)
		}
		if source(p) == source(last) {
			continue
		}
		if switches++; p.Payload[6]&1 != 0 {
			t.Errorf("packet %d: encoding %d begins without a key frame", i+1, p.Payload[20])
		}
	}
	if switches < least {
		t.Errorf("%d switches, want %d", switches, least)
	}
}

// The publisher is told what its subscribers want: less after a while, more at
// once.
func TestOnDemand(t *testing.T) {
	s := listen(t)
	demand := make(chan []string, 100)
	from := newClient(t, s, clientOptions{handlers: sfu.PeerHandlers{
		OnDemand: func(_ *sfu.Publication, rids []string) { demand <- rids },
	}})
	x := newStudio(from)
	c := newClient(t, s, clientOptions{})
	c.slots(video, 1)
	c.negotiate()
	expect := func(want ...string) {
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		limit := time.After(10 * time.Second)
		for {
			select {
			case <-tick.C:
				x.frame(t)
			case got := <-demand:
				if slices.Equal(got, want) {
					return
				}
			case <-limit:
				t.Fatalf("nobody told that %v is wanted", want)
			}
		}
	}
	expect()
	sub, err := c.peer.Subscribe(from.publication(video), sfu.SubscribeOptions{MaxWidth: 320})
	if err != nil {
		t.Fatal(err)
	}
	expect("q")
	if err := sub.Update(sfu.SubscribeOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("f", "q")
	expect("f")
	if err := sub.Update(sfu.SubscribeOptions{Max: &sfu.Layer{Spatial: 1, Temporal: 255}}); err != nil {
		t.Fatal(err)
	}
	expect("h")
	sub.Close()
	expect()
}

// MaxDownlink is shared by the pictures that a peer is sent.
func TestMaxDownlinkIsShared(t *testing.T) {
	s := listenWith(t, sfu.Config{MaxDownlink: 250_000})
	from := newClient(t, s, clientOptions{})
	x := newStudio(from)
	c := newClient(t, s, clientOptions{})
	c.slots(video, 2)
	c.negotiate()
	pub := from.publication(video)
	sub, err := c.peer.Subscribe(pub, sfu.SubscribeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(sub *sfu.Subscription, rid string) {
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond) // f has 176 kbit/s, h 97, q 58
		defer tick.Stop()
		for limit := time.Now().Add(10 * time.Second); sub.Layer().RID != rid; <-tick.C {
			x.frame(t)
			if time.Now().After(limit) {
				t.Fatalf("%+v is sent, want %s", sub.Layer(), rid)
			}
		}
	}
	expect(sub, "f")
	second, err := c.peer.Subscribe(pub, sfu.SubscribeOptions{MID: c.peer.Slots()[1].MID})
	if err != nil {
		t.Fatal(err)
	}
	expect(sub, "h")
	expect(second, "h")
	second.Close()
	expect(sub, "f")
}
