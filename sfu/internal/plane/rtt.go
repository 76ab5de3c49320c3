package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	firstRTT   = 100 * time.Millisecond // before anything was measured
	guessedRTT = 30 * time.Millisecond  // at least, of who asks twice
	leastRTT   = 10 * time.Millisecond  // whatever the peer's reports say
	longestRTT = 10 * time.Second       // more is no measurement
)

// measure takes the round-trip time from a report block (RFC 3550, section
// 6.4.1).
func (t *Transport) measure(now mono.Time, it *feedback.Item) {
	if it.LastSR == 0 {
		return
	}
	elapsed := int32(uint32(t.plane.ntp(now)>>16) - it.LastSR - it.Delay)
	if elapsed >= 0 {
		t.roundTrip(time.Duration(elapsed) * time.Second >> 16)
	}
}

// roundTrip takes one measurement of the round-trip time: the first as it is,
// others by an eighth. Peers that are sent nothing report nothing, but their
// retransmissions tell as well, which come when they were asked for.
func (t *Transport) roundTrip(sample time.Duration) {
	switch {
	case sample < 0 || sample > longestRTT:
	case !t.measured:
		t.rtt, t.measured = sample, true
	default:
		t.rtt = (7*t.rtt + sample) / 8
	}
}

// patience is how long a request is taken to be answered already, after that many
// answers. Before the round trip is known it is taken to be short, since an
// answer too many costs less than a loss that stays, and longer each time.
func (t *Transport) patience(answers uint8) time.Duration {
	if !t.measured {
		return guessedRTT << min(answers-1, 4)
	}
	return max(t.rtt, leastRTT)
}
