package codec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Structures as encoders have them: a line for each template, with its spatial
// and temporal layer, what it is to each decode target (- not present,
// D discardable, S switch, R required), and how far away the frames are that it
// needs.
const (
	l1t3 = `
		0/0 SSS
		0/0 SSS 4
		0/1 -DS 2
		0/2 --D 1
		0/2 --D 1`
	l2t2 = `
		0/0 SSSS
		0/0 SSRR 4
		0/1 -D-R 2
		1/0 --SS 1
		1/0 --SS 4 1
		1/1 ---D 2 1`
	l3t3key = `
		0/0 SSSSSSSSS
		0/0 SSS------ 12
		0/1 -DS------ 6
		0/2 --D------ 3
		1/0 ---SSSSSS 1
		1/0 ---SSS--- 12
		1/1 ----DS--- 6
		1/2 -----D--- 3
		2/0 ------SSS 1
		2/0 ------SSS 12
		2/1 -------DS 6
		2/2 --------D 3`
	s2t1 = `
		0/0 S-
		0/0 S- 2
		1/0 -S
		1/0 -S 2`
)

// writeStructure writes a structure as appendix A.8.3 says, with a chain for
// each spatial layer and sizes of 160 × 90 pixels and their doubles.
func writeStructure(w *bitWriter, text string, offset uint8, sized bool) {
	type line struct {
		layer
		targets   string
		distances []int
	}
	var lines []line
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(l)
		var at line
		fmt.Sscanf(f[0], "%d/%d", &at.spatial, &at.temporal)
		at.targets = f[1]
		for _, d := range f[2:] {
			var n int
			fmt.Sscan(d, &n)
			at.distances = append(at.distances, n)
		}
		lines = append(lines, at)
	}
	targets := len(lines[0].targets)
	w.bits(uint32(offset), 6)
	w.bits(uint32(targets-1), 5)
	for i, l := range lines {
		switch {
		case i == len(lines)-1:
			w.bits(3, 2)
		case lines[i+1].spatial > l.spatial:
			w.bits(2, 2)
		default:
			w.bits(uint32(lines[i+1].temporal-l.temporal), 2)
		}
	}
	for _, l := range lines {
		for _, c := range l.targets {
			w.bits(uint32(strings.IndexRune("-DSR", c)), 2)
		}
	}
	for _, l := range lines {
		for _, d := range l.distances {
			w.bits(1, 1)
			w.bits(uint32(d-1), 4)
		}
		w.bits(0, 1)
	}
	chains := uint32(lines[len(lines)-1].spatial) + 1
	writeBelow(w, chains, uint32(targets)+1)
	for range targets {
		writeBelow(w, 0, chains)
	}
	for range lines {
		for c := range chains {
			w.bits(c, 4)
		}
	}
	if !sized {
		w.bits(0, 1)
		return
	}
	w.bits(1, 1)
	for i := range chains {
		w.bits(160<<i-1, 16)
		w.bits(90<<i-1, 16)
	}
}

// writeBelow is ns(n) of AV1 section 4.10.7, by its definition.
func writeBelow(w *bitWriter, v, n uint32) {
	k := 0
	for x := n; x != 0; x >>= 1 {
		k++
	}
	if m := uint32(1)<<k - n; v < m {
		w.bits(v, k-1)
	} else {
		w.bits((v+m)>>1, k-1)
		w.bits((v+m)&1, 1)
	}
}

func TestBelow(t *testing.T) {
	for n := uint32(1); n < 70; n++ {
		var w bitWriter
		for v := range n {
			writeBelow(&w, v, n)
		}
		r := bitReader{b: w.b}
		for v := range n {
			if got := r.below(n); got != v || r.short {
				t.Fatalf("%d below %d: got %d, short %t", v, n, got, r.short)
			}
		}
	}
}

func TestBits(t *testing.T) {
	var w bitWriter
	for n := 1; n <= 32; n++ {
		w.bits(0xdeadbeef, n)
	}
	r := bitReader{b: w.b}
	for n := 1; n <= 32; n++ {
		if got, want := r.bits(n), uint32(0xdeadbeef&(1<<n-1)); got != want || r.short {
			t.Errorf("%d bits: got %x, want %x, short %t", n, got, want, r.short)
		}
	}
	if got := r.bits(0); got != 0 || r.short {
		t.Errorf("no bits at the end: got %d, short %t", got, r.short)
	}
	if got := r.bits(9); got != 0 || !r.short {
		t.Errorf("behind the end: got %d, short %t", got, r.short)
	}
}

// frame of a described stream: number, timestamp and what else is special.
type frame struct {
	id        uint8
	number    uint16
	timestamp uint32
	structure string // written with it
	offset    uint8
	targets   string // custom
	distances []int  // custom; nil is the template's
	custom    bool   // distances
	part      string // "start", "end", or "" for a packet that is all of the frame
}

