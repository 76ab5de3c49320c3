// Package worker drives one plane with a socket and a clock: the only IO of the
// data plane. A worker reads a batch, hands each datagram to the plane, lets it
// do what is due, and writes what came of it.
package worker

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	batch   = 64   // datagrams, or trains of them, read or written at once
	mailbox = 4096 // commands that wait; Post waits when it is full
)

// Socket is what a worker needs of a [udp.Socket]. Wake is called from any
// goroutine, the other methods by the worker.
type Socket interface {
	ReadBatch(d []udp.Datagram, deadline time.Time) (n int, err error)
	WriteBatch(d []udp.Datagram) (n int, err error)
	OnWait(f func(waiting bool))
	Wake()
	Close() error
}

// Config configures a [Worker]. Socket, Start, Control and Events are required.
type Config struct {
	Socket Socket // closed by the worker
	// Start is moment zero of the plane's clock.
	Start time.Time
	// History is how long packets can be sent again.
	History time.Duration
	// Control is given STUN and DTLS datagrams; it copies b and does not block.
	Control func(b []byte, local netip.Addr, remote netip.AddrPort)
	// Events is given news of the plane; it does not block, posts commands by
	// TryPost only, and keeps no reference to the slice.
	Events func([]plane.Event)
	Logger *slog.Logger
}

// Worker is the goroutine of one core.
type Worker struct {
	cfg      Config
	plane    *plane.Plane
	index    int       // in all
	all      []*Worker // of the server, this one too
	inbox    inbox
	busy     busy
	commands chan plane.Command
	stop     chan struct{}
	done     chan struct{}
	stopped  atomic.Bool

	// Owned by the worker.
	handovers []plane.Handover
	letters   []plane.Letter // that could not be posted, too
	in        []udp.Datagram
	out       []udp.Datagram
	events    []plane.Event
	meter     meter
	stale     staleness
}

// Start runs new workers that hand over to each other what one of them has and
// another needs: one for each configuration, whose Start is the same.
func Start(cfgs ...Config) []*Worker {
	all := make([]*Worker, len(cfgs))
	for i, cfg := range cfgs {
		all[i] = newWorker(cfg, i, all)
	}
	for _, w := range all {
		go w.run()
	}
	return all
}

func newWorker(cfg Config, index int, all []*Worker) *Worker {
	w := &Worker{
		cfg:      cfg,
		plane:    plane.New(plane.Config{Epoch: cfg.Start, Core: index, History: cfg.History}),
		index:    index,
		all:      all,
		commands: make(chan plane.Command, mailbox),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		in:       make([]udp.Datagram, batch),
		out:      make([]udp.Datagram, 0, batch),
	}
	w.inbox.wake = cfg.Socket.Wake
	for i := range w.in {
		w.in[i].B = make([]byte, udp.MaxTrain)
	}
	w.meter.plane = w.plane
	cfg.Socket.OnWait(w.meter.wait)
	return w
}

// Post hands a command to the worker, which carries out commands in order
// between batches. It waits while 4,096 commands are waiting, and returns false
// if the worker has ended.
func (w *Worker) Post(c plane.Command) bool {
	select {
	case <-w.done:
		return false
	default:
	}
	select {
	case w.commands <- c:
		w.cfg.Socket.Wake()
		return true
	case <-w.done:
		return false
	}
}

// TryPost is Post for a worker that may not wait for another: it returns false
// also while 4,096 commands are waiting.
func (w *Worker) TryPost(c plane.Command) bool {
	select {
	case w.commands <- c:
		w.cfg.Socket.Wake()
		return true
	default:
		return false
	}
}

// Give hands the worker datagrams that came to other sockets than its own, in one
// batch: those of list whose To is its index. They are copied. It returns how many
// there was no room for.
func (w *Worker) Give(list []plane.Handover) (dropped int) { return w.inbox.push(w.index, list) }

// Load returns which part of the time the worker was busy, lately: 0 to 1.
func (w *Worker) Load() float64 { return w.busy.load() }

// Now returns the present moment on the plane's clock.
func (w *Worker) Now() mono.Time { return mono.Time(time.Since(w.cfg.Start)) }

// Done is closed when the worker has ended; commands posted before may be left.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Close ends the worker, closes its socket and waits for both.
func (w *Worker) Close() {
	if w.stopped.CompareAndSwap(false, true) {
		close(w.stop)
		w.cfg.Socket.Wake()
	}
	<-w.done
}

