// Package speaker tells who speaks, from the audio levels that senders put into
// their packets (RFC 6464).
package speaker

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	silence   = 127                    // -dBov of nothing
	threshold = 60                     // -dBov; what is louder can be speech
	hold      = 300 * time.Millisecond // speech goes on for so long after its last packet
	pause     = 500 * time.Millisecond // without packets (DTX) there is silence
	step      = 100 * time.Millisecond // of the release
	release   = 6                      // dB that the level falls in one step
)

// Level smooths the audio level of one stream: up at once, down by 60 dB/s. The
// zero value has heard nothing.
type Level struct {
	heard  bool
	loud   uint8     // 127 − smoothed -dBov: higher is louder
	fallen mono.Time // when loud was last set or lowered
	last   mono.Time // newest packet
	spoken mono.Time // newest packet with speech
	spoke  bool
}

// Push takes the level of one packet, in -dBov where 0 is loudest and 127 is
// silence, and whether its sender believes it to be speech.
func (l *Level) Push(now mono.Time, dbov uint8, voice bool) {
	l.fall(now)
	loud := silence - min(dbov, silence)
	if !l.heard || loud >= l.loud {
		l.loud, l.fallen = loud, now
	}
	l.heard, l.last = true, now
	if voice && dbov < threshold {
		l.spoken, l.spoke = now, true
	}
}

// Value returns the smoothed level in -dBov and whether somebody speaks.
func (l *Level) Value(now mono.Time) (dbov uint8, speaking bool) {
	if !l.heard || now.Sub(l.last) >= pause {
		return silence, false
	}
	l.fall(now)
	return silence - l.loud, l.spoke && now.Sub(l.spoken) < hold
}

func (l *Level) fall(now mono.Time) {
	for l.heard && now.Sub(l.fallen) >= step && l.loud > 0 {
		l.loud -= min(l.loud, release)
		l.fallen = l.fallen.Add(step)
	}
}
