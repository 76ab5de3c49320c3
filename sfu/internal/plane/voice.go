package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/layer"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	// voiceWait is how long an audio slot waits for a packet with voice before it
	// changes to another source.
	voiceWait = 200 * time.Millisecond
	// mostUpdate is how many bytes the payload of a packet without sound has at
	// the most, what Opus sends in pauses (RFC 6716, section 2.1.9).
	mostUpdate = 3
	// leastVoice is the level, in -dBov, of what is taken for a voice without
	// being marked as one: not every sender can tell.
	leastVoice = 60
)

// listen is choose for audio, which has no layers and can be entered anywhere,
// but is entered best where somebody speaks. The first packet of a source has the
// marker bit, as after a pause (RFC 3551, section 4.1).
func (o *Outbound) listen(now mono.Time, a *arrival) layer.Verdict {
	e := &a.entry
	first := a.in != o.current
	if first {
		if !o.voiced(now, e, a.b) {
			return 0
		}
		o.current = a.in
		o.slot.turn(now, o, e)
	}
	if first || e.View.Marker {
		return layer.Send | layer.Mark
	}
	return layer.Send
}

// voiced tells whether a slot that was sent something else before may change with
// a packet: with voice (RFC 6464), or after a while.
func (o *Outbound) voiced(now mono.Time, e *nack.Entry, b []byte) bool {
	if o.slot.line.tag == 0 {
		return true // nothing was there before
	}
	if o.patience == 0 {
		o.patience = now.Add(voiceWait)
	}
	if now >= o.patience {
		return true
	}
	dbov, voice, ok := packet.VoiceLevel(e.View.Extension(b, o.fan.spec.Extensions[packet.ExtAudioLevel]))
	return (voice || dbov <= leastVoice || !ok) && len(o.fan.newest(e, b)) > mostUpdate
}
