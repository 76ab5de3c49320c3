package room

import (
	"testing"
	"time"
)

func TestGrades(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   health
		q    int
		why  string
	}{
		{"nothing is wrong", health{}, 3, ""},
		{"a member who only writes", health{deaf: true}, 3, ""},
		{"loss that nobody notices", health{uplink: 0.02, downlink: 0.02, delay: 250 * time.Millisecond}, 3, ""},
		{"some is lost on the way up", health{uplink: 0.03}, 2, "uplink_loss"},
		{"much is", health{uplink: 0.09}, 1, "uplink_loss"},
		{"some on the way down", health{downlink: 0.03}, 2, "downlink_loss"},
		{"more down than up", health{uplink: 0.03, downlink: 0.2}, 1, "downlink_loss"},
		{"both as bad: what others see goes first", health{uplink: 0.1, downlink: 0.2}, 1, "uplink_loss"},
		{"a slow link", health{delay: 300 * time.Millisecond}, 2, "delay"},
		{"a satellite and a half", health{delay: 600 * time.Millisecond}, 1, "delay"},
		{"silent for 4 s", health{silent: 4 * time.Second}, 1, "silence"},
		{"silent for 8 s", health{silent: 8 * time.Second, uplink: 1}, 0, "silence"},
		{"no signalling, but media", health{away: true}, 1, "reconnecting"},
		{"neither", health{away: true, silent: 4 * time.Second}, 0, "reconnecting"},
		{"no signalling, and there was no media", health{away: true, deaf: true}, 0, "reconnecting"},
	} {
		if q, why := tt.in.grade(); q != tt.q || why != tt.why {
			t.Errorf("%s: %d %q, want %d %q", tt.name, q, why, tt.q, tt.why)
		}
	}
}

// Steps are what is known, one after the other; the digit is what is told then, a
// dot nothing.
func TestGradesDoNotFlicker(t *testing.T) {
	var (
		good   = health{}
		fair   = health{uplink: 0.03}
		poor   = health{uplink: 0.1}
		slow   = health{delay: time.Second}
		silent = health{silent: 10 * time.Second}
		away   = health{away: true}
	)
	for _, tt := range []struct {
		name  string
		steps []health
		want  string
	}{
		{"good from the beginning", []health{good, good}, ".."},
		{"worse at once", []health{good, fair, poor, poor}, ".21."},
		{"better after a while", []health{poor, good, good, good, good}, "1..3."},
		{"not for one good moment", []health{poor, good, poor, good, good, poor}, "1....."},
		{"as good as the worst of them", []health{poor, good, fair, good, good, good, good}, "1..2..3"},
		{"another reason", []health{poor, slow, slow}, "11."},
		{"at once after a silence", []health{silent, good}, "03"},
		{"at once when it is back", []health{away, fair, good, good, good}, "12..3"},
	} {
		var g grader
		got := ""
		for _, h := range tt.steps {
			if g.step(h) {
				got += string(rune('0' + g.q()))
				continue
			}
			got += "."
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTally(t *testing.T) {
	var up tally
	for i, tt := range []struct {
		received uint64
		lost     int64
		want     float64
	}{
		{100, 0, 0}, {190, 10, 0.1}, {280, 10, 0}, {280, 10, 0}, {290, 15, 0}, // the last: too few to tell
		{20, 5, 0}, {110, 15, 0.1}, // other streams
		{200, 12, 0}, // late ones came after all
	} {
		if got := up.uplink(tt.received, tt.lost); got != tt.want {
			t.Errorf("uplink %d: %v, want %v", i, got, tt.want)
		}
	}
	var down tally
	for i, tt := range []struct {
		streams []heard
		want    float64
	}{
		{[]heard{{1, 100, 0.5}}, 0}, // of when it was sent nobody knows
		{[]heard{{1, 200, 0.5}}, 0.5},
		{[]heard{{1, 300, 0.5}, {2, 100, 1}}, 0.5},
		{[]heard{{1, 300, 0.5}, {2, 200, 1}}, 1}, // nothing was sent in the first
		{[]heard{{1, 400, 0}, {2, 300, 1}}, 0.5},
		{[]heard{{2, 310, 1}}, 0}, // too few to tell
		{nil, 0},
	} {
		if got := down.downlink(tt.streams); got != tt.want {
			t.Errorf("downlink %d: %v, want %v", i, got, tt.want)
		}
	}
}
