package bench

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// uplink is a publisher of one simulcast encoding, and the server that it sends
// to. Its sender is the test.
type uplink struct {
	t      *testing.T
	sender *sender
	track  *track
	socket *udp.Socket
	opener *srtp.Opener
}

func newUplink(t *testing.T) *uplink {
	t.Helper()
	n, err := newNetwork(9)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	e, err := n.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	u := &uplink{t: t, sender: newSender(&window{}, 0, false)}
	u.sender.close() // its goroutine; the test takes its place
	if u.socket, err = udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udp.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.socket.Close() })
	keys := srtp.Keys{Profile: srtp.AEADAES128GCM, LocalKey: make([]byte, 16), LocalSalt: make([]byte, 12)}
	if u.opener, err = srtp.NewOpener(keys.Profile, keys.LocalKey, keys.LocalSalt); err != nil {
		t.Fatal(err)
	}
	tr := &transport{endpoint: e, remote: u.socket.LocalAddr(), keys: keys}
	p, err := newPublisher(tr, u.sender, &answer{extensions: extensionIDs{mid: 1, transportCC: 2, rid: 4, repairedRID: 5}})
	if err != nil {
		t.Fatal(err)
	}
	u.track = &track{rid: "h", mid: "3", ssrc: 70, rtx: 71, source: &frames{size: 500}, from: p, size: [2]uint16{640, 360}}
	u.track.publication = &publication{tracks: []*track{u.track}}
	p.tracks = u.track.publication.tracks
	p.nextReport = time.Now().Add(time.Hour)
	u.sender.begin(u.track)
	return u
}

// next reads the next RTP packet that came, in the clear.
func (u *uplink) next() (p rtp.Packet) {
	u.t.Helper()
	b := u.datagram()
	size, _ := headerSize(b)
	h, _ := readHeader(b)
	n, err := u.opener.OpenRTP(b, h.ssrc, h.number, size)
	if err != nil {
		u.t.Fatal(err)
	}
	if err := p.Unmarshal(b[:n]); err != nil {
		u.t.Fatal(err)
	}
	return p
}

func (u *uplink) datagram() []byte {
	u.t.Helper()
	in := []udp.Datagram{{B: make([]byte, datagramRoom)}}
	n, err := u.socket.ReadBatch(in, time.Now().Add(5*time.Second))
	if n != 1 || err != nil {
		u.t.Fatalf("nothing came: %v", err)
	}
	return in[0].B
}

// What the server misses is sent again as it was, in its own stream, and what a
// packet is of is told until the server reports about it.
func TestPublisherAnswers(t *testing.T) {
	u := newUplink(t)
	u.sender.send(u.track)
	first := u.next()
	if string(first.GetExtension(1)) != "3" || string(first.GetExtension(4)) != "h" || first.GetExtension(2) == nil {
		t.Errorf("the first packet is not told: %v", first.Header)
	}
	nack := &rtcp.TransportLayerNack{MediaSSRC: 70, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{first.SequenceNumber, first.SequenceNumber + 9})}
	u.track.from.feedback(nack)
	u.sender.repair(<-u.sender.asked)
	again := u.next()
	if again.SSRC != 71 || again.PayloadType != ptRTX || again.Timestamp != first.Timestamp || again.Marker != first.Marker {
		t.Errorf("sent again as %v, first as %v", again.Header, first.Header)
	}
	if osn := uint16(again.Payload[0])<<8 | uint16(again.Payload[1]); osn != first.SequenceNumber {
		t.Errorf("it repeats %d, want %d", osn, first.SequenceNumber)
	}
	was, _ := readStamp(first.Payload)
	if is, ok := readStamp(again.Payload[2:]); !ok || is != was || string(again.Payload[2:40]) != string(first.Payload[:38]) {
		t.Errorf("stamp %v, want %v", is, was)
	}
	if string(again.GetExtension(5)) != "h" || string(again.GetExtension(1)) != "3" || again.GetExtension(4) != nil {
		t.Errorf("the repeated packet is not told: %v", again.Header)
	}
	if u.sender.repaired != 1 {
		t.Errorf("%d sent again, want 1: the other was never sent", u.sender.repaired)
	}
	u.track.from.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 70}}})
	u.sender.send(u.track)
	if next := u.next(); next.GetExtension(1) != nil || next.GetExtension(4) != nil || next.GetExtension(2) == nil {
		t.Errorf("it is still told: %v", next.Header)
	}
	u.track.from.feedback(nack)
	u.sender.repair(<-u.sender.asked)
	if next := u.next(); next.GetExtension(5) == nil {
		t.Errorf("nobody reported about retransmissions, but they are not told: %v", next.Header)
	}
}

// A request for one encoding refreshes all.
func TestPublisherRefreshesAllEncodings(t *testing.T) {
	u := newUplink(t)
	other := &track{ssrc: 80, publication: u.track.publication}
	u.track.publication.tracks = append(u.track.publication.tracks, other)
	u.track.from.feedback(&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 1}}})
	if other.wantKey.Load() {
		t.Error("a request for another stream counts")
	}
	u.track.from.feedback(&rtcp.PictureLossIndication{MediaSSRC: 70})
	if !u.track.wantKey.Load() || !other.wantKey.Load() {
		t.Error("no key frame is wanted of both")
	}
}

func TestPublisherReports(t *testing.T) {
	u := newUplink(t)
	u.sender.send(u.track)
	u.next()
	p, now := u.track.from, u.track.start.Add(2*time.Second)
	p.nextReport = now
	p.report(now)
	b := u.datagram()
	n, err := u.opener.OpenRTCP(b)
	if err != nil {
		t.Fatal(err)
	}
	packets, err := rtcp.Unmarshal(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	r, ok := packets[0].(*rtcp.SenderReport)
	if !ok || r.SSRC != 70 || r.PacketCount != 1 || r.OctetCount != 500 || r.RTPTime != u.track.base+180_000 {
		t.Errorf("reported %+v, base %d", packets, u.track.base)
	}
	if at := int64(r.NTPTime>>32) - 2_208_988_800; at != now.Unix() {
		t.Errorf("at %d, want %d", at, now.Unix())
	}
	p.report(now.Add(time.Second - 1))
	if !p.nextReport.Equal(now.Add(time.Second)) {
		t.Errorf("the next report is at %v", p.nextReport)
	}
}
