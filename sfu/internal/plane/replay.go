package plane

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
)

const (
	// A key frame is replayed if it and what followed are so little.
	replayAge     = time.Second
	replayPackets = 200
	// replayBehind is how many packets may wait behind a replay.
	replayBehind = 512
	// replayEvery is how often a part of a replay is sent.
	replayEvery = 5 * time.Millisecond
	// A replay is sent at 5/2 of the rate of what is replayed, so that it ends:
	// after two thirds of its length. The rate is in bytes a second and never
	// taken for less than 300 kbit/s.
	replayPace, replayPaceOf = 5, 2
	leastReplayRate          = 300_000 / 8
	// leastReplaySpan is what a rate is measured over at the least: the first
	// packets of a stream, a key frame, come all at once.
	leastReplaySpan = 200 * time.Millisecond
)

// replay sends a subscriber what came before it was there: from a key frame in
// the history to the present, at a pace. It is no queue of packets but a place
// in the history. What comes meanwhile waits behind it, in the history as well.
type replay struct {
	in     *Inbound // nil: there is none
	next   uint16   // number of the packet to send next
	rate   int      // of what is replayed, bytes a second
	pace   int      // at which it is sent, bytes a second
	credit int      // bytes that may be sent now; may be negative
	paid   mono.Time

	// What the rate follows from: a replay may begin with the first packets of a
	// stream, of which nobody knows yet how many will follow.
	bytes   int // that came
	since   mono.Time
	written uint64 // of the history, when they were counted
}

// enter shows a publication to a subscriber that sees nothing of it: by the
// newest key frame if it is still in the history with all that followed, else by
// one that is asked for.
func (o *Outbound) enter(now mono.Time) {
	t := o.slot.transport
	if o.paused || o.fan.spec.Audio || !t.ready() || t.quiet {
		return // the next packet finds it waiting
	}
	o.stop()
	encoding := o.selector.Target().Encoding
	if encoding < 0 {
		o.ask(now)
		return
	}
	in := o.fan.encodings[encoding]
	first, bytes, ok := in.entrance(now)
	if !ok || o.fan.wants.gone>>encoding&1 != 0 { // what comes next does not follow
		o.ask(now)
		return
	}
	o.begin(now, in, first, replay{bytes: bytes, since: in.at(first)})
}

// begin starts a replay of a stream, of which r says what is known of its rate.
func (o *Outbound) begin(now mono.Time, in *Inbound, first uint16, r replay) {
	r.in, r.next, r.credit, r.paid, r.written = in, first, 0, now.Add(-replayEvery), in.history.Written()
	r.measure(now)
	o.replay = r
	o.slot.transport.plane.timers.hasten(o.slot.transport, now)
}

// measure makes the replay as fast as what comes meanwhile wants it, and never
// slower.
func (r *replay) measure(now mono.Time) {
	written := r.in.history.Written()
	r.bytes += int(written - r.written)
	r.written = written
	span := max(leastReplaySpan, now.Sub(r.since))
	r.rate = max(r.rate, int(int64(r.bytes)*int64(time.Second)/int64(span)))
	r.pace = max(r.rate, leastReplayRate) * replayPace / replayPaceOf
}

// speed is how fast the replay goes, against how fast it was captured.
func (r *replay) speed() float64 { return float64(r.pace) / float64(max(1, r.rate)) }

// waits tells whether a packet has to wait behind the replay, and is reached by
// it. What is older may go: it was lost when the replay came by. What is of
// another encoding may be the one to change to.
func (r *replay) waits(in *Inbound, number uint16) bool {
	return r.in == in && int16(number-r.next) >= 0
}

// advanceReplays sends the parts of replays that are due.
func (t *Transport) advanceReplays(now mono.Time) mono.Time {
	next := mono.Never
	for _, s := range t.slots {
		for _, o := range [...]*Outbound{s.outbound, s.next} {
			if o != nil && o.replay.in != nil {
				next = min(next, o.advanceReplay(now))
			}
		}
	}
	return next
}

// advanceReplay sends what is due of the replay and returns when it goes on.
func (o *Outbound) advanceReplay(now mono.Time) mono.Time {
	r := &o.replay
	in := r.in
	if o.current != nil && o.current != in {
		r.in = nil
		return mono.Never
	}
	if in.history == nil || in.newest-r.next > replayBehind && !in.reached(r.next) {
		o.leave(now)
		return mono.Never
	}
	due := r.paid.Add(replayEvery)
	if now < due {
		return due
	}
	r.measure(now)
	r.credit = min(r.credit, 0) + int(int64(r.pace)*int64(min(now.Sub(r.paid), replayAge))/int64(time.Second))
	r.paid = now
	for ; r.in == in && r.credit > 0 && !in.reached(r.next); r.next++ {
		e, b := in.history.Find(r.next)
		if e == nil {
			if in.history.Gone(r.next) {
				o.leave(now)
				return mono.Never
			}
			continue // lost, and forwarded if it is repaired
		}
		if o.current == in && !o.slot.line.sequence.Wants(r.next) {
			continue // sent on another core
		}
		r.credit -= len(b)
		o.pass(now, &arrival{in: in, entry: *e, b: b})
	}
	if r.in != in || in.reached(r.next) {
		r.in = nil
		return mono.Never
	}
	return now.Add(replayEvery)
}

// leave gives a replay up that the history has overtaken.
func (o *Outbound) leave(now mono.Time) {
	o.stop()
	o.ask(now)
}

// reached tells whether a number is that of the next packet to come.
func (in *Inbound) reached(number uint16) bool { return int16(number-in.newest) > 0 }

// holds tells whether the history has the packet with a number, or all until it.
func (in *Inbound) holds(number uint16) bool {
	if in.history == nil || in.stats.PacketsReceived == 0 {
		return false
	}
	e, _ := in.history.Find(number)
	return e != nil || number == in.newest+1
}

// at returns when the packet with a number, which must be in the history, came.
func (in *Inbound) at(number uint16) mono.Time {
	e, _ := in.history.Find(number)
	return e.Arrived
}

// entrance returns the number of the newest key frame's first packet, and how
// many bytes there are from it on. It is false if the history does not hold all
// of them, or if they are too old or too many to be replayed.
func (in *Inbound) entrance(now mono.Time) (first uint16, bytes int, ok bool) {
	if in == nil || in.history == nil {
		return 0, 0, false
	}
	for n := range uint16(replayPackets) {
		e, b := in.history.Find(in.newest - n)
		if e == nil || now.Sub(e.Arrived) > replayAge {
			return 0, 0, false
		}
		bytes += len(b)
		if e.Frame.Key && e.Frame.Start {
			first, bytes = in.begins(e, in.newest-n, bytes)
			return first, bytes, true
		}
	}
	return 0, 0, false
}

// begins goes back from a packet of a key frame to the first one that came of it:
// parameter sets may have come in the wrong order.
func (in *Inbound) begins(e *nack.Entry, number uint16, bytes int) (first uint16, all int) {
	for {
		before, b := in.history.Find(number - 1)
		if before == nil || !before.Frame.Key || before.View.Timestamp != e.View.Timestamp {
			return number, bytes
		}
		number, bytes = number-1, bytes+len(b)
	}
}

// enter lets all slots of the transport begin: it can be sent to from now on.
func (t *Transport) enter(now mono.Time) {
	for _, s := range t.slots {
		if s.outbound != nil && s.outbound.current == nil {
			s.outbound.enter(now)
		}
	}
}
