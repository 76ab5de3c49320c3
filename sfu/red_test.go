package sfu

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
)

// Redundancy goes to who negotiated it: stripped, passed or added.
func TestRouteRED(t *testing.T) {
	const opusIn, redIn, opusOut, redOut = 111, 63, 109, 62
	opus := func(pt uint8) pionpc.Codec {
		return pionpc.Codec{Codec: packet.Opus, PayloadType: pt, ClockRate: 48000}
	}
	red := func(pt uint8) pionpc.Codec { return pionpc.Codec{Codec: packet.RED, PayloadType: pt, ClockRate: 48000} }
	for _, tt := range []struct {
		name      string
		pub, slot []pionpc.Codec
		opus, red uint8 // what they become; 0 = not sent
	}{
		{"neither", []pionpc.Codec{opus(opusIn)}, []pionpc.Codec{opus(opusOut)}, opusOut, 0},
		{"only the publisher", []pionpc.Codec{opus(opusIn), red(redIn)}, []pionpc.Codec{opus(opusOut)}, opusOut, opusOut},
		{"only the slot", []pionpc.Codec{opus(opusIn)}, []pionpc.Codec{opus(opusOut), red(redOut)}, opusOut, 0},
		{"both", []pionpc.Codec{opus(opusIn), red(redIn)}, []pionpc.Codec{opus(opusOut), red(redOut)}, opusOut, redOut},
		{"the slot prefers it", []pionpc.Codec{opus(opusIn)}, []pionpc.Codec{red(redOut), opus(opusOut)}, redOut, 0},
		{"both prefer it", []pionpc.Codec{red(redIn), opus(opusIn)}, []pionpc.Codec{red(redOut), opus(opusOut)}, redOut, redOut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := route(&pionpc.Section{Codecs: tt.pub}, &pionpc.Section{Codecs: tt.slot})
			if r == nil || r.Opus != opusOut {
				t.Fatalf("route %v, want one with Opus as %d", r, opusOut)
			}
			if got := r.PayloadTypes[opusIn]; got != tt.opus {
				t.Errorf("Opus becomes %d, want %d", got, tt.opus)
			}
			if got := r.PayloadTypes[redIn]; got != tt.red {
				t.Errorf("RED becomes %d, want %d", got, tt.red)
			}
		})
	}
}
