package layer

import (
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// play feeds packets to a selector. A packet is written as
//
//	ENCODING PICTURE [.SPATIAL [.TEMPORAL]] FLAGS
//
// such as q7.1.2eU: the only packet of a frame of encoding q, which is the second
// spatial layer of picture 7. Flags are k key frame, e can be entered, i needs
// the layer below, n no upper layer needs it, d discardable, u can be entered
// from lower temporal layers, [ the first of several packets, ] the last of them,
// = one in between, m marker. Between packets, >ENCODING.SPATIAL.TEMPORAL changes
// the target, with a minus behind it if it goes down.
//
// The result has a word for each packet: - of another encoding, x left out,
// . sent, ! sent as the first one of its encoding; then | for the end of the
// picture, ? if a key frame is asked for, ?? if in a hurry.
func play(s *Selector, in string) string {
	var out []string
	for word := range strings.FieldsSeq(in) {
		if t, ok := strings.CutPrefix(word, ">"); ok {
			s.Aim(target(t))
			continue
		}
		f, p := packetOf(word)
		p.Frame = &f
		out = append(out, s.Select(p).String())
	}
	return strings.Join(out, " ")
}

func (v Verdict) String() string {
	w := "-"
	switch {
	case v&Turn != 0:
		w = "!"
	case v&Send != 0:
		w = "."
	case v&Leave != 0:
		w = "x"
	}
	if v&Mark != 0 {
		w += "|"
	}
	if v&Ask != 0 {
		w += "?"
	}
	if v&Hurry != 0 {
		w += "?"
	}
	return w
}

const letters = "qhf"

func target(w string) Target {
	w, down := strings.CutSuffix(w, "-")
	t := Target{Encoding: int8(strings.IndexByte(letters, w[0])), Spatial: Highest, Temporal: Highest, Down: down}
	parts := strings.Split(w[1:], ".")
	for i, layer := range []*uint8{nil, &t.Spatial, &t.Temporal} {
		if i > 0 && i < len(parts) {
			n, _ := strconv.Atoi(parts[i])
			*layer = uint8(n)
		}
	}
	return t
}

func packetOf(w string) (f packet.Frame, p Packet) {
	p.Encoding = int8(strings.IndexByte(letters, w[0]))
	f.Start, f.End = true, true
	end := strings.IndexAny(w, "kenidu[]=m")
	if end < 0 {
		end = len(w)
	}
	parts := strings.Split(w[1:end], ".")
	n, _ := strconv.Atoi(parts[0])
	p.Timestamp = 1<<32 - 30_000 + uint32(n)*3000 // wraps at 10
	for i, layer := range []*uint8{nil, &f.Spatial, &f.Temporal} {
		if i > 0 && i < len(parts) {
			n, _ := strconv.Atoi(parts[i])
			*layer = uint8(n)
		}
	}
	for _, flag := range w[end:] {
		switch flag {
		case 'k':
			f.Key = true
		case 'e':
			f.Enter = true
		case 'i':
			f.InterLayer = true
		case 'n':
			f.NotUpper = true
		case 'd':
			f.Discardable = true
		case 'u':
			f.SwitchUp = true
		case '[':
			f.End = false
		case ']':
			f.Start = false
		case '=':
			f.Start, f.End = false, false
		case 'm':
			p.Marker = true
		}
	}
	return f, p
}

func TestSelectorSimulcast(t *testing.T) {
	for _, tt := range []struct {
		name, target, in, want string
	}{
		{"begins with a key frame", "q", "q1 q2k[ q2]m q3m", "-? ! .| .|"},
		{"not with another encoding's", "q", "h1km q1km", "- !|"},
		{"not in the middle of one", "q", "q1k]m q2m q3km", "-? -? !|"},
		{"a packet that was overtaken by the first is sent", "q", "q1k[ q2m q1]m", "! .| .|"},
		{"up at a key frame, the old goes on until then", "q",
			"q1km h1m >h q2m h2m q3m h3km q4m h4m", "!| - .| -? .| !| - .|"},
		{"no third encoding in between", "q", "q1km >h f2km q2m h3km f3km", "!| - .| !| -"},
		{"the key frame's second packet came first", "q", "q1km >h h2k]m h2k[ h3m", "!| -? ! .|"},
		{"down at the next key frame, in a hurry", "f", "f1km >q- f2m q2m f3m q3km f4m q4m", "!| .| -?? .| !| - .|"},
		{"down: the lowest temporal layer goes on", "f",
			"f1.0.0km >q- f2.0.2m f3.0.1m f4.0.2m f5.0.0m q6km", "!| x x x .| !|"},
		{"down: a picture that has begun is finished", "f",
			"f1km f2.0.2[ >q- f2.0.2]m f3.0.2m", "!| . .| x"},
		{"up: temporal layers go on", "q", "q1km >h q2.0.2m q3.0.1m", "!| .| .|"},
		{"up while waiting for down: what is sent stays", "h", "h1km >q- h2.0.1m >h h3.0.1um h4.0.1m", "!| x .| .|"},
		{"late packets of the old encoding are not sent", "q", "q1km q2[ >h h3km q2]m h4m", "!| . !| - .|"},
		{"the other's key frame came and went", "q", "q1km h2km >h h3m q3m", "!| - -? .|"},
		{"and back", "q", "q1km >h h2km >q- h3m q4km h4km", "!| !| .| !| -"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(target(tt.target))
			if got := play(&s, tt.in); got != tt.want {
				t.Errorf("target %s, in %q:\n got %q,\nwant %q", tt.target, tt.in, got, tt.want)
			}
		})
	}
}

