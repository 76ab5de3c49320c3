package codec

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// fromHex reads bytes written as hexadecimal digits; blanks only group them.
func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// step is a payload and what is to be said of it without a marker.
type step struct {
	name string
	in   string
	want packet.Frame
}

// describeAll runs the steps, and each once more with a marker, which may only
// add the end of the frame.
func describeAll(t *testing.T, c packet.Codec, steps []step) {
	t.Helper()
	for _, tt := range steps {
		t.Run(tt.name, func(t *testing.T) {
			b := fromHex(t, tt.in)
			if got := Describe(c, b, false); got != tt.want {
				t.Errorf("payload %s:\ngot  %+v\nwant %+v", tt.in, got, tt.want)
			}
			want := tt.want
			want.End = true
			if got := Describe(c, b, true); got != want {
				t.Errorf("payload %s, marked:\ngot  %+v\nwant %+v", tt.in, got, want)
			}
		})
	}
}

var (
	middle = packet.Frame{}
	enters = packet.Frame{Key: true, Start: true}
)

func TestDescribeAudio(t *testing.T) {
	want := packet.Frame{Key: true, Start: true, End: true}
	for _, c := range []packet.Codec{packet.Opus, packet.RED} {
		for _, in := range []string{"", "fc", "78e1b2c3"} {
			for _, marker := range []bool{false, true} {
				if got := Describe(c, fromHex(t, in), marker); got != want {
					t.Errorf("codec %d, payload %q, marker %t: got %+v, want %+v", c, in, marker, got, want)
				}
			}
		}
	}
}

func TestDescribeUnknown(t *testing.T) {
	describeAll(t, packet.CodecUnknown, []step{
		{"nothing", "", middle},
		{"what VP8 would take for a key frame", "1000", middle},
		{"what H.264 would take for a key frame", "6742", middle},
	})
	describeAll(t, packet.Codec(255), []step{{"no such codec", "1000", middle}})
}

// RFC 6184: sections 5.3 (header), 5.6 (single), 5.7.1 (STAP-A), 5.8 (FU-A).
func TestDescribeH264(t *testing.T) {
	describeAll(t, packet.H264, []step{
		{"nothing", "", middle},
		{"a header alone", "67", middle},
		{"single: SPS", "6742c01e", enters},
		{"single: PPS", "68ce3c80", middle},
		{"single: SEI", "0605ffff", middle},
		{"single: access unit delimiter", "0910", middle},
		{"single: IDR, first slice", "6588", enters},
		{"single: IDR, later slice", "6542", middle},
		{"single: slice of another picture", "4188", middle},
		{"single: NRI does not matter", "0742", enters},

		{"STAP-A: SPS, PPS, IDR", "78 0004 6742c01e 0002 68ce 0002 6588", enters},
		{"STAP-A: SPS, PPS", "78 0004 6742c01e 0002 68ce", enters},
		{"STAP-A: SPS behind a delimiter", "78 0002 0910 0002 6742", enters},
		{"STAP-A: IDR alone, first slice", "78 0002 6588", enters},
		{"STAP-A: IDR, later slices only", "78 0002 6542 0002 6543", middle},
		{"STAP-A: IDR of one byte", "78 0001 65", middle},
		{"STAP-A: PPS and SEI", "78 0002 68ce 0002 0605", middle},
		{"STAP-A: an empty unit before", "78 0000 0002 6742", enters},
		{"STAP-A: SPS of one byte, at the very end", "78 0001 67", enters},
		{"STAP-A: unit longer than the packet", "78 0003 6742", middle},
		{"STAP-A: size cut in half", "78 00", middle},
		{"STAP-A: size without unit", "78 0002", middle},
		{"STAP-A: units only empty", "78 0000 0000 0000", middle},

		{"FU-A: IDR, start, first slice", "7c 85 88", enters},
		{"FU-A: IDR, start, later slice", "7c 85 42", middle},
		{"FU-A: IDR, middle", "7c 05 88", middle},
		{"FU-A: IDR, end", "7c 45 88", middle},
		{"FU-A: IDR, start, nothing follows", "7c 85", middle},
		{"FU-A: SPS, start", "7c 87 42", enters},
		{"FU-A: SPS, middle", "7c 07 42", middle},
		{"FU-A: other slice, start", "5c 81 88", middle},

		{"single: slice that nothing needs", "0188", packet.Frame{Discardable: true}},
		{"single: SEI that nothing needs", "0605ffff", middle},
		{"single: data partition that nothing needs", "0288", packet.Frame{Discardable: true}},
		{"single: an IDR picture is never spare", "0588", enters},
		{"STAP-A: slices that nothing needs", "18 0002 0605 0002 0188 0002 0140", packet.Frame{Discardable: true}},
		{"STAP-A: one that something needs", "78 0002 0188 0002 4188", middle},
		{"STAP-A: no slices", "18 0002 0605 0002 0910", middle},
		{"FU-A: slice that nothing needs", "1c 01 88", packet.Frame{Discardable: true}},
		{"FU-A: slice that something needs", "5c 01 88", middle},
		{"FU-A: cut off", "1c", middle},

		{"STAP-B is not offered by browsers", "79 0000 0004 6742c01e", middle},
		{"FU-B is not offered by browsers", "7d 85 0000 88", middle},
	})
}

