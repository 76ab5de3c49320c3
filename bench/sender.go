package bench

import (
	"container/heap"
	"crypto/rand"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// sender sends all tracks of a run, each frame as one burst when it is due. It
// never waits for the server, so a stall of that hides no delay.
type sender struct {
	window *window
	orders chan func() // of who starts and ends tracks
	asked  chan repairs
	stop   chan struct{}
	ended  sync.WaitGroup
	sent   atomic.Uint64

	// Owned by the sender until ended.
	held    bool     // tracks that are added wait for release
	waiting []*track // for it
	tracks  queue
	late    *hdrhistogram.Histogram // how late frames went out, nanoseconds
	out     []udp.Datagram
	memory  []byte
	plain   []byte
	blocked uint64 // datagrams that the socket did not take
	loss    loss   // what is not sent, on purpose

	withheld, repaired uint64 // packets not sent on purpose; sent again
}

// newSender starts a sender that withholds a fraction of the packets, and all of
// them until release if it is held.
func newSender(w *window, drop float64, held bool) *sender {
	s := &sender{
		window: w, held: held,
		orders: make(chan func()), asked: make(chan repairs, repairsQueue), stop: make(chan struct{}),
		late: hdrhistogram.New(1000, longestDelay, 3), loss: newLoss(drop),
		plain: make([]byte, datagramRoom),
	}
	s.ended.Go(s.run)
	return s
}

// add starts the tracks of a client, the encodings of one publication together.
func (s *sender) add(list []*track) { s.orders <- func() { s.take(list) } }

func (s *sender) take(list []*track) {
	if s.held {
		s.waiting = append(s.waiting, list...)
		return
	}
	for _, t := range list {
		s.begin(t)
	}
}

// release starts what waits, and lets what is added later start at once.
func (s *sender) release() { s.orders <- s.flow }

func (s *sender) flow() {
	s.held = false
	s.take(s.waiting)
	s.waiting = nil
}

// remove ends the tracks of a client and waits for that.
func (s *sender) remove(list []*track) {
	done := make(chan struct{})
	s.orders <- func() {
		s.tracks = slices.DeleteFunc(s.tracks, func(t *track) bool { return slices.Contains(list, t) })
		heap.Init(&s.tracks)
		for _, t := range list {
			t.bounds.end(t.serial)
		}
		close(done)
	}
	<-done
}

// close stops all tracks and waits.
func (s *sender) close() {
	close(s.stop)
	s.ended.Wait()
	for _, t := range s.tracks {
		t.bounds.end(t.serial)
	}
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
			case order := <-s.orders:
				order()
			case r := <-s.asked:
				s.repair(r)
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
		case order := <-s.orders:
			order()
		case r := <-s.asked:
			s.repair(r)
		case <-s.stop:
			return
		case <-timer.C:
		}
	}
}

// begin puts a track into the schedule. Tracks start spread over the frame
// interval, as independent encoders do; encodings of one start together.
func (s *sender) begin(t *track) {
	var b [12]byte
	rand.Read(b[:])
	t.base = binary.BigEndian.Uint32(b[:])
	t.index = uint64(binary.BigEndian.Uint16(b[4:]) & 0x7fff)
	t.repairIndex = uint64(binary.BigEndian.Uint16(b[8:]) & 0x7fff)
	t.start = time.Now().Add(time.Duration(binary.BigEndian.Uint16(b[6:])) * time.Millisecond / 2000)
	if t.encoding > 0 {
		t.start = t.publication.tracks[0].start
	}
	if t.rtx != 0 {
		t.history = new(history)
	}
	t.frame = t.source.next(true)
	t.due = t.start.Add(t.frame.due)
	heap.Push(&s.tracks, t)
}

// send sends what is due: a frame, or the next packet of one that is spread.
func (s *sender) send(t *track) {
	now := time.Now()
	if s.window.has(now.UnixNano()) {
		_ = s.late.RecordValue(min(max(0, int64(now.Sub(t.due))), longestDelay))
	}
	if t.part == 0 {
		t.from.report(now)
		t.sizes = split(t.frame.size, maxPayload, t.sizes[:0])
	}
	end := len(t.sizes)
	if t.spread > 0 {
		end = t.part + 1
	}
	s.clear(end - t.part)
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
	p := sentPacket{
		number: uint16(t.index), picture: t.picture, size: size, ts: t.base + t.frame.ts,
		start: part == 0, key: t.frame.key, marker: last,
		stamp: stamp{track: t.number, serial: t.serial, sent: now},
	}
	payload, pt := s.plain[:size], uint8(ptOpus)
	if t.audio {
		p.stamp.put(payload)
	} else {
		pt = ptVP8
		p.write(t, payload)
	}
	counts := t.bounds.sent(t.serial, now, s.window)
	header := s.header(t, rtpHeader{ssrc: t.ssrc, pt: pt, number: p.number, ts: p.ts}, last)
	if !s.seal(t, header, payload, t.index, t.ssrc) {
		return
	}
	if t.history != nil {
		t.history.put(p)
	}
	if counts {
		t.counted++
		t.bytes += uint64(len(s.out[len(s.out)-1].B))
	}
	t.index++
	t.serial++
	t.octets += uint64(size)
	s.sent.Add(1)
	if s.loss.strikes() {
		s.out = s.out[:len(s.out)-1]
		s.withheld++
	}
}

// header writes the RTP header of the next packet behind the plain payload.
func (s *sender) header(t *track, w rtpHeader, marker bool) []byte {
	h := s.plain[datagramRoom-headerRoom : datagramRoom-headerRoom : datagramRoom]
	if marker {
		w.pt |= 0x80
	}
	h = append(h, 0x80, w.pt)
	h = binary.BigEndian.AppendUint16(h, w.number)
	h = binary.BigEndian.AppendUint32(h, w.ts)
	h = binary.BigEndian.AppendUint32(h, w.ssrc)
	at := len(h)
	h = append(h, 0xbe, 0xde, 0, 0) // RFC 8285, section 4.2
	h = t.extend(h, w.ssrc == t.rtx)
	size := len(h) - at - 4
	if size == 0 {
		return h[:at]
	}
	for ; size%4 != 0; size++ {
		h = append(h, 0)
	}
	h[0] |= 0x10
	h[at+3] = byte(size / 4)
	return h
}

// extend appends the header extensions of a packet. What it is of is told by MID
// and RID until the server reports about its SSRC (RFC 8852).
func (t *track) extend(h []byte, repair bool) []byte {
	ids := &t.from.ids
	element := func(id uint8, value string) {
		if id != 0 && value != "" {
			h = append(h, id<<4|byte(len(value)-1))
			h = append(h, value...)
		}
	}
	if ids.transportCC != 0 {
		h = append(h, ids.transportCC<<4|1, byte(t.from.wide>>8), byte(t.from.wide))
		t.from.wide++
	}
	if t.audio && ids.level != 0 {
		h = append(h, ids.level<<4, 0x80|30)
	}
	switch {
	case t.rid == "":
	case repair && !t.rtxKnown.Load():
		element(ids.mid, t.mid)
		element(ids.repairedRID, t.rid)
	case !repair && !t.known.Load():
		element(ids.mid, t.mid)
		element(ids.rid, t.rid)
	}
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
