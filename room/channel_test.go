package room_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// pipe is a data channel of a caller.
type pipe struct {
	*webrtc.DataChannel
	t      *testing.T
	opened chan struct{}
	closed chan struct{}
	got    chan string // messages, as they came
}

// opens adds a data channel; it opens with the next negotiation, or soon.
func (c *caller) opens(label string) *pipe {
	c.t.Helper()
	var init *webrtc.DataChannelInit
	if label == "sw-lossy" {
		no, none := false, uint16(0)
		init = &webrtc.DataChannelInit{Ordered: &no, MaxRetransmits: &none}
	}
	dc, err := c.pc.CreateDataChannel(label, init)
	if err != nil {
		c.t.Fatal(err)
	}
	p := &pipe{DataChannel: dc, t: c.t, opened: make(chan struct{}), closed: make(chan struct{}), got: make(chan string, 4096)}
	dc.OnOpen(func() { close(p.opened) })
	var once sync.Once
	dc.OnClose(func() { once.Do(func() { close(p.closed) }) })
	dc.OnMessage(func(m webrtc.DataChannelMessage) { p.got <- string(m.Data) })
	return p
}

func (p *pipe) until(what string, ch <-chan struct{}) {
	p.t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		p.t.Fatalf("channel %s is not %s", p.Label(), what)
	}
}

