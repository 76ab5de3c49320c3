package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	churnWithin  = 10 * time.Second // bounds one change
	newcomerTime = 2 * time.Second  // in which a newcomer is sent what it missed
)

// ChurnFigures is how many members came and went in the window.
type ChurnFigures struct {
	Left   uint64 `json:"left"`
	Joined uint64 `json:"joined"` // and subscribed
	Failed uint64 `json:"failed"` // could not join
	// Behind is changes that were due while too many others were under way, and
	// left out.
	Behind uint64 `json:"behind"`
	// DelayMS is of what was sent in the first 2 s of who came: what a newcomer
	// missed since the last key frame is sent to it at first, and what follows
	// waits for that. It is not in the delay of the whole.
	DelayMS Quantiles `json:"delay_ms"`
	// Why is what the first that failed was told.
	Why string `json:"why,omitempty"`
}

// churn lets members leave and others take their places, at an even rate.
type churn struct {
	f       *forward
	changes sync.WaitGroup
	free    chan struct{} // one for each change that may be under way
	joins   atomic.Int64

	// Guarded by f.mu.
	figures ChurnFigures
}

// startChurn changes members until end; wait for it before the run is closed.
func (f *forward) startChurn(ctx context.Context, end time.Time) (wait func()) {
	if f.options.Churn <= 0 {
		return func() {}
	}
	f.run.churns.Store(true)
	c := &churn{f: f, free: make(chan struct{}, joinsAtOnce)}
	c.changes.Go(func() {
		interval := time.Duration(float64(time.Second) / f.options.Churn)
		for due := time.Now(); due.Before(end); due = due.Add(interval) {
			if pause(ctx, time.Until(due)) != nil {
				return
			}
			c.turn(ctx)
		}
	})
	return func() {
		c.changes.Wait()
		f.result.Churn = &c.figures
	}
}

// turn begins one change.
func (c *churn) turn(ctx context.Context) {
	select {
	case c.free <- struct{}{}:
	default:
		c.note(func(r *ChurnFigures) { r.Behind++ })
		return
	}
	c.changes.Go(func() {
		defer func() { <-c.free }()
		ctx, cancel := context.WithTimeout(ctx, churnWithin)
		defer cancel()
		if old := c.pick(); old != nil {
			old.leave(ctx)
			c.note(func(r *ChurnFigures) { r.Left++ })
			c.replace(ctx, old.plan)
		}
	})
}

func (c *churn) note(change func(*ChurnFigures)) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	change(&c.figures)
}

// pick chooses who leaves: the one that is there for longest, of those who
// receive.
func (c *churn) pick() *member {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	for _, m := range c.f.members {
		if m.left.IsZero() && m.plan.audio+m.plan.video > 0 && !m.plan.slow {
			m.left = time.Now()
			for i := range m.subscribed {
				s := &m.subscribed[i]
				s.last, s.left = s.to.tracks[0].bounds.next.Load(), true
			}
			return m
		}
	}
	return nil
}

// replace lets somebody join in the place of who left.
func (c *churn) replace(ctx context.Context, plan memberPlan) {
	f := c.f
	m, err := f.run.join(ctx, fmt.Sprint("newcomer ", c.joins.Add(1)), plan)
	if err == nil {
		f.mu.Lock()
		others := slices.Clone(f.members)
		f.members = append(f.members, m)
		f.mu.Unlock()
		err = f.subscribe(ctx, m)
		for _, o := range others {
			if len(m.published) > 0 {
				f.follow(ctx, o, m)
			}
		}
	}
	c.note(func(r *ChurnFigures) {
		if err == nil {
			r.Joined++
			return
		}
		if r.Failed++; r.Why == "" {
			r.Why = err.Error()
		}
	})
}

// follow has a member subscribe to who came later. What the server refuses comes
// when the slots of who left are free.
func (f *forward) follow(ctx context.Context, m, newcomer *member) {
	f.mu.Lock()
	wants := m.left.IsZero() && m.plan.room == newcomer.plan.room && m.plan.audio+m.plan.video > 0
	if wants {
		m.note(newcomer.published)
	}
	f.mu.Unlock()
	if wants {
		_ = m.request(ctx, newcomer.published) // it may be leaving, or refused for now
	}
}

// leave takes a member out of its room.
func (m *member) leave(ctx context.Context) {
	if len(m.published) > 0 {
		m.run.sender.remove(m.publisher.tracks)
	}
	m.sayGoodbye(ctx)
	m.close()
}

// sayGoodbye lets the server give a member's place to others at once.
func (m *member) sayGoodbye(ctx context.Context) {
	if j, ok := m.joined.(interface{ leave(context.Context) error }); ok {
		_ = j.leave(ctx) // closing says it too, but a place is kept for a while
	}
}

// goodbyeWithin bounds how long the members of a server that goes on wait for
// its answer.
const goodbyeWithin = 2 * time.Second

// goodbye is sayGoodbye at the end of a run.
func (m *member) goodbye() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeWithin)
	defer cancel()
	m.pace.end()
	m.sayGoodbye(ctx)
}
