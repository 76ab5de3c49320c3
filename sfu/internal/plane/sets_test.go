package plane

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// A slot that showed another stream before would decode with that one's
// parameter sets.
func TestReplayBeginsWithParameterSets(t *testing.T) {
	aggregate, sps := []byte{0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce}, []byte{0x67, 0x42, 0xe0}
	idr, delta := []byte{0x65, 0x88, 0x84}, []byte{0x41, 0x9a, 0x02}
	for _, tt := range []struct {
		name  string
		order []int // in which the packets of the key frame come
		key   [][]byte
	}{
		{"aggregated", []int{0, 1}, [][]byte{aggregate, idr}},
		{"apart", []int{0, 1}, [][]byte{sps, idr}},
		{"the slice comes first", []int{1, 0}, [][]byte{aggregate, idr}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := &Inbound{history: nack.NewHistory(videoPackets, videoBytes, time.Minute), stream: &codec.Stream{}}
			now := mono.Time(time.Second)
			insert := func(number uint16, timestamp uint32, payload []byte) {
				e := nack.Entry{View: packet.View{Timestamp: timestamp}, Arrived: now, Sequence: number}
				e.Frame = in.stream.Describe(&codec.Packet{Codec: packet.H264, Payload: payload, Timestamp: timestamp})
				if !in.history.Insert(e, payload) {
					t.Fatalf("packet %d is not taken", number)
				}
				in.newest = max(in.newest, number)
			}
			for i, at := range []uint32{3000, 6000} { // the first one tells what is usual
				for _, k := range tt.order {
					insert(uint16(10*i+k), at, tt.key[k])
				}
				for n := len(tt.key); n < 10; n++ {
					insert(uint16(10*i+n), at+uint32(n), delta)
				}
			}
			if first, _, ok := in.entrance(now); !ok || first != 10 {
				t.Errorf("replays from packet %d (%v), want 10", first, ok)
			}
		})
	}
}
