package codec

import (
	"strconv"
	"strings"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Format is a payload format as a media section of a session description names
// it.
type Format struct {
	Codec     packet.Codec
	ClockRate uint32 // in Hz
	Fmtp      string // format parameters (RFC 8866 section 6.15)
}

// Match tells whether a receiver that offered one format can decode what a
// sender makes that negotiated another. Only what the formats' specifications
// call identifying counts; everything else is the receiver's wish. Parameters
// that are missing have the value that their specification names, and a format
// whose parameters cannot be read matches nothing.
//
// H.264 (RFC 6184 section 8.2.2) needs the same packetization mode. Constrained
// baseline is decoded by all. Any other profile has to be offered, at the
// sender's level or a higher one, or with level-asymmetry-allowed=1: then the
// level is about what the receiver sends.
//
// VP9 (RFC 9628 section 7) needs the same profile-id. AV1 (AV1 RTP section 7.2)
// needs the same profile and a tier not below the sender's; its level-idx does
// not count, because browsers offer 5 whatever they decode. H.265 (RFC 7798
// section 7.1) needs the same profile, and a tier and level not below the
// sender's. Opus (RFC 7587 section 6.1) always matches: its parameters say what
// the receiver likes best. So do VP8 and redundancy (RFC 2198).
func Match(sent, offered Format) bool {
	if sent.Codec != offered.Codec || sent.ClockRate != offered.ClockRate {
		return false
	}
	switch sent.Codec {
	case packet.H264:
		return matchH264(sent.Fmtp, offered.Fmtp)
	case packet.H265:
		return fits(sent.Fmtp, offered.Fmtp, h265Parameters)
	case packet.VP9:
		return fits(sent.Fmtp, offered.Fmtp, vp9Parameters)
	case packet.AV1:
		return fits(sent.Fmtp, offered.Fmtp, av1Parameters)
	case packet.Opus, packet.VP8, packet.RED:
		return true
	}
	return false
}

// identity names the parameters that identify a format: those that must be the
// same, and those of which the receiver's must not be below the sender's.
type identity struct{ same, atLeast []number }

// number is a decimal parameter and its value when it is missing.
type number struct {
	name    string
	missing int
}

var (
	vp9Parameters  = identity{same: []number{{"profile-id", 0}}}
	av1Parameters  = identity{same: []number{{"profile", 0}}, atLeast: []number{{"tier", 0}}}
	h265Parameters = identity{
		same:    []number{{"profile-space", 0}, {"profile-id", 1}},
		atLeast: []number{{"tier-flag", 0}, {"level-id", 93}},
	}
)

// fits compares two formats by their identifying parameters.
func fits(sent, offered string, p identity) bool {
	for _, n := range p.same {
		a, okA := n.in(sent)
		b, okB := n.in(offered)
		if !okA || !okB || a != b {
			return false
		}
	}
	for _, n := range p.atLeast {
		a, okA := n.in(sent)
		b, okB := n.in(offered)
		if !okA || !okB || a > b {
			return false
		}
	}
	return true
}

// in reads the parameter; false if it is not a number from 0 to 255.
func (n number) in(fmtp string) (int, bool) {
	v, ok := Parameter(fmtp, n.name)
	if !ok {
		return n.missing, true
	}
	x, err := strconv.ParseUint(v, 10, 8)
	return int(x), err == nil
}

// Parameter returns the value of a format parameter, whose name is in any case;
// false if it is missing.
func Parameter(fmtp, name string) (string, bool) {
	for p := range strings.SplitSeq(fmtp, ";") {
		if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}
