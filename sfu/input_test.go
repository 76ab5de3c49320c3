package sfu_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const ptInput = 100

func vp8Input() sfu.InputStream {
	return sfu.InputStream{Codec: webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, PayloadType: ptInput,
	}}
}

func newInput(t testing.TB, s *sfu.Server, o sfu.InputOptions) *sfu.Input {
	t.Helper()
	if o.Streams == nil {
		o.Streams = []sfu.InputStream{vp8Input()}
	}
	in, err := s.NewInput(o)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// encoder sends VP8 as plain RTP, each packet with its count.
type encoder struct {
	t      testing.TB
	conn   *net.UDPConn
	to     netip.AddrPort
	pt     uint8
	ssrc   uint32
	count  uint32 // of the packets, over restarts
	began  uint32 // count at the last restart
	number uint16
	stamp  uint32
	filler int // bytes behind the count
}

func newEncoder(t testing.TB, in *sfu.Input) *encoder {
	t.Helper()
	e := &encoder{t: t, to: in.Stats()[0].RTP, pt: ptInput, ssrc: 7, number: 65500, stamp: 4294900000, filler: 900}
	e.open()
	return e
}

// open sends from another port from now on.
func (e *encoder) open() {
	e.t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	e.conn = conn
}

func (e *encoder) addr() netip.AddrPort { return e.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// restart begins with a key frame, as another process with other numbers would.
func (e *encoder) restart(ssrc uint32, number uint16, stamp uint32) {
	e.ssrc, e.number, e.stamp, e.began = ssrc, number, stamp, e.count
}

func (e *encoder) write(b []byte, to netip.AddrPort) {
	e.t.Helper()
	if _, err := e.conn.WriteToUDPAddrPort(b, to); err != nil {
		e.t.Fatal(err)
	}
}

func (e *encoder) packet() []byte {
	e.t.Helper()
	tag := byte(1)
	if (e.count-e.began)%30 == 0 {
		tag = 0
	}
	payload := []byte{0x90, 0xe0, 0x80 | byte(e.count>>8)&0x7f, byte(e.count), byte(e.count), 0x20, tag, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00}
	payload = binary.BigEndian.AppendUint32(payload, e.count)
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: true, PayloadType: e.pt, SSRC: e.ssrc, SequenceNumber: e.number, Timestamp: e.stamp},
		Payload: append(payload, make([]byte, e.filler)...),
	}
	b, err := p.Marshal()
	if err != nil {
		e.t.Fatal(err)
	}
	e.count++
	e.number++
	e.stamp += 450
	return b
}

// send sends n packets at 200 a second.
func (e *encoder) send(n int) {
	e.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range n {
		<-tick.C
		e.write(e.packet(), e.to)
	}
}

// viewer subscribes to a publication.
func viewer(t testing.TB, s *sfu.Server, pub *sfu.Publication) *client {
	t.Helper()
	c := newClient(t, s, clientOptions{})
	c.slots(pub.Kind(), 1)
	c.negotiate()
	subscribe(t, c, pub)
	return c
}

// until waits until the counters of the only stream are as wanted.
func until(t testing.TB, in *sfu.Input, what string, ok func(sfu.InputStats) bool) sfu.InputStats {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for {
		st := in.Stats()[0]
		if ok(st) {
			return st
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: %+v", what, st)
		}
	}
}

// gapless fails unless numbers and timestamps go on without a gap or a jump of
// more than ten seconds.
func gapless(t testing.TB, got []*rtp.Packet) {
	t.Helper()
	for j, p := range got[1:] {
		if p.SequenceNumber != got[j].SequenceNumber+1 {
			t.Errorf("number %d follows %d", p.SequenceNumber, got[j].SequenceNumber)
		}
		if d := int32(p.Timestamp - got[j].Timestamp); d < 0 || d > 10*90000 {
			t.Errorf("timestamp %d follows %d", p.Timestamp, got[j].Timestamp)
		}
	}
}

// reaches waits until the slot got the packet with a count.
func (s *sink) reaches(t testing.TB, last uint32) []*rtp.Packet {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		got := s.packets[:len(s.packets):len(s.packets)]
		s.mu.Unlock()
		if n := len(got); n > 0 && count(got[n-1]) == last {
			return got
		}
		select {
		case <-s.grown:
		case <-limit:
			t.Fatalf("slot %s got %d packets, and not the one with %d", s.mid, len(got), last)
		}
	}
}

