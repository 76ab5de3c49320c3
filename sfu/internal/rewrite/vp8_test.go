package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// ids plays packets of VP8 through v, each written as picture id / TL0PICIDX,
// and returns what is sent, in the width of the packet. An @ before a packet
// changes the source, a minus leaves it out.
func ids(t *testing.T, v *VP8, bits uint8, in string) string {
	t.Helper()
	var out []string
	for _, step := range strings.Fields(in) {
		f := packet.Frame{PictureIDBits: bits, HasTL0: true}
		if _, err := fmt.Sscanf(strings.TrimLeft(step, "@-"), "%d/%d", &f.PictureID, &f.TL0); err != nil {
			t.Fatalf("step %q: %v", step, err)
		}
		if step[0] == '@' {
			v.Start(&f)
		}
		if step[0] == '-' {
			v.Leave(&f)
			continue
		}
		picture, tl0 := v.Map(&f)
		if bits == 7 {
			picture &= 0x7f
		}
		out = append(out, fmt.Sprintf("%d/%d", picture, tl0))
	}
	return strings.Join(out, " ")
}

// RFC 7741, section 4.2: ids of pictures count up, modulo 2^15 or 2^7;
// TL0PICIDX counts up, modulo 2^8.
func TestVP8(t *testing.T) {
	for _, tt := range []struct {
		name string
		bits uint8
		in   string
		want string
	}{
		{"the first source keeps its ids", 15, "@100/7 101/7 102/8", "100/7 101/7 102/8"},
		{"packets of one picture", 15, "@100/7 100/7 101/8 101/8", "100/7 100/7 101/8 101/8"},
		{"the next source goes on", 15, "@100/7 101/8 @20/200 20/200 21/200 22/201", "100/7 101/8 102/9 102/9 103/9 104/10"},
		{"and the next", 15, "@100/7 @20/200 21/201 @9000/0 9001/1", "100/7 101/8 102/9 103/10 104/11"},
		{"a lost picture stays a gap", 15, "@100/7 @20/200 22/202", "100/7 101/8 103/10"},
		{"a late picture does not count", 15, "@100/7 103/9 101/8 @20/200", "100/7 103/9 101/8 104/10"},
		{"the first source wraps", 15, "@32767/255 0/0 1/1", "32767/255 0/0 1/1"},
		{"the second source wraps", 15, "@100/7 @32766/254 32767/255 0/0 1/1", "100/7 101/8 102/9 103/10 104/11"},
		{"the line wraps", 15, "@32766/254 32767/255 @20/200 21/201", "32766/254 32767/255 0/0 1/1"},
		{"both wrap", 15, "@32767/255 @32767/255 0/0 @5/5", "32767/255 0/0 1/1 2/2"},
		{"a change after a wrap", 15, "@32766/254 1/1 @20/200", "32766/254 1/1 2/2"},
		{"late over the wrap", 15, "@32767/255 1/1 32767/255 @20/200", "32767/255 1/1 32767/255 2/2"},
		{"left out", 15, "@100/7 -101/7 102/7 -103/7 104/8", "100/7 101/7 102/8"},
		{"several left out, of several packets", 15, "@100/7 -101/7 -101/7 -102/7 -103/7 -103/7 104/8 104/8", "100/7 101/8 101/8"},
		{"late, before what was left out", 15, "@100/7 102/7 -103/7 104/8 101/7 102/7", "100/7 102/7 103/8 101/7 102/7"},
		{"late, after what was left out", 15, "@100/7 -101/7 103/7 -104/7 102/7 105/8", "100/7 102/7 101/7 103/8"},
		{"left out, late", 15, "@100/7 102/7 -101/7 103/7", "100/7 102/7 103/7"},
		{"left out after a part of it was sent", 15, "@100/7 101/7 -101/7 102/7", "100/7 101/7 102/7"},
		{"left out over the wrap", 15, "@32766/7 -32767/7 -0/7 1/8 32766/7 2/8", "32766/7 32767/8 32766/7 0/8"},
		{"the next source after one left out", 15, "@100/7 -101/7 @20/200 -21/200 22/200", "100/7 101/8 102/8"},
		{"64 left out, and one before them again", 15, "@100/7 " + strings.Repeat("-101/7 ", 2) + "-102/7 -150/7 160/8 100/7", "100/7 157/8 100/7"},
		{"left out, 7 bits", 7, "@126/7 -127/7 -0/7 1/8 126/7", "126/7 127/8 126/7"},
		{"7 bits", 7, "@100/7 101/8 @20/200 21/200", "100/7 101/8 102/9 103/9"},
		{"7 bits, the source wraps", 7, "@100/7 @126/254 127/255 0/0 1/1", "100/7 101/8 102/9 103/10 104/11"},
		{"7 bits, a change after a wrap", 7, "@100/7 127/8 0/9 50/10 @20/200", "100/7 127/8 0/9 50/10 51/11"},
		{"7 bits, two rounds", 7, "@0/0 60/1 120/2 52/3 112/4 44/5 @9/9 10/10", "0/0 60/1 120/2 52/3 112/4 44/5 45/6 46/7"},
		{"7 bits, late over the wrap", 7, "@126/0 1/1 127/0 @20/200", "126/0 1/1 127/0 2/2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ids(t, new(VP8), tt.bits, tt.in); got != tt.want {
				t.Errorf("in %q: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// A width that changes with the source goes on, in the bits that both have.
func TestVP8OverWidths(t *testing.T) {
	var v VP8
	for _, tt := range []struct {
		bits     uint8
		in, want string
	}{
		{15, "@1000/0 1001/1", "1000/0 1001/1"},
		{7, "@20/0 21/1", "106/2 107/3"}, // 1002 and 1003, modulo 128
		{15, "@5/0 6/1", "1004/4 1005/5"},
	} {
		if got := ids(t, &v, tt.bits, tt.in); got != tt.want {
			t.Errorf("%d bits, in %q: got %q, want %q", tt.bits, tt.in, got, tt.want)
		}
	}
}

// A packet that is sent again needs the ids of its own source.
func TestVP8CopiesAreIndependent(t *testing.T) {
	var v VP8
	ids(t, &v, 15, "@100/7 @20/200 21/201")
	before := v
	ids(t, &v, 15, "@9000/50 9001/51")
	if got, want := ids(t, &before, 15, "20/200 21/201"), "101/8 102/9"; got != want {
		t.Errorf("the copy: got %q, want %q", got, want)
	}
	if got, want := ids(t, &v, 15, "9002/52"), "105/12"; got != want {
		t.Errorf("the original: got %q, want %q", got, want)
	}
}

// Pictures that are sent have ids without gaps, and keep them when they are sent
// again, whatever is left out between them.
func FuzzVP8(f *testing.F) {
	f.Add(uint16(0x7ffe), false, []byte{0, 1, 0, 2, 0, 1, 1, 0, 130, 3, 0, 1, 0, 2})
	f.Add(uint16(126), true, []byte{0, 1, 1, 1, 0, 2, 0, 3, 1, 0, 2, 131})
	f.Fuzz(func(t *testing.T, first uint16, short bool, steps []byte) {
		p := packet.Frame{PictureIDBits: 15, HasTL0: true, PictureID: first & 0x7fff}
		if short {
			p.PictureIDBits, p.PictureID = 7, first&0x7f
		}
		mask := uint16(1)<<p.PictureIDBits - 1
		var v VP8
		v.Start(&p)
		newest, _ := v.Map(&p)
		type sent struct{ in, out, age uint16 }
		list := []sent{{p.PictureID, newest & mask, 0}}
		for _, step := range steps[:min(len(steps), 500)] {
			switch step % 4 {
			case 0, 1:
				p.PictureID = (p.PictureID + 1) & mask
				for i := range list {
					list[i].age++
				}
				if step%4 == 1 {
					v.Leave(&p)
					continue
				}
			case 2: // again
				s := list[len(list)-1-int(step/4)%len(list)]
				if s.age > min(60, mask/2) {
					continue
				}
				q := p
				q.PictureID = s.in
				if out, _ := v.Map(&q); out&mask != s.out {
					t.Fatalf("picture %d was %d, %d pictures ago, and is %d", s.in, s.out, s.age, out&mask)
				}
				continue
			case 3:
				p.PictureID = uint16(step) * 517 & mask
				v.Start(&p)
				list = list[:0]
			}
			out, _ := v.Map(&p)
			if out&mask != (newest+1)&mask {
				t.Fatalf("picture %d is %d after %d", p.PictureID, out, newest)
			}
			newest = out
			list = append(list, sent{p.PictureID, out & mask, 0})
		}
	})
}
