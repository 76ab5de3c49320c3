package nack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// play goes through a script in steps of a millisecond and returns when there
// were requests. A step is a time in ms and what happens: w is Want, n is
// WantNow, c is Came, f is Forget, with the stream's number.
func play(script string, rtt time.Duration, until int) string {
	var k KeyFrames
	var asked []string
	steps := strings.Fields(script)
	for ms := range until {
		for len(steps) > 0 {
			var at, stream int
			var what rune
			fmt.Sscanf(steps[0], "%d%c%d", &at, &what, &stream)
			if at > ms {
				break
			}
			steps = steps[1:]
			switch what {
			case 'w':
				k.Want(stream)
			case 'n':
				k.WantNow(stream)
			case 'c':
				k.Came(stream)
			case 'f':
				k.Forget()
			}
		}
		now := mono.Time(5*time.Second) + mono.Time(ms)*mono.Time(time.Millisecond)
		if got := k.Poll(now, rtt); got != 0 {
			asked = append(asked, fmt.Sprintf("%d:%b", ms, got))
		}
	}
	return strings.Join(asked, " ")
}

func TestKeyFrames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script string
		rtt    time.Duration
		want   string // ms and streams of each request within 3.5 s
	}{
		{"nobody waits", "", 0, ""},
		{"at once", "7w0 50c0", 0, "7:1"},
		{"answered", "0w0 50c0", 0, "0:1"},
		{"all who wait share it", "0w0 1w0 2w0 60w0 100c0", 0, "0:1"},
		{"lost: again after 320 ms, then once a second", "0w0", 0, "0:1 320:1 1000:1 2000:1 3000:1"},
		{"lost: again after a round trip", "0w0", 700 * time.Millisecond, "0:1 700:1 1400:1 2100:1 3000:1"},
		{"the next one wants it while encoders are deaf", "0w0 50c0 100w0 400c0", 0, "0:1 320:1"},
		{"a key frame by itself is the answer", "0w0 50c0 100w0 200c0", 0, "0:1"},
		{"the bucket is empty", "0w0 50c0 400w0 450c0 800w0 1050c0", 0, "0:1 400:1 1000:1"},
		{"the bucket refills", "0w0 50c0 400w0 450c0 2500w0 2550c0 2900w0 2950c0", 0, "0:1 400:1 2500:1 2900:1"},
		{"streams share a request", "0w0 0w2 50c0 100c2", 0, "0:101"},
		{"one of two streams came", "0w0 0w1 50c1 400c0", 0, "0:11 320:1"},
		{"urgent: the bucket does not matter", "0w0 50c0 400w0 450c0 800n1 850c1", 0, "0:1 400:1 800:10"},
		{"urgent: a round trip does not matter", "0w0 100n1 600c0 600c1", 900 * time.Millisecond, "0:1 320:11"},
		{"urgent: deaf encoders matter", "0w0 50c0 100n1 400c1", 0, "0:1 320:10"},
		{"urgent once", "0w0 320n0", 0, "0:1 320:1 1000:1 2000:1 3000:1"},
		{"urgent is paid for later", "0w0 50c0 400w0 450c0 800n1 850c1 1000w0", 0, "0:1 400:1 800:10 2000:1 3000:1"},
		{"nobody waits any more", "0w0 100f0", 0, "0:1"},
		{"no such stream", "0w32 0n33 0w99", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(tt.script, tt.rtt, 3500); got != tt.want {
				t.Errorf("%q: asked at %q, want %q", tt.script, got, tt.want)
			}
		})
	}
}

// Whatever is wanted, however urgently, and however soon it is answered: the
// encoder is asked a few times and then once a second.
func TestKeyFramesStorm(t *testing.T) {
	for _, tt := range []struct {
		name   string
		urgent bool
		most   int // requests in 10 s
	}{
		{"joins", false, 2 + 10},
		{"urgent joins", true, 4 + 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k KeyFrames
			asked := 0
			for ms := range 10_000 {
				if ms%100 == 0 {
					k.Want(0)
					if tt.urgent {
						k.WantNow(0)
					}
				}
				if k.Poll(mono.Time(ms)*mono.Time(time.Millisecond), 0) != 0 {
					asked++
					k.Came(0) // at once, so that the next one waits anew
				}
			}
			if asked > tt.most {
				t.Errorf("%d requests in 10 s, want at most %d", asked, tt.most)
			}
		})
	}
}

func FuzzKeyFrames(f *testing.F) {
	f.Add([]byte{0, 0, 1, 200, 2, 100, 3, 50}, uint16(40))
	f.Fuzz(func(t *testing.T, script []byte, rtt uint16) {
		var k KeyFrames
		now, last, round := mono.Time(0), mono.Time(-leastApart), time.Duration(rtt)*time.Millisecond
		for i := 0; i+1 < len(script); i += 2 {
			now = now.Add(time.Duration(script[i+1]) * time.Millisecond)
			stream := int(script[i] >> 3)
			switch script[i] & 7 {
			case 0, 1:
				k.Want(stream)
			case 2:
				k.WantNow(stream)
			case 3:
				k.Came(stream)
			case 4:
				k.Forget()
			}
			due, wanted := k.Deadline(round), k.wanted
			got := k.Poll(now, round)
			if (got != 0) != (due <= now) || got != 0 && got != wanted {
				t.Fatalf("wanted %b, due %v, asked for %b at %v", wanted, due, got, now)
			}
			if got != 0 && now.Sub(last) < leastApart {
				t.Fatalf("asked at %v and at %v", last, now)
			}
			if got != 0 {
				last = now
			}
		}
	})
}
