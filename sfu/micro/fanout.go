package micro

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	frames       = 8 // of an iteration, each in a batch of its own
	perFrame     = 8 // packets
	fanoutBatch  = frames * perFrame
	videoType    = 96
	videoRTX     = 97
	publisherID  = 1
	videoID      = 2
	firstSlotID  = 1_000_000
	firstPeerID  = 1000
	rtxDistance  = 500_000 // of a slot's SSRCs
	firstPicture = 1
)

// hall is one publisher and its audience around a plane.
type hall struct {
	plane    *plane.Plane
	now      mono.Time
	from     plane.Path
	video    *stream
	picture  uint32
	received [][]byte // fanoutBatch datagrams of the publisher
	flush    func(*plane.Outbox)
}

// sink is where the outbox is emptied to.
type sink struct {
	path  func(i int) plane.Path // of subscriber i, from 0
	flush func(*plane.Outbox)
	aside func() time.Duration // see work
}

// openNull is a sink that throws datagrams away.
func openNull(*testing.B) sink {
	return sink{
		path:  func(i int) plane.Path { return plane.Path{Remote: netip.AddrPortFrom(peerAddr(i), 5000)} },
		flush: func(o *plane.Outbox) { o.Done() },
	}
}

// peerAddr is a loopback address of its own for each subscriber.
func peerAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}) }

// fanout measures a publication of video that n peers subscribed to. The
// plane's clock moves on, but its timers do not run: reports are not part of it.
func fanout(n int, open func(*testing.B) sink) func(*testing.B) {
	return func(b *testing.B) {
		s := open(b)
		h := newHall(b, s, n)
		h.prepare(true)
		h.step()
		measure(b, work{
			packets: fanoutBatch * n, size: PacketBytes,
			prepare: func() { h.prepare(false) }, step: h.step, aside: s.aside,
		})
		var got plane.Stats
		h.plane.Apply(h.now, plane.Count{Done: func(s plane.Stats) { got = s }})
		if want := h.video.next * uint64(n); got.PacketsSent != want {
			b.Fatalf("%d packets came out, want %d; dropped %v", got.PacketsSent, want, got.Drops)
		}
	}
}

func newHall(b *testing.B, s sink, n int) *hall {
	h := &hall{
		plane:    plane.New(plane.Config{Epoch: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}),
		now:      mono.Time(time.Second),
		from:     plane.Path{Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 2}), 5000)},
		video:    newStream(b, srtp.AEADAES128GCM),
		picture:  firstPicture,
		received: make([][]byte, fanoutBatch),
		flush:    s.flush,
	}
	for i := range h.received {
		h.received[i] = make([]byte, 0, packet.MaxSize)
	}
	h.join(b, publisherID, h.from)
	h.plane.Apply(h.now, plane.AddPublication{Transport: publisherID, Publication: videoID, Spec: plane.Publication{
		MID: "0", NACK: true, Streams: []plane.Stream{{SSRC: mediaSSRC}},
		Codecs: []plane.Codec{{Codec: packet.VP8, PayloadType: videoType, RTX: videoRTX, ClockRate: 90000}},
	}})
	for i := range n {
		h.subscribe(b, i, s.path(i))
	}
	return h
}

// join adds a transport that is ready: bound and with keys.
func (h *hall) join(b *testing.B, id plane.ID, path plane.Path) {
	const profile = srtp.AEADAES128GCM
	key, salt := make([]byte, profile.KeyLen()), make([]byte, profile.SaltLen())
	opener, err := srtp.NewOpener(profile, key, salt)
	if err != nil {
		b.Fatal(err)
	}
	binary.BigEndian.PutUint32(key, uint32(id)) // each direction and peer has a key of its own
	sealer, err := srtp.NewSealer(profile, key, salt)
	if err != nil {
		b.Fatal(err)
	}
	h.plane.Apply(h.now, plane.AddTransport{Transport: id, SSRC: uint32(id), CNAME: "switchyard"})
	h.plane.Apply(h.now, plane.SetKeys{Transport: id, Opener: opener, Sealer: sealer})
	h.plane.Apply(h.now, plane.BindPath{Transport: id, Path: path})
}

// subscribe adds a peer that is shown the video.
func (h *hall) subscribe(b *testing.B, i int, path plane.Path) {
	peer, slot := plane.ID(firstPeerID+i), plane.ID(firstSlotID+i)
	h.join(b, peer, path)
	h.plane.Apply(h.now, plane.AddSlot{
		Transport: peer, Slot: slot, Sequence: 1, Repair: 1, Timestamp: 1,
		Spec: plane.SlotSpec{MID: "0", SSRC: uint32(slot), RTX: uint32(slot) + rtxDistance},
	})
	r := &plane.Route{}
	r.PayloadTypes[videoType], r.Repairs[videoType] = videoType, videoRTX
	h.plane.Apply(h.now, plane.Bind{Slot: slot, Publication: videoID, Route: r})
}

// prepare seals the datagrams that the publisher sends next; a key frame comes
// first if that is asked for.
func (h *hall) prepare(key bool) {
	for f := range frames {
		binary.BigEndian.PutUint32(h.video.header[4:], h.picture*3000)
		for i := range perFrame {
			vp8(h.video.payload, h.picture, i == 0, key && f == 0)
			h.video.header[1] = videoType
			if i == perFrame-1 {
				h.video.header[1] |= 0x80
			}
			at := f*perFrame + i
			h.received[at] = h.video.seal(h.received[at][:0])
		}
		h.picture++
	}
}

// vp8 writes payload descriptor (RFC 7741, section 4.2) and payload header.
func vp8(b []byte, picture uint32, start, key bool) {
	copy(b, []byte{0x80, 0xe0, 0x80 | byte(picture>>8), byte(picture), byte(picture), 0x20,
		0x01, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00})
	if start {
		b[0] |= 0x10
	}
	if key {
		b[6] = 0
	}
}

// step is what a worker does with the batches of the datagrams.
func (h *hall) step() {
	for f := range frames {
		h.now = h.now.Add(time.Millisecond)
		for _, d := range h.received[f*perFrame : (f+1)*perFrame] {
			h.plane.Receive(h.now, h.from, d)
		}
		for more := true; more; {
			more = h.plane.Deliver(h.now)
			h.flush(h.plane.Outbox())
		}
		h.plane.Charge(plane.Spent{Work: time.Millisecond, Send: time.Millisecond})
	}
}
