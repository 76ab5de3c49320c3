package codec

import (
	"bytes"
	"testing"

	"github.com/pion/rtp/codecs"
	"github.com/pion/rtp/codecs/av1/obu"

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
		if c != packet.VP8 && (got.DescriptorSize != 0 || got.Width != 0 || got.Height != 0) {
			t.Fatalf("only VP8 tells that: %+v", got)
		}
		if c != packet.VP8 && c != packet.H264 && got.Discardable {
			t.Fatalf("only VP8 and H.264 tell that: %+v", got)
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
	if n := RewriteVP8(dst, b, &f, picture, tl0); n != size {
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
		if got.Enter != got.Key && got.Spatial == 0 || got.InterLayer && got.Spatial == 0 {
			t.Fatalf("the lowest layer needs no other: %+v", got)
		}
		rewrittenVP9(t, b, got)
		var want codecs.VP9Packet
		if _, err := want.Unmarshal(b); err != nil {
			return // it looks further: at references and structures
		}
		if got.Start != want.B || (got.PictureIDBits != 0) != want.I || got.PictureID != want.PictureID ||
			got.Key != (!want.P && want.SID == 0) || want.E && !got.End ||
			got.Temporal != want.TID || got.SwitchUp != want.U || got.Spatial != want.SID ||
			got.Enter == want.P || got.NotUpper != want.Z || got.InterLayer != (want.D && want.SID > 0) ||
			got.HasTL0 != (want.L && !want.F) || got.TL0 != want.TL0PICIDX {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		sizes := sizesVP9(b)
		for i := range want.Width {
			if sizes[i] != (size{want.Width[i], want.Height[i]}) {
				t.Fatalf("layer %d: got %+v, want %d × %d", i, sizes[i], want.Width[i], want.Height[i])
			}
		}
	})
}

func rewrittenVP9(t *testing.T, b []byte, f packet.Frame) {
	t.Helper()
	if len(b) == 0 {
		return
	}
	const picture, tl0 = 0x5a5a, 0xa5
	var dst [RewrittenVP9]byte
	n := RewriteVP9(dst[:], b, &f, picture, tl0)
	want := f
	want.PictureID = picture & (1<<f.PictureIDBits - 1)
	if f.HasTL0 {
		want.TL0 = tl0
	}
	if got := Describe(packet.VP9, append(dst[:n:n], b[n:]...), f.End); got != want {
		t.Fatalf("rewritten %x:\ngot  %+v\nwant %+v", dst[:n], got, want)
	}
}

// startOnly is what formats say that tell where a decoder can start, and whether
// others need the picture.
func startOnly(t *testing.T, _ []byte, got packet.Frame) {
	got.End, got.Discardable = false, false
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
		"4001 0c", "2601 af", "6001 0003 40010c 0003 420101", "6201 93 af", "6001 0001 40", "6001 0004 40010c", "0802 80", "6203 84 80",
	}, func(t *testing.T, b []byte, got packet.Frame) {
		if got.Temporal > 6 {
			t.Fatalf("TID has three bits and is one more: %+v", got)
		}
		got.Temporal, got.SwitchUp = 0, false
		startOnly(t, b, got)
		if len(b) > 2 {
			h := codecs.H265NALUHeader(uint16(b[0])<<8 | uint16(b[1]))
			if f := Describe(packet.H265, b, false); h.TID() > 0 && f.Temporal != h.TID()-1 {
				t.Fatalf("TID %d, but %+v", h.TID(), f)
			}
		}
	})
}

func FuzzDescribeAV1(f *testing.F) {
	fuzz(f, packet.AV1, []string{
		"08 0a", "18 0a0b", "90 30", "98 0a", "08", "10 3448aa", "28 02 0a0b 3448aa", "00 02 0a0b 03 3448aa",
	}, func(t *testing.T, b []byte, got packet.Frame) {
		if got.Key && !got.Start {
			t.Fatalf("a key frame is told by its first packet: %+v", got)
		}
		if got.Temporal > 7 || got.Spatial > 3 {
			t.Fatalf("no such layer: %+v", got)
		}
		got.Temporal, got.Spatial, got.Key = 0, 0, got.Start
		startOnly(t, b, got)
		if temporal, spatial, ok := layersOf(b); ok {
			if f := Describe(packet.AV1, b, false); f.Temporal != temporal || f.Spatial != spatial {
				t.Fatalf("got %+v, want layers %d and %d", f, temporal, spatial)
			}
		}
	})
}

