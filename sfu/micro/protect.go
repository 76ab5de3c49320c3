package micro

import (
	"encoding/binary"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	mediaSSRC = 0x5359
	some      = 256 // packets of a batch that is protected or unprotected
)

// stream seals packets of one SSRC in order.
type stream struct {
	sealer  *srtp.Sealer
	header  [12]byte
	payload []byte
	next    uint64 // index of the next packet
}

func newStream(b *testing.B, p srtp.Profile) *stream {
	sealer, err := srtp.NewSealer(p, make([]byte, p.KeyLen()), make([]byte, p.SaltLen()))
	if err != nil {
		b.Fatal(err)
	}
	s := &stream{sealer: sealer, payload: make([]byte, PacketBytes-12-p.Overhead())}
	s.header[0], s.header[1] = 0x80, 96
	binary.BigEndian.PutUint32(s.header[8:], mediaSSRC)
	return s
}

// seal appends the next packet to dst, which has room for it.
func (s *stream) seal(dst []byte) []byte {
	binary.BigEndian.PutUint16(s.header[2:], uint16(s.next))
	dst, _ = s.sealer.SealRTP(dst, s.header[:], nil, s.payload, s.next, mediaSSRC) // the header is long enough
	s.next++
	return dst
}

// protect seals one packet after the other into the same memory.
func protect(p srtp.Profile) func(*testing.B) {
	return func(b *testing.B) {
		s := newStream(b, p)
		out := make([]byte, 0, packet.MaxSize)
		size := 0
		measure(b, work{packets: some, size: PacketBytes, step: func() {
			for range some {
				size = len(s.seal(out))
			}
		}})
		if size != PacketBytes {
			b.Fatalf("a packet has %d bytes, want %d", size, PacketBytes)
		}
	}
}

// unprotect opens packets in place, each where it was received.
func unprotect(p srtp.Profile) func(*testing.B) {
	return func(b *testing.B) {
		s := newStream(b, p)
		opener, err := srtp.NewOpener(p, make([]byte, p.KeyLen()), make([]byte, p.SaltLen()))
		if err != nil {
			b.Fatal(err)
		}
		received := make([][]byte, some)
		for i := range received {
			received[i] = make([]byte, 0, packet.MaxSize)
		}
		wrong := 0
		measure(b, work{packets: some, size: PacketBytes,
			prepare: func() {
				for i := range received {
					received[i] = s.seal(received[i][:0])
				}
			},
			step: func() {
				for _, p := range received {
					if _, err := opener.OpenRTP(p, mediaSSRC, binary.BigEndian.Uint16(p[2:]), 12); err != nil {
						wrong++
					}
				}
			},
		})
		if wrong > 0 {
			b.Fatalf("%d packets were not opened", wrong)
		}
	}
}
