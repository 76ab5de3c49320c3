package packet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
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

// RFC 7983, section 7, figure 3, and RFC 5761, section 4.
func TestClassify(t *testing.T) {
	const cookie = " 2112a442 "
	zeros := strings.Repeat("00", 16)
	for _, tt := range []struct {
		name string
		in   string
		want Kind
	}{
		{"0: STUN request", "00010000" + cookie + zeros, STUN},
		{"1: STUN response", "01010000" + cookie + zeros, STUN},
		{"3: last of STUN", "03110000" + cookie + zeros, STUN},
		{"STUN of 20 bytes", "00010000" + cookie + zeros[:24], STUN},
		{"STUN of 19 bytes", "00010000" + cookie + zeros[:22], Unknown},
		{"STUN without its cookie", "00010000 2112a443" + zeros, Unknown},
		{"4: nobody's", "04010000" + cookie + zeros, Unknown},
		{"16: ZRTP", "10000000" + cookie + zeros, Unknown},
		{"19: last before DTLS", "13fefd00" + zeros, Unknown},
		{"20: DTLS change cipher spec", "14fefd00" + zeros, DTLS},
		{"22: DTLS handshake", "16fefd00" + zeros, DTLS},
		{"63: last of DTLS", "3ffefd00" + zeros, DTLS},
		{"DTLS of 13 bytes", "16fefd00" + zeros[:18], DTLS},
		{"DTLS of 12 bytes", "16fefd00" + zeros[:16], Unknown},
		{"64: TURN channel", "40000000" + zeros, Unknown},
		{"79: last of TURN channel", "4f000000" + zeros, Unknown},
		{"127: last before RTP", "7f600001" + zeros, Unknown},
		{"128: RTP", "80600001" + zeros, RTP},
		{"191: RTP with everything set", "bf600001" + zeros, RTP},
		{"192: after RTP", "c0600001" + zeros, Unknown},
		{"255", "ffffffff" + zeros, Unknown},
		{"RTP of 12 bytes", "80600001" + zeros[:16], RTP},
		{"RTP of 11 bytes", "80600001" + zeros[:14], Unknown},
		{"second byte 191: RTP, type 63 marked", "80bf0001" + zeros, RTP},
		{"second byte 192: RTCP", "80c00001" + zeros, RTCP},
		{"second byte 200: sender report", "80c80006" + zeros, RTCP},
		{"second byte 223: last of RTCP", "80df0001" + zeros, RTCP},
		{"second byte 224: RTP, type 96 marked", "80e00001" + zeros, RTP},
		{"RTCP of 8 bytes", "80c90001 00000001", RTCP},
		{"RTCP of 7 bytes", "80c90001 000000", Unknown},
		{"nothing", "", Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Classify(fromHex(t, tt.in)); got != tt.want {
				t.Errorf("Classify(%s): got %d, want %d", tt.in, got, tt.want)
			}
		})
	}
}

// The fixed part that most packets below share: sequence 0x0102, timestamp
// 0x03040506, SSRC 0x0708090a.
const numbers = " 0102 03040506 0708090a "