// Each encoding of VP9 that is sent as simulcast has the spatial layer 0 alone,
// and its own key frames.
func TestSelectorKeepsVP9EncodingsApart(t *testing.T) {
	s := New(target("q"))
	got := play(&s, `q1.0.0kem h1.0.0kem f1.0.0kem q2.0.2um h2.0.2um f2.0.2um
		>f q3.0.1um h3.0.1um f3.0.1um q4.0.0kem h4.0.0kem f4.0.0kem q5.0.2um h5.0.2um f5.0.2um`)
	if want := "!| - - .| - - .| - -? .| - !| - - .|"; got != want {
		t.Errorf("got %q,\nwant %q", got, want)
	}
}

func TestSelectorTemporal(t *testing.T) {
	for _, tt := range []struct {
		name, target, in, want string
	}{
		{"none left out", "q", "q1km q2.0.2m q3.0.1m q4.0.2m q5m", "!| .| .| .| .|"},
		{"the lowest one says up as well", "q", "q1km q2.0.0um q3.0.1m q4.0.2m", "!| .| .| .|"},
		{"T1 of three", "q.0.1", "q1km q2.0.2um q3.0.1um q4.0.2m q5m", "!| x .| x .|"},
		{"down at the next picture", "q", "q1km q2.0.2[ >q.0.0- q2.0.2]m q3.0.1m q4.0.2m q5m", "!| . .| x x .|"},
		{"up one by one, where it may", "q.0.0", "q1km >q q2.0.2m q3.0.1m q4m q5.0.2um q6.0.1um q7.0.2m q8m q9.0.2um",
			"!| x x .| x .| x .| .|"},
		{"up at once with a key frame", "q.0.0", "q1km >q q2.0.1m q3km q4.0.1m", "!| x .| .|"},
		{"not in the middle of a picture", "q.0.0", "q1km q2.0.1[ >q q2.0.1u]m q3.0.1um", "!| x x .|"},
		{"a late packet belongs to what was sent then", "q", "q1km q2.0.1[ >q.0.0- q3m q2.0.1]m q4.0.1m", "!| . .| .| x"},
		{"a late packet of what was not sent", "q.0.0", "q1km q2.0.1u[ >q.0.1 q3.0.1um q2.0.1u]m", "!| x .| x"},
		{"no higher than wanted", "q.0.0", "q1km >q.0.1 q2.0.1um q3.0.2um", "!| .| x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(target(tt.target))
			if got := play(&s, tt.in); got != tt.want {
				t.Errorf("target %s, in %q:\n got %q,\nwant %q", tt.target, tt.in, got, tt.want)
			}
		})
	}
}

// A publisher that never says where a temporal layer can be entered is asked for
// a key frame, but not at once.
func TestSelectorTemporalPatience(t *testing.T) {
	s := New(target("q.0.0"))
	play(&s, "q1km >q")
	for i := range patience {
		if got := play(&s, "q"+strconv.Itoa(2+i)+".0.1m"); got != "x" {
			t.Fatalf("frame %d: got %q, want x", i, got)
		}
	}
	if got := play(&s, "q200.0.1m q201m q202km q203.0.1m q204m"); got != "x? .|? .| .| .|" {
		t.Errorf("after %d frames: got %q", patience, got)
	}
}

