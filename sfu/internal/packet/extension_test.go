package packet

import (
	"bytes"
	"testing"
)

// RFC 8285, sections 4.1 to 4.3. No result is written as "none", an empty
// element as "".
func TestViewExtension(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string // the extension: profile, length in words, elements
		id   uint8
		want string
	}{
		{"one byte: len 0 is one byte", "bede0001 10aa0000", 1, "aa"},
		{"one byte: len 15 is 16 bytes", "bede0005 1f000102030405060708090a0b0c0d0e0f 000000", 1, "000102030405060708090a0b0c0d0e0f"},
		{"one byte: second element", "bede0002 10aa21bbcc300000", 2, "bbcc"},
		{"one byte: third element", "bede0002 10aa21bbcc30dd00", 3, "dd"},
		{"one byte: id 14", "bede0001 e0aa0000", 14, "aa"},
		{"one byte: not there", "bede0001 10aa0000", 2, "none"},
		{"one byte: padding before", "bede0001 000010aa", 1, "aa"},
		{"one byte: padding between", "bede0002 10aa000020bb0000", 2, "bb"},
		{"one byte: the first of two wins", "bede0001 10aa10bb", 1, "aa"},
		{"one byte: id 15 ends it", "bede0002 10aaf0bb20cc0000", 2, "none"},
		{"one byte: before id 15", "bede0002 10aaf0bb20cc0000", 1, "aa"},
		{"one byte: id 15 cannot be asked for", "bede0001 f0bb0000", 15, "none"},
		{"one byte: id 0 with a length ends it", "bede0002 10aa01bbcc20dd00", 2, "none"},
		{"one byte: before id 0 with a length", "bede0002 10aa01bbcc20dd00", 1, "aa"},
		{"one byte: element longer than the extension", "bede0001 13aabbcc", 1, "none"},
		{"one byte: whole element before a cut one", "bede0001 10aa21bb", 1, "aa"},
		{"one byte: ids have four bits", "bede0001 10aa0000", 17, "none"},

		{"two bytes: one", "10000001 0101aa00", 1, "aa"},
		{"two bytes: second element", "10000002 0102aabb0201cc00", 2, "cc"},
		{"two bytes: empty", "10000001 01000000", 1, ""},
		{"two bytes: empty at the very end", "10000001 00000100", 1, ""},
		{"two bytes: after an empty one", "10000002 01000202aabb0000", 2, "aabb"},
		{"two bytes: id 255", "10000001 ff01aa00", 255, "aa"},
		{"two bytes: id 15 is ordinary", "10000001 0f01aa00", 15, "aa"},
		{"two bytes: padding before and between", "10000003 000101aa 0000000202bb cc00", 2, "bbcc"},
		{"two bytes: the first of two wins", "10000002 0101aa0101bb0000", 1, "aa"},
		{"two bytes: not there", "10000001 0101aa00", 2, "none"},
		{"two bytes: id without length", "10000001 00000001", 1, "none"},
		{"two bytes: element longer than the extension", "10000001 0103aabb", 1, "none"},
		{"two bytes: appbits are ignored", "100f0001 0101aa00", 1, "aa"},

		{"id 0 is padding, not an element", "bede0001 00000000", 0, "none"},
		{"id 0, two bytes", "10000001 00000000", 0, "none"},
		{"no elements", "bede0000", 1, "none"},
		{"some other profile", "10100001 0101aa00", 1, "none"},
		{"profile 0", "00000001 10aa0000", 1, "none"},
		{"no extension", "", 1, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := "90"
			if tt.in == "" {
				first = "80"
			}
			// The payload would read as elements, if the end were overrun.
			b := fromHex(t, first+"60"+numbers+tt.in+"10ee20ee30ee")
			v, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			got := v.Extension(b, tt.id)
			if tt.want == "none" {
				if got != nil {
					t.Errorf("extension %q, id %d: got %x, want none", tt.in, tt.id, got)
				}
				return
			}
			if got == nil || !bytes.Equal(got, fromHex(t, tt.want)) {
				t.Errorf("extension %q, id %d: got %x (nil: %t), want %q", tt.in, tt.id, got, got == nil, tt.want)
			}
		})
	}
}

// RFC 6464, section 3: V is the highest bit, the level the other seven.
func TestVoiceLevel(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    string
		dbov  uint8
		voice bool
		ok    bool
	}{
		{"loudest", "00", 0, false, true},
		{"loudest speech", "80", 0, true, true},
		{"silence", "7f", 127, false, true},
		{"silent speech", "ff", 127, true, true},
		{"-30 dBov, speech", "9e", 30, true, true},
		{"two-byte form, padded", "9e00", 30, true, true},
		{"empty", "", 0, false, false},
	} {
		dbov, voice, ok := VoiceLevel(fromHex(t, tt.in))
		if dbov != tt.dbov || voice != tt.voice || ok != tt.ok {
			t.Errorf("%s: VoiceLevel(%s): got %d, %t, %t, want %d, %t, %t",
				tt.name, tt.in, dbov, voice, ok, tt.dbov, tt.voice, tt.ok)
		}
	}
}

func TestExtensionURIs(t *testing.T) {
	for e := range NumExtensions {
		if e.URI() == "" {
			t.Errorf("extension %d has no URI", e)
		}
		if got, ok := ExtensionOf(e.URI()); !ok || got != e {
			t.Errorf("ExtensionOf(%q): got %d, %t, want %d", e.URI(), got, ok, e)
		}
	}
	if got := NumExtensions.URI(); got != "" {
		t.Errorf("URI of no extension: got %q", got)
	}
	for _, uri := range []string{"", "urn:ietf:params:rtp-hdrext:toffset", "URN:IETF:PARAMS:RTP-HDREXT:SDES:MID"} {
		if got, ok := ExtensionOf(uri); ok {
			t.Errorf("ExtensionOf(%q): got %d, want none", uri, got)
		}
	}
}

func TestCodecOf(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Codec
	}{
		{"audio/opus", Opus},
		{"audio/red", RED},
		{"video/VP8", VP8},
		{"video/vp8", VP8},
		{"Video/Vp9", VP9},
		{"video/H264", H264},
		{"video/H265", H265},
		{"video/AV1", AV1},
		{"video/rtx", CodecUnknown},
		{"audio/vp8", CodecUnknown},
		{"VP8", CodecUnknown},
		{"", CodecUnknown},
	} {
		if got := CodecOf(tt.in); got != tt.want {
			t.Errorf("CodecOf(%q): got %d, want %d", tt.in, got, tt.want)
		}
	}
}
