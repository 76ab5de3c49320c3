package codec

import "strconv"

// profile is what an H.264 stream may make use of (RFC 6184 section 8.1, table
// 5): several values of profile-level-id name the same one.
type profile uint8

const (
	otherProfile profile = iota // of professional video, told apart by its digits
	constrainedBaseline
	baseline
	mainProfile
	extended
	high
	constrainedHigh
)

// h264 is what identifies an H.264 format.
type h264 struct {
	mode    int // packetization mode
	profile profile
	digits  uint16 // profile_idc and profile-iop
	level   int    // in tenths; 1b lies between 10 and 11
}

// level1b is level 1b, in tenths: between 1 and 1.1.
const level1b = 105

// matchH264 compares two H.264 formats; see [Match].
func matchH264(sent, offered string) bool {
	a, okA := readH264(sent)
	b, okB := readH264(offered)
	switch {
	case !okA || !okB || a.mode != b.mode:
		return false
	case a.profile == constrainedBaseline:
		return true
	case a.profile != b.profile, a.profile == otherProfile && a.digits != b.digits:
		return false
	}
	asymmetry, _ := Parameter(offered, "level-asymmetry-allowed")
	return asymmetry == "1" || a.level <= b.level
}

// readH264 reads the identifying parameters; false if they cannot be read. A
// missing profile-level-id is baseline at level 1, a missing mode is 0.
func readH264(fmtp string) (h264, bool) {
	mode, ok := number{"packetization-mode", 0}.in(fmtp)
	if !ok || mode > 2 {
		return h264{}, false
	}
	text, ok := Parameter(fmtp, "profile-level-id")
	if !ok {
		text = "42000a"
	}
	n, err := strconv.ParseUint(text, 16, 24)
	if err != nil || len(text) != 6 {
		return h264{}, false
	}
	idc, iop, level := uint8(n>>16), uint8(n>>8), 10*int(uint8(n))
	p := profileOf(idc, iop)
	// Level 1b is level 1.1 with constraint_set3 set, or a level of its own.
	if level == 90 || level == 110 && iop&0x10 != 0 && p >= constrainedBaseline && p <= extended {
		level = level1b
	}
	return h264{mode: mode, profile: p, digits: uint16(n >> 8), level: level}, true
}

// profileOf reads table 5 of RFC 6184, in which an x is any bit.
func profileOf(idc, iop uint8) profile {
	for _, row := range [...]struct {
		idc, mask, bits uint8
		profile         profile
	}{
		{66, 0x4f, 0x40, constrainedBaseline}, // x1xx0000
		{77, 0x8f, 0x80, constrainedBaseline}, // 1xxx0000
		{88, 0xcf, 0xc0, constrainedBaseline}, // 11xx0000
		{66, 0x4f, 0x00, baseline},            // x0xx0000
		{88, 0xcf, 0x80, baseline},            // 10xx0000
		{77, 0xaf, 0x00, mainProfile},         // 0x0x0000
		{88, 0xcf, 0x00, extended},            // 00xx0000
		{100, 0xff, 0x00, high},
		{100, 0xff, 0x0c, constrainedHigh},
	} {
		if idc == row.idc && iop&row.mask == row.bits {
			return row.profile
		}
	}
	return otherProfile
}
