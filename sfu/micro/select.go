package micro

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// selectLayer decides about packets of simulcast with temporal layers, of which a
// third is of the encoding that is sent and its upper layer is left out.
func selectLayer(b *testing.B) {
	s := layer.New(layer.Target{Encoding: 1, Spatial: layer.Highest, Temporal: 1})
	key := packet.Frame{Key: true, Start: true, End: true}
	var frames [4 * perFrame]packet.Frame
	for i := range frames {
		frames[i] = packet.Frame{
			Start: i%perFrame == 0, End: i%perFrame == perFrame-1, Temporal: [4]uint8{0, 2, 1, 2}[i/perFrame],
		}
	}
	var timestamp uint32
	sent := 0
	s.Select(layer.Packet{Encoding: 1, Frame: &key})
	measure(b, work{packets: many, step: func() {
		sent = 0
		for i := range many {
			if i%(3*perFrame) == 0 {
				timestamp += 3000
			}
			f := &frames[i/3%len(frames)]
			v := s.Select(layer.Packet{Encoding: int8(i % 3), Marker: f.End, Timestamp: timestamp, Frame: f})
			if v&layer.Send != 0 {
				sent++
			}
		}
	}})
	if sent < many/7 || sent > many/5 {
		b.Fatalf("%d of %d packets were sent, want a sixth", sent, many)
	}
}