// layersOf asks pion for the layers of the first whole unit that has an
// extension header; false if the packet is not made well.
func layersOf(b []byte) (temporal, spatial uint8, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	count := int(b[0] >> 4 & 3)
	for i, rest := 1, b[1:]; len(rest) > 0; i++ {
		size, n := uint(len(rest)), uint(0)
		if i != count {
			var err error
			if size, n, err = obu.ReadLeb128(rest); err != nil || size > uint(len(rest))-n {
				return 0, 0, false
			}
		}
		unit := rest[n : n+size]
		rest = rest[n+size:]
		if i == 1 && b[0]&0x80 != 0 || len(unit) == 0 {
			continue
		}
		h, err := obu.ParseOBUHeader(unit)
		if err != nil {
			return 0, 0, false // it refuses the forbidden bit
		}
		if h.ExtensionHeader != nil {
			return h.ExtensionHeader.TemporalID, h.ExtensionHeader.SpatialID, true
		}
	}
	return 0, 0, true
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
		if got := testing.AllocsPerRun(100, func() { RewriteVP8(dst, b, &frame, 300, 7) }); got != 0 {
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

func FuzzDescriptor(f *testing.F) {
	for _, in := range []frame{
		{structure: l1t3}, {structure: l3t3key, offset: 60}, {structure: s2t1, targets: "SD"},
		{id: 1, custom: true, distances: []int{1, 20, 4000}}, {id: 2, targets: "--D"}, {id: 3},
	} {
		f.Add(in.element(), (&frame{structure: l2t2}).element(), uint16(9), uint32(5))
	}
	f.Fuzz(func(t *testing.T, first, second []byte, number uint16, active uint32) {
		var s Stream
		for i, b := range [][]byte{first, second, first} {
			kept := bytes.Clone(b)
			p := Packet{Codec: packet.AV1, Payload: []byte{0x10, 0x30}, Timestamp: uint32(3000 * i), Descriptor: b}
			got := s.Describe(&p)
			if !bytes.Equal(b, kept) {
				t.Fatal("Describe changed its input")
			}
			if got.Described {
				described(t, &s, &p, got, number, active)
			} else if want := Describe(packet.AV1, p.Payload, false); got != want {
				t.Fatalf("got %+v, want what the payload says, %+v", got, want)
			}
		}
	})
}

// described rewrites what was understood and reads it again, as the second
// receiver of the same stream does.
func described(t *testing.T, s *Stream, p *Packet, f packet.Frame, number uint16, active uint32) {
	t.Helper()
	if f.Spatial >= maxLayers || f.Temporal >= maxLayers || f.Key && f.Spatial != 0 || f.Key && !f.Enter {
		t.Fatalf("no such frame: %+v", f)
	}
	_, targets := s.Structure().Mask(0, 0)
	if f.Structure != s.Structure().Serial() {
		targets = 0
	}
	before := *s
	a := AppendDescriptor(nil, p.Descriptor, number, 0, 0)
	if len(a) != len(p.Descriptor) {
		t.Fatalf("%x became %x", p.Descriptor, a)
	}
	b := AppendDescriptor(nil, p.Descriptor, number, active, targets)
	if targets > 0 && len(b) > len(p.Descriptor)+5+1 {
		t.Fatalf("%x became %x", p.Descriptor, b)
	}
	q := *p
	q.Descriptor = a
	first := before.Describe(&q)
	*s = Stream{structure: s.structure, began: s.began}
	q.Descriptor = b
	before = *s
	second := s.Describe(&q)
	*s = before
	q.Descriptor = a
	third := before.Describe(&q)
	first.Structure, second.Structure, third.Structure = 0, 0, 0
	if !first.Described || first.Number != number || second != third {
		t.Fatalf("%x became %x and %x:\ngot  %+v\nwant %+v\nafter %+v", p.Descriptor, a, b, second, third, first)
	}
}

func BenchmarkDescriptor(b *testing.B) {
	var s Stream
	s.Describe(&Packet{Codec: packet.AV1, Descriptor: (&frame{structure: l3t3key}).element()})
	payload := append([]byte{0x10, 0x34, 0x48}, make([]byte, 1150)...)
	for _, x := range []struct {
		name string
		in   frame
	}{
		{"Template", frame{id: 9, number: 3}},
		{"Custom", frame{id: 9, number: 3, targets: "------RRR", custom: true, distances: []int{1, 12}}},
		{"Structure", frame{number: 3, structure: l3t3key}},
	} {
		b.Run(x.name, func(b *testing.B) {
			p := Packet{Codec: packet.AV1, Payload: payload, Marker: true, Descriptor: x.in.element()}
			b.ReportAllocs()
			for b.Loop() {
				if f := s.Describe(&p); !f.Described {
					b.Fatalf("got %+v", f)
				}
			}
		})
	}
	b.Run("Rewrite", func(b *testing.B) {
		dst, in := make([]byte, 0, 300), (&frame{id: 9, number: 3}).element()
		b.ReportAllocs()
		for b.Loop() {
			if got := AppendDescriptor(dst, in, 7, 0x1f, 9); len(got) != 5 {
				b.Fatalf("got %x", got)
			}
		}
	})
}