// Plain RTP reaches subscribers as that of any peer does.
func TestInputIsForwarded(t *testing.T) {
	s := listenWith(t, sfu.Config{Workers: 1}) // others may be told of subscribers after the first packet
	heard := make(chan bool, 8)
	in := newInput(t, s, sfu.InputOptions{Handlers: sfu.PeerHandlers{OnSilence: func(silent bool) { heard <- silent }}})
	e := newEncoder(t, in)
	pub := in.Peer().Publications()[0]
	a, b := viewer(t, s, pub), viewer(t, s, pub)
	if !in.Peer().Silent() {
		t.Error("it is heard before the first packet")
	}
	e.send(100)
	for _, c := range []*client{a, b} {
		got := c.sink().wait(t, 100)
		gapless(t, got)
		for j, p := range got {
			if count(p) != uint32(j) {
				t.Fatalf("packet %d carries count %d", j, count(p))
			}
		}
	}
	if silent := <-heard; silent {
		t.Error("the first packet made it silent")
	}
	st := in.Stats()[0]
	if st.From != e.addr() || st.Inbound.PacketsReceived != 100 || st.Inbound.SSRC != 7 || len(st.Drops) != 0 || st.Publication != pub {
		t.Errorf("counters %+v", st)
	}
}

// Requests for key frames and reports go where RTCP comes from: to the port of
// RTP or to the next.
func TestInputAnswersRTCP(t *testing.T) {
	s := listen(t)
	for _, aside := range []bool{false, true} {
		in := newInput(t, s, sfu.InputOptions{})
		e := newEncoder(t, in)
		e.send(10)
		until(t, in, "nothing came", func(st sfu.InputStats) bool { return st.Inbound.PacketsReceived == 10 })
		report, err := (&rtcp.SenderReport{SSRC: e.ssrc, NTPTime: 1 << 40, RTPTime: e.stamp}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		to := in.Stats()[0].RTP
		if aside {
			to = in.Stats()[0].RTCP
		}
		e.write(report, to)
		until(t, in, "no RTCP came", func(st sfu.InputStats) bool { return st.Answers == e.addr() })
		pub := in.Peer().Publications()[0]
		viewer(t, s, pub)
		got := e.readRTCP(t, to)
		r, ok := got[0].(*rtcp.ReceiverReport)
		if !ok || len(r.Reports) != 1 || r.Reports[0].SSRC != e.ssrc || r.Reports[0].LastSequenceNumber&0xffff != uint32(e.number-1) {
			t.Errorf("aside %v: report %v", aside, got[0])
		}
		asked := false
		for range 10 { // at the most, since a report comes each second
			if err := pub.RequestKeyFrame(); err != nil {
				t.Fatal(err)
			}
			e.send(1) // a stream that has stopped is not asked
			for _, p := range e.readRTCP(t, to) {
				if pli, ok := p.(*rtcp.PictureLossIndication); ok && pli.MediaSSRC == e.ssrc {
					asked = true
				}
			}
			if asked {
				break
			}
		}
		if !asked {
			t.Errorf("aside %v: no key frame was asked for", aside)
		}
	}
}

// readRTCP returns the next compound packet, which has to come from a port.
func (e *encoder) readRTCP(t testing.TB, from netip.AddrPort) []rtcp.Packet {
	t.Helper()
	b := make([]byte, 1500)
	if err := e.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, at, err := e.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	if at != from {
		t.Errorf("RTCP came from %v, want %v", at, from)
	}
	list, err := rtcp.Unmarshal(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Who sends is started anew: subscribers see one stream that goes on.
func TestInputRestarts(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ssrc   uint32
		number uint16
		stamp  uint32
		moves  bool // to another port
	}{
		{"other SSRC and port", 8, 100, 55, true},
		{"other SSRC", 8, 100, 55, false},
		{"same SSRC, far numbers", 7, 30000, 55, false},
		{"same SSRC, near numbers", 7, 65500, 1 << 31, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := listen(t)
			in := newInput(t, s, sfu.InputOptions{})
			e := newEncoder(t, in)
			c := viewer(t, s, in.Peer().Publications()[0])
			e.send(60) // if the first are too early, the next key frame is in time
			sink := c.sink()
			sink.reaches(t, e.count-1)
			e.restart(tt.ssrc, tt.number, tt.stamp)
			if tt.moves {
				e.open()
			}
			// From when on the new one is taken is up to the old one's silence.
			until(t, in, "it was not taken", func(st sfu.InputStats) bool {
				if st.Restarts == 0 {
					e.restart(tt.ssrc, tt.number, tt.stamp)
					e.write(e.packet(), e.to)
				}
				return st.Restarts == 1
			})
			e.send(60)
			gapless(t, sink.reaches(t, e.count-1))
		})
	}
}

// What is not expected is counted with its reason and harms nothing.
func TestInputRefuses(t *testing.T) {
	s := listen(t)
	fixed := vp8Input()
	fixed.SSRC = 7
	in := newInput(t, s, sfu.InputOptions{Streams: []sfu.InputStream{fixed}})
	e := newEncoder(t, in)
	c := viewer(t, s, in.Peer().Publications()[0])
	e.send(1)
	until(t, in, "nothing came", func(st sfu.InputStats) bool { return st.Inbound.PacketsReceived == 1 })
	stranger := newEncoder(t, in)
	for _, tt := range []struct {
		reason sfu.DropReason
		send   func()
	}{
		{sfu.DropUnknownSource, func() { stranger.write(stranger.packet(), e.to) }},
		{sfu.DropPayloadType, func() { o := *e; o.pt++; o.write(o.packet(), o.to) }},
		{sfu.DropSSRC, func() { o := *e; o.ssrc++; o.write(o.packet(), o.to) }},
		{sfu.DropSize, func() { o := *e; o.filler = 1420; o.write(o.packet(), o.to) }},
		{sfu.DropMalformed, func() { e.write([]byte("GET / HTTP/1.1\r\n\r\n"), e.to) }},
		{sfu.DropMalformed, func() { e.write([]byte{0xb0, ptInput, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, e.to) }},
		{sfu.DropMalformed, func() { e.write([]byte{0x81, 200, 0, 1, 0, 0, 0, 7}, e.to) }},
		{sfu.DropMalformed, func() { e.write(e.packet(), in.Stats()[0].RTCP) }},
		{sfu.DropLate, func() { o := *e; o.number += 20000; o.write(o.packet(), o.to) }},
		{sfu.DropDuplicate, func() { o := *e; o.write(o.packet(), o.to); o = *e; o.write(o.packet(), o.to) }},
	} {
		before := in.Stats()[0].Drops[tt.reason]
		if tt.reason == sfu.DropUnknownSource || tt.reason == sfu.DropLate {
			e.send(1) // who sends is heard, and so is not replaced
		}
		tt.send()
		until(t, in, tt.reason.String()+" is not counted", func(st sfu.InputStats) bool { return st.Drops[tt.reason] > before })
	}
	if all := s.Stats().Drops; all[sfu.DropSize] != 1 || all[sfu.DropPayloadType] != 1 {
		t.Errorf("the server counts %v", all)
	}
	e.restart(e.ssrc, e.number+1, e.stamp)
	e.send(20)
	c.sink().reaches(t, e.count-1)
}

// An input that names its sender takes nothing from others, not even the first.
func TestInputTakesFromOneAddress(t *testing.T) {
	s := listen(t)
	in := newInput(t, s, sfu.InputOptions{From: netip.MustParseAddr("127.0.0.2")})
	e := newEncoder(t, in)
	e.send(5)
	until(t, in, "it was not refused", func(st sfu.InputStats) bool { return st.Drops[sfu.DropUnknownSource] == 5 })
	if st := in.Stats()[0]; st.From.IsValid() || st.Inbound.PacketsReceived != 0 {
		t.Errorf("counters %+v", st)
	}
}

// A flood is held back before it reaches the worker.
func TestInputFlood(t *testing.T) {
	s := listen(t)
	in := newInput(t, s, sfu.InputOptions{})
	e := newEncoder(t, in)
	b := e.packet()
	until(t, in, "the flood is taken", func(st sfu.InputStats) bool {
		for range 500 {
			e.write(b, e.to)
		}
		return st.Drops[sfu.DropRate] > 0
	})
}

// What cannot be an input is refused, and leaves nothing.
func TestBadInputs(t *testing.T) {
	s := listen(t)
	of := func(change func(*sfu.InputStream)) sfu.InputOptions {
		x := vp8Input()
		change(&x)
		return sfu.InputOptions{Streams: []sfu.InputStream{x}}
	}
	for name, o := range map[string]sfu.InputOptions{
		"no stream":     {},
		"many streams":  {Streams: make([]sfu.InputStream, 17)},
		"no codec":      of(func(x *sfu.InputStream) { x.Codec.MimeType = "video/mp3" }),
		"type of RTCP":  of(func(x *sfu.InputStream) { x.Codec.PayloadType = 72 }),
		"no clock":      of(func(x *sfu.InputStream) { x.Codec.ClockRate = 0 }),
		"last port":     of(func(x *sfu.InputStream) { x.Port = 65535 }),
		"redundancy":    of(func(x *sfu.InputStream) { x.Codec.MimeType = "audio/red" }),
		"payload 8 bit": of(func(x *sfu.InputStream) { x.Codec.PayloadType = 128 }),
	} {
		if in, err := s.NewInput(o); !errors.Is(err, sfu.ErrInput) || in != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := newInput(t, s, sfu.InputOptions{})
	if _, err := s.NewInput(of(func(x *sfu.InputStream) { x.Port = in.Stats()[0].RTP.Port() })); err == nil {
		t.Error("a port that is taken was opened")
	}
	if _, err := in.Peer().Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: "v=0"}, sfu.AnswerOptions{}); !errors.Is(err, sfu.ErrBadDescription) {
		t.Errorf("an offer: %v", err)
	}
	in.Close()
	<-in.Peer().Done()
	if st := in.Stats(); len(st) != 1 {
		t.Errorf("counters of a closed one: %+v", st)
	}
	again := newInput(t, s, of(func(x *sfu.InputStream) { x.Port = in.Stats()[0].RTP.Port() }))
	again.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.NewInput(sfu.InputOptions{Streams: []sfu.InputStream{vp8Input()}}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("of a closed server: %v", err)
	}
}
