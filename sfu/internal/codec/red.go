package codec

import "encoding/binary"

const (
	// MostREDBlocks is how many blocks a RED payload may have.
	MostREDBlocks = 8
	// MostREDOffset is how much older than its packet a block may be, in ticks.
	MostREDOffset = 1<<14 - 1
	// MostREDSize is how many bytes a block may have that is not the newest.
	MostREDSize = 1<<10 - 1
)

// REDBlock is one of the payloads in a RED payload (RFC 2198, section 3): the
// newest, which is the packet's own, or one of an earlier packet.
type REDBlock struct {
	Offset      uint16 // how much older than the packet, in ticks; 0 for the newest
	At, Size    uint16 // where its bytes are in the RED payload
	PayloadType uint8
}

// SplitRED appends the blocks of a RED payload to out, the newest one last. It
// returns nil if they do not fit into the payload, if there are too many, or if
// the newest is empty.
func SplitRED(payload []byte, out []REDBlock) []REDBlock {
	first := len(out)
	at := 0
	for ; at < len(payload) && payload[at]&0x80 != 0; at += 4 {
		if len(payload) < at+4 || len(out)-first == MostREDBlocks-1 {
			return nil
		}
		h := binary.BigEndian.Uint32(payload[at:])
		out = append(out, REDBlock{
			PayloadType: uint8(h >> 24 & 0x7f), Offset: uint16(h >> 10 & MostREDOffset), Size: uint16(h & MostREDSize),
		})
	}
	if at >= len(payload) {
		return nil
	}
	out = append(out, REDBlock{PayloadType: payload[at]})
	at++
	for i := first; i < len(out)-1; i++ {
		out[i].At = uint16(at)
		at += int(out[i].Size)
	}
	if at >= len(payload) || len(payload) > 0xffff {
		return nil
	}
	newest := &out[len(out)-1]
	newest.At, newest.Size = uint16(at), uint16(len(payload)-at)
	return out
}

// AppendREDHeader appends the header of a block. Those of all blocks come first,
// that of the newest one last.
func AppendREDHeader(b []byte, k REDBlock, newest bool) []byte {
	if newest {
		return append(b, k.PayloadType&0x7f)
	}
	h := 1<<31 | uint32(k.PayloadType&0x7f)<<24 | uint32(k.Offset&MostREDOffset)<<10 | uint32(k.Size&MostREDSize)
	return binary.BigEndian.AppendUint32(b, h)
}
