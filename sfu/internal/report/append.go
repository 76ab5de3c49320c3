package report

import "encoding/binary"

// Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1).
const (
	typeSR    = 200
	typeRR    = 201
	typeSDES  = 202
	typeRTPFB = 205
	typePSFB  = 206
)

const blocksPerReport = 31

var order = binary.BigEndian

// begin appends a header whose length finish sets.
func begin(b []byte, count, kind uint8) []byte { return append(b, 0x80|count, kind, 0, 0) }

// finish pads the packet that starts at start and sets its length.
func finish(b []byte, start int) []byte {
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	order.PutUint16(b[start+2:], uint16((len(b)-start)/4-1))
	return b
}

// SenderInfo is what a sender report says of a stream (RFC 3550 section 6.4.1).
type SenderInfo struct {
	SSRC    uint32
	NTP     NTP
	RTP     uint32 // timestamp of the same moment
	Packets uint32
	Octets  uint32 // of payload
}

// AppendSenderReport appends a sender report without reception blocks.
func AppendSenderReport(b []byte, s SenderInfo) []byte {
	start := len(b)
	b = order.AppendUint32(begin(b, 0, typeSR), s.SSRC)
	b = order.AppendUint64(b, uint64(s.NTP))
	b = order.AppendUint32(b, s.RTP)
	b = order.AppendUint32(b, s.Packets)
	b = order.AppendUint32(b, s.Octets)
	return finish(b, start)
}

// AppendReceiverReport appends a receiver report, or several if there are more
// than 31 blocks; without blocks it is an empty one, which may begin a compound
// packet.
func AppendReceiverReport(b []byte, sender uint32, blocks []Block) []byte {
	for {
		n := min(len(blocks), blocksPerReport)
		start := len(b)
		b = order.AppendUint32(begin(b, uint8(n), typeRR), sender)
		for _, k := range blocks[:n] {
			b = order.AppendUint32(b, k.SSRC)
			b = order.AppendUint32(b, uint32(k.FractionLost)<<24|uint32(k.Lost)&0xffffff)
			b = order.AppendUint32(b, k.Highest)
			b = order.AppendUint32(b, k.Jitter)
			b = order.AppendUint32(b, k.LastSR)
			b = order.AppendUint32(b, k.Delay)
		}
		b = finish(b, start)
		if blocks = blocks[n:]; len(blocks) == 0 {
			return b
		}
	}
}

// AppendSDES appends a source description with a CNAME of at most 255 bytes
// (RFC 3550 section 6.5).
func AppendSDES(b []byte, ssrc uint32, cname string) []byte {
	cname = cname[:min(len(cname), 255)]
	start := len(b)
	b = order.AppendUint32(begin(b, 1, typeSDES), ssrc)
	b = append(b, 1, byte(len(cname)))
	b = append(b, cname...)
	b = append(b, 0)
	return finish(b, start)
}

// AppendNACK appends a generic NACK for numbers in ascending order, of which
// those within 16 of each other share an entry (RFC 4585 section 6.2.1). One
// without numbers is not allowed, and nothing is appended.
func AppendNACK(b []byte, sender, media uint32, numbers []uint16) []byte {
	if len(numbers) == 0 {
		return b
	}
	start := len(b)
	b = order.AppendUint32(begin(b, 1, typeRTPFB), sender)
	b = order.AppendUint32(b, media)
	for i := 0; i < len(numbers); {
		pid, blp := numbers[i], uint16(0)
		for i++; i < len(numbers); i++ {
			d := numbers[i] - pid - 1
			if d > 15 {
				break
			}
			blp |= 1 << d
		}
		b = order.AppendUint16(b, pid)
		b = order.AppendUint16(b, blp)
	}
	return finish(b, start)
}

// AppendPLI appends a picture loss indication (RFC 4585 section 6.3.1).
func AppendPLI(b []byte, sender, media uint32) []byte {
	start := len(b)
	b = order.AppendUint32(begin(b, 1, typePSFB), sender)
	return finish(order.AppendUint32(b, media), start)
}
