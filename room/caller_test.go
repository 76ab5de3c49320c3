package room_test

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// caller is a client with media: a pion peer over real loopback sockets beside
// a signalling connection without a network.
type caller struct {
	*conn
	house *house
	pc    *webrtc.PeerConnection
	hang  func()       // ends the sockets below pc, so that nothing says goodbye
	cut   *atomic.Bool // nothing that pc sends arrives
	offer int
	grown chan struct{} // signalled after each packet
	loud  bool          // it offers to say how loud its voice is

	// Guarded by mu.
	mu  sync.Mutex
	got map[string]map[uint32]int // packets by MID and by contributing source
}

func (h *house) caller(name string) *caller {
	h.t.Helper()
	c := &caller{conn: h.bind(name), house: h, grown: make(chan struct{}, 1), got: make(map[string]map[uint32]int)}
	c.connect()
	return c
}

// connect makes a fresh peer connection.
func (c *caller) connect() {
	c.t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.cut = new(atomic.Bool)
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: cuttable{socket, c.cut}})
	se := webrtc.SettingEngine{}
	se.SetICEUDPMux(mux)
	se.SetIncludeLoopbackCandidate(true)
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		c.t.Fatal(err)
	}
	if c.loud {
		level := webrtc.RTPHeaderExtensionCapability{URI: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}
		if err := m.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
			c.t.Fatal(err)
		}
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.pc, c.hang = pc, func() { socket.Close() }
	pc.OnTrack(func(track *webrtc.TrackRemote, r *webrtc.RTPReceiver) { c.read(pc, track, r) })
	c.t.Cleanup(func() {
		pc.Close()
		mux.Close()
		socket.Close()
	})
}

// cuttable is a socket whose way out can be cut.
type cuttable struct {
	net.PacketConn
	cut *atomic.Bool
}

func (c cuttable) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.cut.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

// read counts what comes in a slot.
func (c *caller) read(pc *webrtc.PeerConnection, track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	mid := ""
	for _, tr := range pc.GetTransceivers() {
		if tr.Receiver() == r {
			mid = tr.Mid()
		}
	}
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(p.CSRC) != 1 || len(p.Payload) == 0 {
			continue
		}
		c.mu.Lock()
		if c.got[mid] == nil {
			c.got[mid] = make(map[uint32]int)
		}
		c.got[mid][p.CSRC[0]]++
		c.mu.Unlock()
		select {
		case c.grown <- struct{}{}:
		default:
		}
	}
}

// packets returns how many packets of a publication came in a slot.
func (c *caller) packets(mid string, n uint32) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[mid][n]
}

// hear waits for some more packets of a publication in a slot.
func (c *caller) hear(mid string, p room.PublicationInfo) {
	c.t.Helper()
	c.hearMore(mid, p.N, 5)
}

func (c *caller) hearMore(mid string, n uint32, more int) {
	c.t.Helper()
	want := c.packets(mid, n) + more
	limit := time.After(patience)
	for c.packets(mid, n) < want {
		select {
		case <-c.grown:
		case <-limit:
			c.mu.Lock()
			got := fmt.Sprint(c.got)
			c.mu.Unlock()
			c.t.Fatalf("slot %s got %d packets of %d, want %d; came: %s; the server: %+v",
				mid, c.packets(mid, n), n, want, got, c.house.media.Stats())
		}
	}
}

// track is a send section.
type track struct {
	*webrtc.TrackLocalStaticRTP
	tr *webrtc.RTPTransceiver
}

// send adds a send section, through which media flows from its negotiation on.
func (c *caller) send(mime string) *track {
	c.t.Helper()
	local, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], "stream")
	if err != nil {
		c.t.Fatal(err)
	}
	tr, err := c.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	go flow(c.t, local, mime == webrtc.MimeTypeVP8)
	return &track{local, tr}
}

// flow sends a packet each 10 ms until the test ends: every frame of video is a
// key frame.
func flow(t *testing.T, track *webrtc.TrackLocalStaticRTP, video bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: video}, Payload: []byte("sound of something")}
	if video {
		p.Payload = append([]byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00}, make([]byte, 200)...)
	}
	for {
		select {
		case <-t.Context().Done():
			return
		case <-tick.C:
		}
		p.SequenceNumber++
		p.Timestamp += 480
		_ = track.WriteRTP(p) // nobody listens, or it is over
	}
}

