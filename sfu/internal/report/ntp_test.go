package report

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

func TestNTPOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   time.Time
		want NTP
	}{
		{"the start of 1900", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{"the start of 1970", time.Unix(0, 0), 2_208_988_800 << 32},
		{"the example of RFC 3550 section 6.4.1", time.Date(1995, 11, 10, 11, 33, 25, 125_000_000, time.UTC), 0xb44db705_20000000},
		{"the last nanosecond of a second", time.Unix(0, 999_999_999), 2_208_988_800<<32 | 0xfffffffb},
		{"the second era", time.Date(2036, 2, 7, 6, 28, 16, 500_000_000, time.UTC), 0x80000000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := NTPOf(tt.in); got != tt.want {
				t.Errorf("NTPOf(%v): got %#x, want %#x", tt.in, uint64(got), uint64(tt.want))
			}
		})
	}
}

func TestNTPAdd(t *testing.T) {
	const noon = NTP(0xb44db705_20000000)
	for _, tt := range []struct {
		n    NTP
		d    time.Duration
		want NTP
	}{
		{noon, 0, noon},
		{noon, 5*time.Second + 250*time.Millisecond, 0xb44db70a_60000000},
		{noon, -125 * time.Millisecond, 0xb44db705_00000000},
		{noon, -1125 * time.Millisecond, 0xb44db704_00000000},
		{noon, 875 * time.Millisecond, 0xb44db706_00000000},
		{0xffffffff_80000000, 500 * time.Millisecond, 0}, // into the next era
		{0, -time.Second, 0xffffffff_00000000},
	} {
		if got := tt.n.Add(tt.d); got != tt.want {
			t.Errorf("%#x.Add(%v): got %#x, want %#x", uint64(tt.n), tt.d, uint64(got), uint64(tt.want))
		}
	}
}

// Adding and taking the difference is exact to the nanosecond, also over the
// end of an era.
func TestNTPSub(t *testing.T) {
	for _, d := range []time.Duration{
		0, 1, -1, 999_999_999, -999_999_999, time.Second, -time.Second,
		3*time.Hour + 7, -3*time.Hour - 7, 60 * 365 * 24 * time.Hour, -60 * 365 * 24 * time.Hour,
	} {
		for _, n := range []NTP{0, 0xb44db705_20000000, 0xffffffff_ffffffff} {
			if got := n.Add(d).sub(n); got < d-1 || got > d+1 {
				t.Errorf("%#x.Add(%v).sub: got %v", uint64(n), d, got)
			}
		}
	}
}

// publisher is a clock that is off by an amount and runs faster by ppm.
type publisher struct {
	off time.Duration
	ppm float64
}

// shows returns what the clock shows at a moment of the server's.
func (p publisher) shows(at mono.Time) NTP {
	const start = NTP(0xec000000_00000000)
	return start.Add(p.off + time.Duration(at) + time.Duration(float64(at)*p.ppm/1e6))
}

func TestOffset(t *testing.T) {
	const (
		least  = 20 * time.Millisecond // delay of a report in the best case
		length = 10 * time.Minute
	)
	for _, tt := range []struct {
		name   string
		clock  publisher
		jitter time.Duration
		bound  time.Duration // of the error
	}{
		{"same clock", publisher{}, 0, time.Microsecond},
		{"one hour ahead", publisher{off: time.Hour}, 0, time.Microsecond},
		{"one hour behind", publisher{off: -time.Hour}, 0, time.Microsecond},
		{"jitter", publisher{off: time.Hour}, 80 * time.Millisecond, time.Microsecond},
		{"fast by 100 ppm", publisher{off: -time.Hour, ppm: 100}, 0, 6 * time.Millisecond},
		{"slow by 100 ppm", publisher{off: time.Hour, ppm: -100}, 0, 6 * time.Millisecond},
		{"fast with jitter", publisher{ppm: 100}, 80 * time.Millisecond, 6 * time.Millisecond},
		{"slow with jitter", publisher{ppm: -100}, 80 * time.Millisecond, 6 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o Offset
			worst := time.Duration(0)
			for i := 0; mono.Time(i)*mono.Time(time.Second) < mono.Time(length); i++ {
				sent := mono.Time(time.Second) * mono.Time(i+1)
				delay := least + tt.jitter*time.Duration(i%7)/6
				n := tt.clock.shows(sent)
				o.Push(sent.Add(delay), n)
				got, ok := o.At(n)
				if !ok {
					t.Fatal("knows nothing after a report")
				}
				if i > 10 { // one report without jitter came
					worst = max(worst, got.Sub(sent.Add(least)).Abs())
				}
			}
			if worst > tt.bound {
				t.Errorf("largest error %v, want at most %v", worst, tt.bound)
			}
		})
	}
}

func TestOffsetKnowsNothingAtFirst(t *testing.T) {
	var o Offset
	if at, ok := o.At(5); ok {
		t.Errorf("got %v before the first report", at)
	}
}

// A clock that is set is followed at once, a report that is merely late is not.
func TestOffsetFollowsAClockThatIsSet(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  time.Duration // added to the clock after 10 reports
		late time.Duration // error of the estimate just after that
	}{
		{"a little behind looks like delay", -400 * time.Millisecond, -400 * time.Millisecond},
		{"a little ahead", 400 * time.Millisecond, 0},
		{"an hour ahead", time.Hour, 0},
		{"an hour behind", -time.Hour, 0},
		{"more than half a second behind", -501 * time.Millisecond, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o Offset
			var p publisher
			now := mono.Time(0)
			for range 10 {
				now = now.Add(time.Second)
				o.Push(now, p.shows(now))
			}
			p.off = tt.off
			now = now.Add(time.Second)
			o.Push(now, p.shows(now))
			got, _ := o.At(p.shows(now))
			if d := got.Sub(now) - tt.late; d.Abs() > time.Microsecond {
				t.Errorf("clock set by %v: estimate is off by %v, want %v", tt.off, got.Sub(now), tt.late)
			}
		})
	}
}

// What was measured before a long pause says nothing about a clock that drifts.
func TestOffsetForgetsOverAPause(t *testing.T) {
	var o Offset
	p := publisher{ppm: -100}
	for _, s := range []int{1, 2, 3, 1203} { // 20 minutes are 120 ms of drift
		now := mono.Time(s) * mono.Time(time.Second)
		o.Push(now, p.shows(now))
	}
	now := mono.Time(1203 * time.Second)
	if got, _ := o.At(p.shows(now)); now.Sub(got).Abs() > 6*time.Millisecond {
		t.Errorf("estimate is off by %v after a pause, want at most 6 ms", got.Sub(now))
	}
}
