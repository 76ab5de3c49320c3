package room

import (
	"context"
	"slices"
	"time"
)

// run is the room's goroutine.
func (r *Room) run() {
	defer close(r.done)
	timer := time.NewTimer(r.options.Linger)
	defer timer.Stop()
	hooks := &r.server.cfg.Hooks
	if hooks.OnOpen != nil {
		hooks.OnOpen(r)
	}
	for !r.over() {
		timer.Reset(time.Until(r.wakes(time.Now(), r.next())))
		select {
		case f := <-r.inbox:
			f()
		case <-timer.C:
		}
		r.tick(time.Now())
	}
	r.endParts()
	empty, why := !r.ending, "ended"
	if empty {
		why = "empty"
	}
	if hooks.OnEnd != nil {
		hooks.OnEnd(r, why)
	}
	r.server.forget(r)
	r.refuse()
	r.server.files.forget(r)
	if empty && hooks.OnEmpty != nil {
		hooks.OnEmpty(r)
	}
}

// over tells whether the room has ended: it was closed, or empty for long.
func (r *Room) over() bool {
	if r.ending {
		for _, m := range slices.Concat(r.members, r.seats) {
			r.take(m, "ended")
		}
		r.sendAway()
		return true
	}
	if r.lasts() || r.inUse() || len(r.inbox) > 0 || r.part == nil && time.Since(r.emptySince) < r.options.Linger {
		return false
	}
	for len(r.seats) > 0 {
		r.take(r.seats[0], "ended") // an input that nothing came from
	}
	return true
}

// inUse tells whether somebody is there, waits or may come back. An input that
// nothing comes from is nobody.
func (r *Room) inUse() bool {
	return len(r.members)+len(r.waiting) > 0 || slices.ContainsFunc(r.seats, func(m *Member) bool { return m.input == nil })
}

// refuse carries out what still waits, so that nobody waits for ever; members
// that come too late are refused by the commands themselves.
func (r *Room) refuse() {
	r.ending = true
	for {
		select {
		case f := <-r.inbox:
			f()
		default:
			return
		}
	}
}

// next returns when tick has something to do.
func (r *Room) next() time.Time {
	switch {
	case len(r.members) > 0:
	case len(r.waiting) > 0:
		return time.Now().Add(time.Hour) // until somebody decides, or they give up
	case r.inUse():
		return time.Now().Add(r.server.cfg.Grace)
	default:
		return r.emptySince.Add(r.options.Linger)
	}
	next := time.Now().Add(time.Hour) // until somebody does something
	for _, at := range [...]time.Time{r.flushAt, r.pollsAt, r.judgeAt} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func (r *Room) tick(now time.Time) {
	if !r.flushAt.IsZero() && !now.Before(r.flushAt) {
		r.flush(now)
	}
	if !r.pollsAt.IsZero() && !now.Before(r.pollsAt) {
		r.tellPolls()
	}
	if !r.judgeAt.IsZero() && !now.Before(r.judgeAt) {
		r.judge(now)
	}
	r.tickParts(now)
	if !r.endsAt.IsZero() && !now.Before(r.endsAt) {
		r.ending = true
	}
}

// post hands a command to the room's goroutine, and waits if many wait. It is
// for news that must not be lost; false if the room has ended.
func (r *Room) post(f func()) bool {
	select {
	case <-r.done:
		return false
	default:
	}
	select {
	case r.inbox <- f:
		return true
	case <-r.done:
		return false
	}
}

// call carries out f in the room's goroutine. It fails with ErrBusy when the
// mailbox is full, and with ErrClosed when the room has ended.
func call[T any](ctx context.Context, r *Room, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	var none T
	reply := make(chan result, 1)
	select {
	case r.inbox <- func() { v, err := f(); reply <- result{v, err} }:
	case <-r.done:
		return none, ErrClosed
	default:
		return none, ErrBusy
	}
	select {
	case x := <-reply:
		return x.v, x.err
	case <-r.done:
		select {
		case x := <-reply:
			return x.v, x.err
		default:
			return none, ErrClosed
		}
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// read asks the room's goroutine, and waits if many commands wait. It returns
// the zero value when the room has ended.
func read[T any](r *Room, f func() T) T {
	var none T
	reply := make(chan T, 1)
	if !r.post(func() { reply <- f() }) {
		return none
	}
	select {
	case v := <-reply:
		return v
	case <-r.done:
		select {
		case v := <-reply:
			return v
		default:
			return none
		}
	}
}
