package codec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

var entersVP9 = packet.Frame{Key: true, Enter: true, Start: true}

// RFC 9628, section 4.2: I P L F B E V Z; the picture id; TID U SID D; and
// TL0PICIDX unless F.
func TestDescribeVP9(t *testing.T) {
	describeAll(t, packet.VP9, []step{
		{"nothing", "", middle},
		{"B: frame begins, not predicted", "08 82", entersVP9},
		{"B and P: predicted", "48 86", packet.Frame{Start: true}},
		{"key frame goes on", "00 ff", packet.Frame{Key: true, Enter: true}},
		{"E: frame ends", "44 ff", packet.Frame{End: true}},
		{"B and E: frame of one packet", "0c 82", packet.Frame{Key: true, Enter: true, Start: true, End: true}},
		{"Z speaks of higher layers only", "49 86", packet.Frame{Start: true, NotUpper: true}},
		{"V: a scalability structure is passed over", "0a 18 0280 01e0", entersVP9},

		{"I of 7 bits", "c8 7f 86", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 127}},
		{"I of 15 bits", "c8 ffff 86", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 32767}},
		{"I of 15 bits, small", "c8 8001 86", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 1}},
		{"I, key frame", "88 9234 82", packet.Frame{Key: true, Enter: true, Start: true, PictureIDBits: 15, PictureID: 0x1234}},

		{"L: TID 2", "68 40 2a 86", packet.Frame{Start: true, Temporal: 2, HasTL0: true, TL0: 42}},
		{"L: TID 7, U", "68 f0 2a 86", packet.Frame{Start: true, Temporal: 7, SwitchUp: true, HasTL0: true, TL0: 42}},
		{"L: SID 1 of a key picture is no way in", "28 03 2a 86", packet.Frame{
			Start: true, Enter: true, InterLayer: true, Spatial: 1, HasTL0: true, TL0: 42,
		}},
		{"L: SID 7", "68 0e 2a 86", packet.Frame{Start: true, Spatial: 7, HasTL0: true, TL0: 42}},
		{"L: SID 0 of a key picture", "28 00 2a 82", packet.Frame{Key: true, Enter: true, Start: true, HasTL0: true, TL0: 42}},
		{"L: D says nothing of the key", "28 01 2a 82", packet.Frame{Key: true, Enter: true, Start: true, HasTL0: true, TL0: 42}},
		{"L and F: no TL0PICIDX", "78 40 03 86", packet.Frame{Start: true, Temporal: 2}},
		{"F without L", "58 03 86", packet.Frame{Start: true}},
		{"I, L", "ec 9234 54 2a 86", packet.Frame{
			Start: true, End: true, PictureIDBits: 15, PictureID: 0x1234,
			Temporal: 2, SwitchUp: true, Spatial: 2, HasTL0: true, TL0: 42,
		}},
		{"I, L, D of a picture that goes on", "e5 05 03 2a", packet.Frame{
			End: true, PictureIDBits: 7, PictureID: 5, Spatial: 1, InterLayer: true, NotUpper: true, HasTL0: true, TL0: 42,
		}},
		{"L, SID 2 without D, key picture", "28 04 2a 86", packet.Frame{Start: true, Enter: true, Spatial: 2, HasTL0: true, TL0: 42}},
		{"P and F: one reference", "d8 05 02", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 5}},
		{"P and F: three references", "d8 05 03 05 06", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 5}},
		{"P and F: four references", "d8 05 03 05 07 08", middle},
		{"P and F: references cut off", "d8 05 03", middle},
		{"P and F: no reference", "d8 05", middle},
		{"F of a key picture has no references", "9c 05 82", packet.Frame{
			Key: true, Enter: true, Start: true, End: true, PictureIDBits: 7, PictureID: 5,
		}},
		{"a descriptor and nothing else", "a8 05 00 2a", packet.Frame{
			Key: true, Enter: true, Start: true, PictureIDBits: 7, PictureID: 5, HasTL0: true, TL0: 42,
		}},
		{"nothing behind I", "c8 05", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 5}},
		{"nothing behind I of 15 bits", "c8 9234", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 0x1234}},
		{"cut in I", "8c", middle},
		{"cut in I of 15 bits", "8c 92", middle},
		{"cut in L", "ac 05", middle},
		{"cut before TL0PICIDX", "ac 05 00", middle},
		{"F, nothing to cut", "bc 05 00", packet.Frame{Key: true, Enter: true, Start: true, End: true, PictureIDBits: 7, PictureID: 5}},
	})
}

