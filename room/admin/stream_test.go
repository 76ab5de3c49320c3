package admin

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// stream reads server-sent events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	last  string // id
}

func (h *house) listen(query, token, last string) *stream {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url+prefix+"/events"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", last)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%v %v", resp, err)
	}
	h.t.Cleanup(func() { resp.Body.Close() })
	return &stream{t: h.t, lines: bufio.NewScanner(resp.Body)}
}

// next returns an event's name and notice.
func (s *stream) next() (name string, n room.Notice) {
	s.t.Helper()
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch field {
		case "id":
			s.last = value
		case "event":
			name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &n); err != nil {
				s.t.Fatalf("%s: %v", value, err)
			}
		case "":
			if name != "" {
				return name, n
			}
		}
	}
	s.t.Fatal("the stream ended", s.lines.Err())
	return name, n
}

// What happens is told in order, to each what concerns it, and again to who comes
// back.
func TestEvents(t *testing.T) {
	h := open(t, newKeys(t), nil)
	admin, moderator := h.sign("", token.Can{Admin: true}), h.sign("r", token.Can{Moderate: true})
	all, one := h.listen("", admin, ""), h.listen("", moderator, "")
	h.enter("other", "eve", false)
	h.enter("r", "ana", true)
	r, _ := h.rooms.Room("r")
	r.Close()
	var got []string
	for len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "room_ended r") {
		name, n := all.next()
		text := name + " " + n.Room
		if n.Member != nil {
			text += " " + n.Member.Name
		}
		if n.Publication != nil {
			text += " " + string(n.Publication.Source)
		}
		if n.Reason != "" {
			text += " " + n.Reason
		}
		if name != n.Event || n.Time.IsZero() || n.Started.IsZero() {
			t.Errorf("%s tells %+v", name, n)
		}
		got = append(got, text)
	}
	want := []string{
		"room_started other", "member_joined other eve", "room_started r", "member_joined r ana", "published r ana microphone", "published r ana camera",
		"unpublished r ana microphone", "unpublished r ana camera", "member_left r ana ended", "room_ended r ended",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if name, n := one.next(); name != room.RoomStarted || n.Room != "r" {
		t.Errorf("the moderator was told first of %s %+v", name, n)
	}
	again := h.listen("?room=r", admin, one.last) // it heard of the start
	if name, n := again.next(); name != room.MemberJoined || n.Room != "r" {
		t.Errorf("who came back was told %s %+v", name, n)
	}
	if name, _ := h.listen("", admin, "x-1").next(); name != "missed" {
		t.Errorf("who comes back to another process is told %s", name)
	}
}

// Who does not read is cut off, and nobody waits for it; what is kept is bounded.
func TestSlowListenerIsCutOff(t *testing.T) {
	e := NewEvents()
	l, _, _ := e.listen(func(room string) bool { return room == "r" }, "")
	first := ""
	for range 2 * eventsKept {
		e.add(room.Notice{Room: "r"})
		if first == "" {
			first = e.kept[0].id
		}
	}
	n := 0
	for range l.events {
		n++
	}
	if n != eventsWaiting || len(e.kept) != eventsKept || len(e.listeners) != 0 {
		t.Errorf("%d waited, %d kept, %d listeners", n, len(e.kept), len(e.listeners))
	}
	e.leave(l)
	all := func(string) bool { return true }
	for _, tt := range []struct {
		after  string
		before int
		missed bool
	}{
		{"", 0, false},
		{first, eventsKept, true},
		{e.kept[0].id, eventsKept - 1, false},
		{e.kept[eventsKept-1].id, 0, false},
		{e.run + "-999999999", 0, true},
		{e.run + "-", 0, true},
		{"nonsense", 0, true},
	} {
		_, before, missed := e.listen(all, tt.after)
		if len(before) != tt.before || missed != tt.missed {
			t.Errorf("after %q: %d, missed %v; want %d, %v", tt.after, len(before), missed, tt.before, tt.missed)
		}
	}
}

// A stream lasts no longer than the token that it was asked for with.
func TestStreamEndsWithItsToken(t *testing.T) {
	h := open(t, newKeys(t), nil)
	text, err := h.keys.Sign(token.Claims{Can: &token.Can{Admin: true}, Expires: time.Now().Add(2 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	s := h.listen("", text, "")
	for s.lines.Scan() {
	}
	if err := s.lines.Err(); err != nil {
		t.Errorf("the end of the stream: %v", err)
	}
}
