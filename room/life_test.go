package room_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// give carries out an event with a context of its own.
func (c *conn) give(ctx context.Context, name string, arg o) error {
	b, err := json.Marshal(arg)
	if err != nil {
		return err
	}
	_, err = c.handlers[name](ctx, b)
	for _, f := range c.after {
		f()
	}
	c.after = nil
	return err
}

// A join that is given up leaves neither peer nor member, whenever that is.
func TestJoinGivenUp(t *testing.T) {
	joined, left := make(chan string, 1000), make(chan string, 1000)
	h := open(t, room.Config{Hooks: room.Hooks{
		OnJoin:  func(m *room.Member) { joined <- m.ID() },
		OnLeave: func(m *room.Member, _ string) { left <- m.ID() },
	}})
	a, _ := h.enter("Ana")
	c := h.caller("Bo")
	c.slots(webrtc.RTPCodecTypeAudio, 1)
	offer := c.describe()
	stayed := 0
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
		err := c.give(ctx, "join", o{"v": 1, "room": "r", "offer": offer})
		cancel()
		if err == nil {
			stayed++
			c.must("leave", o{})
		}
	}
	if stayed == 40 {
		t.Error("no join was given up")
	}
	if got := a.must("sync", o{}); len(got.Members) != 1 {
		t.Errorf("ghosts: %+v", got.Members)
	}
	if n, m := len(joined)-1, len(left); n != m {
		t.Errorf("%d joined, %d left", n, m)
	}
	a.must("leave", o{})
	h.nothingLeft()
}

// The socket may go while the join is under way.
func TestSocketGoesDuringJoin(t *testing.T) {
	h := open(t, room.Config{Authorize: func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		if req.Name == "wait" {
			<-ctx.Done()
		}
		return room.Guest(), nil
	}})
	b, _ := h.enter("Bo")
	c := h.bind("Ana")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.give(ctx, "join", o{"v": 1, "room": "r", "name": "wait"}) }()
	c.drop()
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		var e *room.Error
		if !errors.As(err, &e) {
			t.Errorf("refused by %v", err)
		}
	}
	limit := time.After(patience)
	for len(b.must("sync", o{}).Members) != 1 {
		select {
		case <-b.events:
		case <-limit:
			t.Fatal("a member without socket and media stays")
		}
	}
}

// An offer may be in flight while its member is removed: nothing of it stays.
func TestOffersInFlightWhileMembersGo(t *testing.T) {
	h := open(t, room.Config{})
	b, _ := h.enter("Bo")
	r, _ := h.Room("r")
	for i := range 15 {
		c := h.caller(fmt.Sprint("c", i))
		c.send(webrtc.MimeTypeOpus)
		first := c.must("join", o{"v": 1, "room": "r", "offer": c.describe()})
		if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: first.Answer}); err != nil {
			t.Fatal(err)
		}
		c.send(webrtc.MimeTypeVP8)
		offer := c.describe()
		var both sync.WaitGroup
		both.Go(func() {
			for m := range r.Members() {
				if m.ID() == first.Self.ID {
					m.Leave()
				}
			}
		})
		err := c.give(t.Context(), "offer", o{"id": 1, "sdp": offer})
		both.Wait()
		var e *room.Error
		if err != nil && (!errors.As(err, &e) || e.Code() != "not_joined") {
			t.Errorf("refused by %v", err)
		}
		if why := gone(b, first.Self.ID); why != "kicked" {
			t.Errorf("gone because %q", why)
		}
		next(c.conn, "bye", func(e struct{ Code string }) bool { return e.Code == "kicked" })
		<-c.done
		if got := b.must("sync", o{}); len(got.Publications) != 0 || len(got.Members) != 1 {
			t.Fatalf("left behind: %+v of %+v", got.Publications, got.Members)
		}
	}
	b.must("leave", o{})
	h.nothingLeft()
}

// What a member is told after an acknowledgement was made comes after it.
func TestAcksComeBeforeWhatBuildsOnThem(t *testing.T) {
	h := open(t, room.Config{})
	a := h.bind("Ana")
	arg := json.RawMessage(`{"v":1,"room":"r","name":"Ana"}`)
	if _, err := a.handlers["join"](t.Context(), arg); err != nil {
		t.Fatal(err)
	}
	b, _ := h.enter("Bo")
	b.must("sync", o{})
	if n := len(a.events); n != 0 {
		t.Errorf("%d events came before the acknowledgement", n)
	}
	for _, f := range a.after {
		f()
	}
	a.after = nil
	next(a, "state", func(s state) bool { return len(s.Members.Add) == 1 && s.Members.Add[0].Name == "Bo" })
}

