package rewrite

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	video = 90000 // Hz
	audio = 48000 // Hz
)

// at is a moment of the server's clock.
func at(d time.Duration) mono.Time { return mono.Time(d) }

func TestTimestampBind(t *testing.T) {
	for _, tt := range []struct {
		name     string
		base     uint32
		epoch    time.Duration
		in       uint32
		rate     uint32
		captured time.Duration
		want     uint32
	}{
		{"at the epoch", 1000, 0, 555, video, 0, 1000},
		{"a second later", 1000, 0, 555, video, time.Second, 91000},
		{"a frame of 20 ms of audio", 1000, time.Second, 555, audio, 1020 * time.Millisecond, 1960},
		{"a fraction of a tick is cut off", 1000, 0, 555, video, 11112 * time.Nanosecond, 1001},
		{"captured before the epoch", 1000, time.Second, 555, video, 990 * time.Millisecond, 100},
		{"before the epoch and below zero", 1000, time.Second, 555, video, 980 * time.Millisecond, 1<<32 - 800},
		{"the line wraps", 1<<32 - 1, 0, 555, video, time.Second, 89999},
		{"after 28 hours", 0, 0, 555, video, 29 * time.Hour, (29 * 3600 * video) & (1<<32 - 1)},
		{"after a year", 0, 0, 555, video, 365 * 24 * time.Hour, (365 * 24 * 3600 * video) & (1<<32 - 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewTimestamp(tt.base, at(tt.epoch))
			s.Bind(tt.in, tt.rate, at(tt.captured))
			if got := s.Map(tt.in); got != tt.want {
				t.Errorf("bound at %v: got %d, want %d", tt.captured, got, tt.want)
			}
			if got := s.Offset(); got != tt.want-tt.in {
				t.Errorf("Offset: got %d, want %d", got, tt.want-tt.in)
			}
		})
	}
}

func TestTimestampKeepsItsDistance(t *testing.T) {
	s := NewTimestamp(1000, 0)
	s.Bind(1<<32-3000, video, 0)
	for _, tt := range []struct {
		name     string
		in, want uint32
	}{
		{"first", 1<<32 - 3000, 1000},
		{"same frame", 1<<32 - 3000, 1000},
		{"next frame, the source wraps", 0, 4000},
		{"two frames on", 6000, 10000},
		{"late frame", 3000, 7000},
		{"before the bound one", 1<<32 - 6000, 1<<32 - 2000},
	} {
		if got := s.Map(tt.in); got != tt.want {
			t.Errorf("%s: Map(%d): got %d, want %d", tt.name, tt.in, got, tt.want)
		}
	}
}

// What is sent after a change of the source is newer than all that was sent
// before it, and as much newer as it was captured later.
func TestTimestampOverChanges(t *testing.T) {
	type change struct {
		in       uint32
		captured time.Duration
		want     uint32
	}
	for _, tt := range []struct {
		name  string
		base  uint32
		sent  []uint32 // of a source bound as 500 at the epoch
		steps []change
	}{
		{"later", 1000, []uint32{500, 3500}, []change{{7, time.Second, 91000}}},
		{"there and back", 1000, []uint32{500}, []change{{7, time.Second, 91000}, {90500, 2 * time.Second, 181000}}},
		{"captured earlier than what was sent", 1000, []uint32{500, 9500}, []change{{7, 50 * time.Millisecond, 10090}}},
		{"captured with what was sent", 1000, []uint32{500, 9500}, []change{{7, 100 * time.Millisecond, 10090}}},
		{"captured a tick after what was sent", 1000, []uint32{500, 9499}, []change{{7, 100 * time.Millisecond, 10000}}},
		{"a late one was last", 1000, []uint32{500, 9500, 3500}, []change{{7, 50 * time.Millisecond, 10090}}},
		{"nothing was sent", 1000, nil, []change{{7, 0, 1000}}},
		{"twice in a moment", 1000, []uint32{500}, []change{{7, 0, 1090}, {9, 0, 1180}}},
		{"over the wrap", 1<<32 - 1000, []uint32{500}, []change{{7, 20 * time.Millisecond, 800}}},
		{"at the wrap, captured earlier", 1<<32 - 50, []uint32{500}, []change{{7, -time.Millisecond, 40}}},
		{"earlier, and sent over the wrap", 1<<32 - 1000, []uint32{500, 2000}, []change{{7, 10 * time.Millisecond, 590}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewTimestamp(tt.base, 0)
			s.Bind(500, video, 0)
			for _, in := range tt.sent {
				s.Map(in)
			}
			for _, c := range tt.steps {
				s.Bind(c.in, video, at(c.captured))
				if got := s.Map(c.in); got != c.want {
					t.Errorf("bound at %v: got %d, want %d", c.captured, got, c.want)
				}
				if got := s.Offset(); got != c.want-c.in {
					t.Errorf("bound at %v: offset %d, want %d", c.captured, got, c.want-c.in)
				}
			}
		})
	}
}

