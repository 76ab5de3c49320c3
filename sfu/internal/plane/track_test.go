package plane

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// sender is a track that a client publishes.
type sender struct {
	core     int // of the publisher
	spec     Publication
	pub      ID
	ssrc     uint32
	rtx      uint32
	rtxNext  uint64
	next     uint64 // SRTP index
	ts       uint32
	frame    uint32
	due      mono.Time
	interval time.Duration
	wantKey  bool
	keys     int
	sent     [2048][]byte // for retransmission, by number
	perFrame int
	quiet    bool // of audio: its level is silence, which is no voice
}

// sink is what a client got in one slot.
type sink struct {
	client   *client
	slot     ID
	ssrc     uint32
	repair   *nack.Generator
	receiver *report.Receiver // nil: it reports nothing
	keep     bool             // what comes
	kept     []kept
	got      []uint8 // packets by frame, of the publication shown
	packets  int
	rtx      int
	numbers  []uint16 // in order of arrival
	stamps   []uint32 // timestamps in order of arrival
	csrc     uint32
	audio    bool
	reports  []feedback.Item
	pictures []uint16
	seen     func(v packet.View, payload, b []byte) // nil: nobody looks
	demand   layer.Demand
	look     func(number uint16, v packet.View, payload []byte) // nil: nobody does
}

// kept is a packet as a slot got it.
type kept struct {
	packet.View
	payload []byte
}

// produce sends the frames that are due.
func (c *client) produce(now mono.Time, s *sender) {
	for s.due <= now {
		s.due = s.due.Add(s.interval)
		rate := time.Duration(90000)
		if s == c.video {
			c.frame(now, s)
		} else {
			rate = 48000
			c.rtp(now, s, audioPayload(s.frame), true)
			s.frame++
		}
		if s.frame%50 == 1 {
			c.rtcp(now, report.AppendSenderReport(nil, report.SenderInfo{
				SSRC: s.ssrc, NTP: report.NTPOf(time.Unix(1e9, int64(now))), RTP: s.ts,
			}))
		}
		s.ts += s.ticks(rate)
	}
}

// ticks is how far timestamps of a rate are apart.
func (s *sender) ticks(rate time.Duration) uint32 {
	return uint32((s.interval*rate + time.Second/2) / time.Second)
}

func (c *client) frame(now mono.Time, s *sender) {
	for i := range s.perFrame {
		c.rtp(now, s, videoPayload(s.frame, i, s.perFrame, s.wantKey), i == s.perFrame-1)
	}
	if s.wantKey {
		s.keys++
	}
	s.wantKey = false
	s.frame++
}

// videoPayload makes a VP8 payload (RFC 7741) that carries its frame number.
func videoPayload(frame uint32, part, parts int, key bool) []byte {
	b := make([]byte, 0, 300)
	first := byte(0x80)
	if part == 0 {
		first |= 0x10
	}
	b = append(b, first, 0xe0, 0x80|byte(frame>>8&0x7f), byte(frame), byte(frame), 0x20)
	tag := byte(1)
	if key {
		tag = 0
	}
	b = append(b, tag, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00)
	b = binary.BigEndian.AppendUint32(b, frame)
	b = append(b, byte(part), byte(parts))
	return append(b, make([]byte, 200)...)
}

func audioPayload(frame uint32) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 80), frame), make([]byte, 60)...)
}

// level is that of the next packet (RFC 6464).
func (s *sender) level() byte {
	if s.quiet {
		return 127
	}
	return 0x80 | 30
}

// rtp sends one packet of a track.
func (c *client) rtp(now mono.Time, s *sender, payload []byte, marker bool) {
	pt := byte(ptVP8)
	h := make([]byte, 12, 20)
	h[0] = 0x90
	if s == c.audio {
		pt = ptOpus
		h = append(h, 0xbe, 0xde, 0, 1, idLevelIn<<4, s.level(), 0, 0)
	} else {
		h = append(h, 0xbe, 0xde, 0, 1, idTransportCC<<4|1, byte(c.number>>8), byte(c.number), 0)
		c.number++
	}
	if marker {
		pt |= 0x80
	}
	h[1] = pt
	binary.BigEndian.PutUint16(h[2:], uint16(s.next))
	binary.BigEndian.PutUint32(h[4:], s.ts)
	binary.BigEndian.PutUint32(h[8:], s.ssrc)
	kept := &s.sent[s.next%uint64(len(s.sent))]
	*kept = append(append((*kept)[:0], h...), payload...)
	c.seal(now, h, nil, payload, s.next, s.ssrc)
	s.next++
}

