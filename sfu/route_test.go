package sfu

import (
	"sync"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
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

// Slots whose packets are named alike share a route, in any order, from any
// goroutine; others do not, and what is kept of them is bounded.
func TestRoutesAreShared(t *testing.T) {
	section := func(pt uint8) *pionpc.Section {
		return &pionpc.Section{Codecs: []pionpc.Codec{{Codec: packet.Opus, PayloadType: pt, ClockRate: 48000}}}
	}
	pub := newPublication(nil, 1, *section(111), plane.Publication{})
	made := make([][]*plane.Route, 4)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for pt := range uint8(2 * routesKept) {
				made[i] = append(made[i], pub.route(section(96+pt)))
			}
		})
	}
	wg.Wait()
	shared := 0
	for pt := range uint8(2 * routesKept) {
		r := made[0][pt]
		for _, list := range made {
			if got := list[pt].PayloadTypes[111]; got != 96+pt {
				t.Errorf("payload type %d is named %d", 96+pt, got)
			}
		}
		if pub.route(section(96+pt)) == r {
			shared++
			for _, list := range made[1:] {
				if list[pt] != r {
					t.Errorf("two routes to payload type %d", 96+pt)
				}
			}
		}
	}
	if shared != routesKept {
		t.Errorf("%d routes are shared, want %d", shared, routesKept)
	}
}