// A slot that was idle for longer than 2^31 ticks is still on its line.
func TestTimestampAfterALongPause(t *testing.T) {
	s := NewTimestamp(1000, 0)
	s.Bind(500, video, 0)
	s.Map(500)
	for _, pause := range []time.Duration{7 * time.Hour, 20 * time.Hour, 40 * time.Hour} {
		ticks := uint64(pause/time.Second) * video
		s.Bind(7, video, at(pause))
		if got, want := s.Map(7), uint32(1000+ticks); got != want {
			t.Errorf("after %v: got %d, want %d", pause, got, want)
		}
	}
}

// A source of another clock rate goes on where the slot is, not where it would
// be if it had run at that rate from the beginning.
func TestTimestampOverRates(t *testing.T) {
	const narrow = 8000
	s := NewTimestamp(1000, 0)
	s.Bind(500, audio, at(0))
	s.Map(500)
	s.Bind(7, narrow, at(time.Hour))
	want := uint32(1000 + 3600*audio)
	if got := s.Map(7); got != want {
		t.Errorf("an hour later at 8 kHz: got %d, want %d", got, want)
	}
	s.Bind(9, audio, at(time.Hour+time.Second))
	if got := s.Map(9); got != want+narrow {
		t.Errorf("a second later at 48 kHz again: got %d, want %d", got, want+narrow)
	}
}

// A source that is behind begins at the present, at the pace at which it comes,
// and is on the line when it has caught up.
func TestTimestampBindBehind(t *testing.T) {
	const key = 500_000 // timestamp of what was captured at 9 s
	for _, tt := range []struct {
		name  string
		sent  time.Duration // capture of what was sent last; 0 = nothing
		speed float64
		in    time.Duration // captured after the key frame
		want  time.Duration // where on the line it is said to be
	}{
		{"the key frame", 0, 2.5, 0, 10 * time.Second},
		{"after 500 ms at 2.5", 0, 2.5, 500 * time.Millisecond, 10*time.Second + 200*time.Millisecond},
		{"after 500 ms at 5", 0, 5, 500 * time.Millisecond, 10*time.Second + 100*time.Millisecond},
		{"just before it has caught up", 0, 2.5, 1660 * time.Millisecond, 10*time.Second + 664*time.Millisecond},
		{"caught up", 0, 2.5, 1700 * time.Millisecond, 10*time.Second + 700*time.Millisecond},
		{"long after", 0, 2.5, time.Minute, 69 * time.Second},
		{"something was sent", 9900 * time.Millisecond, 2.5, 0, 10 * time.Second},
		{"something newer was sent", 10200 * time.Millisecond, 2.5, 0, 10*time.Second + 201*time.Millisecond},
		{"no speed", 0, 0, 500 * time.Millisecond, 10*time.Second + 400*time.Millisecond},
		{"before the key frame", 0, 2.5, -time.Second, 9 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewTimestamp(0, 0)
			if tt.sent > 0 {
				s.Bind(77, video, at(tt.sent))
				s.Map(77)
			}
			s.BindBehind(key, video, at(9*time.Second), Behind{Now: at(10 * time.Second), Speed: tt.speed})
			in := uint32(key + int64(tt.in)*90/int64(time.Millisecond))
			got := s.Map(in)
			if want := uint32(int64(tt.want) * 90 / int64(time.Millisecond)); int32(got-want) < -2 || int32(got-want) > 2 {
				t.Errorf("got %d, want %d", got, want)
			}
			if again := in + s.Offset() + s.Chase().Ahead(in); again != got {
				t.Errorf("sent again it has %d, the first time %d", again, got)
			}
		})
	}
}
