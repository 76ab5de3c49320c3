// Package report keeps the statistics that RTCP carries and writes RTCP
// packets: sender and receiver reports (RFC 3550 section 6.4), NACK and PLI
// (RFC 4585), and transport-wide feedback. What it writes are the packets of a
// compound one after the other; encryption is not its business.
package report

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// NTP is a wall-clock time as RTCP has it: seconds since 1900 in the upper 32
// bits, fractions of one in the lower (RFC 3550 section 4).
type NTP uint64

const ntpUnix = 2_208_988_800 // seconds from 1900 to 1970

// NTPOf converts a time.
func NTPOf(t time.Time) NTP {
	return NTP(uint64(t.Unix()+ntpUnix)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second))
}

// Add returns the time d later; d may be negative.
func (n NTP) Add(d time.Duration) NTP {
	s, ns := int64(d/time.Second), int64(d%time.Second)
	return n + NTP(s<<32) + NTP(ns<<32/int64(time.Second))
}

// sub returns how long after m the time n is.
func (n NTP) sub(m NTP) time.Duration {
	d := int64(n - m)
	return time.Duration(d>>32)*time.Second + time.Duration((d&0xffffffff)*int64(time.Second)>>32)
}

const (
	offsetWindow = 30 * time.Second       // two of them are remembered
	offsetJump   = 500 * time.Millisecond // a clock that was set, not a delay
)

// Offset estimates what a publisher's clock shows on the server's: the least
// delay between its reports and their arrival, over the last 30 to 60 s, so
// that jitter does not count and a drift of 100 ppm stays below 6 ms. The zero
// value knows nothing.
type Offset struct {
	anchor   NTP       // the publisher's clock …
	at       mono.Time // … when the server's showed this
	started  bool
	since    mono.Time     // of the present window
	present  time.Duration // least delay beyond the anchor in it
	previous time.Duration // and in the one before
}

// Push takes a sender report that arrived at now and carried n.
func (o *Offset) Push(now mono.Time, n NTP) {
	if o.started {
		d := now.Sub(o.at) - n.sub(o.anchor)
		least := min(o.present, o.previous)
		if d < least+offsetJump && d > least-offsetJump {
			o.push(now, d)
			return
		}
	}
	*o = Offset{anchor: n, at: now, started: true, since: now}
}

func (o *Offset) push(now mono.Time, d time.Duration) {
	switch age := now.Sub(o.since); {
	case age >= 2*offsetWindow: // a pause: all that is known is too old
		o.since, o.previous, o.present = now, d, d
	case age >= offsetWindow:
		o.since, o.previous, o.present = now, o.present, d
	default:
		o.present = min(o.present, d)
	}
}

// At returns the moment of the server's clock at which the publisher's shows n.
// It is false before the first Push.
func (o *Offset) At(n NTP) (mono.Time, bool) {
	return o.at.Add(n.sub(o.anchor) + min(o.present, o.previous)), o.started
}
