package webhook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	mostInFlight = 8      // requests to one hook at a time, each about another room
	mostWaiting  = 10_000 // deliveries to one hook; what comes then is forgotten
)

// Config configures a [Sender].
type Config struct {
	Hooks []Hook
	// Dir is where what waits is kept. If empty, or if it cannot be written, that
	// lives as long as the process, and the log says so.
	Dir string
	// Now returns the time. If nil, [time.Now].
	Now func() time.Time
	// Random is where ids and the spread of tries come from, read by one goroutine
	// at a time. If nil, that of crypto/rand.
	Random io.Reader
	// Logger receives what could not be delivered. If nil, [slog.Default].
	Logger *slog.Logger

	// For tests; nil is public, and a client that asks it.
	permit func(netip.Addr) bool
	post   func(ctx context.Context, h *hook, d *delivery, now time.Time) error
}

// Stats counts deliveries since the start.
type Stats struct {
	Waiting   int    `json:"waiting"` // now
	Delivered uint64 `json:"delivered"`
	Failed    uint64 `json:"failed_tries"`
	GivenUp   uint64 `json:"given_up"`  // after 8 tries, or the receiver wants no more
	Forgotten uint64 `json:"forgotten"` // too many waited
}

// Sender tells hooks what happens. What it cannot deliver it tries again, 8 times
// over about two and a half hours; meanwhile what comes later from the same room
// waits, so that its order stays.
type Sender struct {
	cfg   Config
	log   *slog.Logger
	hooks map[string]*hook // by URL
	wake  chan struct{}
	stop  chan struct{} // closed by Close
	ended chan result
	over  chan struct{} // closed by the loop

	cancel func() // gives up requests

	// Guarded by mu.
	mu    sync.Mutex
	inbox []room.Notice
	stats Stats

	// Owned by the loop.
	journal  *journal
	records  []record // not yet in the journal
	lanes    map[lane][]*delivery
	busy     map[lane]bool
	inFlight int
}

// lane is what is delivered in order. None is empty.
type lane struct{ url, room string }

type result struct {
	d   *delivery
	err error
}

// New returns a Sender that goes on with what waits in cfg.Dir. It fails if a
// hook is not usable. It has to be closed.
func New(cfg Config) (*Sender, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	hooks, err := check(cfg.Hooks)
	if err != nil {
		return nil, err
	}
	s := &Sender{
		cfg: cfg, log: cfg.Logger, hooks: hooks, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		ended: make(chan result), over: make(chan struct{}), lanes: make(map[lane][]*delivery), busy: make(map[lane]bool),
	}
	idle := s.client()
	s.open()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() {
		defer close(s.over)
		s.run(ctx)
		idle()
	}()
	return s, nil
}

// client sets how to post, and returns what closes idle connections.
func (s *Sender) client() (idle func()) {
	if s.cfg.post != nil {
		return func() {}
	}
	permit := s.cfg.permit
	if permit == nil {
		permit = public
	}
	careful, free := newClient(permit), newClient(func(netip.Addr) bool { return true })
	s.cfg.post = func(ctx context.Context, h *hook, d *delivery, now time.Time) error {
		client := careful
		if h.AllowPrivate {
			client = free
		}
		return post(ctx, client, h, d, now)
	}
	return func() {
		for _, c := range []*http.Client{careful, free} {
			c.CloseIdleConnections()
		}
	}
}

// open reads what waits from before.
func (s *Sender) open() {
	if len(s.hooks) == 0 {
		return
	}
	const lives = "webhooks that wait live as long as the process"
	if s.cfg.Dir == "" {
		s.log.Warn(lives + ": there is no folder for them")
		return
	}
	j, waiting, skipped, err := openJournal(s.cfg.Dir, func(url string) bool { return s.hooks[url] != nil })
	if err != nil {
		s.log.Warn(lives, "err", err)
		return
	}
	if skipped > 0 {
		s.log.Warn("lines of the webhook file make no sense", "lines", skipped)
	}
	s.journal = j
	for _, d := range waiting {
		s.queue(d)
	}
}

// Hooks returns what the rooms' server has to call.
func (s *Sender) Hooks() room.Hooks {
	if len(s.hooks) == 0 {
		return room.Hooks{}
	}
	return room.Notices(s.add)
}

// Stats returns the counters.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Close sends what is due once more, and ends. What is still being sent when ctx
// ends is given up. All of it is sent after the next start, if there is a folder.
func (s *Sender) Close(ctx context.Context) {
	close(s.stop)
	select {
	case <-s.over:
	case <-ctx.Done():
	}
	s.cancel()
	<-s.over
}

