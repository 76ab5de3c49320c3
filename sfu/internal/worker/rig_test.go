package worker

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// line is a socket whose send buffer takes as many datagrams as the test says.
type line struct {
	in     chan []udp.Datagram
	wake   chan struct{}
	closed chan struct{}
	wait   func(waiting bool)

	// Guarded by mu.
	mu       sync.Mutex
	room     int
	messages int
	wrote    [][]byte
}

func (l *line) OnWait(f func(waiting bool)) { l.wait = f }

func newLine() *line {
	return &line{in: make(chan []udp.Datagram), wake: make(chan struct{}, 1), closed: make(chan struct{}), room: 1 << 20}
}

func (l *line) ReadBatch(d []udp.Datagram, deadline time.Time) (int, error) {
	l.wait(true)
	defer l.wait(false)
	var due <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case in := <-l.in:
		for i := range in {
			n := copy(d[i].B, in[i].B)
			d[i] = udp.Datagram{B: d[i].B[:n], Segment: in[i].Segment, Local: in[i].Local, Remote: in[i].Remote, Arrived: in[i].Arrived}
		}
		return len(in), nil
	case <-l.wake:
	case <-due:
	case <-l.closed:
		return 0, net.ErrClosed
	}
	return 0, nil
}

func (l *line) WriteBatch(d []udp.Datagram) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.room, len(d))
	l.room -= n
	l.messages += n
	for i := range n {
		for b := range slices.Chunk(d[i].B, d[i].Segment) {
			l.wrote = append(l.wrote, slices.Clone(b))
		}
	}
	return n, nil
}

func (l *line) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *line) Close() error {
	close(l.closed)
	return nil
}

func (l *line) allow(n int) {
	l.mu.Lock()
	l.room = n
	l.mu.Unlock()
}

// numbers returns the RTP sequence numbers that were written.
func (l *line) numbers() (list []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.wrote {
		if packet.Classify(b) == packet.RTP {
			list = append(list, int(b[2])<<8|int(b[3]))
		}
	}
	return list
}

// kinds returns the RTP payload types that were written.
func (l *line) kinds() (list []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.wrote {
		if packet.Classify(b) == packet.RTP {
			list = append(list, b[1]&0x7f)
		}
	}
	return list
}

// rig is a worker with a publisher (1) of audio (10) and video (11), and a
// subscriber (2) that has them in slots (20, 21).
type rig struct {
	*Worker
	line   *line
	sealer *srtp.Sealer
	next   uint16 // number of audio
	frame  uint16 // number of video

	// Guarded by mu.
	mu      sync.Mutex
	events  []plane.Event
	control int
}

var (
	speaker  = netip.MustParseAddrPort("10.0.0.1:5000")
	listener = netip.MustParseAddrPort("10.0.0.2:5000")
	hacker   = netip.MustParseAddrPort("10.0.0.3:5000")
)

func newRig(t *testing.T, s Socket) *rig {
	r := &rig{}
	r.line, _ = s.(*line)
	r.Worker = Start(Config{
		Socket: s, Start: time.Now(), Logger: slog.New(slog.DiscardHandler),
		Control: func([]byte, netip.Addr, netip.AddrPort) {
			r.mu.Lock()
			r.control++
			r.mu.Unlock()
		},
		Events: func(e []plane.Event) {
			r.mu.Lock()
			r.events = append(r.events, e...)
			r.mu.Unlock()
		},
	})[0]
	t.Cleanup(r.Close)
	r.transport(t, 1, speaker)
	r.transport(t, 2, listener)
	r.publications()
	r.subscribe(2, 20, 21)
	return r
}

// publications are those of the publisher.
func (r *rig) publications() {
	r.Post(plane.AddPublication{Transport: 1, Publication: 10, Spec: plane.Publication{
		MID: "0", Audio: true, Streams: []plane.Stream{{SSRC: 77}},
		Codecs: []plane.Codec{{Codec: packet.Opus, PayloadType: 111, ClockRate: 48000}},
	}})
	r.Post(plane.AddPublication{Transport: 1, Publication: 11, Spec: plane.Publication{
		MID: "1", Streams: []plane.Stream{{SSRC: 78}},
		Codecs: []plane.Codec{{Codec: packet.VP8, PayloadType: 96, ClockRate: 90000}},
	}})
}

