package worker

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// sendRetry is when a full send buffer is tried again.
const sendRetry = time.Millisecond

// patience is how long a message waits for a full send buffer before it is
// dropped. Video of that age is late anyway; audio is little and fits sooner.
var patience = [plane.NumClasses]time.Duration{
	plane.Urgent: 200 * time.Millisecond,
	plane.Bulk:   20 * time.Millisecond,
}

// flush writes the outbox. What a full send buffer refuses stays for the next
// rounds.
func (w *Worker) flush(now mono.Time) {
	if w.plane.Outbox().Len() == 0 {
		return
	}
	w.meter.worked()
	defer w.meter.sent()
	for class := range plane.NumClasses {
		if !w.send(class) {
			w.drop(now)
			return
		}
	}
}

// send writes the messages of a class. It returns false if some are left.
func (w *Worker) send(class plane.Class) bool {
	box := w.plane.Outbox()
	for {
		all := box.Waiting(class)
		if len(all) == 0 {
			return true
		}
		w.out = w.out[:0]
		for _, m := range all[:min(len(all), batch)] {
			w.out = append(w.out, udp.Datagram{B: m.B, Segment: m.Segment, Local: m.Path.Local, Remote: m.Path.Remote})
		}
		n, err := w.cfg.Socket.WriteBatch(w.out)
		if n < len(w.out) {
			all[n].B = w.out[n].B // a train may have been sent in part
		}
		box.Release(class, n)
		if err != nil || n < len(w.out) {
			return false
		}
	}
}

// drop ends what has waited for too long.
func (w *Worker) drop(now mono.Time) {
	for class := range plane.NumClasses {
		w.plane.Expire(now, class, now.Add(1-patience[class]))
	}
}
