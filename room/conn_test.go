package room_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// event is what a conn was sent.
type event struct {
	name string
	arg  json.RawMessage
}

// conn is a signalling connection without a network. It carries out events as
// signal's sockets do.
type conn struct {
	t        *testing.T
	id       string
	request  *http.Request
	events   chan event
	done     chan struct{}
	handlers map[string]func(context.Context, json.RawMessage) (any, error)
	after    []func()

	// Guarded by mu.
	mu       sync.Mutex
	ended    bool
	behind   bool
	caughtUp []func()
}

func newConn(t *testing.T, id string) *conn {
	r := httptest.NewRequest(http.MethodGet, "/socket.io/", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	return &conn{
		t: t, id: id, request: r, events: make(chan event, 4096), done: make(chan struct{}),
		handlers: make(map[string]func(context.Context, json.RawMessage) (any, error)),
	}
}

func (c *conn) ID() string             { return c.id }
func (c *conn) Auth() json.RawMessage  { return nil }
func (c *conn) Request() *http.Request { return c.request }
func (c *conn) Done() <-chan struct{}  { return c.done }

func (c *conn) Err() error { return errors.New("gone") }

func (c *conn) Handle(name string, h func(context.Context, json.RawMessage) (any, error)) {
	c.handlers[name] = h
}

func (c *conn) Emit(name string, arg any) error {
	b, err := json.Marshal(arg)
	if err != nil {
		c.t.Errorf("%s is no JSON: %v", name, err)
		return err
	}
	fits(c.t, name+".event.json", b)
	select {
	case c.events <- event{name, b}:
	default:
		c.t.Error("too many events")
	}
	return nil
}

func (c *conn) Disconnect(bool) { c.drop() }

func (c *conn) AfterAck(f func()) { c.after = append(c.after, f) }

// Behind tells whether the client is behind, which it is when the test says so.
func (c *conn) Behind(caughtUp func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind {
		c.caughtUp = append(c.caughtUp, caughtUp)
	}
	return c.behind
}

// setBehind makes the client behind, or has it catch up.
func (c *conn) setBehind(behind bool) {
	c.mu.Lock()
	c.behind = behind
	told := c.caughtUp
	c.caughtUp = nil
	c.mu.Unlock()
	for _, f := range told {
		f()
	}
}

// drop ends the connection.
func (c *conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.done)
	}
}

// ack is any acknowledgement.
type ack struct {
	OK           bool                   `json:"ok"`
	Code         string                 `json:"-"`
	Retry        time.Duration          `json:"-"`
	Details      map[string]any         `json:"-"`
	URL          string                 `json:"url"`
	Room         roomState              `json:"room"`
	ID           json.RawMessage        `json:"id"`
	TS           int64                  `json:"ts"`
	Session      string                 `json:"session"`
	Key          string                 `json:"key"`
	Self         room.MemberInfo        `json:"self"`
	Members      []room.MemberInfo      `json:"members"`
	Publications []room.PublicationInfo `json:"publications"`
	Rev          int                    `json:"rev"`
	GraceMS      int                    `json:"grace_ms"`
	Answer       string                 `json:"answer"`
	Published    []struct {
		MID         string `json:"mid"`
		Publication string `json:"publication"`
	} `json:"published"`
	Slots   []room.SlotInfo `json:"slots"`
	Refused []struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	} `json:"refused"`
	Need struct{ Audio, Video int } `json:"need"`
	Chat []message                  `json:"chat"`
	// Of breakout.
	Breakout *parts `json:"breakout"`

	Can   struct{ Chat, Moderate bool } `json:"can"`
	Caps  []string                      `json:"caps"`
	Polls []ballot                      `json:"polls"`
}

// ballot is a poll as clients see it.
type ballot struct {
	ID, By, Question string
	Choices          []string
	Counts           []int
	Secret, Closed   bool
	Votes            []struct {
		Member string
		Choice int
	}
	Choice *int
}

type message struct {
	ID     string `json:"id"`
	Sender string `json:"sender"`
	Name   string `json:"name"`
	Text   string `json:"text"`
}

// roomState is what clients know of a room itself.
type roomState struct {
	Locked, Lobby bool
	Spotlight     string
	Breakout      *parts
}

