package room_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// checker is a client that is in no room.
func (h *house) checker(name string) *caller {
	h.t.Helper()
	c := &caller{conn: newConn(h.t, name), house: h}
	c.connect()
	if _, err := c.pc.CreateDataChannel("check", nil); err != nil {
		h.t.Fatal(err)
	}
	return c
}

// checks offers from an address.
func checks(h http.Handler, remote, offer string) reply {
	r := httptest.NewRequest(http.MethodPost, "/check", strings.NewReader(offer))
	r.RemoteAddr = remote + ":1"
	r.Header.Set("Content-Type", typeSDP)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// A client that reaches the port of the media sees its transport connect, without
// a room, and what it sends goes nowhere. The server keeps nothing of it.
func TestCheckConnects(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	door := h.Check()
	c := h.checker("Ana")
	closed := make(chan struct{})
	dc, err := c.pc.CreateDataChannel("sw", nil)
	if err != nil {
		t.Fatal(err)
	}
	dc.OnOpen(func() { _ = dc.Send(make([]byte, 1000)) })
	dc.OnClose(func() { close(closed) })
	got := checks(door, "127.0.0.1", c.describe())
	if got.status != http.StatusOK || got.header.Get("Content-Type") != typeSDP || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	c.accept(got.body)
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("its channel stays open")
	}
	for range h.Rooms() {
		t.Error("there is a room")
	}
	h.left(1)
	if err := c.pc.Close(); err != nil {
		t.Error(err)
	}
	h.nothingLeft()
}

// Who does not go is sent away, by the time and by the end of the server.
func TestChecksEnd(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{true, false} {
		t.Run(fmt.Sprintf("in time: %v", late), func(t *testing.T) {
			h := open(t, room.Config{})
			if late {
				h.CheckLasts(200 * time.Millisecond)
			}
			c := h.checker("Ana")
			got := checks(h.Check(), "127.0.0.1", c.describe())
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got.body}); err != nil {
				t.Fatal(err)
			}
			if !late {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := h.Shutdown(ctx); err != nil {
					t.Error(err)
				}
				if got := checks(h.Check(), "127.0.0.1", h.checker("Bo").describe()); got.code() != "draining" {
					t.Errorf("after Shutdown: %d %s", got.status, got.body)
				}
			}
			h.nothingLeft()
		})
	}
}

// Nobody gets media this way, nor too much of it.
func TestChecksAreLimited(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	h.CheckLasts(time.Hour)
	door := h.Check()
	good := h.checker("Ana").describe()
	c := h.checker("Bo")
	c.slots(webrtc.RTPCodecTypeAudio, 1)
	media := c.describe()
	for _, tt := range []struct{ name, offer, code string }{
		{"media", media, "bad_sdp"},
		{"nothing", "v=0\r\n", "bad_sdp"},
		{"nonsense", "m=application \r\n", "bad_sdp"},
		{"empty", "", "bad_sdp"},
		{"too long", strings.Repeat("x", 300<<10), "too_large"},
	} {
		if got := checks(door, "192.0.2.1", tt.offer); got.code() != tt.code {
			t.Errorf("%s: %d %s, want %s", tt.name, got.status, got.body, tt.code)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/check", nil)
	w := httptest.NewRecorder()
	if door.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d", w.Code)
	}
	h.nothingLeft()
	for i := range 17 {
		if got := checks(door, "192.0.2.2", good); (got.code() == "server_busy") != (i == 16) {
			t.Fatalf("check %d of one address at once: %d %s", i+1, got.status, got.body)
		}
	}
	exhaust(t, 1, 30, func() ack { return ack{Code: checks(door, "192.0.2.3", "").code()} })
	h.left(16)
	for i := range 49 {
		if got := checks(door, fmt.Sprintf("192.0.3.%d", i), good); (got.code() == "server_busy") != (i == 48) {
			t.Fatalf("check %d of many addresses: %d %s", 17+i, got.status, got.body)
		}
	}
}