func (f *frame) element() []byte {
	start, end := uint32(1), uint32(1)
	switch f.part {
	case "start":
		end = 0
	case "end":
		start = 0
	}
	var w bitWriter
	w.bits(start, 1)
	w.bits(end, 1)
	w.bits(uint32(f.id), 6)
	w.bits(uint32(f.number), 16)
	if f.structure == "" && f.targets == "" && !f.custom {
		return w.b
	}
	bit := func(on bool) {
		if on {
			w.bits(1, 1)
		} else {
			w.bits(0, 1)
		}
	}
	bit(f.structure != "")
	bit(false)
	bit(f.targets != "")
	bit(f.custom)
	bit(false)
	if f.structure != "" {
		writeStructure(&w, f.structure, f.offset, true)
	}
	for _, c := range f.targets {
		w.bits(uint32(strings.IndexRune("-DSR", c)), 2)
	}
	if f.custom {
		for _, d := range f.distances {
			size := 1
			for d-1 >= 1<<(4*size) {
				size++
			}
			w.bits(uint32(size), 2)
			w.bits(uint32(d-1), 4*size)
		}
		w.bits(0, 2)
	}
	return w.b
}

// told is what a frame was found to be, as text.
func told(f packet.Frame) string {
	if !f.Described {
		return "unknown"
	}
	s := fmt.Sprintf("S%dT%d", f.Spatial, f.Temporal)
	for _, x := range []struct {
		on   bool
		name string
	}{
		{f.Key, "key"}, {f.Enter, "enter"}, {f.InterLayer, "inter"}, {f.NotUpper, "notupper"},
		{f.SwitchUp, "up"}, {f.Discardable, "spare"}, {f.Start, "start"}, {f.End, "end"},
	} {
		if x.on {
			s += " " + x.name
		}
	}
	if f.Width > 0 {
		s += fmt.Sprintf(" %dx%d", f.Width, f.Height)
	}
	return s
}

