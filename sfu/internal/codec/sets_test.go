package codec

import (
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// A key frame has one first packet: that with the parameter sets where the
// publisher sends any.
func TestKeyFrameBeginsWithItsSets(t *testing.T) {
	payloads := map[string][]byte{
		"sets":  {0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce}, // STAP-A
		"SPS":   {0x67, 0x42, 0xe0},
		"PPS":   {0x68, 0xce, 0x3c},
		"IDR":   {0x65, 0x88, 0x84},
		"start": {0x7c, 0x85, 0x88}, // FU-A
		"more":  {0x7c, 0x05, 0x11},
		"P":     {0x41, 0x9a, 0x02},
	}
	for _, tt := range []struct {
		name, in string // a bar ends a picture
		want     string // what begins a key frame
	}{
		{"one packet", "P|sets|P", "sets"},
		{"aggregated", "sets start more more|P|sets IDR", "sets sets"},
		{"apart", "SPS PPS IDR|P|SPS PPS start more", "SPS SPS"},
		{"none at all", "IDR|P|start more|IDR", "IDR start IDR"},
		{"once", "sets IDR|P|IDR|P|IDR|IDR", "sets IDR IDR"},
		{"in the wrong order", "sets IDR|IDR sets more|P", "sets sets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			var got []string
			for i, picture := range strings.Split(tt.in, "|") {
				for _, name := range strings.Fields(picture) {
					f := s.Describe(&Packet{Codec: packet.H264, Payload: payloads[name], Timestamp: uint32(3000*i) - 3000})
					if f.Key && f.Start {
						got = append(got, name)
					}
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("%s: key frames begin with %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// Of H.265 there are three kinds of sets.
func TestKeyFrameBeginsWithItsSetsH265(t *testing.T) {
	unit := func(kind byte) []byte { return []byte{kind << 1, 1, 0x80, 0} }
	var s Stream
	begins := 0
	for _, kind := range []byte{h265VPS, h265SPS, 34, 19} { // 34: PPS, 19: IDR
		f := s.Describe(&Packet{Codec: packet.H265, Payload: unit(kind), Timestamp: 7})
		if f.Key && f.Start {
			begins++
			if kind != h265VPS {
				t.Errorf("unit %d begins a key frame", kind)
			}
		}
	}
	if begins != 1 {
		t.Errorf("the key frame begins %d times", begins)
	}
}
