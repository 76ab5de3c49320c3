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
	"slices"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	batch        = 64                    // datagrams read or written at once
	mailbox      = 4096                  // commands that wait; Post waits when it is full
	flushBytes   = 1 << 20               // a batch that produced more is written in between
	sendPatience = 20 * time.Millisecond // after which unsent datagrams are dropped
	sendRetry    = time.Millisecond
)

// Socket is what a worker needs of a [udp.Socket]. Wake is called from any
// goroutine, the other methods by the worker.
type Socket interface {
	ReadBatch(d []udp.Datagram, deadline time.Time) (n int, err error)
	WriteBatch(d []udp.Datagram) (n int, err error)
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
	// Events is given news of the plane; it does not block nor post commands,
	// and keeps no reference to the slice.
	Events func([]plane.Event)
	Logger *slog.Logger
}

// Worker is the goroutine of one core.
type Worker struct {
	cfg      Config
	plane    *plane.Plane
	commands chan plane.Command
	stop     chan struct{}
	done     chan struct{}
	stopped  atomic.Bool

	// Owned by the worker.
	in      []udp.Datagram
	out     []udp.Datagram
	events  []plane.Event
	sent    int       // datagrams of the outbox that are done with
	waiting []waiting // how old those are that the send buffer refused
}

// waiting says that the datagrams of the outbox before upTo, and behind those of
// the element before, were first refused at a time.
type waiting struct {
	upTo int
	at   mono.Time
}

// Start runs a new worker.
func Start(cfg Config) *Worker {
	w := &Worker{
		cfg:      cfg,
		plane:    plane.New(plane.Config{Epoch: cfg.Start, History: cfg.History}),
		commands: make(chan plane.Command, mailbox),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		in:       make([]udp.Datagram, batch),
		out:      make([]udp.Datagram, 0, batch),
	}
	memory := make([]byte, batch*packet.MaxSize)
	for i := range w.in {
		w.in[i].B = memory[i*packet.MaxSize : (i+1)*packet.MaxSize : (i+1)*packet.MaxSize]
	}
	go w.run()
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
	for {
		n, err := w.cfg.Socket.ReadBatch(w.in, w.deadline())
		now := w.Now()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select {
		case <-w.stop:
			w.apply(now)
			w.flush(now)
			return
		default:
		}
		w.apply(now)
		w.receive(now, n)
		w.advance(now)
		w.flush(now)
		w.tell()
		for i := range n {
			w.in[i].B = w.in[i].B[:packet.MaxSize]
		}
	}
}

// deadline is when the worker must wake up although nothing came.
func (w *Worker) deadline() time.Time {
	at := w.plane.Deadline()
	if len(w.waiting) > 0 {
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
}

// receive hands n datagrams to the plane. A panic ends the transport whose
// datagram it was, and nothing else.
func (w *Worker) receive(now mono.Time, n int) {
	for next := 0; next < n; {
		w.guard(func() {
			for next < n {
				d := &w.in[next]
				next++
				if w.plane.Receive(now, plane.Path{Local: d.Local, Remote: d.Remote}, d.B) {
					w.cfg.Control(d.B, d.Local, d.Remote)
				}
				if w.plane.Outbox().Bytes() > flushBytes {
					w.flush(now)
				}
			}
		})
	}
}

func (w *Worker) advance(now mono.Time) {
	w.guard(func() { w.plane.Advance(now) })
}

// guard keeps a bug in the handling of one transport from ending the others.
func (w *Worker) guard(f func()) {
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
}

// flush writes the outbox. What a full send buffer refuses stays for the next
// rounds, up to 20 ms.
func (w *Worker) flush(now mono.Time) {
	box := w.plane.Outbox()
	all := box.Datagrams()
	for w.sent < len(all) {
		w.out = w.out[:0]
		for _, d := range all[w.sent:min(len(all), w.sent+batch)] {
			w.out = append(w.out, udp.Datagram{B: d.B, Local: d.Path.Local, Remote: d.Path.Remote})
		}
		n, err := w.cfg.Socket.WriteBatch(w.out)
		w.sent += n
		if err != nil {
			w.plane.Overloaded(len(all) - w.sent)
			break
		}
		if n < len(w.out) && w.keep(now, len(all)) {
			return
		}
	}
	w.sent, w.waiting = 0, w.waiting[:0]
	box.Done()
}

// keep drops what has waited for too long, of an outbox of n datagrams. It
// returns false if nothing is left.
func (w *Worker) keep(now mono.Time, n int) bool {
	if k := len(w.waiting); k == 0 || w.waiting[k-1].upTo < n {
		w.waiting = append(w.waiting, waiting{n, now})
	}
	old := 0
	for old < len(w.waiting) && now.Sub(w.waiting[old].at) >= sendPatience {
		if upTo := w.waiting[old].upTo; upTo > w.sent {
			w.plane.Overloaded(upTo - w.sent)
			w.sent = upTo
		}
		old++
	}
	w.waiting = slices.Delete(w.waiting, 0, old)
	return w.sent < n
}

// tell passes on what happened.
func (w *Worker) tell() {
	w.events = w.plane.Events(w.events[:0])
	if len(w.events) > 0 {
		w.cfg.Events(w.events)
	}
}
