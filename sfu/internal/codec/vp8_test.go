package codec

import (
	"bytes"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	key640 = " 10 02 00 9d012a 8002 e001 00" // payload header of a key frame, 640 × 480
	inter  = " 31 02 00 00"                  // of any other frame
)

// RFC 7741: section 4.2 (X R N S R PID, then I L T K), section 4.3 (P is zero
// in a key frame) and, for the size, RFC 6386 section 9.1.
func TestDescribeVP8(t *testing.T) {
	describeAll(t, packet.VP8, []step{
		{"nothing", "", middle},
		{"one byte", "10", middle},
		{"key frame", "10" + key640, packet.Frame{Key: true, Start: true, DescriptorSize: 1, Width: 640, Height: 480}},
		{"key frame cut before its size", "10 10020 09d012a80", packet.Frame{Key: true, Start: true, DescriptorSize: 1}},
		{"key frame without the start code", "10 100200 9d012b 8002e001", packet.Frame{Key: true, Start: true, DescriptorSize: 1}},
		{"size of 14 bits below two of scale", "10 100200 9d012a ffff ffff", packet.Frame{
			Key: true, Start: true, DescriptorSize: 1, Width: 16383, Height: 16383,
		}},
		{"other frame", "10" + inter, packet.Frame{Start: true, DescriptorSize: 1}},
		{"S 0: goes on", "00" + key640, packet.Frame{DescriptorSize: 1}},
		{"PID 1: a later partition begins", "11" + key640, packet.Frame{DescriptorSize: 1}},
		{"PID of three bits", "14" + key640, packet.Frame{DescriptorSize: 1}},
		{"N: not a reference", "30" + inter, packet.Frame{Start: true, Discardable: true, DescriptorSize: 1}},
		{"R means nothing", "58" + inter, packet.Frame{Start: true, DescriptorSize: 1}},

		{"X without anything", "90 00" + inter, packet.Frame{Start: true, DescriptorSize: 2}},
		{"X, reserved bits", "90 0f" + inter, packet.Frame{Start: true, DescriptorSize: 2}},
		{"I of 7 bits", "90 80 7f" + inter, packet.Frame{Start: true, DescriptorSize: 3, PictureIDBits: 7, PictureID: 127}},
		{"I of 15 bits", "90 80 ffff" + inter, packet.Frame{Start: true, DescriptorSize: 4, PictureIDBits: 15, PictureID: 32767}},
		{"I of 15 bits, small", "90 80 8001" + inter, packet.Frame{Start: true, DescriptorSize: 4, PictureIDBits: 15, PictureID: 1}},
		{"L", "90 40 2a" + inter, packet.Frame{Start: true, DescriptorSize: 3, HasTL0: true, TL0: 42}},
		{"T: TID 2", "90 20 80" + inter, packet.Frame{Start: true, DescriptorSize: 3, Temporal: 2}},
		{"T: TID 1, Y", "90 20 60" + inter, packet.Frame{Start: true, DescriptorSize: 3, Temporal: 1, SwitchUp: true}},
		{"K alone: TID and Y mean nothing", "90 10 ff" + inter, packet.Frame{Start: true, DescriptorSize: 3}},
		{"T and K share a byte", "90 30 dd" + inter, packet.Frame{Start: true, DescriptorSize: 3, Temporal: 3}},
		{"I and T without L", "90 a0 05 40" + inter, packet.Frame{
			Start: true, DescriptorSize: 4, PictureIDBits: 7, PictureID: 5, Temporal: 1,
		}},
		{"everything, key frame", "90 f0 9234 2a 21" + key640, packet.Frame{
			Key: true, Start: true, DescriptorSize: 6, PictureIDBits: 15, PictureID: 0x1234,
			HasTL0: true, TL0: 42, SwitchUp: true, Width: 640, Height: 480,
		}},
		{"everything, goes on", "80 f0 9234 2a 21" + inter, packet.Frame{
			DescriptorSize: 6, PictureIDBits: 15, PictureID: 0x1234, HasTL0: true, TL0: 42, SwitchUp: true,
		}},
		{"a descriptor and nothing else", "90 80 05", packet.Frame{Start: true, DescriptorSize: 3, PictureIDBits: 7, PictureID: 5}},
		{"nothing behind I of 15 bits", "90 80 9234", packet.Frame{Start: true, DescriptorSize: 4, PictureIDBits: 15, PictureID: 0x1234}},
		{"nothing behind L", "90 40 2a", packet.Frame{Start: true, DescriptorSize: 3, HasTL0: true, TL0: 42}},
		{"nothing behind T", "90 20 80", packet.Frame{Start: true, DescriptorSize: 3, Temporal: 2}},
		{"cut in I", "90 80", middle},
		{"cut in I of 15 bits", "90 80 92", middle},
		{"cut in L", "90 c0 05", middle},
		{"cut in T", "90 f0 9234 2a", middle},
	})
}

// The width of the picture id and everything else stay as they are.
func TestRewriteVP8(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in      string
		picture uint16
		tl0     uint8
		want    string
	}{
		{"no ids", "10" + key640, 300, 7, "10"},
		{"X without ids", "90 00" + inter, 300, 7, "90 00"},
		{"7 bits", "90 80 05" + inter, 6, 7, "90 80 06"},
		{"7 bits of a longer id", "90 80 05" + inter, 0x1ff, 7, "90 80 7f"},
		{"15 bits", "90 80 8005" + inter, 0x1234, 7, "90 80 9234"},
		{"15 bits of a small id", "90 80 ffff" + inter, 0, 7, "90 80 8000"},
		{"TL0PICIDX", "90 40 2a" + inter, 300, 7, "90 40 07"},
		{"K is left alone", "90 10 ff" + inter, 300, 7, "90 10 ff"},
		{"everything", "90 f0 9234 2a 3d" + inter, 0x7fff, 255, "90 f0 ffff ff 3d"},
		{"7 bits and everything", "90 f0 05 2a 3d" + inter, 0x7f, 255, "90 f0 7f ff 3d"},
		{"not understood", "90 80", 300, 7, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, want := fromHex(t, tt.in), fromHex(t, tt.want)
			kept := bytes.Clone(in)
			dst := bytes.Repeat([]byte{0xee}, 8)
			f := Describe(packet.VP8, in, false)
			n := RewriteVP8(dst, in, &f, tt.picture, tt.tl0)
			if !bytes.Equal(dst[:n], want) {
				t.Errorf("RewriteVP8(%s, %d, %d): got %x, want %x", tt.in, tt.picture, tt.tl0, dst[:n], want)
			}
			if rest := dst[n:]; !bytes.Equal(rest, bytes.Repeat([]byte{0xee}, len(rest))) {
				t.Errorf("RewriteVP8(%s): wrote behind the descriptor: %x", tt.in, dst)
			}
			if !bytes.Equal(in, kept) {
				t.Errorf("RewriteVP8(%s): changed its input to %x", tt.in, in)
			}
		})
	}
}