// RFC 9628, section 4.2.1: N_S (3), Y, G; the sizes; then the group of pictures.
func TestSizesVP9(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"no structure", "08 82", ""},
		{"one layer", "0a 10 0280 01e0", "640x480"},
		{"three layers, behind picture id and layers", "aa 05 00 2a 50 0140 00b4 0280 0168 0500 02d0 82", "320x180 640x360 1280x720"},
		{"and flexible mode", "ba 9234 00 50 0140 00b4 0280 0168 0500 02d0 82", "320x180 640x360 1280x720"},
		{"eight layers", "0a f0" + strings.Repeat("0001 0002", 8), strings.Repeat("1x2 ", 8)},
		{"a group of pictures", "0a 18 0280 01e0 01 04 01", "640x480"},
		{"no sizes", "0a 08 01 04 01", ""},
		{"sizes cut off", "0a 30 0280 01e0 0280 01", ""},
		{"nothing behind the flag", "0a", ""},
		{"structure behind a cut picture id", "8a 80", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range sizesVP9(fromHex(t, tt.in)) {
				if s != (size{}) {
					got = append(got, fmt.Sprintf("%dx%d", s.width, s.height))
				}
			}
			if got := strings.Join(got, " "); got != strings.TrimSpace(tt.want) {
				t.Errorf("payload %s: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// The sizes come with the lowest layer and hold for the others of the picture.
func TestStreamVP9(t *testing.T) {
	var s Stream
	for _, tt := range []struct {
		name, in string
		w, h     uint16
	}{
		{"before any structure", "a8 05 00 2a 82", 0, 0},
		{"key frame with a structure", "aa 06 00 2a 30 0140 00b4 0280 0168 82", 320, 180},
		{"the layer above it", "a8 06 03 2a 82", 640, 360},
		{"goes on", "a0 06 03 2a 82", 0, 0},
		{"another picture", "e8 07 00 2b 82", 0, 0},
		{"a layer without a size", "a8 06 05 2a 82", 0, 0},
		{"key frame without a structure", "a8 08 00 2c 82", 0, 0},
	} {
		f := s.Describe(&Packet{Codec: packet.VP9, Payload: fromHex(t, tt.in)})
		if f.Width != tt.w || f.Height != tt.h {
			t.Errorf("%s, payload %s: got %dx%d, want %dx%d", tt.name, tt.in, f.Width, f.Height, tt.w, tt.h)
		}
	}
}

// The widths and everything else stay as they are.
func TestRewriteVP9(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		picture  uint16
		tl0      uint8
		want     string
	}{
		{"no ids", "0c 82", 300, 7, "0c"},
		{"7 bits", "88 05 82", 0x1ff, 7, "88 7f"},
		{"15 bits", "88 8005 82", 0x1234, 7, "88 9234"},
		{"layers without TL0PICIDX", "78 40 02 86", 300, 7, "78"},
		{"TL0PICIDX", "68 40 2a 86", 300, 7, "68 40 07"},
		{"everything", "ec 9234 54 2a 86", 0x7fff, 255, "ec ffff 54 ff"},
		{"flexible mode", "fc 9234 54 02 86", 0x7fff, 255, "fc ffff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, want := fromHex(t, tt.in), fromHex(t, tt.want)
			dst := bytes.Repeat([]byte{0xee}, RewrittenVP9+3)
			f := Describe(packet.VP9, in, false)
			n := RewriteVP9(dst, in, &f, tt.picture, tt.tl0)
			if !bytes.Equal(dst[:n], want) {
				t.Errorf("RewriteVP9(%s, %d, %d): got %x, want %x", tt.in, tt.picture, tt.tl0, dst[:n], want)
			}
			if rest := dst[n:]; !bytes.Equal(rest, bytes.Repeat([]byte{0xee}, len(rest))) {
				t.Errorf("RewriteVP9(%s): wrote behind it: %x", tt.in, dst)
			}
		})
	}
}