func TestDescriptor(t *testing.T) {
	type step struct {
		frame
		want string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"nothing without a structure", []step{
			{frame{id: 1, number: 5}, "unknown"},
		}},
		{"L1T3", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: l1t3, part: "start"}, "S0T0 key enter notupper up start 160x90"},
			{frame{id: 0, number: 0, timestamp: 0, part: "end"}, "S0T0 key enter notupper up end"},
			{frame{id: 3, number: 1, timestamp: 1}, "S0T2 notupper up spare start end"},
			{frame{id: 2, number: 2, timestamp: 2}, "S0T1 notupper up start end"},
			{frame{id: 4, number: 3, timestamp: 3}, "S0T2 notupper up spare start end"},
			{frame{id: 1, number: 4, timestamp: 4}, "S0T0 notupper up start end"},
			{frame{id: 9, number: 5, timestamp: 5}, "unknown"},
		}},
		{"a custom reference within the temporal layer", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: l1t3}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 2, number: 2, timestamp: 2}, "S0T1 notupper up start end"},
			{frame{id: 2, number: 6, timestamp: 6, custom: true, distances: []int{4}}, "S0T1 notupper start end"},
			{frame{id: 2, number: 8, timestamp: 8, custom: true, distances: []int{300, 4000}}, "S0T1 notupper start end"},
			{frame{id: 3, number: 9, timestamp: 9, targets: "--R"}, "S0T2 notupper up start end"},
			{frame{id: 2, number: 10, timestamp: 10, targets: "-SS", custom: true, distances: []int{4}}, "S0T1 notupper up start end"},
		}},
		{"L2T2: the upper layer leans on the lower in every picture", []step{
			{frame{id: 10, number: 0, timestamp: 0, structure: l2t2, offset: 10}, "S0T0 key enter up start end 160x90"},
			{frame{id: 13, number: 1, timestamp: 0}, "S1T0 enter inter notupper up start end 320x180"},
			{frame{id: 12, number: 2, timestamp: 1}, "S0T1 up start end"},
			{frame{id: 15, number: 3, timestamp: 1}, "S1T1 inter notupper up spare start end"},
			{frame{id: 11, number: 4, timestamp: 2}, "S0T0 up start end"},
			{frame{id: 14, number: 5, timestamp: 2}, "S1T0 inter notupper up start end"},
		}},
		{"L3T3_KEY: layers lean on each other in key pictures only", []step{
			{frame{id: 62, number: 65534, timestamp: 0, structure: l3t3key, offset: 62}, "S0T0 key enter up start end 160x90"},
			{frame{id: 2, number: 65535, timestamp: 0}, "S1T0 enter inter up start end 320x180"},
			{frame{id: 6, number: 0, timestamp: 0}, "S2T0 enter inter notupper up start end 640x360"},
			{frame{id: 1, number: 1, timestamp: 1}, "S0T2 notupper up spare start end"},
			{frame{id: 5, number: 2, timestamp: 1}, "S1T2 notupper up spare start end"},
			{frame{id: 9, number: 3, timestamp: 1}, "S2T2 notupper up spare start end"},
			{frame{id: 0, number: 4, timestamp: 2}, "S0T1 notupper up start end"},
			{frame{id: 4, number: 5, timestamp: 2}, "S1T1 notupper up start end"},
			{frame{id: 63, number: 10, timestamp: 4}, "S0T0 notupper up start end"},
			{frame{id: 3, number: 11, timestamp: 4}, "S1T0 notupper up start end"},
		}},
		{"S2T1: independent streams", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: s2t1}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 2, number: 1, timestamp: 0}, "S1T0 enter notupper up start end 320x180"},
			{frame{id: 1, number: 2, timestamp: 1}, "S0T0 notupper up start end"},
			{frame{id: 3, number: 3, timestamp: 1}, "S1T0 notupper up start end"},
		}},
		{"what is lost may be below in the same picture", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: l3t3key}, "S0T0 key enter up start end 160x90"},
			{frame{id: 8, number: 2, timestamp: 0}, "S2T0 inter notupper up start end"},
			{frame{id: 4, number: 1, timestamp: 0}, "S1T0 enter inter up start end 320x180"},
		}},
		{"another structure", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: l1t3}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 5, number: 1, timestamp: 3000, structure: s2t1, offset: 5}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 4, number: 2, timestamp: 6000}, "unknown"},
			{frame{id: 7, number: 2, timestamp: 3000}, "S1T0 enter notupper up start end 320x180"},
		}},
		{"a late structure is for its packet only", []step{
			{frame{id: 5, number: 9, timestamp: 3000, structure: s2t1, offset: 5}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 0, number: 8, timestamp: 0, structure: l1t3}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 6, number: 10, timestamp: 6000}, "S0T0 notupper up start end"},
			{frame{id: 9, number: 11, timestamp: 6000}, "unknown"},
		}},
		{"intra frame without a structure is no way in", []step{
			{frame{id: 0, number: 0, timestamp: 0, structure: l1t3}, "S0T0 key enter notupper up start end 160x90"},
			{frame{id: 1, number: 4, timestamp: 4, custom: true}, "S0T0 enter notupper up start end 160x90"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			for i, step := range tt.steps {
				element := step.element()
				f := s.Describe(&Packet{Codec: packet.AV1, Timestamp: step.timestamp, Descriptor: element})
				if got := told(f); got != step.want {
					t.Errorf("step %d, %x: got %q, want %q", i, element, got, step.want)
				}
				if f.Described && f.Number != step.number {
					t.Errorf("step %d: number %d, want %d", i, f.Number, step.number)
				}
			}
		})
	}
}

// What is cut off leaves the payload's own header in force, and the structure
// that was there before.
func TestDescriptorCutOff(t *testing.T) {
	var s Stream
	first := frame{structure: l2t2}
	payload := []byte{0x10, 0x34, 0x48}
	s.Describe(&Packet{Codec: packet.AV1, Payload: payload, Descriptor: first.element()})
	own := Describe(packet.AV1, payload, false)
	whole := (&frame{id: 20, number: 7, structure: l3t3key, offset: 20, targets: "SSSSSSSSS"}).element()
	for n := range len(whole) {
		if got := s.Describe(&Packet{Codec: packet.AV1, Payload: payload, Timestamp: 3000, Descriptor: whole[:n]}); got != own {
			t.Fatalf("%d bytes of %x: got %+v, want %+v", n, whole, got, own)
		}
	}
	if mask, targets := s.Structure().Mask(1, 1); mask != 0xf || targets != 4 {
		t.Errorf("mask %x of %d, want that of the first structure", mask, targets)
	}
	if got := s.Describe(&Packet{Codec: packet.AV1, Payload: payload, Timestamp: 3000, Descriptor: whole}); !got.Described {
		t.Errorf("the whole of it: got %+v", got)
	}
}

