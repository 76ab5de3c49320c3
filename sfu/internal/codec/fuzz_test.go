package codec

import (
	"bytes"
	"testing"

	"github.com/pion/rtp/codecs"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// fuzz describes whatever comes, says what holds for every format, and leaves
// the rest to check.
func fuzz(f *testing.F, c packet.Codec, seeds []string, check func(*testing.T, []byte, packet.Frame)) {
	for _, s := range seeds {
		f.Add(fromHex(f, s), false)
		f.Add(fromHex(f, s), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, marker bool) {
		kept := bytes.Clone(b)
		got := Describe(c, b, marker)
		if !bytes.Equal(b, kept) {
			t.Fatal("Describe changed its input")
		}
		if marker && !got.End {
			t.Fatalf("marked, but no end: %+v", got)
		}
		if got.PictureID>>got.PictureIDBits != 0 {
			t.Fatalf("picture id %d is wider than %d bits", got.PictureID, got.PictureIDBits)
		}
		if c != packet.VP8 && (got.DescriptorSize != 0 || got.Discardable || got.Width != 0 || got.Height != 0) {
			t.Fatalf("only VP8 tells that: %+v", got)
		}
		check(t, b, got)
	})
}

func FuzzDescribeVP8(f *testing.F) {
	fuzz(f, packet.VP8, []string{
		"10" + key640, "90 80 8005" + inter, "90 f0 9234 2a 21" + key640, "b0 e0 05 2a 60" + inter, "90 f0 9234 2a",
	}, func(t *testing.T, b []byte, got packet.Frame) {
		var want codecs.VP8Packet
		if rest, err := want.Unmarshal(b); err != nil || len(b) < 2 {
			if got.End = false; got != (packet.Frame{}) {
				t.Fatalf("cut off, but described: %+v", got)
			}
		} else if len(b)-len(rest) != int(got.DescriptorSize) ||
			got.Start != (want.S == 1 && want.PID == 0) || got.Discardable != (want.N == 1) ||
			got.HasTL0 != (want.L == 1) || got.TL0 != want.TL0PICIDX ||
			got.Temporal != want.TID || got.SwitchUp != (want.Y == 1) ||
			(got.PictureIDBits != 0) != (want.I == 1) || got.PictureID != want.PictureID {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if got.Key && !got.Start {
			t.Fatalf("a key frame is told by its first packet: %+v", got)
		}
		rewritten(t, b, got)
	})
}

// rewritten gives a payload other ids and reads it again: they must be there,
// and nothing else may have changed.
func rewritten(t *testing.T, b []byte, f packet.Frame) {
	t.Helper()
	const picture, tl0 = 0x5a5a, 0xa5 // an id of 16 bits must not reach the M bit
	kept := bytes.Clone(b)
	size := int(f.DescriptorSize)
	dst := make([]byte, size, size+4)
	if n := RewriteVP8(dst, b, f, picture, tl0); n != size {
		t.Fatalf("descriptor of %d bytes, %d written", size, n)
	}
	if !bytes.Equal(b, kept) {
		t.Fatal("RewriteVP8 changed its input")
	}
	want := f
	want.PictureID = picture & (1<<f.PictureIDBits - 1)
	if f.HasTL0 {
		want.TL0 = tl0
	}
	if got := Describe(packet.VP8, append(dst, b[size:]...), f.End); got != want {
		t.Fatalf("rewritten %x:\ngot  %+v\nwant %+v", dst, got, want)
	}
}

func FuzzDescribeVP9(f *testing.F) {
	fuzz(f, packet.VP9, []string{
		"08 82", "88 9234 82", "ec 9234 54 2a 86", "78 40 03 86", "0a 18 0280 01e0", "ac 05 00",
	}, func(t *testing.T, b []byte, got packet.Frame) {
		if got.Key && got.Spatial != 0 {
			t.Fatalf("a key frame of a higher layer is no way in: %+v", got)
		}
		var want codecs.VP9Packet
		if _, err := want.Unmarshal(b); err != nil {
			return // it looks further: at references and structures
		}
		if got.Start != want.B || (got.PictureIDBits != 0) != want.I || got.PictureID != want.PictureID ||
			got.Key != (!want.P && want.SID == 0) || want.E && !got.End ||
			got.Temporal != want.TID || got.SwitchUp != want.U || got.Spatial != want.SID ||
			got.HasTL0 != (want.L && !want.F) || got.TL0 != want.TL0PICIDX {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// startOnly is what formats say that only tell where a decoder can start.
func startOnly(t *testing.T, _ []byte, got packet.Frame) {
	got.End = false
	if got != middle && got != enters {
		t.Fatalf("neither in the middle nor a way in: %+v", got)
	}
}

func FuzzDescribeH264(f *testing.F) {
	fuzz(f, packet.H264, []string{
		"6742c01e", "6588", "78 0004 6742c01e 0002 68ce 0002 6588", "7c 85 88", "78 0003 6742", "78 0000",
	}, startOnly)
}

func FuzzDescribeH265(f *testing.F) {
	fuzz(f, packet.H265, []string{
		"4001 0c", "2601 af", "6001 0003 40010c 0003 420101", "6201 93 af", "6001 0001 40", "6001 0004 40010c",
	}, startOnly)
}

func FuzzDescribeAV1(f *testing.F) {
	fuzz(f, packet.AV1, []string{"08 0a", "18 0a0b", "90 30", "98 0a", "08"}, startOnly)
}

func TestNothingAllocates(t *testing.T) {
	var frame packet.Frame
	dst := make([]byte, 16)
	for _, tt := range []struct {
		name string
		c    packet.Codec
		in   string
	}{
		{"Opus", packet.Opus, "fc"},
		{"VP8", packet.VP8, "90 f0 9234 2a 21" + key640},
		{"VP9", packet.VP9, "ec 9234 54 2a 86"},
		{"H.264 STAP-A", packet.H264, "78 0002 68ce 0002 6588"},
		{"H.264 FU-A", packet.H264, "7c 85 88"},
		{"H.265 AP", packet.H265, "6001 0003 4401c1 0003 2601af"},
		{"H.265 FU", packet.H265, "6201 93 af"},
		{"AV1", packet.AV1, "18 0a0b"},
	} {
		b := fromHex(t, tt.in)
		if got := testing.AllocsPerRun(100, func() { frame = Describe(tt.c, b, true) }); got != 0 {
			t.Errorf("Describe, %s: got %v allocations, want none", tt.name, got)
		}
		if tt.c != packet.VP8 {
			continue
		}
		if got := testing.AllocsPerRun(100, func() { RewriteVP8(dst, b, frame, 300, 7) }); got != 0 {
			t.Errorf("RewriteVP8: got %v allocations, want none", got)
		}
	}
}

func BenchmarkDescribeVP8(b *testing.B) {
	payload := append(fromHex(b, "90 f0 9234 2a 21"+key640), make([]byte, 1150)...)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if f := Describe(packet.VP8, payload, true); f.Width != 640 {
			b.Fatalf("got %+v", f)
		}
	}
}