func (s *Sender) add(n room.Notice) {
	s.mu.Lock()
	if len(s.inbox) < mostWaiting {
		s.inbox = append(s.inbox, n)
	} else {
		s.stats.Forgotten++
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run is the loop: it alone decides what is sent when.
func (s *Sender) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	stop := s.stop
	for {
		s.take()
		s.write()
		next := s.start(ctx)
		if stop == nil && s.inFlight == 0 {
			s.end()
			return
		}
		timer.Reset(next)
		select {
		case <-stop:
			stop = nil // then it ends when nothing is in flight
		case <-s.wake:
		case <-timer.C:
		case r := <-s.ended:
			s.finish(r, ctx.Err() != nil)
		}
	}
}

// take makes deliveries of what has happened.
func (s *Sender) take() {
	s.mu.Lock()
	news := s.inbox
	s.inbox = nil
	s.mu.Unlock()
	for _, n := range news {
		var body []byte
		id := ""
		for url, h := range s.hooks {
			if !h.wants(n.Event) {
				continue
			}
			if h.waiting >= mostWaiting {
				s.forget(h)
				continue
			}
			if body == nil {
				body, id = bodyOf(n), "msg_"+hex.EncodeToString(s.random(16))
			}
			h.full = false
			d := &delivery{id: id, url: url, room: n.Room, body: body}
			s.queue(d)
			s.records = append(s.records, d.record("add"))
		}
	}
}

// forget counts a delivery that there is no room for. The log says so once until
// there was room again.
func (s *Sender) forget(h *hook) {
	s.count(func(st *Stats) { st.Forgotten++ })
	if !h.full {
		h.full = true
		s.log.Warn("too many webhooks wait, new ones are forgotten", "host", h.host)
	}
}

func (s *Sender) queue(d *delivery) {
	l := lane{d.url, d.room}
	s.lanes[l] = append(s.lanes[l], d)
	s.hooks[d.url].waiting++
	s.count(func(st *Stats) { st.Waiting++ })
}

func (s *Sender) count(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

func (s *Sender) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Random, b); err != nil {
		panic("webhook: no randomness: " + err.Error())
	}
	return b
}

// write brings the journal up to date.
func (s *Sender) write() {
	err := s.journal.note(s.records)
	s.records = s.records[:0]
	if err == nil && s.journal.bloated() {
		var waiting []*delivery
		for _, list := range s.lanes {
			waiting = append(waiting, list...)
		}
		err = s.journal.rewrite(waiting)
	}
	if err != nil {
		s.log.Warn("webhooks that wait cannot be kept", "err", err)
	}
}

// start begins what is due, and returns how long until something else is.
func (s *Sender) start(ctx context.Context) time.Duration {
	now, next := s.cfg.Now(), time.Hour
	for l, list := range s.lanes {
		d, h := list[0], s.hooks[l.url]
		switch wait := d.due.Sub(now); {
		case s.busy[l] || h.inFlight >= mostInFlight: // it goes on when one has ended
		case wait > 0:
			next = min(next, wait)
		case ctx.Err() == nil:
			s.busy[l] = true
			h.inFlight++
			s.inFlight++
			go func() { s.ended <- result{d, s.cfg.post(ctx, h, d, now)} }() // the loop waits for it
		}
	}
	return next
}

// finish notes how a try went. One that was given up because the sender ends was
// none.
func (s *Sender) finish(r result, canceled bool) {
	d, h := r.d, s.hooks[r.d.url]
	delete(s.busy, lane{d.url, d.room})
	h.inFlight--
	s.inFlight--
	if r.err != nil && canceled {
		return
	}
	d.tries++
	switch {
	case r.err == nil:
		s.remove(d)
		s.count(func(st *Stats) { st.Delivered++ })
		return
	case errors.Is(r.err, errGone) || d.tries >= tries:
		s.remove(d)
		s.count(func(st *Stats) { st.Failed++; st.GivenUp++ })
		s.log.Warn("webhook given up", "host", h.host, "room", d.room, "tries", d.tries, "err", r.err)
		return
	}
	d.due = s.cfg.Now().Add(backOff(d.tries, s.random(1)[0]))
	s.records = append(s.records, d.record("try"))
	s.count(func(st *Stats) { st.Failed++ })
	s.log.Info("webhook failed, to be tried again", "host", h.host, "room", d.room, "tries", d.tries, "err", r.err)
}

// remove takes the first delivery of a lane, which is over.
func (s *Sender) remove(d *delivery) {
	l := lane{d.url, d.room}
	if s.lanes[l] = s.lanes[l][1:]; len(s.lanes[l]) == 0 {
		delete(s.lanes, l)
	}
	s.hooks[d.url].waiting--
	s.count(func(st *Stats) { st.Waiting-- })
	s.records = append(s.records, d.record("end"))
}

// end leaves the journal to the next process.
func (s *Sender) end() {
	s.take()
	s.write()
	if n := s.Stats().Waiting; n > 0 && (s.journal == nil || s.journal.err != nil) {
		s.log.Warn("webhooks are lost", "waiting", n)
	}
	s.journal.close()
}