func TestSelectorSpatial(t *testing.T) {
	for _, tt := range []struct {
		name, target, in, want string
	}{
		{"L2: both", "q", "q1ke q1.1eim q2 q2.1im", "! .| . .|"},
		{"L2: the lower one has the marker", "q.0", "q1ke[ q1] q1.1eim q2 q2.1im", "! .| x .| x"},
		{"L2: down at the next picture", "q.1", "q1ke q1.1eim q2 >q.0- q2.1im q3 q3.1im", "! .| . .| .| x"},
		{"L2: up at a key frame", "q.0", "q1ke q1.1eim >q.1 q2 q2.1im q3ke q3.1eim q4 q4.1im", "!| x .| x? . .| . .|"},
		{"L3: up at once while nothing is missing yet", "q.0", "q1ke q2 >q q3 q3.1eim", "!| .| . .|"},
		{"L2: the upper layer begins without the lower one", "q.0", "q1ke q1.1im >q.1 q2.1eim q3 q3.1im", "!| x .| . .|"},
		{"L2: not when the picture was ended below", "q.0", "q1ke q1.1im >q.1 q2 q2.1eim", "!| x .| x?"},
		{"L2: the key picture's upper layer came first", "q.0", "q1ke q1.1eim >q.1 q2.1eim q2ke q3 q3.1im", "!| x .| . . .|"},
		{"L2: and a part of it was left out", "q.0", "q1ke q1.1eim >q.1 q2.1im[ q2ke q2.1im] q3 q3.1im",
			"!| x x? .| x? .| x?"},
		{"L2: a picture without its upper layer", "q", "q1ke q1.1eim q2m q3 q3.1im", "! .| .| . .|"},
		{"L3_KEY: only the highest between key frames", "q",
			"q1ke q1.1ei q1.2eim q2n q2.1n q2.2m q3ke q3.1ei q3.2eim q4n", "! . .| x x .| . . .| x"},
		{"L3_KEY: the middle", "q.1", "q1ke q1.1ei q1.2eim q2n q2.1n q2.2m", "! .| x x .| x"},
		{"L2_KEY: down takes a key frame", "q.1", "q1ke q1.1eim q2n q2.1m >q.0- q3n q3.1m q4ke q4.1eim q5n q5.1m",
			"! .| x .| x?? .|?? .| x .| x"},
		{"L2_KEY: down leaves only the lowest temporal layer", "q.1",
			"q1ke q1.1eim q2n q2.1m >q.0- q3.0.1n q3.1.1m q4n q4.1m", "! .| x .| x?? x?? x?? .|??"},
		{"L2_KEY: the upper layer was not there at the key frame", "q.1", "q1kem q2nm q3nm q4 q4.1eim q5n q5.1m",
			"!| .| .| . .| x .|"},
		{"S2: independent", "q.1", "q1ken q1.1em q2n q2.1m >q.0- q3n q3.1m q4ken q4.1em q5n q5.1m",
			"! .| x .| x?? .|?? .| x .| x"},
		{"a discardable frame is not missed", "q.1", "q1ke q1.1eim q2dn q2.1m >q.0- q3 q3.1m", "! .| x .| .| x"},
		{"timestamps begin anew", "q", "q999km q1m q2km q3m", "!| .| .| .|"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(target(tt.target))
			if got := play(&s, tt.in); got != tt.want {
				t.Errorf("target %s, in %q:\n got %q,\nwant %q", tt.target, tt.in, got, tt.want)
			}
		})
	}
}

// In L2T1_KEY the publisher may stop the upper layer; the lower one has not been
// sent since the key frame, so that nothing is seen before the next.
func TestSelectorTopLayerEnds(t *testing.T) {
	s := New(target("q"))
	play(&s, "q1ke q1.1eim q2n q2.1m")
	for i := range absence - 1 {
		if got := play(&s, "q"+strconv.Itoa(3+i)+"nm"); got != "x" {
			t.Fatalf("picture %d: got %q, want x", i, got)
		}
	}
	if got, want := play(&s, "q20nm q21kem q22nm q23nm"), "x?? .| .| .|"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSelectorStop(t *testing.T) {
	s := New(target("q"))
	play(&s, "q1km")
	s.Stop()
	if got, want := play(&s, "q2m q3km"), "-? !|"; got != want {
		t.Errorf("after Stop: got %q, want %q", got, want)
	}
}

func TestMarksOfWhatWasSent(t *testing.T) {
	s := New(target("q.1"))
	play(&s, "q1ke q1.1ei q1.2eim >q.0- q2 q2.1i q2.2im")
	for word, want := range map[string]bool{
		"q1.0k": false, "q1.1": true, "q1.1[": false, "q2": true, "q2.1": false, "q2.2m": true,
	} {
		f, p := packetOf(word)
		p.Frame = &f
		if got := s.Marks().Ends(p); got != want {
			t.Errorf("Ends(%s): got %t, want %t", word, got, want)
		}
	}
}

func TestSelectorIsSmall(t *testing.T) {
	if got := unsafe.Sizeof(Selector{}); got > 64 {
		t.Errorf("a selector has %d bytes, want at most 64", got)
	}
}

func BenchmarkSelect(b *testing.B) {
	for name, in := range map[string]string{
		"vp8":      "q2[ q2= q2= q2]m q3.0.2u[ q3.0.2u= q3.0.2u= q3.0.2u]m",
		"l3t3_key": "q2n[ q2n] q2.1n[ q2.1n] q2.2[ q2.2]m q3.0.2n q3.2.2m",
		"other":    "h2[ h2= h2= h2]m h3.0.2u[ h3.0.2u= h3.0.2u= h3.0.2u]m",
	} {
		b.Run(name, func(b *testing.B) {
			s := New(target("q.2.1"))
			play(&s, "q1ke q1.1ei q1.2eim")
			var frames [8]packet.Frame
			var list [8]Packet
			for i, word := range strings.Fields(in) {
				frames[i], list[i] = packetOf(word)
				list[i].Frame = &frames[i]
			}
			b.ReportAllocs()
			var got Verdict
			for i := 0; b.Loop(); i++ {
				p := list[i&7]
				p.Timestamp += uint32(i>>3) * 6000
				got |= s.Select(p)
			}
			if got == 0 && name != "other" {
				b.Fatal("nothing was sent")
			}
		})
	}
}
