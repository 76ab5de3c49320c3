package sfu

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

const mimeTypeRED = "audio/red" // RFC 2198

// routeRED says what becomes of redundant audio: a slot without RED is sent what
// is in it, and one that prefers RED to Opus gets it from publishers of Opus too.
func routeRED(r *plane.Route, pub, slot *pionpc.Section) {
	opus, red := codecIndex(slot, packet.Opus), codecIndex(slot, packet.RED)
	if opus < 0 {
		return
	}
	r.Opus = slot.Codecs[opus].PayloadType
	for _, in := range pub.Codecs {
		out := &r.PayloadTypes[in.PayloadType&0x7f]
		switch {
		case in.Codec == packet.RED && red < 0:
			*out = r.Opus
		case in.Codec == packet.Opus && red >= 0 && red < opus:
			*out = slot.Codecs[red].PayloadType
		}
	}
}

// firstMedia returns the index of the first codec that is not RED, or -1.
func firstMedia(list []pionpc.Codec) int {
	return slices.IndexFunc(list, func(c pionpc.Codec) bool { return c.Codec != packet.RED })
}

func codecIndex(c *pionpc.Section, k packet.Codec) int {
	return slices.IndexFunc(c.Codecs, func(x pionpc.Codec) bool { return x.Codec == k })
}
