package rewrite

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// element is an extension element as it is given to Extend.
type element struct {
	id    uint8
	value string // hexadecimal
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// RFC 3550, section 5.1.
func TestHeaderFields(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Fields
		want string
	}{
		{"zeros", Fields{}, "80 00 0000 00000000 00000000"},
		{"all", Fields{
			SSRC: 0x0708090a, Timestamp: 0x03040506, CSRC: 0x0b0c0d0e, Sequence: 0x0102, PayloadType: 96, Marker: true,
		}, "81 e0 0102 03040506 0708090a 0b0c0d0e"},
		{"no contributing source", Fields{SSRC: 1, Sequence: 0xffff, PayloadType: 127}, "80 7f ffff 00000000 00000001"},
		{"a payload type has 7 bits", Fields{PayloadType: 0xe0}, "80 60 0000 00000000 00000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			h.Begin(&tt.in)
			if got := h.Bytes(); !bytes.Equal(got, fromHex(t, tt.want)) {
				t.Errorf("%+v: got %x, want %s", tt.in, got, tt.want)
			}
		})
	}
}

// RFC 8285, sections 4.2 (one-byte form, 0xbede) and 4.3 (two-byte form,
// 0x1000): words of four bytes, padded with zeros.
func TestHeaderExtensions(t *testing.T) {
	of := func(n int) string { return strings.Repeat("ab", n) }
	for _, tt := range []struct {
		name string
		in   []element
		want string // from the profile on
	}{
		{"none", nil, ""},
		{"one byte", []element{{1, "aa"}}, "bede 0001 10aa 0000"},
		{"no padding needed", []element{{1, "aabbcc"}}, "bede 0001 12aabbcc"},
		{"two elements", []element{{1, "aa"}, {2, "bbcc"}}, "bede 0002 10aa 21bbcc 000000"},
		{"in the order given", []element{{2, "bbcc"}, {1, "aa"}}, "bede 0002 21bbcc 10aa 000000"},
		{"id 14", []element{{14, "aa"}}, "bede 0001 e0aa 0000"},
		{"16 bytes", []element{{1, of(16)}}, "bede 0005 1f" + of(16) + "000000"},
		{"id 15 needs two bytes", []element{{15, "aa"}}, "1000 0001 0f01aa 00"},
		{"id 255", []element{{255, "aa"}}, "1000 0001 ff01aa 00"},
		{"17 bytes need two bytes", []element{{1, of(17)}}, "1000 0005 0111" + of(17) + "00"},
		{"empty needs two bytes", []element{{1, ""}}, "1000 0001 0100 0000"},
		{"one decides for all, last", []element{{1, "aa"}, {15, "bb"}}, "1000 0002 0101aa 0f01bb 0000"},
		{"one decides for all, first", []element{{15, "bb"}, {1, "aa"}}, "1000 0002 0f01bb 0101aa 0000"},
		{"id 0 is refused", []element{{0, "aa"}}, ""},
		{"id 0 between others", []element{{1, "aa"}, {0, "bb"}, {2, "cc"}}, "bede 0001 10aa 20cc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, csrc := range []uint32{0, 0x0b0c0d0e} {
				var h Header
				h.Begin(&Fields{CSRC: csrc})
				h.Extend(9, []byte("of the packet before"))
				h.Bytes()
				h.Begin(&Fields{CSRC: csrc})
				for _, e := range tt.in {
					if ok := h.Extend(e.id, fromHex(t, e.value)); ok != (e.id != 0) {
						t.Errorf("Extend(%d, %s): got %t", e.id, e.value, ok)
					}
				}
				want := "80 00 0000 00000000 00000000" + tt.want
				if csrc != 0 {
					want = "81 00 0000 00000000 00000000 0b0c0d0e" + tt.want
				}
				if tt.want != "" {
					want = "9" + want[1:]
				}
				if got := h.Bytes(); !bytes.Equal(got, fromHex(t, want)) {
					t.Errorf("got  %x\nwant %s", got, strings.ReplaceAll(want, " ", ""))
				}
				if got := h.Bytes(); !bytes.Equal(got, fromHex(t, want)) {
					t.Errorf("the second time: got %x", got)
				}
			}
		})
	}
}

// 255 bytes of elements fit, each with its id and length, in either form.
func TestHeaderLimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sizes []int
		want  string // y for what fits
		words byte
	}{
		{"one of 253", []int{253}, "y", 64},
		{"one of 254", []int{254}, "n", 0},
		{"one of 255", []int{255}, "n", 0},
		{"one of 256", []int{256}, "n", 0},
		{"100, 151", []int{100, 151}, "yy", 64},
		{"100, 152", []int{100, 152}, "yn", 26},
		{"a small one after one too large", []int{100, 152, 5}, "yny", 28},
		{"full", []int{253, 0}, "yn", 64},
		{"14 of 16, short form", []int{16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 1}, "yyyyyyyyyyyyyyy", 60},
		{"15 of 16, short form", []int{16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16}, "yyyyyyyyyyyyyyn", 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			h.Begin(&Fields{CSRC: 1})
			var got strings.Builder
			for i, n := range tt.sizes {
				id := uint8(i%14 + 1)
				if h.Extend(id, bytes.Repeat([]byte{0xab}, n)) {
					got.WriteByte('y')
				} else {
					got.WriteByte('n')
				}
			}
			if got.String() != tt.want {
				t.Errorf("sizes %v: got %s, want %s", tt.sizes, &got, tt.want)
			}
			b, words := h.Bytes(), byte(0)
			if len(b) > 16 {
				words = b[19]
			}
			if words != tt.words {
				t.Errorf("sizes %v: %d words, want %d", tt.sizes, words, tt.words)
			}
		})
	}
}

