package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// turn waits until the next client may join.
func (f *forward) turn(ctx context.Context) error {
	if f.options.JoinRate <= 0 {
		return ctx.Err()
	}
	if f.joins == 0 {
		f.began = time.Now()
	}
	due := f.began.Add(time.Duration(float64(f.joins) / f.options.JoinRate * float64(time.Second)))
	f.joins++
	return pause(ctx, time.Until(due))
}

// join brings everybody in: who publishes first, so that the others find
// something to ask for.
func (f *forward) join(ctx context.Context, plans []memberPlan) error {
	slices.SortStableFunc(plans, func(a, b memberPlan) int { return len(b.sources) - len(a.sources) })
	f.members, f.planned = make([]*member, 0, len(plans)), len(plans)
	publishing := 0
	for i, p := range plans {
		if len(p.sources) == 0 {
			break
		}
		if err := f.turn(ctx); err != nil {
			return err
		}
		m, err := f.run.join(ctx, fmt.Sprint("publisher ", i), p)
		if err != nil {
			return err
		}
		f.members = append(f.members, m)
		f.joined("")
		publishing++
	}
	f.joined(fmt.Sprintf("%d publishers joined", publishing))
	if err := f.joinViewers(ctx, plans[publishing:]); err != nil {
		return err
	}
	for i, m := range f.members[:publishing] {
		if err := f.subscribe(ctx, m); err != nil {
			return fmt.Errorf("publisher %d: %w", i, err)
		}
	}
	f.counted(publishing)
	f.joined(fmt.Sprintf("%d clients joined, %d subscriptions", len(f.members), f.result.Subscriptions))
	if f.options.HoldMedia {
		f.run.sender.release()
	}
	return f.awaitMedia(ctx)
}

// joined tells how many have joined.
func (f *forward) joined(text string) {
	f.options.Progress(Progress{Phase: "join", Done: len(f.members), Total: f.planned, Text: text})
}

// counted notes who is there.
func (f *forward) counted(publishing int) {
	r := &f.result
	r.Clients, r.Publishers = len(f.members), publishing
	if f.options.TransportCC {
		r.Feedback = &FeedbackFigures{}
	}
	for _, m := range f.members {
		r.Subscriptions += len(m.subscribed)
		if r.Feedback != nil && m.inbox.wide != nil && !m.plan.sink && !m.plan.slow {
			r.Feedback.Members++
		}
		if r.Sink != nil && !m.plan.sink && !m.plan.slow {
			r.Sink.Checking += len(m.subscribed)
		}
		if m.plan.slow {
			if r.Slow == nil {
				r.Slow = &SlowFigures{}
			}
			r.Slow.Members++
		}
	}
}

// joinViewers lets those join who only receive, some at once.
func (f *forward) joinViewers(ctx context.Context, plans []memberPlan) error {
	type outcome struct {
		m   *member
		err error
	}
	work, done := make(chan int), make(chan outcome)
	var workers sync.WaitGroup
	for range joinsAtOnce {
		workers.Go(func() {
			for i := range work {
				m, err := f.run.join(ctx, fmt.Sprint("viewer ", i), plans[i])
				done <- outcome{m, err}
			}
		})
	}
	go func() {
		for i := range plans {
			if f.turn(ctx) != nil {
				break // the joins that run fail with the same reason
			}
			work <- i
		}
		close(work)
		workers.Wait()
		close(done)
	}()
	var failed error
	for o := range done {
		if o.err != nil {
			failed = o.err
			continue
		}
		f.members = append(f.members, o.m)
		f.joined("")
		if err := f.subscribe(ctx, o.m); err != nil {
			failed = err
		}
	}
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// subscribe asks for what the others of the room publish, as far as the member
// has slots.
func (f *forward) subscribe(ctx context.Context, m *member) error {
	list := f.available(m)
	if len(list) == 0 {
		return nil
	}
	return m.request(ctx, list)
}

// available lists what a member can subscribe to, and notes that it does.
func (f *forward) available(m *member) (list []*publication) {
	f.mu.Lock()
	defer f.mu.Unlock()
	audio, video := m.plan.audio, m.plan.video
	for _, o := range f.members {
		if o == m || o.plan.room != m.plan.room || !o.left.IsZero() {
			continue
		}
		for _, p := range o.published {
			room := &video
			if p.audio() {
				room = &audio
			}
			if *room > 0 {
				*room--
				list = append(list, p)
			}
		}
	}
	if len(list) > 0 {
		m.note(list)
	}
	return list
}

// awaitMedia waits until everybody who asked for something receives something,
// but for those whose media goes to the sink.
func (f *forward) awaitMedia(ctx context.Context) error {
	deadline := time.Now().Add(firstMedia)
	for {
		missing := 0
		for _, m := range f.members {
			if !m.asked.IsZero() && !m.plan.sink && m.inbox.first.Load() == 0 {
				missing++
			}
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("bench: %d of %d clients received nothing for %v", missing, len(f.members), firstMedia)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
