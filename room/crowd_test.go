package room_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// meter is a connection that counts what it is told.
type meter struct {
	handlers map[string]func(context.Context, json.RawMessage) (any, error)
	id       string
	request  *http.Request
	done     chan struct{}

	// Guarded by mu.
	mu     sync.Mutex
	events map[string]int
	bytes  int
	busy   map[string]bool // slots that show something
	latest string          // name of the last member whose coming was told
	grown  chan struct{}   // signalled after each event
}

func (m *meter) ID() string             { return m.id }
func (m *meter) Auth() json.RawMessage  { return nil }
func (m *meter) Request() *http.Request { return m.request }
func (m *meter) Done() <-chan struct{}  { return m.done }
func (m *meter) Err() error             { return nil }
func (m *meter) Disconnect(bool)        {}

func (m *meter) Handle(name string, h func(context.Context, json.RawMessage) (any, error)) {
	m.handlers[name] = h
}

func (m *meter) Emit(name string, arg any) error {
	b, err := json.Marshal(arg)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events[name]++
	m.bytes += len(name) + len(b)
	switch name {
	case "slots":
		label(b, m.busy)
	case "state":
		var e struct {
			Members struct{ Add []struct{ Name string } }
		}
		if err := json.Unmarshal(b, &e); err != nil {
			panic(err)
		}
		if n := len(e.Members.Add); n > 0 {
			m.latest = e.Members.Add[n-1].Name
		}
	}
	select {
	case m.grown <- struct{}{}:
	default:
	}
	return err
}

// label notes which slots show something, by an event or an acknowledgement.
func label(b []byte, into map[string]bool) {
	var e struct{ Slots []room.SlotInfo }
	if err := json.Unmarshal(b, &e); err != nil {
		panic(err)
	}
	for _, s := range e.Slots {
		into[s.MID] = s.Publication != nil
	}
}

// read returns what was counted since the last read.
func (m *meter) read() (events map[string]int, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	events, bytes = m.events, m.bytes
	m.events, m.bytes = make(map[string]int), 0
	return events, bytes
}

// settle waits until all five slots of a crowd show something.
func (m *meter) settle(t *testing.T) {
	t.Helper()
	for limit := time.After(patience); ; {
		m.mu.Lock()
		n := 0
		for _, busy := range m.busy {
			if busy {
				n++
			}
		}
		m.mu.Unlock()
		if n == 5 {
			return
		}
		select {
		case <-m.grown:
		case <-limit:
			t.Fatalf("%d slots show something, want 5", n)
		}
	}
}

// hear waits until the member was told that the last one came, whose name is given.
func (m *meter) hear(t *testing.T, name string) {
	t.Helper()
	for limit := time.After(patience); ; {
		m.mu.Lock()
		latest := m.latest
		m.mu.Unlock()
		if latest == name {
			return
		}
		select {
		case <-m.grown:
		case <-limit:
			t.Fatalf("a member is told last that %q came, want %q", latest, name)
		}
	}
}

// hall is a room of members who each publish a microphone and a camera and have
// five audio slots. They never connect: only signalling is looked at.
type hall struct {
	*house
	offer   string
	members []*meter
}

func newHall(t *testing.T) *hall {
	h := &hall{house: open(t, room.Config{})}
	c := h.caller("model")
	c.send(webrtc.MimeTypeOpus)
	c.send(webrtc.MimeTypeVP8)
	c.slots(webrtc.RTPCodecTypeAudio, 5)
	h.offer = c.describe()
	return h
}