// RFC 7798: sections 1.1.4 (header), 4.4.1 (single), 4.4.2 (AP), 4.4.3 (FU).
// The second byte is layer 0, TID 0. No DONL: WebRTC never interleaves.
func TestDescribeH265(t *testing.T) {
	describeAll(t, packet.H265, []step{
		{"nothing", "", middle},
		{"two bytes", "4001", middle},
		{"single: VPS", "4001 0c", enters},
		{"single: SPS", "4201 01", enters},
		{"single: PPS", "4401 c1", middle},
		{"single: SEI", "4e01 05", middle},
		{"single: 15, last before random access", "1e01 80", middle},
		{"single: 16, BLA_W_LP", "2001 80", enters},
		{"single: 19, IDR_W_RADL", "2601 af", enters},
		{"single: 20, IDR_N_LP", "2801 af", enters},
		{"single: 21, CRA", "2a01 80", enters},
		{"single: 22, reserved", "2c01 80", middle},
		{"single: IDR, later slice", "2601 2f", middle},
		{"single: TRAIL_R", "0201 d0", middle},
		{"single: F and layer do not matter", "c109 0c", enters},

		{"AP: VPS, SPS, PPS", "6001 0003 40010c 0003 420101 0003 4401c1", enters},
		{"AP: SPS behind SEI", "6001 0003 4e0105 0003 420101", enters},
		{"AP: IDR, first slice", "6001 0003 2601af", enters},
		{"AP: IDR, later slices only", "6001 0003 26012f 0003 26013f", middle},
		{"AP: PPS and SEI", "6001 0003 4401c1 0003 4e0105", middle},
		{"AP: unit of half a header", "6001 0001 40", middle},
		{"AP: IDR of a header alone", "6001 0002 2601", middle},
		{"AP: unit longer than the packet", "6001 0004 40010c", middle},
		{"AP: size cut in half", "6001 00", middle},

		{"FU: IDR, start, first slice", "6201 93 af", enters},
		{"FU: IDR, start, later slice", "6201 93 2f", middle},
		{"FU: IDR, middle", "6201 13 af", middle},
		{"FU: IDR, end", "6201 53 af", middle},
		{"FU: IDR, start, nothing follows", "6201 93", middle},
		{"FU: SPS, start", "6201 a1 01", enters},
		{"FU: TRAIL_R, start", "6201 81 d0", middle},
		{"TID 2: temporal layer 1", "0202 d0", packet.Frame{Temporal: 1}},
		{"TID 7", "0207 d0", packet.Frame{Temporal: 6}},
		{"TID 0 is forbidden", "0200 d0", middle},
		{"single: 2, TSA_N", "0402 80", packet.Frame{Temporal: 1, SwitchUp: true}},
		{"single: 5, STSA_R", "0a03 80", packet.Frame{Temporal: 2, SwitchUp: true}},
		{"single: 6, RADL_N", "0c02 80", packet.Frame{Temporal: 1}},
		{"FU: TSA_R, middle", "6202 03 80", packet.Frame{Temporal: 1, SwitchUp: true}},
		{"AP: TSA_R", "6002 0003 060280", packet.Frame{Temporal: 1, SwitchUp: true}},

		{"PACI is not offered by browsers", "6401 4001 0c", middle},
	})
}

// AV1 RTP, section 4.4: Z, Y, W (2), N, and three reserved bits.
func TestDescribeAV1(t *testing.T) {
	describeAll(t, packet.AV1, []step{
		{"nothing", "", middle},
		{"aggregation header alone", "08", middle},
		{"N: new coded video sequence", "08 0a", enters},
		{"N, W of one, sequence header", "18 0a0b", enters},
		{"N, and the last unit goes on in the next packet", "58 0a", enters},
		{"Z: goes on from the packet before", "90 30", middle},
		{"Z and N exclude each other", "98 0a", middle},
		{"neither: a frame", "10 30", packet.Frame{Start: true}},
		{"a frame header", "10 18", packet.Frame{Start: true}},
		{"metadata", "10 28", packet.Frame{Start: true}},
		{"a tile group", "10 20", middle},
		{"a tile group behind a frame header", "20 01 18 20", packet.Frame{Start: true}},
		{"padding", "10 78", middle},
		{"extension: temporal 2, spatial 1", "10 34 48", packet.Frame{Start: true, Temporal: 2, Spatial: 1}},
		{"extension of the second unit", "28 02 0a0b 34 58", packet.Frame{Key: true, Start: true, Temporal: 2, Spatial: 3}},
		{"extension of the second unit, sizes of all", "00 01 18 02 2448", packet.Frame{Start: true, Temporal: 2, Spatial: 1}},
		{"Z: the first unit has no header", "90 34 48", middle},
		{"Z: the second has", "a0 02 3448 24 28", packet.Frame{Temporal: 1, Spatial: 1}},
		{"an empty unit before", "20 00 34 28", packet.Frame{Temporal: 1, Spatial: 1}},
		{"extension cut off", "10 34", packet.Frame{Start: true}},
		{"size cut off", "20 80", middle},
		{"unit cut off", "20 03 3448", middle},
		{"size of two bytes", "20 8200 3448 24 28", packet.Frame{Start: true, Temporal: 2, Spatial: 1}},
		{"reserved bits do not matter", "0f 0a", enters},
		{"reserved bits mean nothing", "07 0a", middle},
	})
}
