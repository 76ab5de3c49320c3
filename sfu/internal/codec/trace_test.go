package codec

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

var update = flag.Bool("update", false, "rewrite what the traces are found to be")

// traced is a packet of a recorded stream.
type traced struct {
	line       string
	number     uint16
	p          Packet
	allocation []byte
}

// readTrace reads the packets of a trace in testdata; its header says what the
// columns are.
func readTrace(t testing.TB, name string, c packet.Codec) (list []traced) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		x := traced{line: line, p: Packet{Codec: c}}
		var marker, descriptor, allocation, payload string
		var size int
		if _, err := fmt.Sscan(line, &x.number, &x.p.Timestamp, &marker, &descriptor, &allocation, &size, &payload); err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		x.p.Marker = marker == "M"
		x.p.Descriptor, x.allocation, x.p.Payload = column(t, descriptor), column(t, allocation), column(t, payload)
		x.p.Payload = append(x.p.Payload, make([]byte, size-len(x.p.Payload))...)
		list = append(list, x)
	}
	return list
}

func column(t testing.TB, s string) []byte {
	t.Helper()
	if s == "-" {
		return nil
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var traces = []struct {
	name              string
	codec             packet.Codec
	spatial, temporal uint8 // highest layers
	keyOnly           bool  // spatial layers lean on each other in key pictures alone
}{
	{"vp8-l1t3", packet.VP8, 0, 2, false},
	{"vp9-l3t3key", packet.VP9, 2, 2, true},
	{"vp9-l3t3", packet.VP9, 2, 2, false},
	{"av1-l1t3", packet.AV1, 0, 2, false},
	{"av1-l3t3key", packet.AV1, 2, 2, true},
	{"av1-l3t3", packet.AV1, 2, 2, false},
}

// What each packet of the traces is found to be is written down, for a human to
// read.
func TestTraces(t *testing.T) {
	for _, tt := range traces {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			var got bytes.Buffer
			for _, x := range readTrace(t, tt.name, tt.codec) {
				f := s.Describe(&x.p)
				fmt.Fprintf(&got, "%d %d %s\n", x.number, x.p.Timestamp, meaning(f))
			}
			golden := filepath.Join("testdata", tt.name+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; run with -update and read the change", golden)
			}
		})
	}
}

// meaning is told with the ids.
func meaning(f packet.Frame) string {
	described := f.Described
	f.Described = true
	s := told(f)
	if described {
		s = fmt.Sprintf("#%d ", f.Number) + s
	}
	if f.PictureIDBits > 0 {
		s += fmt.Sprintf(" picture %d", f.PictureID)
	}
	if f.HasTL0 {
		s += fmt.Sprintf(" tl0 %d", f.TL0)
	}
	return s
}

// layerFrame is a frame of a trace and where those are that it needs.
type layerFrame struct {
	packet.Frame
	picture int
	needs   []int // indices of frames
}

// readFrames puts the packets of a trace together. What a frame needs is read by
// the descriptor's distances or VP9's, and not by what Describe told.
func readFrames(t *testing.T, name string, c packet.Codec) (list []layerFrame) {
	t.Helper()
	var s Stream
	byNumber := map[uint16]int{}     // of descriptors
	byPicture := map[[2]uint16]int{} // of VP9: picture and spatial layer
	pictures := map[uint32]int{}     // by timestamp
	for _, x := range readTrace(t, name, c) {
		f := s.Describe(&x.p)
		if !f.Start {
			continue
		}
		l := layerFrame{Frame: f, picture: len(pictures)}
		if p, ok := pictures[x.p.Timestamp]; ok {
			l.picture = p
		} else {
			pictures[x.p.Timestamp] = l.picture
		}
		need := func(i int, ok bool) {
			if !ok {
				t.Fatalf("%s: %s needs a frame that is not there", name, strings.TrimSpace(x.line))
			}
			l.needs = append(l.needs, i)
		}
		if f.Described {
			d, _ := readDescriptor(x.p.Descriptor)
			if d.structured {
				new(Structure).read(&d.rest)
			}
			var custom template
			for _, n := range d.template(s.Structure(), &custom).distancesOf() {
				i, ok := byNumber[f.Number-n]
				need(i, ok)
			}
			byNumber[f.Number] = len(list)
		} else {
			b := x.p.Payload
			if b[0]&vp9P != 0 {
				for at := 4; ; at++ {
					i, ok := byPicture[[2]uint16{f.PictureID - uint16(b[at]>>1), uint16(f.Spatial)}]
					need(i, ok)
					if b[at]&1 == 0 {
						break
					}
				}
			}
			if b[3]&1 != 0 {
				i, ok := byPicture[[2]uint16{f.PictureID, uint16(f.Spatial) - 1}]
				need(i, ok)
			}
			byPicture[[2]uint16{f.PictureID, uint16(f.Spatial)}] = len(list)
		}
		list = append(list, l)
	}
	return list
}

