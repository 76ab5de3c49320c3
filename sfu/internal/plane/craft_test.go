package plane

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// crafted is a publication of nine encodings, one more than there may be, whose
// publisher makes its packets as it likes.
var crafted = Publication{
	MID: "1", NACK: true, RIDs: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"},
	Extensions: packet.ExtensionIDs{packet.ExtMID: 1, packet.ExtRID: 2, packet.ExtVLA: 3, packet.ExtDependencyDescriptor: 4},
	Codecs: []Codec{
		{Codec: packet.AV1, PayloadType: 45, ClockRate: 90000}, {Codec: packet.VP9, PayloadType: 98, ClockRate: 90000},
		{Codec: packet.VP8, PayloadType: 96, ClockRate: 90000}, {Codec: packet.H264, PayloadType: 102, ClockRate: 90000},
		{Codec: packet.H265, PayloadType: 49, ClockRate: 90000},
	},
}

// craft sends one packet: what the first bytes say, the rest is a descriptor, an
// allocation or the payload.
func craft(c *client, now mono.Time, index *[16]uint64, b []byte) {
	encoding := b[0] & 15
	header := []byte{0x90, crafted.Codecs[b[1]%5].PayloadType | b[1]&0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0}
	element := b[5:min(len(b), 5+int(b[2]))]
	binary.BigEndian.PutUint16(header[2:], uint16(index[encoding]))
	binary.BigEndian.PutUint32(header[4:], uint32(b[3])*3000+uint32(b[4]&7)<<28)
	binary.BigEndian.PutUint32(header[8:], 700+uint32(encoding))
	header = append(header, 1, 1, '1', 2, 1, '0'+encoding, 3+b[4]>>7, byte(len(element)))
	header = append(header, element...)
	for len(header)%4 != 0 {
		header = append(header, 0)
	}
	binary.BigEndian.PutUint16(header[14:], uint16(len(header)-16)/4)
	c.seal(now, header, nil, b[5+len(element):], index[encoding], 700+uint32(encoding))
	index[encoding] += 1 + uint64(b[4]>>5&3)
}

// Whatever a publisher says of layers, structures and sizes, nothing panics on its
// core or another one, and no index is sealed twice.
func FuzzCrafted(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	structure := []byte{0x80, 0, 1, 0x80, 0x00, 0xc9, 0xc4, 0xfd, 0x00, 0x27, 0x80, 0x80}
	for range 30 {
		var b []byte
		for range 60 {
			p := []byte{byte(random.Uint32()), byte(random.Uint32()), byte(random.IntN(24)), byte(random.IntN(16)), byte(random.Uint32())}
			if random.IntN(3) == 0 {
				p[2] = byte(len(structure))
				p = append(p, structure...)
			}
			for range random.IntN(40) {
				p = append(p, byte(random.Uint32()))
			}
			b = append(append(b, byte(len(p))), p...)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRoomOn(t, 2)
		bad, near, far := r.join(0, netem.Config{}), r.join(2, netem.Config{}), r.join(1, netem.Config{})
		bad.apply(RemovePublication{Publication: bad.video.pub})
		bad.video = &sender{pub: bad.id + 9, spec: crafted, due: mono.Never}
		bad.apply(AddPublication{Transport: bad.id, Publication: bad.video.pub, Spec: crafted})
		route := &Route{Descriptor: ExtensionPair{In: 4, Out: 9}}
		for _, c := range crafted.Codecs {
			route.PayloadTypes[c.PayloadType], route.Repairs[c.PayloadType] = c.PayloadType, 99
		}
		slots := []*sink{near.slot(false), near.slot(false), far.slot(false), far.slot(false)}
		for i, s := range slots {
			s.seen = func(packet.View, []byte, []byte) {}
			s.reach(bad.video)
			s.client.apply(Bind{Slot: s.slot, Publication: bad.video.pub, Route: route, Demand: layer.Demand{Width: uint16(i%2) * 100}})
		}
		var index [16]uint64
		for i := 0; len(b) > 6 && i < 200; i++ {
			n := min(max(6, int(b[0])), len(b)-1)
			craft(bad, r.now, &index, b[1:1+n])
			b = b[1+n:]
			r.run(time.Duration(i%7) * 3 * time.Millisecond)
			if i%16 == 9 {
				s := slots[i/16%4]
				s.client.apply(Show{Slot: s.slot, Demand: layer.Demand{
					Width: uint16(i) * 9, FrameRate: uint16(i % 30), Spatial: uint8(i % 9), Temporal: uint8(i % 5), Bitrate: int64(i) * 999,
				}})
				r.transfer(r.clients[i%3], i/16%2)
			}
			if s := slots[i%4]; i%5 == 4 && len(s.numbers) > 0 {
				last := s.numbers[len(s.numbers)-1]
				r.cores[s.client.core].slots[s.slot].retransmit(r.now, last-16, 0xffff)
				r.deliver()
			}
		}
		r.run(2 * time.Second)
		if len(r.cores[0].transports)+len(r.cores[1].transports) != 3 {
			t.Error("a transport is gone")
		}
	})
}
