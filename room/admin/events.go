package admin

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	eventsKept    = 1000
	eventsWaiting = 256 // for one listener; who reads more slowly is cut off, and comes back
)

// Events gathers what happens in the rooms for those who listen. The newest 1000
// are kept, for listeners that come back.
type Events struct {
	run string // of the process: an id of an earlier one says nothing

	// Guarded by mu.
	mu        sync.Mutex
	next      uint64
	kept      []event // the newest, oldest first
	listeners map[*listener]struct{}
}

type event struct {
	id     string
	notice room.Notice
}

// listener is one that listens. Its channel is closed when it was too slow.
type listener struct {
	wants  func(room string) bool
	events chan event
}

// NewEvents returns an Events that has seen nothing.
func NewEvents() *Events {
	return &Events{run: strconv.FormatInt(time.Now().UnixMilli(), 36), listeners: make(map[*listener]struct{})}
}

// Hooks returns what the rooms' server has to call.
func (e *Events) Hooks() room.Hooks { return room.Notices(e.add) }

func (e *Events) add(n room.Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	one := event{e.run + "-" + strconv.FormatUint(e.next, 10), n}
	if len(e.kept) == eventsKept {
		e.kept = append(e.kept[:0], e.kept[1:]...)
	}
	e.kept = append(e.kept, one)
	for l := range e.listeners {
		if !l.wants(n.Room) {
			continue
		}
		select {
		case l.events <- one:
		default:
			delete(e.listeners, l)
			close(l.events)
		}
	}
}

// listen begins after the event with an id, or now if that is empty or unknown.
// Missed tells that some were forgotten since. What is kept comes first.
func (e *Events) listen(wants func(room string) bool, after string) (l *listener, before []event, missed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, missed = e.since(after)
	wanted := before[:0:0]
	for _, one := range before {
		if wants(one.notice.Room) {
			wanted = append(wanted, one)
		}
	}
	l = &listener{wants: wants, events: make(chan event, eventsWaiting)}
	e.listeners[l] = struct{}{}
	return l, wanted, missed
}

// since is called with mu held.
func (e *Events) since(id string) (list []event, missed bool) {
	if id == "" {
		return nil, false
	}
	run, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || run != e.run || n > e.next {
		return nil, true
	}
	left := e.next - n // that came since
	if left > uint64(len(e.kept)) {
		return e.kept, true
	}
	return e.kept[uint64(len(e.kept))-left:], false
}

// leave ends listening.
func (e *Events) leave(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
}
