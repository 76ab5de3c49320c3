package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	guestStays   = 2 * time.Second // from its first media on
	guestPatient = 10 * time.Second
)

// ChurnFigures tells of the guests that came and went while others were measured.
type ChurnFigures struct {
	PerSecond float64   `json:"per_second"` // who were meant to come, and to go
	Joined    int       `json:"joined"`     // who got media
	Failed    int       `json:"failed"`     // who were refused, or got no media for 10 s
	JoinMS    Quantiles `json:"join_ms"`    // of those who joined
}

// churn lets guests come and go beside those who are measured. What they receive
// is not counted.
type churn struct {
	run    run // with a meter of its own
	plan   memberPlan
	names  []string
	guests sync.WaitGroup

	// Guarded by mu.
	mu             sync.Mutex
	joins          *hdrhistogram.Histogram
	joined, failed int
}

// startChurn lets options.Churn guests a second come into the first room, each
// of which receives everything and leaves after two seconds. It returns what ends
// that and waits for the guests.
func (f *forward) startChurn(ctx context.Context) (stop func()) {
	if f.options.Churn <= 0 {
		return func() {}
	}
	c := &churn{run: *f.run, joins: hdrhistogram.New(1000, int64(time.Minute), 3)}
	c.run.meter = newMeter(&window{})
	c.plan.room = f.members[0].plan.room
	for _, m := range f.members {
		if m.plan.room == c.plan.room {
			c.names = append(c.names, m.names...)
			for _, t := range m.tracks {
				if t.audio {
					c.plan.audio++
				} else {
					c.plan.video++
				}
			}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.invite(ctx, f.options.Churn)
	}()
	return func() {
		cancel()
		<-ended
		c.guests.Wait()
		f.result.Churn = &ChurnFigures{
			PerSecond: f.options.Churn, Joined: c.joined, Failed: c.failed, JoinMS: quantiles(c.joins),
		}
	}
}

func (c *churn) invite(ctx context.Context, perSecond float64) {
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))
		if pause(ctx, time.Until(due)) != nil {
			return
		}
		c.guests.Go(func() { c.visit(ctx, n) })
	}
}

// visit is one guest's stay. One that is under way at the end is not counted.
func (c *churn) visit(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, guestPatient)
	defer cancel()
	m, err := c.run.join(ctx, fmt.Sprint("guest ", n), c.plan)
	if err == nil {
		defer m.close()
		if err = m.subscribe(ctx, c.names); err == nil {
			err = m.awaitFirst(ctx)
		}
	}
	if ctx.Err() == context.Canceled {
		return
	}
	c.mu.Lock()
	if err == nil {
		c.joined++
		_ = c.joins.RecordValue(min(int64(m.joinTime()), int64(time.Minute)))
	} else {
		c.failed++
	}
	c.mu.Unlock()
	if err == nil {
		_ = pause(ctx, guestStays)
	}
}

// awaitFirst waits for the first media.
func (m *member) awaitFirst(ctx context.Context) error {
	for m.inbox.first.Load() == 0 {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
