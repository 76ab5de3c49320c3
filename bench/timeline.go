package bench

import (
	"context"
	"fmt"
	"os"
	"time"
)

// TimelinePoint is about a second of the steady window: from the point before,
// or the start of the window, to Seconds.
type TimelinePoint struct {
	// Seconds since the start of the window, at the end of the interval. An
	// interval takes 0.5 to 1.5 s, or the window if that is shorter.
	Seconds float64 `json:"seconds"`
	// Packets that subscribers received in the interval. The last one has those
	// too that were sent in the window and came after it, so the sum over all
	// points is what the run received.
	Packets uint64 `json:"packets"`
	// ServerCPU and ClientCPU are processor time in cores; that of the server
	// and its memory are 0 if its process is not known.
	ServerCPU float64 `json:"server_cpu_cores,omitempty"`
	ClientCPU float64 `json:"client_cpu_cores"`
	Resident  int64   `json:"resident_bytes,omitempty"` // of the server, at the end of the interval
}

// sample is what can be read of a run at any moment.
type sample struct {
	at             time.Time
	received       uint64
	server, client time.Duration // processor time
	resident       int64
}

// measure lets the steady window pass.
func (f *forward) measure(ctx context.Context) error {
	start := time.Now().Add(settle)
	end := start.Add(f.options.Duration)
	f.window.end.Store(end.UnixNano())
	f.window.start.Store(start.UnixNano())
	if err := pause(ctx, time.Until(start)); err != nil {
		return err
	}
	f.slowDown()
	first, err := f.sample()
	if err != nil {
		return err
	}
	before, err := f.observe(ctx)
	if err != nil {
		return err
	}
	churned := f.startChurn(ctx, end)
	defer churned()
	if err := f.watch(ctx, first, end); err != nil {
		return err
	}
	after, err := f.observe(ctx)
	if err != nil {
		return err
	}
	f.lookForGone()
	f.result.observed(before, after)
	return pause(ctx, drain)
}

// watch takes a sample each second from the first one to the end. A rest of less
// than half a second belongs to the interval before it, since a rate over a few
// milliseconds is noise.
func (f *forward) watch(ctx context.Context, first sample, end time.Time) error {
	last := first
	for due := first.at; due.Before(end); {
		if due = due.Add(time.Second); end.Sub(due) < time.Second/2 {
			due = end
		}
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		now, err := f.sample()
		if err != nil {
			return err
		}
		p := now.since(last)
		p.Seconds = now.at.Sub(first.at).Seconds()
		f.result.Timeline = append(f.result.Timeline, p)
		last = now
		f.options.Progress(Progress{
			Phase: "measure", Done: min(int(now.at.Sub(first.at)/time.Millisecond), int(f.options.Duration/time.Millisecond)), Total: int(f.options.Duration / time.Millisecond),
			Text: fmt.Sprintf("%d packets received", now.received),
		})
	}
	return nil
}

func (f *forward) sample() (s sample, err error) {
	s.at, s.received = time.Now(), f.run.meter.received.Load()
	if pid := f.server.pid; pid != 0 {
		if s.server, err = cpuTime(pid); err != nil {
			return s, err
		}
		if s.resident, err = residentSize(pid); err != nil {
			return s, err
		}
	}
	s.client, err = cpuTime(os.Getpid())
	return s, err
}

// since returns what happened from an earlier sample on.
func (s sample) since(earlier sample) TimelinePoint {
	seconds := s.at.Sub(earlier.at).Seconds()
	return TimelinePoint{
		Packets:   s.received - earlier.received,
		ServerCPU: (s.server - earlier.server).Seconds() / seconds,
		ClientCPU: (s.client - earlier.client).Seconds() / seconds,
		Resident:  s.resident,
	}
}

// complete adds to the last point what came after the window had ended.
func (r *ForwardResult) complete() {
	n := len(r.Timeline)
	if n == 0 {
		return
	}
	sum := uint64(0)
	for _, p := range r.Timeline {
		sum += p.Packets
	}
	r.Timeline[n-1].Packets += r.Received - min(sum, r.Received)
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