// join adds a member and returns its acknowledgement.
func (h *hall) join() (ack map[string]json.RawMessage) {
	h.t.Helper()
	// Addresses differ, because joins of one are limited.
	r, err := http.NewRequest(http.MethodGet, "http://localhost/", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	n := len(h.members)
	r.RemoteAddr = fmt.Sprintf("10.1.%d.%d:1000", n/200, n%200)
	m := &meter{
		id: fmt.Sprint("m", 1000+n), request: r, done: make(chan struct{}), events: make(map[string]int),
		busy: make(map[string]bool), grown: make(chan struct{}, 1),
		handlers: make(map[string]func(context.Context, json.RawMessage) (any, error)),
	}
	if err := h.Bind(h.t.Context(), m); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { close(m.done) })
	arg, err := json.Marshal(o{"v": 1, "room": "r", "name": m.id, "offer": h.offer, "publish": []o{
		{"mid": "0", "kind": "audio", "source": "microphone"}, {"mid": "1", "kind": "video", "source": "camera"},
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	v, err := m.handlers["join"](h.t.Context(), arg)
	if err != nil {
		h.t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &ack); err != nil {
		h.t.Fatal(err)
	}
	first := make(map[string]bool)
	label(b, first)
	m.mu.Lock()
	for mid, busy := range first {
		if _, told := m.busy[mid]; !told {
			m.busy[mid] = busy // events since are newer
		}
	}
	m.mu.Unlock()
	h.members = append(h.members, m)
	return ack
}

// cost is what one more join costs.
type cost struct {
	events  int // of one member who was there
	bytes   int
	slots   int // events of slots, in all
	own     int // events of who joins: what its slots show comes one by one or together
	ack     int // bytes of the acknowledgement, without the lists of who and what is there
	perHead int // bytes of those lists, per member
}

// settle waits until all that the last join caused was told.
func (h *hall) settle() {
	h.t.Helper()
	last := h.members[len(h.members)-1]
	last.settle(h.t)
	for _, m := range h.members[:len(h.members)-1] {
		m.hear(h.t, last.id)
	}
	// A room carries commands out in order.
	if _, err := h.members[0].handlers["mute"](h.t.Context(), json.RawMessage(`{}`)); err == nil {
		h.t.Fatal("muted nothing")
	}
}

// measure lets some join and returns what one of them costs.
func (h *hall) measure() (c cost) {
	h.t.Helper()
	const joins = 4
	h.settle()
	for range joins {
		for _, m := range h.members {
			m.read()
		}
		ack := h.join()
		for name, part := range ack {
			if name == "members" || name == "publications" {
				c.perHead += len(part) / len(h.members)
				continue
			}
			c.ack += len(part)
		}
		h.settle()
		for i, m := range h.members {
			events, bytes := m.read()
			n := 0
			for _, k := range events {
				n += k
			}
			if i == len(h.members)-1 {
				c.own = max(c.own, n)
				continue
			}
			c.slots += events["slots"]
			c.events, c.bytes = max(c.events, n), max(c.bytes, bytes)
		}
	}
	c.ack /= joins
	c.perHead /= joins
	return c
}

// fill makes it a room of n.
func (h *hall) fill(n int) {
	for len(h.members) < n {
		h.join()
	}
}

// checkJoins compares what a join costs in a room and in one of twice as many.
func checkJoins(t *testing.T, n int) {
	h := newHall(t)
	h.fill(n)
	one := h.measure()
	h.fill(2 * n)
	two := h.measure()
	t.Logf("%d members: %+v", n, one)
	t.Logf("%d members: %+v", 2*n, two)
	if one.events != 1 || two.events != 1 {
		t.Errorf("each member is told %d and %d events of a join, want 1", one.events, two.events)
	}
	if one.slots != 0 || two.slots != 0 {
		t.Errorf("slots of others changed: %d and %d events", one.slots, two.slots)
	}
	if two.bytes > one.bytes+16 || two.ack > one.ack+16 || two.perHead > one.perHead+16 || max(one.own, two.own) > 5 {
		t.Errorf("of %d members a join costs %+v, of %d %+v", n, one, 2*n, two)
	}
}

// One more member costs each of the others one event, and not a longer one,
// however many there are.
func TestJoinCostsTheSame(t *testing.T) { checkJoins(t, 25) }
