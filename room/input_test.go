package room_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/switchyard-rtc/switchyard/room"
)

// studio is an input with what sends to it: a voice and a picture.
type studio struct {
	t     *testing.T
	in    *room.Input
	conns []*net.UDPConn
	n     uint32
}

func studioOptions() room.InputOptions {
	return room.InputOptions{Name: "Stage", Streams: []room.InputStream{{Codec: "vp8", PayloadType: 96}, {Codec: "opus", PayloadType: 111}}}
}

func (h *house) openStudio(name string, o room.InputOptions) *studio {
	h.t.Helper()
	r, err := h.Open(name)
	if err != nil {
		h.t.Fatal(err)
	}
	in, err := r.AddInput(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	s := &studio{t: h.t, in: in}
	for _, x := range in.Describe().Streams {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(x.RTP))
		if err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { c.Close() })
		s.conns = append(s.conns, c)
	}
	return s
}

// send sends a packet of each stream.
func (s *studio) send() {
	s.t.Helper()
	for k, c := range s.conns {
		p := &rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: true, PayloadType: []uint8{96, 111}[k], SSRC: uint32(k + 1),
				SequenceNumber: uint16(s.n), Timestamp: s.n * []uint32{1800, 960}[k],
			},
			Payload: []byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00, 0, 0, 0, 0, 0},
		}
		b, err := p.Marshal()
		if err != nil {
			s.t.Fatal(err)
		}
		_, _ = c.Write(b) // which fails when the port is closed
	}
	s.n++
}

// play sends until it is told to stop, which waits for its end.
func (s *studio) play() (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.send()
			case <-ctx.Done():
				return
			}
		}
	}()
	stop = func() { cancel(); <-done }
	s.t.Cleanup(stop)
	return stop
}

// reads waits until c is told of a member that it is in a state, or "gone" with
// the reason.
func reads(c *conn, id, want string) {
	c.t.Helper()
	next(c, "state", func(s state) bool {
		for _, m := range s.Members.Add {
			if m.ID == id && m.State == want {
				return true
			}
		}
		for _, m := range s.Members.Set {
			if m.ID == id && m.State == want {
				return true
			}
		}
		for _, m := range s.Members.Del {
			if m.ID == id && "gone "+m.Why == want {
				return true
			}
		}
		return false
	})
}

// An input is a member that publishes; who is there sees and hears it.
func TestInputIsAMember(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	s := h.openStudio("r", studioOptions())
	reads(a, s.in.ID(), "reconnecting")
	stop := s.play()
	reads(a, s.in.ID(), "live")
	b, joined := h.receives("Bo", 1, 1)
	for _, m := range joined.Members {
		if m.ID == s.in.ID() && (m.Kind != "bot" || m.Name != "Stage") {
			t.Errorf("the input is %+v", m)
		}
	}
	voice, picture := publication(t, joined.Publications, s.in.ID(), "audio"), publication(t, joined.Publications, s.in.ID(), "video")
	b.must("subscribe", o{"publications": []o{{"id": picture.ID, "mid": "1"}}})
	b.hear("0", voice)
	b.hear("1", picture)
	d := s.in.Describe()
	if d.State != "live" || d.Streams[0].Inbound.PacketsReceived == 0 || d.Streams[1].Inbound.PacketsReceived == 0 {
		t.Errorf("described as %+v", d)
	}
	for _, line := range []string{"c=IN IP4 127.0.0.1\r\n", "a=rtpmap:96 VP8/90000\r\n", "a=rtpmap:111 opus/48000/2\r\n", "s=Stage\r\n"} {
		if !strings.Contains(d.SDP, line) {
			t.Errorf("no %q in %s", line, d.SDP)
		}
	}
	stop()
	s.in.Close()
	reads(a, s.in.ID(), "gone left")
	a.must("leave", o{})
	b.must("leave", o{})
	h.nothingLeft()
}