func (p *pipe) send(frame string) {
	p.t.Helper()
	if err := p.Send([]byte(frame)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipe) wants(frame string) {
	p.t.Helper()
	for limit := time.After(patience); ; {
		select {
		case got := <-p.got:
			if strings.HasPrefix(got, pingHead) {
				continue
			}
			if got != frame {
				p.t.Fatalf("channel %s got %.80q, want %.80q", p.Label(), got, frame)
			}
			return
		case <-limit:
			p.t.Fatalf("channel %s got nothing, want %.80q", p.Label(), frame)
		}
	}
}

// frame is a message for or from the members with these ids.
func frame(topic, payload string, ids ...string) string {
	s := string(byte(len(topic))) + topic + string([]byte{byte(len(ids))})
	for _, id := range ids {
		s += string(byte(len(id))) + id
	}
	return s + payload
}

// told is the event data.
type told struct {
	ID, Sender, Topic, Payload string
	TS                         int64
	Reliable                   bool
}

func (c *conn) wantsData(sender, topic, payload string, reliable bool) {
	c.t.Helper()
	e := next(c, "data", func(told) bool { return true })
	b, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil || e.Sender != sender || e.Topic != topic || string(b) != payload || e.Reliable != reliable || e.ID == "" || e.TS == 0 {
		c.t.Fatalf("data %+v (%v), want %q on %s of %s, reliable %v", e, err, payload, topic, sender, reliable)
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// What goes through a channel reaches those with a channel through theirs and the
// others by the event, and the other way round; to all, to some and to one.
func TestDataBetweenMembers(t *testing.T) {
	h := open(t, room.Config{})
	ana, bo := h.caller("ana"), h.caller("bo")
	anaPipe, anaLossy, boPipe, boLossy := ana.opens("sw"), ana.opens("sw-lossy"), bo.opens("sw"), bo.opens("sw-lossy")
	a, b := ana.join(nil).Self.ID, bo.join(nil).Self.ID
	for _, p := range []*pipe{anaPipe, anaLossy, boPipe, boLossy} {
		p.until("open", p.opened)
	}
	h.settled(ana.conn, boPipe, boLossy)
	h.settled(bo.conn, anaPipe, anaLossy)
	cy, joined := h.enter("cy")
	c := joined.Self.ID
	dan, _ := h.enter("dan")

	anaPipe.send(frame("t", "to all"))
	boPipe.wants(frame("t", "to all", a))
	cy.wantsData(a, "t", "to all", true)
	dan.wantsData(a, "t", "to all", true)

	anaPipe.send(frame("t", "to two", b, c, a)) // oneself does not count
	boPipe.wants(frame("t", "to two", a))
	cy.wantsData(a, "t", "to two", true)

	anaLossy.send(frame("mouse", "\x00\xff", b))
	boLossy.wants(frame("mouse", "\x00\xff", a))

	cy.must("data", o{"topic": "t", "payload": b64("by event"), "to": []string{a}})
	anaPipe.wants(frame("t", "by event", c))
	cy.must("data", o{"topic": "t", "payload": b64("by event"), "reliable": false})
	anaLossy.wants(frame("t", "by event", c))
	boLossy.wants(frame("t", "by event", c))
	dan.wantsData(c, "t", "by event", false)

	largest := strings.Repeat("x", 16<<10)
	anaPipe.send(frame("t", largest))
	boPipe.wants(frame("t", largest, a))
	for i := range 300 { // more than the burst: the sender is slowed down, nothing is lost
		anaPipe.send(frame("t", fmt.Sprint(i), b))
	}
	for i := range 300 {
		boPipe.wants(frame("t", fmt.Sprint(i), a))
	}
}

// pingHead is how the messages begin by which channels are tried.
const pingHead = "\x04ping"

// settled waits until the server sends to these channels. More pings may come.
func (h *house) settled(from *conn, pipes ...*pipe) {
	h.t.Helper()
	for _, p := range pipes {
		for arrived := false; !arrived; {
			from.must("data", o{"topic": "ping", "payload": "", "reliable": p.Label() == "sw"})
			select {
			case <-p.got:
				arrived = true
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

func TestDataIsRefused(t *testing.T) {
	quiet := room.Guest()
	quiet.CanData = false
	h := open(t, room.Config{Authorize: authorize(quiet)})
	c, _ := h.enter("ana")
	if got := c.ask("data", o{"topic": "t", "payload": ""}).Code; got != "forbidden" {
		t.Errorf("without the grant: %q, want forbidden", got)
	}
	h = open(t, room.Config{})
	c, _ = h.enter("ana")
	for _, tt := range []struct {
		arg  o
		want string
	}{
		{o{"topic": "t", "payload": b64("x")}, ""}, // nobody else is there
		{o{"topic": "t", "payload": b64(strings.Repeat("x", 16<<10))}, ""},
		{o{"topic": "t", "payload": b64(strings.Repeat("x", 16<<10+1))}, "too_large"},
		{o{"topic": "t", "payload": b64(strings.Repeat("x", 16<<10+3))}, "too_large"},
		{o{"topic": "", "payload": ""}, "bad_request"},
		{o{"topic": strings.Repeat("t", 65), "payload": ""}, "bad_request"},
		{o{"topic": "t", "payload": "*"}, "bad_request"},
		{o{"topic": "t", "payload": "", "to": []string{"nobody"}}, "member_not_found"},
		{o{"topic": "t", "payload": "", "to": []string{"no id"}}, "bad_request"},
		{o{"topic": "t", "payload": "", "to": strings.Fields(strings.Repeat("a ", 256))}, "limit_exceeded"},
	} {
		if got := c.ask("data", tt.arg).Code; got != tt.want {
			t.Errorf("%.90v: %q, want %q", tt.arg, got, tt.want)
		}
	}
	c, _ = h.enter("bo")
	refused, _ := exhaust(t, 100, 200, func() ack { return c.ask("data", o{"topic": "t", "payload": ""}) })
	if refused.Retry <= 0 {
		t.Errorf("retry after %v", refused.Retry)
	}
}

// What is wrong on a channel is counted, and channels that nobody knows are
// closed.
func TestChannelsRefuse(t *testing.T) {
	h := open(t, room.Config{})
	ana := h.caller("ana")
	p, other := ana.opens("sw"), ana.opens("chat")
	ana.join(nil)
	p.until("open", p.opened)
	bo, _ := h.enter("bo")
	h.settled(bo, p)
	other.until("closed", other.closed)
	second := ana.opens("sw")
	second.until("closed", second.closed)
	p.send("")
	p.send("\x09cut")
	if err := p.SendText("text"); err != nil {
		t.Fatal(err)
	}
	p.send(frame("t", "", "nobody"))
	p.send(frame("t", strings.Repeat("x", 16<<10+1)))
	want := map[room.ParcelDrop]uint64{room.ParcelMalformed: 4, room.ParcelNobody: 1, room.ParcelStranger: 2}
	h.dropped(want)
	p.send(string(bytes.Repeat([]byte("x"), 100_000)))
	want[room.ParcelMalformed]++
	h.dropped(want)
}

// dropped waits until as much was dropped.
func (h *house) dropped(want map[room.ParcelDrop]uint64) {
	h.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for fmt.Sprint(h.ParcelDrops()) != fmt.Sprint(want) {
		select {
		case <-tick.C:
		case <-limit:
			h.t.Fatalf("dropped %v, want %v", h.ParcelDrops(), want)
		}
	}
}

// Who reads too slowly loses unreliable messages; when too many reliable ones
// wait, it is told goodbye, and the others never wait.
func TestSlowReceiver(t *testing.T) {
	h := open(t, room.Config{})
	bo := h.caller("bo")
	boPipe, boLossy := bo.opens("sw"), bo.opens("sw-lossy")
	b := bo.join(nil).Self.ID
	boPipe.until("open", boPipe.opened)
	boLossy.until("open", boLossy.opened)
	ana, _ := h.enter("ana")
	h.settled(ana, boPipe, boLossy)

	bo.cut.Store(true) // acknowledges nothing any more
	payload := b64(strings.Repeat("x", 16<<10))
	send := func(reliable bool) {
		for {
			a := ana.ask("data", o{"topic": "t", "payload": payload, "to": []string{b}, "reliable": reliable})
			if a.Code == "" {
				return
			}
			if a.Code != "rate_limited" {
				t.Fatalf("refused: %s", a.Code)
			}
			<-time.After(a.Retry)
		}
	}
	for h.ParcelDrops()[room.ParcelSlow] == 0 {
		send(false)
	}
	lost := h.ParcelDrops()[room.ParcelSlow]
	sent := 0
	for ; h.ParcelDrops()[room.ParcelSlow] == lost; sent++ {
		send(true)
	}
	if sent < 60 || sent > 66 {
		t.Errorf("%d messages of 16 KiB waited, want 1 MiB of them", sent)
	}
	next(bo.conn, "bye", func(e struct{ Code, Reconnect string }) bool {
		return e.Code == "slow_consumer" && e.Reconnect == "now"
	})
}
