package codec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// allocated writes what is sent: streams by semicolons, each with its spatial
// layers as WIDTHxHEIGHT@RATE and the bit rates up to each temporal layer.
func allocated(a Allocation) string {
	var out []string
	for s := range a.Streams {
		var layers []string
		for i, l := range a.Layers[s] {
			if l.Temporal > 0 {
				layers = append(layers, fmt.Sprintf("S%d %dx%d@%d %v", i, l.Width, l.Height, l.FrameRate, l.Bitrates[:l.Temporal]))
			}
		}
		out = append(out, strings.Join(layers, ", "))
	}
	return fmt.Sprintf("%d of ", a.Stream) + strings.Join(out, "; ")
}

// The first byte has the stream (2), how many there are less one (2) and the
// spatial layers of all (4); temporal layers, less one, are two bits each.
func TestReadAllocation(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing is sent", "00", "0 of "},
		{"one layer", "01 00 9702 013f00ef0f", "0 of S0 320x240@15 [279]"},
		{"one layer without its size", "01 00 9702", "0 of S0 0x0@0 [279]"},
		{"three temporal layers, Chromium's", "01 80 6e a601 9402 01df010d0c", "0 of S0 480x270@12 [110 166 276]"},
		{
			"three spatial and temporal layers, Chromium's", "07 a8 4d648e01 e201a602a203 fb039505ac07 013f00b30a 027f01670a 04ff02cf0a",
			"0 of S0 320x180@10 [77 100 142], S1 640x360@10 [226 294 418], S2 1280x720@10 [507 661 940]",
		},
		{"three streams", "61 00 64 c801 9003 013f00b31e 027f01671e 04ff02cf1e", "1 of S0 320x180@30 [100]; S0 640x360@30 [200]; S0 1280x720@30 [400]"},
		{"of two streams the second sends nothing", "10 10 00 64 013f00b31e", "0 of S0 320x180@30 [100]; "},
		{"two streams with layers of their own", "50 31 40 64 c801 9003 04", "1 of S0 0x0@0 [100 200], S1 0x0@0 [400]; S0 0x0@0 [4]"},
		{"a part of the sizes means none", "01 00 64 013f00b3", "0 of S0 0x0@0 [100]"},
		{"what follows means nothing", "01 00 64 013f00b31e ffff", "0 of S0 320x180@30 [100]"},
		{"nothing", "", "cut off"},
		{"masks cut off", "30 11", "cut off"},
		{"temporal layers cut off", "01", "cut off"},
		{"bit rates cut off", "01 40 64", "cut off"},
		{"bit rate without an end", "01 00 ff", "cut off"},
		{"bit rate of more than 32 bits", "01 00 ffffffff1f", "cut off"},
		{"the largest bit rate", "01 00 ffffffff0f", "0 of S0 0x0@0 [4294967295]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, ok := ReadAllocation(fromHex(t, tt.in))
			got := "cut off"
			if ok {
				got = allocated(a)
			} else if a != (Allocation{}) {
				t.Errorf("%s: cut off, but %+v", tt.in, a)
			}
			if got != tt.want {
				t.Errorf("%s:\ngot  %s\nwant %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestAllocationTop(t *testing.T) {
	a, _ := ReadAllocation(fromHex(t, "50 31 40 64 c801 9003 04"))
	for stream, want := range map[int]string{-1: "none", 0: "1 [400 0 0 0]", 1: "0 [4 0 0 0]", 2: "none", 4: "none"} {
		got := "none"
		if l, spatial := a.Top(stream); l != nil {
			got = fmt.Sprint(spatial, l.Bitrates)
		}
		if got != want {
			t.Errorf("stream %d: got %s, want %s", stream, got, want)
		}
	}
}

// All allocations of the traces are read, and tell the layers that come.
func TestTracesHaveAllocations(t *testing.T) {
	for _, tt := range traces {
		var last Allocation
		for _, x := range readTrace(t, tt.name, tt.codec) {
			if x.allocation == nil {
				continue
			}
			a, ok := ReadAllocation(x.allocation)
			if !ok {
				t.Fatalf("%s: %x is not read", tt.name, x.allocation)
			}
			last = a
		}
		if l, spatial := last.Top(0); l == nil || spatial != tt.spatial || l.Temporal != tt.temporal+1 {
			t.Errorf("%s: the last allocation is %s", tt.name, allocated(last))
		}
	}
}

func FuzzAllocation(f *testing.F) {
	for _, s := range []string{"00", "01 00 9702 013f00ef0f", "50 31 40 64 c801 9003 04", "07 a8 4d648e01 e201a602a203 fb039505ac07"} {
		f.Add(fromHex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := ReadAllocation(b)
		if !ok {
			if !reflect.ValueOf(a).IsZero() {
				t.Fatalf("cut off, but %+v", a)
			}
			return
		}
		if a.Streams > MaxAllocated || a.Stream >= MaxAllocated {
			t.Fatalf("got %+v", a)
		}
		for s := range a.Layers {
			for i, l := range a.Layers[s] {
				if l.Temporal > MaxAllocated || l.Temporal > 0 && s >= int(a.Streams) || l.Temporal == 0 && l != (Allocated{}) {
					t.Fatalf("stream %d, layer %d: got %+v", s, i, l)
				}
			}
		}
	})
}

func BenchmarkReadAllocation(b *testing.B) {
	in := fromHex(b, "07 a8 4d648e01 e201a602a203 fb039505ac07 013f00b30a 027f01670a 04ff02cf0a")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ReadAllocation(in); !ok {
			b.Fatal("not read")
		}
	}
}