// subscribe gives a transport a slot for each publication.
func (r *rig) subscribe(transport, audio, video plane.ID) {
	route := &plane.Route{}
	route.PayloadTypes[111], route.PayloadTypes[96] = 111, 96
	r.Post(plane.AddSlot{Transport: transport, Slot: audio, Spec: plane.SlotSpec{MID: "0", Audio: true, SSRC: 99}})
	r.Post(plane.AddSlot{Transport: transport, Slot: video, Spec: plane.SlotSpec{MID: "1", SSRC: 98}})
	r.Post(plane.Bind{Slot: audio, Publication: 10, Route: route})
	r.Post(plane.Bind{Slot: video, Publication: 11, Route: route})
}

func keys(t *testing.T, first byte) (*srtp.Opener, *srtp.Sealer) {
	t.Helper()
	key, salt := make([]byte, 16), make([]byte, 12)
	key[0] = first
	o, err := srtp.NewOpener(srtp.AEADAES128GCM, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	s, err := srtp.NewSealer(srtp.AEADAES128GCM, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	return o, s
}

// transport adds one whose incoming key begins with its id.
func (r *rig) transport(t *testing.T, id plane.ID, remote netip.AddrPort) {
	opener, sealer := keys(t, byte(id))
	if id == 1 {
		r.sealer = sealer
	}
	_, out := keys(t, byte(id)+100)
	r.Post(plane.AddTransport{Transport: id, SSRC: uint32(id)})
	r.Post(plane.SetKeys{Transport: id, Opener: opener, Sealer: out})
	r.Post(plane.BindPath{Transport: id, Path: plane.Path{Remote: remote}})
}

// packets are n RTP packets of the publication, each longer than the one before,
// so that no two of them make a train.
func (r *rig) packets(t *testing.T, n int) (d []udp.Datagram) {
	t.Helper()
	for range n {
		h := []byte{0x80, 111, byte(r.next >> 8), byte(r.next), 0, 0, 0, 0, 0, 0, 0, 77}
		b, err := r.sealer.SealRTP(nil, h, nil, make([]byte, 40+r.next), uint64(r.next), 77)
		if err != nil {
			t.Fatal(err)
		}
		r.next++
		d = append(d, udp.Datagram{B: b, Remote: speaker})
	}
	return d
}

// pictures are n RTP packets of video, each a key frame of one packet.
func (r *rig) pictures(t *testing.T, n int) (d []udp.Datagram) {
	t.Helper()
	for range n {
		h := []byte{0x80, 0x80 | 96, byte(r.frame >> 8), byte(r.frame), 0, 0, 0, 0, 0, 0, 0, 78}
		payload := append([]byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00}, make([]byte, 500)...)
		b, err := r.sealer.SealRTP(nil, h, nil, payload, uint64(r.frame), 78)
		if err != nil {
			t.Fatal(err)
		}
		r.frame++
		d = append(d, udp.Datagram{B: b, Remote: speaker})
	}
	return d
}

// stats waits until all that was posted is carried out.
func (r *rig) stats() plane.Stats {
	reply := make(chan plane.Stats, 1)
	r.Post(plane.Count{Done: func(s plane.Stats) { reply <- s }})
	return <-reply
}

func (r *rig) exists(id plane.ID) bool {
	reply := make(chan bool, 1)
	r.Post(plane.Observe{Transport: id, Done: func(_ plane.TransportStats, ok bool) { reply <- ok }})
	return <-reply
}

// pass lets time pass in the bubble of a test.
func pass(d time.Duration) { <-time.After(d) }

// run runs a test in a bubble of fake time.
func run(t *testing.T, f func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) { f(t, newRig(t, newLine())) })
}