func (w *Worker) run() {
	defer close(w.done)
	defer w.cfg.Socket.Close()
	w.meter.wait(false)
	defer w.meter.wait(true)
	for {
		n, err := w.cfg.Socket.ReadBatch(w.in, w.deadline())
		w.meter.read()
		at := time.Now()
		now := mono.Time(at.Sub(w.cfg.Start))
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// What was handed over before a command was posted comes before it: a
		// transport that moves leaves nothing behind.
		w.accept(now)
		select {
		case <-w.stop:
			w.apply(now)
			w.flush(now)
			return
		default:
		}
		w.apply(now)
		w.receive(now, n, at.UnixNano())
		w.deliver(now)
		w.advance(now)
		w.flush(now)
		w.tell()
		w.post()
		w.meter.worked()
		w.meter.charge()
		w.busy.push(now, w.Now())
		for i := range n {
			w.in[i].B = w.in[i].B[:udp.MaxTrain]
		}
	}
}

// deadline is when the worker must wake up although nothing came.
func (w *Worker) deadline() time.Time {
	at := w.plane.Deadline()
	if w.plane.Outbox().Len() > 0 {
		at = min(at, w.Now().Add(sendRetry))
	}
	if at == mono.Never {
		return time.Time{}
	}
	return w.cfg.Start.Add(time.Duration(at))
}

// apply carries out the commands that wait now, and no later ones, so that a
// flood of commands cannot stop media. A command may have held datagrams
// handled, so it is guarded as they are.
func (w *Worker) apply(now mono.Time) {
	for range len(w.commands) {
		c := <-w.commands
		w.guard(func() { w.plane.Apply(now, c) })
	}
	w.handOver()
}

// accept takes what other workers handed over.
func (w *Worker) accept(now mono.Time) {
	list := w.inbox.take()
	for i := range list {
		w.guard(func() { w.plane.Accept(now, &list[i]) })
		if w.plane.Waiting() {
			w.deliver(now)
		}
	}
	if len(list) > 0 {
		w.deliver(now)
	}
}

// handOver gives other workers what the batch has for them.
func (w *Worker) handOver() {
	w.handovers = w.plane.Handovers(w.handovers[:0])
	if len(w.handovers) == 0 {
		return
	}
	for i, other := range w.all {
		if i == w.index {
			continue
		}
		w.plane.Undelivered(other.inbox.push(i, w.handovers))
	}
}

// receive hands n elements of what was read to the plane, at a moment that wall
// is on the wall clock. A panic ends the transport whose datagram it was, and
// nothing else.
func (w *Worker) receive(now mono.Time, n int, wall int64) {
	for i := range w.in[:n] {
		d := &w.in[i]
		w.plane.Stale(w.stale.check(d, wall))
		for b := range d.Datagrams() {
			w.guard(func() { w.take(now, plane.Path{Local: d.Local, Remote: d.Remote}, b) })
			if w.plane.Waiting() {
				w.deliver(now)
			}
		}
	}
	w.plane.Stale(false)
}

func (w *Worker) take(now mono.Time, path plane.Path, b []byte) {
	if w.plane.Receive(now, path, b) {
		w.cfg.Control(b, path.Local, path.Remote)
	}
}

// deliver forwards what was received, and sends it bit by bit.
func (w *Worker) deliver(now mono.Time) {
	w.handOver()
	for more := true; more; {
		more = false
		if !w.guard(func() { more = w.plane.Deliver(now) }) {
			more = true // with the others
		}
		w.flush(now)
	}
}

func (w *Worker) advance(now mono.Time) {
	w.guard(func() { w.plane.Advance(now) })
}

// guard keeps a bug in the handling of one transport from ending the others. It
// returns false if there was one.
func (w *Worker) guard(f func()) (ok bool) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if !w.plane.Fail() {
			panic(r)
		}
		w.cfg.Logger.Error("transport closed by a bug", "err", r, "stack", string(debug.Stack()))
	}()
	f()
	return true
}

// tell passes on what happened.
func (w *Worker) tell() {
	w.events = w.plane.Events(w.events[:0])
	if len(w.events) > 0 {
		w.cfg.Events(w.events)
	}
}
