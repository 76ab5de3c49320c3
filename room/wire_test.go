package room_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/signal"
)

// serve binds the rooms to real sockets and returns the server's address.
func (h *house) serve(handlers signal.Handlers) string {
	h.t.Helper()
	handlers.OnConnect = func(ctx context.Context, s *signal.Socket) error {
		s.Join("everybody")
		return h.Bind(ctx, s)
	}
	sig := signal.NewServer(signal.Options{
		Namespaces: map[string]signal.Handlers{"/": handlers},
		Logger:     slog.New(slog.DiscardHandler),
	})
	s := httptest.NewServer(sig)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := sig.Shutdown(ctx); err != nil {
			h.t.Errorf("Shutdown: %v", err)
		}
		s.Close()
	})
	return s.URL
}

// line is a WebSocket that speaks the protocol as it stands on the wire.
type line struct {
	t  *testing.T
	ws *websocket.Conn
}

func dial(t *testing.T, url string) *line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	ws.SetReadLimit(-1)
	l := &line{t, ws}
	l.write("40")
	for !strings.HasPrefix(l.read(), "40") {
	}
	return l
}

func (l *line) write(s string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := l.ws.Write(ctx, websocket.MessageText, []byte(s)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) read() string {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	_, b, err := l.ws.Read(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// ask sends an event and returns its acknowledgement, skipping events.
func (l *line) ask(event, arg string) string {
	l.t.Helper()
	l.write(`427["` + event + `"` + arg + `]`)
	for {
		if s, ok := strings.CutPrefix(l.read(), "437["); ok {
			return strings.TrimSuffix(s, "]")
		}
	}
}

// keys lists the fields of an object in order.
func keys(t *testing.T, object string) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// Acknowledgements have the fields of the protocol, and no others.
func TestAcknowledgementsOnTheWire(t *testing.T) {
	h := open(t, room.Config{})
	l := dial(t, h.serve(signal.Handlers{}))
	for _, tt := range []struct{ event, arg, want string }{
		{"join", ``, `{"ok":false,"code":"bad_request","message":"the argument is not an object"}`},
		{"join", `,{"v":2}`, `{"ok":false,"code":"unsupported_version","message":"this server speaks version 1","supported":[1]}`},
		{"sync", `,{}`, `{"ok":false,"code":"not_joined","message":"join first"}`},
		{"juggle", `,{}`, `{"ok":false,"code":"unknown_event","message":"there is no such event"}`},
		{"juggle", ``, `{"ok":false,"code":"unknown_event","message":"there is no such event"}`},
	} {
		if got := l.ask(tt.event, tt.arg); got != tt.want {
			t.Errorf("%s%s: got %s, want %s", tt.event, tt.arg, got, tt.want)
		}
	}
	h.publishes("Ana", nil)
	c := h.caller("Bo")
	c.slots(webrtc.RTPCodecTypeAudio, 1)
	c.slots(webrtc.RTPCodecTypeVideo, 1)
	c.send(webrtc.MimeTypeOpus)
	arg, err := json.Marshal(o{
		"v": 1, "room": "r", "name": "Bo", "caps": []string{"slots"}, "offer": c.describe(), "publish": []o{{"mid": "2", "source": "microphone"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	joined := l.ask("join", ","+string(arg))
	if got, want := keys(t, joined), "answer can caps chat grace_ms ice_servers key limits members ok polls publications published rev room self session slots v"; got != want {
		t.Errorf("join: got %s\nwant %s", got, want)
	}
	var parts struct {
		Self         json.RawMessage
		Room         json.RawMessage
		Publications []json.RawMessage
		Slots        []json.RawMessage
		Published    []json.RawMessage
		ICEServers   json.RawMessage `json:"ice_servers"`
		Caps, Limits json.RawMessage
		Chat         json.RawMessage
	}
	if err := json.Unmarshal([]byte(joined), &parts); err != nil || len(parts.Publications) != 3 || len(parts.Slots) != 2 || len(parts.Published) != 1 {
		t.Fatalf("join: %v %s", err, joined)
	}
	for _, tt := range []struct{ what, object, want string }{
		{"member", string(parts.Self), "id identity kind name role state"},
		{"room", string(parts.Room), "created lobby locked max_members name recording"},
		{"publication", string(parts.Publications[0]), "codec id kind member muted n source"},
		{"slot", string(parts.Slots[0]), "mid publication state"},
		{"published", string(parts.Published[0]), "mid publication"},
		{"limits", string(parts.Limits), "file publications sections text"},
		{"sync", l.ask("sync", ",{}"), "can caps chat grace_ms ice_servers key limits members ok polls publications rev room self session slots v"},
		{"subscribe", l.ask("subscribe", `,{"publications":[{"id":"nobody"}]}`), "ok refused slots"},
		{"subscribe to nothing", l.ask("subscribe", `,{}`), "ok slots"},
		{"message", l.ask("new_message", `,{"cid":"1","text":"x"}`), "id ok ts"},
	} {
		if got := keys(t, tt.object); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
	for what, got := range map[string]json.RawMessage{"ice_servers": parts.ICEServers, "chat": parts.Chat} {
		if string(got) != "[]" {
			t.Errorf("%s is %s", what, got)
		}
	}
	if got := string(parts.Caps); got != `["slots","replaces","resume","data","layers","backup","caption","poll","quality"]` {
		t.Errorf("caps are %s", got)
	}
	if got := l.ask("leave", `,{}`); got != `{"ok":true}` {
		t.Errorf("leave: %s", got)
	}
}

// A socket is still in its rooms while the application is told that it goes.
func TestDisconnectingComesWhileInRooms(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	seen := make(chan []string, 1)
	url := h.serve(signal.Handlers{
		OnDisconnecting: func(s *signal.Socket, _ string) { seen <- s.Rooms() },
	})
	b, _ := h.enter("Bo")
	l := dial(t, url)
	var joined struct{ Self struct{ ID string } }
	if err := json.Unmarshal([]byte(l.ask("join", `,{"v":1,"room":"r"}`)), &joined); err != nil {
		t.Fatal(err)
	}
	l.ws.CloseNow()
	select {
	case rooms := <-seen:
		if !slices.Contains(rooms, "everybody") || len(rooms) != 2 {
			t.Errorf("in %q", rooms)
		}
	case <-time.After(patience):
		t.Fatal("not told")
	}
	if why := gone(b, joined.Self.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
}
