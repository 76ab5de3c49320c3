package speaker

import (
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// unlevelled is the loudness that is assumed of a stream whose packets carry no
// level: that of the quietest speech, so that it never takes the place of
// somebody who is known to speak.
const unlevelled = silence - threshold + 1

// Voice is what one stream is heard of, for all who compare it with others. The
// zero value has heard nothing.
type Voice struct {
	Level    Level
	activity Activity
	blind    mono.Time // newest packet that came without a level
	unknown  bool      // there was one
}

// Report is what a stream is worth at a moment, as ranking and choice of the
// dominant speaker need it.
type Report struct {
	// ID names the stream; it is never zero.
	ID uint32
	// Loud is 127 less the smoothed -dBov of one who speaks; 0 is silence, or
	// what is no speech.
	Loud uint8
	// Immediate, Medium and Long are the windows of an [Activity].
	Immediate, Medium, Long uint8
}

// Heard tells whether there is anything to say about the stream.
func (r Report) Heard() bool { return r.Loud > 0 || r.Long > 0 }

// Push takes the level of one packet; see [Level.Push].
func (v *Voice) Push(now mono.Time, dbov uint8, voice bool) {
	v.unknown = false
	v.Level.Push(now, dbov, voice)
	v.activity.Push(now, dbov, voice)
}

// PushUnknown notes a packet with sound but without a level: its sender did not
// negotiate RFC 6464.
func (v *Voice) PushUnknown(now mono.Time) { v.blind, v.unknown = now, true }

// Report returns what the stream is worth at now.
func (v *Voice) Report(now mono.Time, id uint32) Report {
	r := Report{ID: id}
	if v.unknown {
		if now.Sub(v.blind) < hold {
			r.Loud = unlevelled
		}
		return r
	}
	r.Immediate, r.Medium, r.Long = v.activity.Windows(now)
	dbov, speaking := v.Level.Value(now)
	if !v.activity.flagged { // its sender does not say: what stands out of the noise is speech
		speaking = dbov < threshold && (r.Medium >= active || r.Long > 0)
	}
	if speaking {
		r.Loud = silence - dbov
	}
	return r
}
