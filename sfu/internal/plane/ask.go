package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

const (
	// askOriginEvery is how far the requests of a mirror are apart, which the
	// core of the publisher merges with those of others.
	askOriginEvery = 300 * time.Millisecond
	// stoppedAfter is how long an encoding may be silent and still be asked for
	// a key frame: a still screen is sent once a second.
	stoppedAfter = 5 * time.Second
)

// ask wants a key frame of an encoding; requests of all subscribers are merged.
// It is cheap enough to be called with every packet that somebody cannot use
// without one. An urgent request jumps the queue: it is of a subscriber that gets
// more than its link carries until the key frame comes.
func (f *Fanout) ask(now mono.Time, encoding int, urgent bool) {
	if f.spec.Audio || uint(encoding) >= uint(len(f.encodings)) {
		return
	}
	if f.transport == nil {
		f.askOrigin(now, encoding, urgent)
		return
	}
	if urgent {
		f.keys.WantNow(encoding)
	} else {
		f.keys.Want(encoding)
	}
	f.plane.timers.hasten(f.transport, max(now, f.keys.Deadline(f.transport.rtt)))
}

// askOrigin wants a key frame of a publication of another core. It is asked for
// again as long as packets come and none of them is one.
func (f *Fanout) askOrigin(now mono.Time, encoding int, urgent bool) {
	waits := f.keys.Wants(encoding)
	f.keys.Want(encoding)
	if waits && now.Sub(f.askedOrigin) < askOriginEvery && !(urgent && !f.askedUrgent) {
		return
	}
	f.askedOrigin, f.askedUrgent = now, urgent
	f.plane.emit(Event{Kind: EventKeyFrame, Publication: f.id, Encoding: encoding, Urgent: urgent})
}

// advanceKeyFrames sends the key-frame requests that are due.
func (t *Transport) advanceKeyFrames(now mono.Time) mono.Time {
	next := mono.Never
	for _, f := range t.publications {
		if f.keys.Wanted() {
			next = min(next, f.request(now))
		}
	}
	return next
}

// request sends the key-frame requests that are due, one to each encoding that
// somebody waits for, as long as somebody is there to see the answer. It returns
// when the next one is.
func (f *Fanout) request(now mono.Time) mono.Time {
	t := f.transport
	switch {
	case len(f.outbounds)+len(f.mirrors) == 0:
		f.keys.Forget()
		return mono.Never
	case !f.askable(now):
		return mono.Never // streams begin with a key frame; else who waits asks again
	}
	streams := f.keys.Poll(now, t.rtt)
	for i, in := range f.encodings {
		if streams>>i&1 != 0 && in != nil && in.receiver.Started() {
			in.stats.PLIs++
			t.rtcp = report.AppendPLI(t.rtcp, t.ssrc, in.ssrc)
		}
	}
	return f.keys.Deadline(t.rtt)
}

// askable tells whether one of the streams that somebody waits for can be asked
// for a key frame. Those that stopped are not waited for any more.
func (f *Fanout) askable(now mono.Time) (yes bool) {
	for i, in := range f.encodings {
		switch {
		case in == nil || !in.receiver.Started() || !f.keys.Wants(i):
		case now.Sub(in.heard) > stoppedAfter:
			f.keys.Came(i)
		default:
			yes = true
		}
	}
	return yes
}
