package bench

import (
	"container/heap"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// track is what a client publishes: a source, and what protects its packets.
type track struct {
	number uint32
	ssrc   uint32
	audio  bool
	source source
	from   *publisher
	spread time.Duration // over which a frame's packets are sent; 0 = at once
	start  time.Time

	// Owned by the sender.
	frame   frame // being sent, or the next one
	sizes   []int // of its packets
	part    int   // how many of them are sent
	due     time.Time
	index   uint64 // of SRTP, of the next packet
	serial  uint32
	base    uint32 // of timestamps
	picture uint16
	counted uint64 // packets sent in the window

	wantKey atomic.Bool // somebody asked for a key frame
}

// publisher is the sending half of one client.
type publisher struct {
	endpoint    *endpoint
	remote      netip.AddrPort
	sealer      *srtp.Sealer
	opener      *srtp.Opener
	transportCC uint8  // extension id, 0 = none
	wide        uint16 // next transport-wide number, owned by the sender
	tracks      []*track
}

func newPublisher(t *transport, a *answer) (*publisher, error) {
	p := &publisher{endpoint: t.endpoint, remote: t.remote}
	var err error
	if p.sealer, err = srtp.NewSealer(t.keys.Profile, t.keys.LocalKey, t.keys.LocalSalt); err != nil {
		return nil, err
	}
	if p.opener, err = srtp.NewOpener(t.keys.Profile, t.keys.RemoteKey, t.keys.RemoteSalt); err != nil {
		return nil, err
	}
	for _, s := range a.sections {
		p.transportCC = max(p.transportCC, s.transportCC)
	}
	return p, nil
}

// feedback takes in what the server says about the published tracks.
func (p *publisher) feedback(b []byte) {
	n, err := p.opener.OpenRTCP(b)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(b[:n])
	if err != nil {
		return
	}
	for _, x := range packets {
		switch x := x.(type) {
		case *rtcp.PictureLossIndication:
			p.refresh(x.MediaSSRC)
		case *rtcp.FullIntraRequest:
			p.refresh(x.MediaSSRC)
		}
	}
}

func (p *publisher) refresh(ssrc uint32) {
	for _, t := range p.tracks {
		if t.ssrc == ssrc {
			t.wantKey.Store(true)
		}
	}
}

// sender sends all tracks of a run, each frame as one burst when it is due. It
// never waits for the server, so a stall of that hides no delay.
type sender struct {
	window *window
	added  chan *track
	stop   chan struct{}
	ended  sync.WaitGroup
	sent   atomic.Uint64

	// Owned by the sender until ended.
	tracks  queue
	late    *hdrhistogram.Histogram // how late frames went out, nanoseconds
	out     []udp.Datagram
	memory  []byte
	plain   []byte
	blocked uint64 // datagrams that the socket did not take
}

func newSender(w *window) *sender {
	s := &sender{
		window: w,
		added:  make(chan *track, 64), stop: make(chan struct{}),
		late:  hdrhistogram.New(1000, longestDelay, 3),
		plain: make([]byte, datagramRoom),
	}
	s.ended.Go(s.run)
	return s
}

// add starts a track.
func (s *sender) add(t *track) { s.added <- t }

// close stops all tracks and waits.
func (s *sender) close() {
	close(s.stop)
	s.ended.Wait()
}

func (s *sender) run() {
	runtime.LockOSThread()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		if len(s.tracks) > 0 {
			wait = time.Until(s.tracks[0].due)
		}
		if wait <= 0 {
			select {
			case t := <-s.added:
				s.begin(t)
			case <-s.stop:
				return
			default:
				s.send(s.tracks[0])
				heap.Fix(&s.tracks, 0)
			}
			continue
		}
		timer.Reset(wait)
		select {
		case t := <-s.added:
			s.begin(t)
		case <-s.stop:
			return
		case <-timer.C:
		}
	}
}

// begin puts a track into the schedule. Tracks start spread over the frame
// interval, as independent encoders do.
func (s *sender) begin(t *track) {
	var b [8]byte
	rand.Read(b[:])
	t.base = binary.BigEndian.Uint32(b[:])
	t.index = uint64(binary.BigEndian.Uint16(b[4:]) & 0x7fff)
	t.start = time.Now().Add(time.Duration(binary.BigEndian.Uint16(b[6:])) * time.Millisecond / 2000)
	t.frame = t.source.next(true)
	t.due = t.start.Add(t.frame.due)
	heap.Push(&s.tracks, t)
}