// slots adds receive-only sections.
func (c *caller) slots(kind webrtc.RTPCodecType, n int) {
	c.t.Helper()
	for range n {
		if _, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// describe makes an offer.
func (c *caller) describe() string {
	c.t.Helper()
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-gathered
	return c.pc.LocalDescription().SDP
}

// accept applies an answer and waits for the transport.
func (c *caller) accept(answer string) {
	c.t.Helper()
	connected := make(chan struct{}, 1)
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			select {
			case connected <- struct{}{}:
			default:
			}
		}
	})
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatal(err)
	}
	if c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		return
	}
	select {
	case <-connected:
	case <-time.After(patience):
		c.t.Fatalf("not connected: %v", c.pc.ConnectionState())
	}
}

// join enters a room with an offer inside.
func (c *caller) join(more o, publish ...o) ack {
	c.t.Helper()
	arg := o{"v": 1, "room": "r", "name": c.id, "offer": c.describe()}
	for k, v := range more {
		arg[k] = v
	}
	arg["publish"] = append([]o{}, publish...)
	a := c.must("join", arg)
	c.accept(a.Answer)
	return a
}

// negotiate offers again.
func (c *caller) negotiate(publish ...o) ack {
	c.t.Helper()
	c.offer++
	a := c.must("offer", o{"id": c.offer, "sdp": c.describe(), "publish": append([]o{}, publish...)})
	c.accept(a.Answer)
	return a
}

// publishes is a joined caller that sends a microphone and a camera in sections
// "0" and "1".
func (h *house) publishes(name string, more o) (*caller, ack) {
	h.t.Helper()
	c := h.caller(name)
	c.send(webrtc.MimeTypeOpus)
	c.send(webrtc.MimeTypeVP8)
	return c, c.join(more,
		o{"mid": "0", "kind": "audio", "source": "microphone"}, o{"mid": "1", "kind": "video", "source": "camera"})
}

// receives is a joined caller with slots: audio ones first.
func (h *house) receives(name string, audio, video int) (*caller, ack) {
	h.t.Helper()
	c := h.caller(name)
	c.slots(webrtc.RTPCodecTypeAudio, audio)
	c.slots(webrtc.RTPCodecTypeVideo, video)
	return c, c.join(nil)
}

// publication finds what a member publishes of a kind.
func publication(t *testing.T, list []room.PublicationInfo, member, kind string) room.PublicationInfo {
	t.Helper()
	for _, p := range list {
		if p.Member == member && p.Kind == kind {
			return p
		}
	}
	t.Fatalf("%s publishes no %s among %+v", member, kind, list)
	return room.PublicationInfo{}
}

// shown describes slots in one line, such as "0:p3 1:- 2:p4/muted".
func shown(slots []room.SlotInfo) string {
	s := ""
	for i, x := range slots {
		if i > 0 {
			s += " "
		}
		what := "-"
		if x.Publication != nil {
			what = *x.Publication
		}
		s += x.MID + ":" + what
		if (x.State == "idle") != (x.Publication == nil) || (x.State == "paused") != (x.Why != "") {
			s += "/" + x.State
		}
		if x.Why != "" {
			s += "/" + x.Why
		}
	}
	return s
}

// midOf is the MID of the k-th section.
func midOf(k int) string { return strconv.Itoa(k) }

// nothingLeft fails unless the media plane is as empty as at the start.
func (h *house) nothingLeft() {
	h.t.Helper()
	h.left(0)
}

// left waits until so many peers are left, without media.
func (h *house) left(peers int) {
	h.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	want := fmt.Sprintf("%d peers, 0 publications, 0 subscriptions", peers)
	for {
		st := h.media.Stats()
		left := fmt.Sprintf("%d peers, %d publications, %d subscriptions", st.Peers, st.Publications, st.Subscriptions)
		if left == want {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			h.t.Fatalf("left: %s, want %s", left, want)
		}
	}
}

// still waits until no packets of a publication have come in a slot for a while.
func (c *caller) still(mid string, n uint32) {
	c.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(200 * time.Millisecond) // of a packet each 10 ms
	defer tick.Stop()
	for before := -1; ; {
		select {
		case <-tick.C:
		case <-limit:
			c.t.Fatalf("slot %s goes on", mid)
		}
		now := c.packets(mid, n)
		if now == before {
			return
		}
		before = now
	}
}
