package bench

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestVideoIsShapedLikeAnEncoder(t *testing.T) {
	const bitrate, fps, seconds = 2_500_000, 30, 60
	v := newVideo(1, bitrate, fps, 10*time.Second)
	total, keys, largest := 0, 0, 0
	var sizes []int
	for n := range fps * seconds {
		f := v.next(n == 100)
		if want := time.Duration(n) * (time.Second / fps); f.due != want {
			t.Fatalf("frame %d is due at %v, want %v", n, f.due, want)
		}
		if n > 0 && math.Abs(float64(f.ts)-float64(n)*3000) > 1 {
			t.Fatalf("frame %d has timestamp %d, want %d", n, f.ts, n*3000)
		}
		if f.key {
			keys++
			largest = max(largest, f.size)
		} else {
			sizes = append(sizes, f.size)
		}
		total += f.size
	}
	if got := float64(total) * 8 / seconds; math.Abs(got/bitrate-1) > 0.05 {
		t.Errorf("%.0f bit/s, want %d ± 5 %%", got, bitrate)
	}
	if keys != seconds/10+1 {
		t.Errorf("%d key frames, want one in 10 s and the one that was asked for", keys)
	}
	slices.Sort(sizes)
	median := sizes[len(sizes)/2]
	if p95 := sizes[len(sizes)*95/100]; p95 < median*3/2 || largest < 3*median {
		t.Errorf("median %d, 95 %% %d, largest key frame %d: all alike", median, p95, largest)
	}
}

func TestVoiceHasPauses(t *testing.T) {
	v := newVoice(1, audioBitrate)
	frames, quiet, last := 0, 0, time.Duration(-1)
	for {
		f := v.next(false)
		if f.due >= time.Minute {
			break
		}
		if f.due <= last || f.due%audioInterval != 0 || f.ts != uint32(f.due/audioInterval)*960 {
			t.Fatalf("frame at %v with timestamp %d after %v", f.due, f.ts, last)
		}
		if f.due-last > audioInterval {
			quiet++
		}
		last = f.due
		frames++
	}
	if all := int(time.Minute / audioInterval); frames < all/4 || frames > all*3/4 || quiet < 20 {
		t.Errorf("%d of %d frames, %d pauses; want about half, and pauses", frames, all, quiet)
	}
}

func TestSplitIsEven(t *testing.T) {
	for _, tt := range []struct {
		size, limit int
		want        []int
	}{
		{100, 1000, []int{100}},
		{1000, 1000, []int{1000}},
		{1001, 1000, []int{500, 501}},
		{3000, 1000, []int{1000, 1000, 1000}},
		{3100, 1000, []int{775, 775, 775, 775}},
	} {
		if got := split(tt.size, tt.limit, nil); !slices.Equal(got, tt.want) {
			t.Errorf("split(%d, %d) = %v, want %v", tt.size, tt.limit, got, tt.want)
		}
	}
}

func TestStamp(t *testing.T) {
	want := stamp{track: 7, serial: 1 << 31, sent: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC).UnixNano()}
	payload := make([]byte, minPayload)
	describeVP8(payload, 300, true, true, [2]uint16{640, 360})
	want.put(payload)
	if got, ok := readStamp(payload); !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	for _, b := range [][]byte{nil, make([]byte, stampSize-1), make([]byte, 100)} {
		if s, ok := readStamp(b); ok {
			t.Errorf("% x has the stamp %+v", b, s)
		}
	}
}