// send sends what is due: a frame, or the next packet of one that is spread.
func (s *sender) send(t *track) {
	now := time.Now()
	_ = s.late.RecordValue(min(max(0, int64(now.Sub(t.due))), longestDelay))
	if t.part == 0 {
		t.sizes = split(t.frame.size, maxPayload, t.sizes[:0])
	}
	end := len(t.sizes)
	if t.spread > 0 {
		end = t.part + 1
	}
	s.out, s.memory = s.out[:0], s.memory[:0]
	if need := (end - t.part) * datagramRoom; cap(s.memory) < need {
		s.memory = make([]byte, 0, need)
	}
	for ; t.part < end; t.part++ {
		s.packet(t, t.part, t.sizes[t.part], t.part == len(t.sizes)-1, now.UnixNano())
	}
	s.write(t.from.endpoint.socket)
	if t.part == len(t.sizes) {
		t.advance()
	}
	t.due = t.start.Add(t.frame.due + t.spread*time.Duration(t.part)/time.Duration(max(1, len(t.sizes))))
}

// advance makes the next frame the one to send.
func (t *track) advance() {
	t.picture++
	t.part = 0
	t.frame = t.source.next(t.wantKey.Swap(false))
}

func (s *sender) packet(t *track, part, size int, last bool, now int64) {
	header := s.header(t, last)
	payload := s.plain[:size]
	if !t.audio {
		describeVP8(payload, t.picture, part == 0, t.frame.key)
	}
	stamp{track: t.number, serial: t.serial, sent: now}.put(payload)
	at := len(s.memory)
	b, err := t.from.sealer.SealRTP(s.memory[at:at:cap(s.memory)], header, nil, payload, t.index, t.ssrc)
	if err != nil {
		return // only a header that is none fails
	}
	s.memory = s.memory[:at+len(b)]
	s.out = append(s.out, udp.Datagram{B: b, Local: t.from.endpoint.addr, Remote: t.from.remote})
	t.index++
	t.serial++
	s.sent.Add(1)
	if s.window.has(now) {
		t.counted++
	}
}

// header writes the RTP header of the next packet behind the plain payload.
func (s *sender) header(t *track, last bool) []byte {
	h := s.plain[datagramRoom-64 : datagramRoom-64 : datagramRoom]
	pt := byte(ptVP8)
	if t.audio {
		pt = ptOpus
	}
	if last {
		pt |= 0x80
	}
	h = append(h, 0x80, pt)
	h = binary.BigEndian.AppendUint16(h, uint16(t.index))
	h = binary.BigEndian.AppendUint32(h, t.base+t.frame.ts)
	h = binary.BigEndian.AppendUint32(h, t.ssrc)
	if t.from.transportCC == 0 && !t.audio {
		return h
	}
	h[0] |= 0x10
	ext := len(h) + 4
	h = append(h, 0xbe, 0xde, 0, 0)
	if id := t.from.transportCC; id != 0 {
		h = append(h, id<<4|1, byte(t.from.wide>>8), byte(t.from.wide))
		t.from.wide++
	}
	if t.audio {
		h = append(h, extLevel<<4, 0x80|30)
	}
	for (len(h)-ext)%4 != 0 {
		h = append(h, 0)
	}
	h[ext-1] = byte((len(h) - ext) / 4)
	return h
}

// write hands the burst to the kernel. What it does not take now is tried again
// a few times: a full buffer of ours must not look like a loss of the server's.
func (s *sender) write(socket *udp.Socket) {
	for tries := 0; len(s.out) > 0 && tries < 1000; tries++ {
		n, err := socket.WriteBatch(s.out)
		if err != nil {
			return
		}
		s.out = s.out[n:]
		if len(s.out) > 0 {
			runtime.Gosched()
		}
	}
	s.blocked += uint64(len(s.out))
}

// queue orders tracks by when their next frame is due.
type queue []*track

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements [heap.Interface].
func (q *queue) Push(x any) { *q = append(*q, x.(*track)) }

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}