func (c *client) seal(now mono.Time, header, prefix, payload []byte, index uint64, ssrc uint32) {
	b, err := c.sealer.SealRTP(c.out[:0], header, prefix, payload, index, ssrc)
	c.room.must(err)
	c.out = b
	if c.room.trace.sends(now, c, header, prefix, payload) {
		c.up.Send(now, b)
	}
}

func (c *client) rtcp(now mono.Time, b []byte) {
	sealed, err := c.sealer.SealRTCP(c.out[:0], b, c.index)
	c.room.must(err)
	c.out = sealed
	c.room.trace.rtcp(now, c, '>', b)
	c.index++
	c.up.Send(now, sealed)
}

// repair asks for what is missing in the slots.
func (c *client) repair(now mono.Time) {
	for _, s := range c.sinks {
		if s.repair.Deadline() > now || c.noRTX {
			continue
		}
		if lost := s.repair.Poll(now, 120*time.Millisecond, nil); len(lost) > 0 {
			c.msg = report.AppendNACK(c.msg[:0], uint32(c.id), s.ssrc, lost)
			c.rtcp(now, c.msg)
		}
		if s.repair.Lost() > 0 && !s.audio {
			c.rtcp(now, report.AppendPLI(nil, uint32(c.id), s.ssrc))
		}
	}
}

func (s *sink) receive(now mono.Time, v packet.View, b []byte) {
	payload, number := v.Payload(b), v.Sequence
	if s.receiver != nil && v.SSRC == s.ssrc {
		s.receiver.Push(now, number, v.Timestamp)
	}
	if v.SSRC != s.ssrc {
		number = binary.BigEndian.Uint16(payload)
		payload = payload[2:]
		s.rtx++
	}
	if !s.repair.Push(now, number) {
		return // asked for, and then it came by itself; SRTP knows no replay here
	}
	if s.keep {
		s.kept = append(s.kept, kept{v, slices.Clone(payload)})
	}
	s.packets++
	s.csrc = binary.BigEndian.Uint32(b[12:])
	if s.look != nil {
		s.look(number, v, payload)
	}
	s.numbers, s.stamps = append(s.numbers, number), append(s.stamps, v.Timestamp)
	if s.seen != nil {
		s.seen(v, payload, b)
		return
	}
	if s.audio && len(payload) < 4 || !s.audio && len(payload) < 20 {
		return // no publisher of these tests made it, but a fuzzer
	}
	if s.audio {
		s.count(binary.BigEndian.Uint32(payload))
		return
	}
	s.pictures = append(s.pictures, binary.BigEndian.Uint16(payload[2:])&0x7fff)
	s.count(binary.BigEndian.Uint32(payload[16:]))
}

func (s *sink) count(frame uint32) {
	if frame > 1<<20 {
		return // a fuzzer's
	}
	for uint32(len(s.got)) <= frame {
		s.got = append(s.got, 0)
	}
	s.got[frame]++
}

// feedback is what the plane asks of the client or tells it.
func (c *client) feedback(now mono.Time, b []byte) {
	items, err := feedback.Parse(b, nil)
	c.room.must(err)
	for _, it := range items {
		switch it.Kind {
		case feedback.NACK:
			eachLost(it.PID, it.BLP, func(n uint16) { c.resend(now, it.SSRC, n) })
		case feedback.PLI:
			c.asked, c.askedOf = append(c.asked, now), append(c.askedOf, it.SSRC)
			c.video.wantKey = c.video.wantKey || !c.deaf
		case feedback.TransportCC:
			_, came, _ := feedback.Arrivals(it.Raw)
			c.told += came
		case feedback.SenderReport:
			if s := c.slots[it.Sender]; s != nil {
				s.reports = append(s.reports, it)
			}
		}
	}
}

func (c *client) resend(now mono.Time, ssrc uint32, number uint16) {
	b := c.video.sent[int(number)%len(c.video.sent)]
	if c.stubborn || ssrc != c.video.ssrc || len(b) == 0 || binary.BigEndian.Uint16(b[2:]) != number {
		return // audio has no RTX here: Chromium's has none either
	}
	h := slices.Clone(b[:20])
	h[1] = h[1]&0x80 | ptVP8RTX
	binary.BigEndian.PutUint16(h[17:], c.number)
	c.number++
	binary.BigEndian.PutUint16(h[2:], uint16(c.video.rtxNext))
	binary.BigEndian.PutUint32(h[8:], c.video.rtx)
	c.seal(now, h, binary.BigEndian.AppendUint16(nil, number), b[20:], c.video.rtxNext, c.video.rtx)
	c.video.rtxNext++
}
