package packet

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"
)

// inside tells whether part is a view of whole and not bytes of its own. It
// finds out by changing whole where the view would be.
func inside(whole, part []byte, at int) bool {
	for i := range part {
		whole[at+i] ^= 0xff
		same := part[i] == whole[at+i]
		whole[at+i] ^= 0xff
		if !same {
			return false
		}
	}
	return true
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"80 60" + numbers + "aabbcc",
		"8f 60" + numbers,
		"90 6f" + numbers + "bede0002 10aa21bbcc30dd00 aabb",
		"b1 ef" + numbers + "0000000b 10000002 01000202aabb0000 aabbcc 0002",
		"a0 60" + numbers + "aa03",
		"90 60" + numbers + "bedeffff 10ff0000",
		"90 60" + numbers + "bede0002 10aa01bbcc20dd00",
	} {
		f.Add(fromHex(f, s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, id uint8) {
		kept := bytes.Clone(b)
		Classify(b)
		n, ok := HeaderSize(b)
		v, err := Parse(b)
		if err != nil {
			if v != (View{}) {
				t.Fatalf("a view beside an error: %+v", v)
			}
			return
		}
		payload, element := v.Payload(b), v.Extension(b, id)
		VoiceLevel(element)
		if !bytes.Equal(b, kept) {
			t.Fatal("the input was changed")
		}
		if !ok || n != int(v.PayloadOffset) || n+len(payload)+int(v.Padding) != len(b) {
			t.Fatalf("header %d, payload %d, padding %d: not the %d bytes that came in", n, len(payload), v.Padding, len(b))
		}
		if !inside(b, payload, n) {
			t.Fatal("the payload is no view of the packet")
		}
		at, last := int(v.ExtOffset), int(v.ExtOffset)+int(v.ExtSize)-len(element)
		for element != nil && at <= last && !inside(b, element, at) {
			at++
		}
		if element != nil && at > last {
			t.Fatalf("element %d is no view of the extension: %x", id, element)
		}
		agree(t, b, v, id)
	})
}

// agree compares a view with what another reader of RTP says. That one refuses
// a packet for a cut element, which is no reason here, and knows the two-byte
// form only by 0x1000.
func agree(t *testing.T, b []byte, v View, id uint8) {
	t.Helper()
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		if v.ExtSize == 0 {
			t.Fatalf("accepted what pion/rtp refuses: %v", err)
		}
		return
	}
	if p.SSRC != v.SSRC || p.Timestamp != v.Timestamp || p.SequenceNumber != v.Sequence ||
		p.PayloadType != v.PayloadType || p.Marker != v.Marker || len(p.CSRC) != int(v.CSRCs) ||
		p.PaddingSize != v.Padding || !bytes.Equal(p.Payload, v.Payload(b)) {
		t.Fatalf("got %+v, want %+v", v, p)
	}
	if id == 0 || v.ExtProfile != 0xbede && v.ExtProfile != 0x1000 {
		return
	}
	if got, want := v.Extension(b, id), p.GetExtension(id); !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Fatalf("element %d: got %x, want %x", id, got, want)
	}
}

func TestNothingAllocates(t *testing.T) {
	b := fromHex(t, "90 60"+numbers+"bede0003 10303102aabb3203cccc22dd aabbcc")
	bad := fromHex(t, "a0 60"+numbers+"aa03")
	for _, tt := range []struct {
		name string
		call func()
	}{
		{"Classify", func() { Classify(b) }},
		{"HeaderSize", func() { HeaderSize(b) }},
		{"Parse", func() { Parse(b) }},
		{"Parse, refused", func() { Parse(bad) }},
		{"Payload and Extension", func() {
			v, _ := Parse(b)
			v.Payload(b)
			VoiceLevel(v.Extension(b, 3))
		}},
	} {
		if got := testing.AllocsPerRun(100, tt.call); got != 0 {
			t.Errorf("%s: got %v allocations, want none", tt.name, got)
		}
	}
}