func (t *template) distancesOf() []uint16 { return t.distances[:t.references] }

// Whatever layers a receiver is sent, by what Describe tells, it can decode.
func TestTracesCanBeThinned(t *testing.T) {
	for _, tt := range traces {
		if tt.codec == packet.VP8 {
			continue // says less
		}
		frames := readFrames(t, tt.name, tt.codec)
		var spatial, temporal uint8
		for i := range frames {
			spatial, temporal = max(spatial, frames[i].Spatial), max(temporal, frames[i].Temporal)
		}
		if spatial != tt.spatial || temporal != tt.temporal {
			t.Errorf("%s: layers up to S%dT%d, want S%dT%d", tt.name, spatial, temporal, tt.spatial, tt.temporal)
		}
		for s := range spatial + 1 {
			for tl := range temporal + 1 {
				thinned(t, tt.name, frames, func(f *layerFrame) bool {
					return f.Spatial == s && f.Temporal <= tl || f.Spatial < s && f.Temporal <= tl && !f.NotUpper
				})
				thinned(t, tt.name, frames, func(f *layerFrame) bool {
					return f.Spatial <= s && f.Temporal <= tl && !f.Discardable
				})
			}
		}
		entered(t, tt.name, frames, tt.keyOnly)
	}
}

func thinned(t *testing.T, name string, frames []layerFrame, keep func(*layerFrame) bool) {
	t.Helper()
	kept := 0
	for i := range frames {
		f := &frames[i]
		if !keep(f) {
			continue
		}
		kept++
		for _, n := range f.needs {
			if !keep(&frames[n]) {
				t.Fatalf("%s: %+v is kept, but not what it needs, %+v", name, f, frames[n])
			}
		}
	}
	if kept == 0 {
		t.Errorf("%s: nothing is kept", name)
	}
}

// entered checks each frame's Enter, InterLayer and SwitchUp against what it
// needs.
func entered(t *testing.T, name string, frames []layerFrame, keyOnly bool) {
	t.Helper()
	keys, enters, ups := 0, 0, 0
	for i := range frames {
		f := &frames[i]
		enter, inter, up := true, false, f.Temporal > 0
		for _, n := range f.needs {
			switch need := &frames[n]; {
			case need.picture == f.picture:
				inter = true
			default:
				enter = false
				up = up && need.Temporal < f.Temporal
			}
		}
		if f.Enter != enter || f.InterLayer != inter || f.Temporal > 0 && f.SwitchUp != up {
			t.Errorf("%s: %+v, want enter %t, inter-layer %t, up %t", name, f, enter, inter, up)
		}
		if f.Key != (f.Spatial == 0 && len(f.needs) == 0) {
			t.Errorf("%s: %+v: key", name, f)
		}
		if keyOnly && f.InterLayer && !f.Enter {
			t.Errorf("%s: %+v leans on the layer below in a picture that is no key picture", name, f)
		}
		if f.Key {
			keys++
		}
		if f.Enter && f.Spatial > 0 {
			enters++
		}
		if f.Temporal > 0 && f.SwitchUp {
			ups++
		}
	}
	if keys == 0 || ups == 0 || keyOnly && enters == 0 {
		t.Errorf("%s: %d keys, %d entries to spatial layers, %d to temporal ones", name, keys, enters, ups)
	}
}

// The payloads of AV1 tell the layers that the descriptors tell.
func TestTracesOfAV1WithoutDescriptors(t *testing.T) {
	for _, tt := range traces {
		if tt.codec != packet.AV1 {
			continue
		}
		var s, bare Stream
		for _, x := range readTrace(t, tt.name, tt.codec) {
			want := s.Describe(&x.p)
			p := x.p
			p.Descriptor = nil
			got := bare.Describe(&p)
			if got.Spatial != want.Spatial || got.Temporal != want.Temporal || got.Start != want.Start ||
				got.Key && got.Start != (want.Key && want.Start) {
				t.Errorf("%s, %d: got %s, want %s", tt.name, x.number, meaning(got), meaning(want))
			}
		}
	}
}