// Revisions are without gaps for everybody, and what they add up to is what the
// room is.
func TestRevisionsAddUp(t *testing.T) {
	h := open(t, room.Config{JoinTimeout: time.Minute}) // between two joins it may be over
	var all sync.WaitGroup
	for i := range 8 {
		c := h.bind(fmt.Sprint("m", i))
		random := rand.New(rand.NewPCG(7, uint64(i)))
		all.Go(func() {
			for range 12 {
				w := newWatcher(c.must("join", o{"v": 1, "room": "r", "name": c.id}))
				for range random.IntN(4) {
					c.ask("new_message", o{"cid": "same", "text": "x"}) // or it is too fast
				}
				w.compare(t, c)
				c.must("leave", o{})
				for len(c.events) > 0 {
					<-c.events
				}
			}
		})
	}
	all.Wait()
}

// watcher follows the roster as a client does.
type watcher struct {
	rev     int
	members map[string]string // state by id
}

func newWatcher(a ack) *watcher {
	w := &watcher{rev: a.Rev, members: make(map[string]string)}
	for _, m := range a.Members {
		w.members[m.ID] = m.Role
	}
	return w
}

// compare takes in the events so far and compares with the whole state.
func (w *watcher) compare(t *testing.T, c *conn) {
	whole := c.ask("sync", o{})
	if whole.Code == "rate_limited" {
		return
	}
	for w.rev < whole.Rev {
		s := next(c, "state", func(state) bool { return true })
		if s.Rev != w.rev+1 {
			t.Errorf("revision %d came after %d", s.Rev, w.rev)
		}
		w.rev = s.Rev
		for _, d := range s.Members.Del {
			if _, ok := w.members[d.ID]; !ok {
				t.Errorf("%s left, and was never there", d.ID)
			}
			delete(w.members, d.ID)
		}
		for _, m := range s.Members.Add {
			w.members[m.ID] = m.Role
		}
		for _, m := range s.Members.Set {
			w.members[m.ID] = m.Role
		}
	}
	moderators := 0
	for _, m := range whole.Members {
		if w.members[m.ID] != m.Role {
			t.Errorf("%s is %q, was told as %q", m.ID, m.Role, w.members[m.ID])
		}
		if m.Role == "moderator" {
			moderators++
		}
	}
	if len(whole.Members) != len(w.members) || moderators != 1 {
		t.Errorf("%d members with %d moderators, was told %d", len(whole.Members), moderators, len(w.members))
	}
}

func TestClosingARoomSaysGoodbye(t *testing.T) {
	h := open(t, room.Config{})
	a, _ := h.publishes("Ana", nil)
	b, _ := h.receives("Bo", 1, 1)
	r, _ := h.Room("r")
	r.Close()
	for _, c := range []*caller{a, b} {
		next(c.conn, "bye", func(e struct{ Code, Reconnect string }) bool { return e.Code == "room_ended" && e.Reconnect == "no" })
		<-c.done
	}
	if len(slices.Collect(h.Rooms())) != 0 {
		t.Error("the room is still known")
	}
	h.nothingLeft()
}

// Shutdown does not wait longer than it is told to.
func TestShutdownKeepsItsTime(t *testing.T) {
	let := make(chan struct{})
	h := open(t, room.Config{Hooks: room.Hooks{OnLeave: func(*room.Member, string) { <-let }}})
	h.enter("Ana")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	close(let)
}

func TestJoinsInVainAreLimited(t *testing.T) {
	h := open(t, room.Config{Authorize: func(_ context.Context, r room.JoinRequest) (room.Grant, error) {
		return room.Guest(), map[bool]error{true: room.ErrDenied}[r.Token != "right"]
	}})
	c := h.bind("guesser")
	join := func(token string) ack { return c.ask("join", o{"v": 1, "room": "r", "token": token}) }
	began := time.Now()
	refused, at := exhaust(t, 0.5, 30, func() ack {
		got := join("wrong")
		if got.Code != "forbidden" && got.Code != "rate_limited" {
			t.Fatalf("got %q", got.Code)
		}
		return got
	})
	if took := time.Since(began); refused.Retry < 2*time.Second-took {
		t.Errorf("retry after %v, and %v have passed", refused.Retry, took)
	}
	for {
		got := join("right")
		if got.Code == "rate_limited" {
			return
		}
		if time.Since(at) < refused.Retry {
			t.Fatalf("got %q %v after a refusal for %v", got.Code, time.Since(at), refused.Retry)
		}
		c.must("leave", o{}) // that took long: once more
		for refused = (ack{}); refused.Code != "rate_limited"; {
			at, refused = time.Now(), join("wrong")
		}
	}
}

// Long messages are forgotten sooner, so that a join's answer stays small.
func TestChatHistoryIsBoundedInBytes(t *testing.T) {
	h := open(t, room.Config{})
	long := strings.Repeat("ü", 4000)
	for i := range 8 {
		c, _ := h.enter(fmt.Sprint("m", i))
		for j := range 10 {
			c.must("new_message", o{"cid": fmt.Sprint(j), "text": long})
		}
		c.must("leave", o{})
	}
	if _, late := h.enter("late"); len(late.Chat) != 256<<10/8000 {
		t.Errorf("history of %d messages", len(late.Chat))
	}
}
