package worker

import (
	"runtime"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/cputime"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// meter measures what the worker's goroutine uses of its thread.
//
// The goroutine holds its thread while it works, so that the thread's clock is
// its own, and lets go of it while it waits for the socket: waking a goroutine
// that is bound to a thread takes 3 µs and more of CPU time, each time. Where
// there is no clock of a thread it measures the time between two waits.
//
// Owned by the worker.
type meter struct {
	plane *plane.Plane
	since time.Duration // by the thread's clock, of the last look
	spent plane.Spent   // and not charged yet
}

// wait is called with true before the goroutine waits, and with false when it
// goes on.
func (m *meter) wait(waiting bool) {
	if waiting {
		m.read()
		runtime.UnlockOSThread()
		return
	}
	runtime.LockOSThread()
	m.since = cputime.Thread()
}

// read, worked and sent end a stretch of what they say.
func (m *meter) read()   { m.spent.Read += m.lap() }
func (m *meter) worked() { m.spent.Work += m.lap() }
func (m *meter) sent()   { m.spent.Send += m.lap() }

func (m *meter) lap() time.Duration {
	now := cputime.Thread()
	took := now - m.since
	m.since = now
	return took
}

// charge divides what was measured since the last charge over those for whom
// the batch was.
func (m *meter) charge() {
	m.plane.Charge(m.spent)
	m.spent = plane.Spent{}
}