// While nothing comes the member is away, and comes back with what comes.
func TestInputIsAway(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	opts := studioOptions()
	opts.Timeout = time.Second
	s := h.openStudio("r", opts)
	reads(a, s.in.ID(), "gone lost")
	if got := s.in.Describe().State; got != "away" {
		t.Errorf("it is %s", got)
	}
	s.play()
	reads(a, s.in.ID(), "live")
	got := a.must("sync", o{})
	if len(got.Publications) != 2 || len(got.Members) != 2 {
		t.Errorf("back with %+v", got)
	}
	r, _ := h.Room("r")
	m, _ := r.Member(s.in.ID())
	m.Leave()
	reads(a, s.in.ID(), "gone kicked")
	if _, ok := r.Input(s.in.ID()); ok {
		t.Error("who was removed left its ports open")
	}
	h.left(1)
}

// A room ends although an input waits there; nothing is left of it.
func TestInputEndsWithItsRoom(t *testing.T) {
	ended := make(chan string, 1)
	h := open(t, room.Config{Hooks: room.Hooks{OnEnd: func(_ *room.Room, why string) { ended <- why }}})
	opts := studioOptions()
	opts.Timeout = time.Second
	h.openStudio("r", opts)
	h.hurries("r")
	if why := <-ended; why != "empty" {
		t.Errorf("it ended as %s", why)
	}
	h.nothingLeft()
	for _, there := h.Room("r"); there; _, there = h.Room("r") {
		runtime.Gosched() // its end is told before it is forgotten
	}
	h.openStudio("r", opts)
	r, _ := h.Room("r")
	r.Close()
	h.nothingLeft()
}

// Who comes first to where an input is moderates, also after coming back.
func TestInputModeratesNothing(t *testing.T) {
	h := open(t, room.Config{})
	h.openStudio("r", studioOptions())
	if _, first := h.enter("Ana"); first.Self.Role != "moderator" {
		t.Errorf("the first is %s", first.Self.Role)
	}
}

func TestBadRoomInputs(t *testing.T) {
	h := open(t, room.Config{MaxMembers: 3})
	r, err := h.Open("r")
	if err != nil {
		t.Fatal(err)
	}
	one := func(s room.InputStream) room.InputOptions { return room.InputOptions{Streams: []room.InputStream{s}} }
	for _, tt := range []struct {
		name string
		o    room.InputOptions
		want error
	}{
		{"nothing", room.InputOptions{}, room.ErrBadRequest},
		{"too many", room.InputOptions{Streams: make([]room.InputStream, 9)}, room.ErrBadRequest},
		{"unknown codec", one(room.InputStream{Codec: "rtx", PayloadType: 96}), room.ErrBadRequest},
		{"redundancy", one(room.InputStream{Codec: "red", PayloadType: 96}), room.ErrBadRequest},
		{"a voice in pictures", one(room.InputStream{Codec: "vp8", PayloadType: 96, Source: room.Microphone}), room.ErrBadRequest},
		{"unknown source", one(room.InputStream{Codec: "vp8", PayloadType: 96, Source: "tv"}), room.ErrBadRequest},
		{"lines", one(room.InputStream{Codec: "vp8", PayloadType: 96, Fmtp: "a\r\nb"}), room.ErrBadRequest},
		{"clock", one(room.InputStream{Codec: "vp8", PayloadType: 96, ClockRate: 1}), room.ErrBadRequest},
	} {
		if in, err := r.AddInput(t.Context(), tt.o); !errors.Is(err, tt.want) || in != nil {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for range 3 {
		h.openStudio("r", studioOptions())
	}
	if _, err := r.AddInput(t.Context(), studioOptions()); !errors.Is(err, room.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	r.Close()
	if _, err := r.AddInput(t.Context(), studioOptions()); !errors.Is(err, room.ErrClosed) {
		t.Errorf("in a room that has ended: %v", err)
	}
	h.nothingLeft()
}

// An input that nothing came to is no good connection.
func TestSilentInputIsNotGood(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.enter("Ana")
	s := h.openStudio("r", studioOptions())
	next(a, "quality", func(e struct {
		List []struct {
			Member, Why string
			Q           int
		}
	}) bool {
		for _, x := range e.List {
			if x.Member == s.in.ID() {
				return x.Q < 2 && x.Why == "silence"
			}
		}
		return false
	})
}