func TestMask(t *testing.T) {
	var s Structure
	if mask, targets := s.Mask(0, 0); mask != 0 || targets != 0 {
		t.Errorf("without a structure: mask %x of %d", mask, targets)
	}
	s.Learn((&frame{structure: l3t3key}).element(), 9)
	if s.Serial() != 9 {
		t.Errorf("serial %d, want 9", s.Serial())
	}
	for _, tt := range []struct {
		spatial, temporal uint8
		want              string // target 0 first
	}{
		{0, 0, "100000000"},
		{0, 2, "111000000"},
		{1, 0, "100100000"},
		{2, 1, "110110110"},
		{9, 9, "111111111"},
	} {
		mask, targets := s.Mask(tt.spatial, tt.temporal)
		var got []byte
		for i := range targets {
			got = append(got, '0'+byte(mask>>i&1))
		}
		if string(got) != tt.want {
			t.Errorf("S%dT%d: got %s, want %s", tt.spatial, tt.temporal, got, tt.want)
		}
	}
	s.Learn((&frame{id: 3}).element(), 10) // has none
	if s.Serial() != 9 {
		t.Errorf("serial %d after a descriptor without a structure, want 9", s.Serial())
	}
}

// A rewritten descriptor says what it said, with another number and mask.
func TestAppendDescriptor(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in      frame
		active  uint32
		targets int
	}{
		{"number only", frame{id: 3, number: 7}, 0, 0},
		{"number only, structure", frame{number: 7, structure: l3t3key}, 0, 0},
		{"mask into a short one", frame{id: 3, number: 7}, 0b101, 9},
		{"mask behind a structure", frame{number: 7, structure: l3t3key}, 0b111, 9},
		{"mask before custom fields", frame{id: 3, number: 7, targets: "--DSR----", custom: true, distances: []int{3, 300}}, 0b1, 9},
		{"mask of 32", frame{id: 3, number: 7}, 0xf000_000f, 32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.in.element()
			kept := bytes.Clone(in)
			got := AppendDescriptor([]byte("before"), in, 0xabcd, tt.active, tt.targets)
			if !bytes.Equal(in, kept) || !bytes.HasPrefix(got, []byte("before")) {
				t.Fatalf("changed the input or what was before: %x", got)
			}
			got = got[len("before"):]
			if a, b := parts(t, in, 9), parts(t, got, tt.targets); a.text != b.text {
				t.Errorf("%x became %x:\ngot  %s\nwant %s", in, got, b.text, a.text)
			} else if b.number != 0xabcd || b.masked != (tt.targets > 0) || b.mask != tt.active {
				t.Errorf("%x: number %x, mask %x", got, b.number, b.mask)
			}
			if tt.targets == 0 {
				return
			}
			again := AppendDescriptor(nil, got, 7, tt.active&^1|1<<1, tt.targets)
			if b := parts(t, again, tt.targets); b.mask != (tt.active&^1|1<<1)&tt.active || len(again) != len(got) {
				t.Errorf("%x: mask %x, want both masks", again, b.mask)
			}
		})
	}
}

type contents struct {
	text   string // all but number and mask
	number uint16
	mask   uint32
	masked bool
}

// parts reads a descriptor of a structure with so many targets; 0 stands for 9.
func parts(t *testing.T, b []byte, targets int) (c contents) {
	t.Helper()
	d, ok := readDescriptor(b)
	if !ok {
		t.Fatalf("descriptor %x is too short", b)
	}
	if targets == 0 {
		targets = 9
	}
	c.number = d.number
	c.text = fmt.Sprint(d.start, d.end, d.templateID, d.structured, d.customTargets, d.customDistance)
	if d.structured {
		var s Structure
		if !s.read(&d.rest) {
			t.Fatalf("structure in %x is not readable", b)
		}
		c.text += fmt.Sprintf("%+v", s)
	}
	if c.masked = d.active; d.active {
		c.mask = d.rest.bits(targets)
		d.active = false
	}
	var custom template
	if !d.customize(&custom, uint8(targets)) {
		t.Fatalf("custom fields in %x are not readable", b)
	}
	c.text += fmt.Sprintf("%+v", custom)
	return c
}

// Without descriptors, a packet in the middle of a frame of AV1 is of the layer
// that the frame's first packet told.
func TestStreamAV1(t *testing.T) {
	var s Stream
	for i, tt := range []struct {
		timestamp         uint32
		in                string
		spatial, temporal uint8
	}{
		{3000, "10 3020", 0, 0},
		{6000, "50 3448aa", 1, 2},
		{6000, "90 aaaa", 1, 2},
		{9000, "90 aaaa", 0, 0}, // the first packet is lost
		{9000, "50 3420aa", 0, 1},
		{9000, "d0 aaaa", 0, 1},
		{9000, "10 3428aa", 1, 1},
	} {
		f := s.Describe(&Packet{Codec: packet.AV1, Timestamp: tt.timestamp, Payload: fromHex(t, tt.in)})
		if f.Spatial != tt.spatial || f.Temporal != tt.temporal {
			t.Errorf("packet %d, %s: got S%dT%d, want S%dT%d", i, tt.in, f.Spatial, f.Temporal, tt.spatial, tt.temporal)
		}
	}
}
