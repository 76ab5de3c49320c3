package bench

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	historySize  = 1024 // packets of a track that can be sent again
	repairsQueue = 256  // requests that wait for the sender
)

// sentPacket is what is remembered of a packet, to make it again: what its
// payload has besides is of no account.
type sentPacket struct {
	number, picture uint16
	size            int // of the payload; 0 for none
	ts              uint32
	start, key      bool
	marker          bool
	stamp           stamp
}

// history is the newest packets of a track, by number.
type history [historySize]sentPacket

func (h *history) put(p sentPacket) { h[p.number%historySize] = p }

func (h *history) get(number uint16) (p sentPacket, ok bool) {
	p = h[number%historySize]
	return p, p.size > 0 && p.number == number
}

// repairs is what a server asks for.
type repairs struct {
	track   *track
	numbers []uint16
}

// ask hands a request to the sender. If too much waits it is forgotten: the
// server asks again.
func (s *sender) ask(r repairs) {
	select {
	case s.asked <- r:
	default:
	}
}

// repair sends packets again, each in a packet of the retransmission stream (RFC
// 4588).
func (s *sender) repair(r repairs) {
	t := r.track
	if t.rtx == 0 || t.history == nil {
		return
	}
	s.clear(len(r.numbers))
	for _, number := range r.numbers {
		p, ok := t.history.get(number)
		if !ok {
			continue
		}
		payload := s.plain[:2+p.size]
		binary.BigEndian.PutUint16(payload, number)
		p.write(t, payload[2:])
		header := s.header(t, rtpHeader{ssrc: t.rtx, pt: ptRTX, number: uint16(t.repairIndex), ts: p.ts}, p.marker)
		if s.seal(t, header, payload, t.repairIndex, t.rtx) {
			t.repairIndex++
			s.repaired++
		}
	}
	s.write(t.from.endpoint.socket)
}

// write makes the payload that p had.
func (p *sentPacket) write(t *track, payload []byte) {
	describeVP8(payload, p.picture, p.start, p.key, t.size)
	p.stamp.put(payload)
}

// clear makes room for a burst of packets.
func (s *sender) clear(packets int) {
	s.out, s.memory = s.out[:0], s.memory[:0]
	if need := packets * datagramRoom; cap(s.memory) < need {
		s.memory = make([]byte, 0, need)
	}
}

// seal adds a packet to the burst.
func (s *sender) seal(t *track, header, payload []byte, index uint64, ssrc uint32) bool {
	at := len(s.memory)
	b, err := t.from.sealer.SealRTP(s.memory[at:at:cap(s.memory)], header, nil, payload, index, ssrc)
	if err != nil {
		return false // only a header that is none fails
	}
	s.memory = s.memory[:at+len(b)]
	s.out = append(s.out, udp.Datagram{B: b, Local: t.from.endpoint.addr, Remote: t.from.remote})
	return true
}