// FuzzHeader builds headers that two readers of RTP must understand.
func FuzzHeader(f *testing.F) {
	f.Add(uint32(0), []byte{})
	f.Add(uint32(7), []byte{1, 1, 0xaa, 2, 2, 0xbb, 0xcc})
	f.Add(uint32(7), []byte{1, 1, 0xaa, 15, 0, 255, 3, 1, 2, 3})
	f.Add(uint32(0), append([]byte{1, 253}, make([]byte, 253)...))
	var h Header
	f.Fuzz(func(t *testing.T, csrc uint32, list []byte) {
		in := Fields{SSRC: 1, Timestamp: 2, CSRC: csrc, Sequence: 3, PayloadType: 96, Marker: true}
		h.Begin(&in)
		want := map[uint8][]byte{}
		for len(list) >= 2 {
			id, n := list[0], min(int(list[1]), len(list)-2)
			value := list[2 : 2+n]
			list = list[2+n:]
			if _, twice := want[id]; !twice && h.Extend(id, value) {
				want[id] = value
			}
		}
		b := append(bytes.Clone(h.Bytes()), "payload"...)
		v, err := packet.Parse(b)
		var p rtp.Packet
		if e := p.Unmarshal(b); err != nil || e != nil {
			t.Fatalf("header %x: %v, %v", b, err, e)
		}
		got := Fields{SSRC: v.SSRC, Timestamp: v.Timestamp, Sequence: v.Sequence, PayloadType: v.PayloadType, Marker: v.Marker}
		if v.CSRCs > 0 {
			got.CSRC = p.CSRC[0]
		}
		if got != in || string(v.Payload(b)) != "payload" || string(p.Payload) != "payload" {
			t.Fatalf("header %x: got %+v, want %+v", b, got, in)
		}
		if len(p.Extensions) != len(want) {
			t.Fatalf("header %x: %d elements, want %d", b, len(p.Extensions), len(want))
		}
		for id, value := range want {
			if e := v.Extension(b, id); e == nil || !bytes.Equal(e, value) || !bytes.Equal(p.GetExtension(id), value) {
				t.Fatalf("header %x, element %d: got %x and %x, want %x", b, id, e, p.GetExtension(id), value)
			}
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	var h Header
	var v VP8
	s, ts := NewSequence(7), NewTimestamp(0, 0)
	in := uint16(0)
	value := []byte{1, 2, 3}
	frame := packet.Frame{PictureIDBits: 15, HasTL0: true}
	v.Start(&frame)
	for _, tt := range []struct {
		name string
		call func()
	}{
		{"Sequence", func() {
			s.Start(1, in)
			s.Map(in)
			s.Leave(in + 1)
			s.Map(in + 2)
			s.Map(in + 5000)
			s.Back(uint16(s.Next() - 1))
			in += 6000
		}},
		{"Timestamp", func() {
			ts.Bind(7, video, 0)
			ts.Map(7)
		}},
		{"VP8", func() { v.Map(&frame) }},
		{"Header", func() {
			h.Begin(&Fields{CSRC: 1})
			h.Extend(1, value)
			h.Extend(2, value)
			h.Bytes()
		}},
	} {
		if got := testing.AllocsPerRun(100, tt.call); got != 0 {
			t.Errorf("%s: got %v allocations, want none", tt.name, got)
		}
	}
}

// ExampleHeader shows the form changing with the elements.
func ExampleHeader() {
	var h Header
	h.Begin(&Fields{Sequence: 1, PayloadType: 96, SSRC: 7})
	h.Extend(1, []byte("0"))
	fmt.Printf("%x\n", h.Bytes()[12:])
	h.Extend(15, []byte("a"))
	fmt.Printf("%x\n", h.Bytes()[12:])
	// Output:
	// bede000110300000
	// 100000020101300f01610000
}

func BenchmarkSequenceMap(b *testing.B) {
	s := NewSequence(0)
	s.Start(1, 0)
	b.ReportAllocs()
	for in := uint16(0); b.Loop(); in++ {
		if in%8 == 7 {
			s.Leave(in)
		} else if _, ok := s.Map(in); !ok {
			b.Fatalf("%d is refused", in)
		}
	}
}

func BenchmarkHeader(b *testing.B) {
	var h Header
	level, mid := []byte{0x9e}, []byte("0")
	b.ReportAllocs()
	for b.Loop() {
		h.Begin(&Fields{SSRC: 7, Sequence: 1, PayloadType: 96, CSRC: 9})
		h.Extend(1, mid)
		h.Extend(2, level)
		if len(h.Bytes()) != 24 {
			b.Fatalf("got %x", h.Bytes())
		}
	}
}

// A receiver that knows the one-byte form alone gets what fits into it.
func TestHeaderOneByteOnly(t *testing.T) {
	for _, tt := range []struct {
		name  string
		id    uint8
		size  int
		takes bool
	}{
		{"one byte", 1, 1, true},
		{"16 bytes", 14, 16, true},
		{"17 bytes", 1, 17, false},
		{"nothing", 1, 0, false},
		{"id 15", 15, 1, false},
	} {
		var h Header
		h.Begin(&Fields{OneByte: true})
		if got := h.Extend(tt.id, make([]byte, tt.size)); got != tt.takes {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.takes)
		}
		h.Extend(2, []byte{9})
		v, err := packet.Parse(h.Bytes())
		if err != nil || v.ExtProfile != 0xbede || v.Extension(h.Bytes(), 2) == nil {
			t.Errorf("%s: header %x, %v, want the one-byte form with element 2", tt.name, h.Bytes(), err)
		}
	}
}
