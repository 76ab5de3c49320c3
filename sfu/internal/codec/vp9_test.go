package codec

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// RFC 9628, section 4.2: I P L F B E V Z; the picture id; TID U SID D; and
// TL0PICIDX unless F.
func TestDescribeVP9(t *testing.T) {
	describeAll(t, packet.VP9, []step{
		{"nothing", "", middle},
		{"B: frame begins, not predicted", "08 82", enters},
		{"B and P: predicted", "48 86", packet.Frame{Start: true}},
		{"key frame goes on", "00 ff", packet.Frame{Key: true}},
		{"E: frame ends", "44 ff", packet.Frame{End: true}},
		{"B and E: frame of one packet", "0c 82", packet.Frame{Key: true, Start: true, End: true}},
		{"Z speaks of higher layers only", "49 86", packet.Frame{Start: true}},
		{"V: a scalability structure is passed over", "0a 18 0280 01e0", enters},

		{"I of 7 bits", "c8 7f 86", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 127}},
		{"I of 15 bits", "c8 ffff 86", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 32767}},
		{"I of 15 bits, small", "c8 8001 86", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 1}},
		{"I, key frame", "88 9234 82", packet.Frame{Key: true, Start: true, PictureIDBits: 15, PictureID: 0x1234}},

		{"L: TID 2", "68 40 2a 86", packet.Frame{Start: true, Temporal: 2, HasTL0: true, TL0: 42}},
		{"L: TID 7, U", "68 f0 2a 86", packet.Frame{Start: true, Temporal: 7, SwitchUp: true, HasTL0: true, TL0: 42}},
		{"L: SID 1 of a key picture is no way in", "28 03 2a 86", packet.Frame{Start: true, Spatial: 1, HasTL0: true, TL0: 42}},
		{"L: SID 7", "68 0e 2a 86", packet.Frame{Start: true, Spatial: 7, HasTL0: true, TL0: 42}},
		{"L: SID 0 of a key picture", "28 00 2a 82", packet.Frame{Key: true, Start: true, HasTL0: true, TL0: 42}},
		{"L: D says nothing of the key", "28 01 2a 82", packet.Frame{Key: true, Start: true, HasTL0: true, TL0: 42}},
		{"L and F: no TL0PICIDX", "78 40 03 86", packet.Frame{Start: true, Temporal: 2}},
		{"F without L", "58 03 86", packet.Frame{Start: true}},
		{"I, L", "ec 9234 54 2a 86", packet.Frame{
			Start: true, End: true, PictureIDBits: 15, PictureID: 0x1234,
			Temporal: 2, SwitchUp: true, Spatial: 2, HasTL0: true, TL0: 42,
		}},
		{"a descriptor and nothing else", "a8 05 00 2a", packet.Frame{
			Key: true, Start: true, PictureIDBits: 7, PictureID: 5, HasTL0: true, TL0: 42,
		}},
		{"nothing behind I", "c8 05", packet.Frame{Start: true, PictureIDBits: 7, PictureID: 5}},
		{"nothing behind I of 15 bits", "c8 9234", packet.Frame{Start: true, PictureIDBits: 15, PictureID: 0x1234}},
		{"cut in I", "8c", middle},
		{"cut in I of 15 bits", "8c 92", middle},
		{"cut in L", "ac 05", middle},
		{"cut before TL0PICIDX", "ac 05 00", middle},
		{"F, nothing to cut", "bc 05 00", packet.Frame{Key: true, Start: true, End: true, PictureIDBits: 7, PictureID: 5}},
	})
}
