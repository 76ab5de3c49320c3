package layer

import (
	"fmt"
	"strings"
	"testing"
)

// three are the encodings of a camera, in the order of Chromium's examples.
func three() []Encoding {
	return []Encoding{
		{Known: true, Live: true, Width: 1280, Height: 720, Bitrates: [MaxSpatial]int64{1_700_000}},
		{Known: true, Live: true, Width: 640, Height: 360, Bitrates: [MaxSpatial]int64{500_000}},
		{Known: true, Live: true, Width: 320, Height: 180, Bitrates: [MaxSpatial]int64{150_000}},
	}
}

func svc() []Encoding {
	return []Encoding{{
		Known: true, Live: true, Width: 1280, Height: 720, Spatial: 2, Temporal: 2,
		Bitrates: [MaxSpatial]int64{150_000, 650_000, 2_000_000}, FrameRates: [MaxTemporal]uint16{7, 15, 30, 30},
	}}
}

func with(list []Encoding, change func(list []Encoding)) []Encoding {
	change(list)
	return list
}

func TestChoose(t *testing.T) {
	unsized := with(three(), func(l []Encoding) {
		for i := range l {
			l[i].Width, l[i].Height = 0, 0
		}
	})
	for _, tt := range []struct {
		name   string
		list   []Encoding
		demand Demand
		want   string // encoding.spatial.temporal, wanted encodings
	}{
		{"everything", three(), Demand{}, "0.*.* 0"},
		{"as large as the smallest", three(), Demand{Width: 320, Height: 180}, "2.*.* 2"},
		{"a bit larger is scaled up", three(), Demand{Width: 400, Height: 225}, "2.*.* 2"},
		{"larger by a half is not", three(), Demand{Width: 480, Height: 270}, "1.*.* 1"},
		{"tiny", three(), Demand{Width: 16, Height: 9}, "2.*.* 2"},
		{"larger than there is", three(), Demand{Width: 3840, Height: 2160}, "0.*.* 0"},
		{"a tall place is filled by its width", three(), Demand{Width: 320, Height: 1000}, "2.*.* 2"},
		{"a wide place is filled by its height", three(), Demand{Width: 2000, Height: 200}, "2.*.* 2"},
		{"the height alone", three(), Demand{Height: 360}, "1.*.* 1"},
		{"two layers at the most", three(), Demand{Spatial: 2}, "1.*.* 1"},
		{"one temporal layer at the most", three(), Demand{Temporal: 1}, "0.*.0 0"},
		{"a bit rate", three(), Demand{Bitrate: 1_000_000}, "1.*.* 1"},
		{"less than the lowest", three(), Demand{Bitrate: 1000}, "2.*.* 2"},
		{"the wanted one is not sent now", with(three(), func(l []Encoding) { l[0].Live = false }), Demand{}, "1.*.* 01"},
		{"only larger ones are sent", with(three(), func(l []Encoding) { l[2].Live = false }), Demand{Width: 200}, "1.*.* 12"},
		{"none is sent", with(three(), func(l []Encoding) { l[0].Live, l[1].Live, l[2].Live = false, false, false }),
			Demand{Width: 200}, "2.*.* 2"},
		{"one never came", with(three(), func(l []Encoding) { l[0] = Encoding{} }), Demand{Width: 200}, "2.*.* 02"},
		{"none ever came", []Encoding{{}, {}, {}}, Demand{}, "-1.0.0 012"},
		{"sizes are not known", unsized, Demand{Width: 600}, "1.*.* 1"},
		{"one size is known", with(three(), func(l []Encoding) { l[0].Width, l[2].Width = 0, 0 }), Demand{Width: 320}, "2.*.* 2"},
		{"nothing is known but the order", []Encoding{{Known: true, Live: true}, {Known: true, Live: true}}, Demand{}, "0.*.* 0"},
		{"the same size twice: the bit rate tells", with(three(), func(l []Encoding) {
			l[1].Width, l[1].Height, l[1].Bitrates[0] = 1280, 720, 3_000_000
		}), Demand{}, "1.*.* 1"},
		{"spatial layers: everything", svc(), Demand{}, "0.*.* 0"},
		{"spatial layers: a half", svc(), Demand{Width: 640}, "0.1.* 0"},
		{"spatial layers: a quarter, slow", svc(), Demand{Width: 320, FrameRate: 8}, "0.0.0 0"},
		{"a frame rate between two", svc(), Demand{FrameRate: 12}, "0.*.1 0"},
		{"a frame rate above all", svc(), Demand{FrameRate: 60}, "0.*.* 0"},
		{"spatial layers: a bit rate", svc(), Demand{Bitrate: 700_000}, "0.1.* 0"},
		{"one encoding", []Encoding{{Known: true, Live: true}}, Demand{Width: 100}, "0.*.* 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := write(NewLadder(tt.list).Choose(tt.demand)); got != tt.want {
				t.Errorf("%+v: got %s, want %s", tt.demand, got, tt.want)
			}
		})
	}
}

func write(c Choice) string {
	layers := fmt.Sprintf("%d.%d.%d ", c.Encoding, c.Spatial, c.Temporal)
	s := strings.ReplaceAll(layers, "255", "*")
	for i := range MaxEncodings {
		if c.Wanted>>i&1 != 0 {
			s += fmt.Sprint(i)
		}
	}
	return s
}

func TestPicture(t *testing.T) {
	for _, tt := range []struct {
		list     []Encoding
		encoding int8
		spatial  uint8
		want     string
	}{
		{three(), 0, 0, "2 1280x720 T0 true"},
		{three(), 2, Highest, "0 320x180 T0 true"},
		{svc(), 0, 1, "1 640x360 T2 true"},
		{svc(), 0, Highest, "2 1280x720 T2 true"},
		{svc(), 1, 0, "0 0x0 T0 false"},
		{nil, None, 0, "0 0x0 T0 false"},
	} {
		p, ok := NewLadder(tt.list).Picture(tt.encoding, tt.spatial)
		if got := fmt.Sprintf("%d %dx%d T%d %t", p.Place, p.Width, p.Height, p.Temporal, ok); got != tt.want || p.Live != ok {
			t.Errorf("Picture(%d, %d) of %d encodings: got %s, want %s", tt.encoding, tt.spatial, len(tt.list), got, tt.want)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	l := NewLadder(three())
	b.ReportAllocs()
	var c Choice
	for b.Loop() {
		c = l.Choose(Demand{Width: 640, Height: 360})
	}
	if c.Encoding != 1 {
		b.Fatal(c)
	}
}