// RFC 3550, section 5.1 and, for X, section 5.3.1.
func TestParse(t *testing.T) {
	plain := View{Sequence: 0x0102, Timestamp: 0x03040506, SSRC: 0x0708090a, PayloadType: 96, PayloadOffset: 12}
	with := func(change func(*View)) View {
		v := plain
		change(&v)
		return v
	}
	for _, tt := range []struct {
		name string
		in   string
		want View
	}{
		{"header alone", "80 60" + numbers, plain},
		{"payload", "80 60" + numbers + "aabbcc", with(func(v *View) { v.PayloadSize = 3 })},
		{"M", "80 e0" + numbers, with(func(v *View) { v.Marker = true })},
		{"PT of 7 bits", "80 ff" + numbers, with(func(v *View) { v.Marker, v.PayloadType = true, 127 })},
		{"PT 0", "80 00" + numbers, with(func(v *View) { v.PayloadType = 0 })},
		{"CC 1", "81 60" + numbers + "0000000b aa", with(func(v *View) {
			v.CSRCs, v.PayloadOffset, v.PayloadSize = 1, 16, 1
		})},
		{"CC 15", "8f 60" + numbers + strings.Repeat("0000000b", 15), with(func(v *View) {
			v.CSRCs, v.PayloadOffset = 15, 72
		})},
		{"X, one-byte form", "90 60" + numbers + "bede0001 10ff0000 aabb", with(func(v *View) {
			v.ExtProfile, v.ExtOffset, v.ExtSize, v.PayloadOffset, v.PayloadSize = 0xbede, 16, 4, 20, 2
		})},
		{"X of no words", "90 60" + numbers + "bede0000 aa", with(func(v *View) {
			v.ExtProfile, v.ExtOffset, v.PayloadOffset, v.PayloadSize = 0xbede, 16, 16, 1
		})},
		{"X of no words and no payload", "90 60" + numbers + "bede0000", with(func(v *View) {
			v.ExtProfile, v.ExtOffset, v.PayloadOffset = 0xbede, 16, 16
		})},
		{"X behind CSRCs", "92 60" + numbers + "0000000b 0000000c 10000001 01000000 aa", with(func(v *View) {
			v.CSRCs, v.ExtProfile, v.ExtOffset, v.ExtSize, v.PayloadOffset, v.PayloadSize = 2, 0x1000, 24, 4, 28, 1
		})},
		{"P counts itself", "a0 60" + numbers + "aabb 000003", with(func(v *View) { v.PayloadSize, v.Padding = 2, 3 })},
		{"P of one byte", "a0 60" + numbers + "aa 01", with(func(v *View) { v.PayloadSize, v.Padding = 1, 1 })},
		{"P and nothing else", "a0 60" + numbers + "000003", with(func(v *View) { v.Padding = 3 })},
		{"P, X and CC at once", "b1 60" + numbers + "0000000b bede0001 10ff0000 aa 0002", with(func(v *View) {
			v.CSRCs, v.ExtProfile, v.ExtOffset, v.ExtSize = 1, 0xbede, 20, 4
			v.PayloadOffset, v.PayloadSize, v.Padding = 24, 1, 2
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := fromHex(t, tt.in)
			got, err := Parse(b)
			if err != nil || got != tt.want {
				t.Errorf("Parse(%s):\ngot  %+v, %v\nwant %+v", tt.in, got, err, tt.want)
			}
			if n, ok := HeaderSize(b); !ok || n != int(tt.want.PayloadOffset) {
				t.Errorf("HeaderSize(%s): got %d, %t, want %d", tt.in, n, ok, tt.want.PayloadOffset)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		in     string
		header bool // is the part that is not encrypted sound?
	}{
		{"nothing", "", false},
		{"11 bytes", "80 60 0102 03040506 070809", false},
		{"version 0", "00 60" + numbers, false},
		{"version 1", "40 60" + numbers, false},
		{"version 3", "c0 60" + numbers, false},
		{"CC 1 without its source", "81 60" + numbers + "000000", false},
		{"CC 15 with 14 sources", "8f 60" + numbers + strings.Repeat("0000000b", 14), false},
		{"X without its header", "90 60" + numbers + "bede00", false},
		{"X longer than the packet", "90 60" + numbers + "bede0002 10ff0000", false},
		{"X of 65,535 words", "90 60" + numbers + "bedeffff 10ff0000", false},
		{"P without a byte", "a0 60" + numbers, true},
		{"P of zero", "a0 60" + numbers + "aa00", true},
		{"P longer than the payload", "a0 60" + numbers + "aa03", true},
		{"P reaches into the extension", "b0 60" + numbers + "bede0001 10ff0000 02", true},
		{"P is the end of the extension", "b0 60" + numbers + "bede0001 10ff0001", true},
		{"more than 65,535 bytes", "80 60" + numbers + strings.Repeat("00", 65536-12), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := fromHex(t, tt.in)
			if v, err := Parse(b); err != ErrMalformed || v != (View{}) {
				t.Errorf("got %+v, %v, want nothing, %v", v, err, ErrMalformed)
			}
			if n, ok := HeaderSize(b); ok != tt.header {
				t.Errorf("HeaderSize: got %d, %t, want %t", n, ok, tt.header)
			}
		})
	}
}

func TestPayload(t *testing.T) {
	b := fromHex(t, "b1 60"+numbers+"0000000b bede0001 10ff0000 aabbcc 0002")
	v, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.Payload(b), []byte{0xaa, 0xbb, 0xcc}; !bytes.Equal(got, want) {
		t.Errorf("Payload: got %x, want %x", got, want)
	}
}

func TestNewer(t *testing.T) {
	for _, tt := range []struct {
		a, b uint16
		want bool
	}{
		{8, 7, true},
		{7, 8, false},
		{7, 7, false},
		{0, 65535, true},
		{65535, 0, false},
		{32767, 0, true},
		{32768, 0, false}, // half way round is not newer, in either direction
		{0, 32768, false},
	} {
		if got := Newer(tt.a, tt.b); got != tt.want {
			t.Errorf("Newer(%d, %d): got %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	pkt := append(fromHex(b, "90 60"+numbers+"bede0003 10303102aabb3203cccc22dd"), make([]byte, 1150)...)
	b.ReportAllocs()
	b.SetBytes(int64(len(pkt)))
	for b.Loop() {
		v, err := Parse(pkt)
		if err != nil || v.PayloadSize != 1150 {
			b.Fatalf("got %+v, %v", v, err)
		}
	}
}