// raw sends an event with any bytes as its argument. They are not held against the
// schema: encoding/json takes names in another case, and null, which it forbids.
func (c *conn) raw(name, arg string) ack {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	v, err := c.handlers[name](ctx, json.RawMessage(arg))
	for _, f := range c.after {
		f()
	}
	c.after = nil
	var a ack
	var refused *room.Error
	if errors.As(err, &refused) {
		a.Code, a.Retry, a.Details = refused.Code(), refused.RetryAfter(), refused.Details()
		return a
	}
	if err != nil {
		c.t.Fatalf("%s: %v has no code", name, err)
	}
	b, err := json.Marshal(v)
	fits(c.t, name+".ack.json", b)
	if err != nil {
		c.t.Fatalf("%s: acknowledgement is no JSON: %v", name, err)
	}
	if err := json.Unmarshal(b, &a); err != nil || !a.OK {
		c.t.Fatalf("%s: acknowledged with %s (%v)", name, b, err)
	}
	return a
}

// ask sends an event.
func (c *conn) ask(name string, arg any) ack {
	c.t.Helper()
	b, err := json.Marshal(arg)
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.raw(name, string(b))
	if a.OK {
		fits(c.t, name+".request.json", b)
	}
	return a
}

// must is ask for what works.
func (c *conn) must(name string, arg any) ack {
	c.t.Helper()
	a := c.ask(name, arg)
	if a.Code != "" {
		c.t.Fatalf("%s %v was refused: %s", name, arg, a.Code)
	}
	return a
}

// o is a JSON object.
type o = map[string]any

// state is a state event.
type state struct {
	Rev     int
	Members struct {
		Add []room.MemberInfo
		Set []struct {
			ID, State, Role, Name string
			Hand                  *int64
			Attrs                 map[string]string
			Can                   *struct {
				Publish                                 []string
				Subscribe, Data, Chat, Moderate, Record bool
			}
		}
		Del []struct{ ID, Why string }
	}
	Publications struct {
		Add []room.PublicationInfo
		Set []struct {
			ID    string
			Muted bool
		}
		Del []struct{ ID string }
	}
	Room *roomState
}

// next waits for an event of a name for which f holds, and skips others.
func next[T any](c *conn, name string, f func(T) bool) T {
	c.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case e := <-c.events:
			var v T
			if e.name != name {
				continue
			}
			if err := json.Unmarshal(e.arg, &v); err != nil {
				c.t.Fatalf("%s %s: %v", e.name, e.arg, err)
			}
			if f(v) {
				return v
			}
		case <-limit:
			c.t.Fatalf("no such %s event", name)
		}
	}
}

// gone waits for the end of a member and tells why it went.
func gone(c *conn, id string) string {
	c.t.Helper()
	why := ""
	next(c, "state", func(s state) bool {
		for _, d := range s.Members.Del {
			if d.ID == id {
				why = d.Why
				return true
			}
		}
		return false
	})
	return why
}

// house is a server with its media plane.
type house struct {
	*room.Server
	t     *testing.T
	media *sfu.Server
}

func open(t *testing.T, cfg room.Config) *house {
	t.Helper()
	return openAt(t, netip.AddrFrom4([4]byte{127, 0, 0, 1}), cfg)
}

func openAt(t *testing.T, a netip.Addr, cfg room.Config) *house {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	media, err := sfu.Listen(sfu.Config{Listen: netip.AddrPortFrom(a, 0), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Media, cfg.Logger = media, log
	s, err := room.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Server: s, t: t, media: media}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := media.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return h
}

// bind makes a connection.
func (h *house) bind(id string) *conn {
	h.t.Helper()
	c := newConn(h.t, id)
	if err := h.Bind(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.drop)
	return c
}

// enter joins a room without media.
func (h *house) enter(name string) (*conn, ack) {
	h.t.Helper()
	c := h.bind(name)
	return c, c.must("join", o{"v": 1, "room": "r", "name": name})
}

// member finds a member.
func (h *house) member(name, id string) *room.Member {
	h.t.Helper()
	if r, ok := h.Room(name); ok {
		for m := range r.Members() {
			if m.ID() == id {
				return m
			}
		}
	}
	h.t.Fatalf("there is no member %s in %s", id, name)
	return nil
}

// authorize grants everybody the same.
func authorize(g room.Grant) func(context.Context, room.JoinRequest) (room.Grant, error) {
	return func(context.Context, room.JoinRequest) (room.Grant, error) { return g, nil }
}

// authorizeToken knows the tokens "all" and "mute".
func authorizeToken(_ context.Context, req room.JoinRequest) (room.Grant, error) {
	g := room.Guest()
	switch req.Token {
	case "all":
		return g, nil
	case "mute":
		g.CanChat = false
		return g, nil
	}
	return g, room.ErrDenied
}
