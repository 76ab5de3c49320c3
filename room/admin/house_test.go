package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
	"github.com/switchyard-rtc/switchyard/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

var secret = strings.Repeat("s", token.MinSecret)

// house is a server with its API on a loopback address.
type house struct {
	t     *testing.T
	rooms *room.Server
	url   string
	keys  *token.Keys
}

func open(t *testing.T, keys *token.Keys, now func() time.Time) *house {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	media, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	events := NewEvents()
	rooms, err := room.NewServer(room.Config{Media: media, Logger: log, Hooks: events.Hooks()})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := New(Config{
		Meter: Meter{Media: media, Rooms: rooms}, Events: events,
		Access: NewAccess(AccessConfig{Keys: keys, Hosts: []string{"admin.example"}, Now: now}),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(rooms.Shutdown(ctx), media.Close()); err != nil {
			t.Error(err)
		}
	})
	return &house{t, rooms, server.URL, keys}
}

// newKeys returns a key.
func newKeys(t *testing.T) *token.Keys {
	t.Helper()
	keys, err := token.NewKeys([][2]string{{"k", secret}})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sign returns a token for an hour.
func (h *house) sign(name string, can token.Can) string {
	h.t.Helper()
	text, err := h.keys.Sign(token.Claims{Room: name, Can: &can, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

// conn is a signalling connection without a network.
type conn struct {
	handlers map[string]func(context.Context, json.RawMessage) (any, error)
	done     chan struct{}
	once     sync.Once
	events   chan string // names, of what has no room the oldest stay
}

func (*conn) ID() string              { return "conn" }
func (*conn) Auth() json.RawMessage   { return nil }
func (*conn) Err() error              { return nil }
func (c *conn) Done() <-chan struct{} { return c.done }
func (*conn) Request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.7:5"
	return r
}
func (c *conn) Disconnect(bool) { c.once.Do(func() { close(c.done) }) }
func (c *conn) Emit(n string, arg any) error {
	b, _ := json.Marshal(arg)
	select {
	case c.events <- n + " " + string(b):
	default:
	}
	return nil
}

func (c *conn) Handle(event string, h func(context.Context, json.RawMessage) (any, error)) {
	c.handlers[event] = h
}

// enter joins a room: with a microphone and a camera, or with a slot for each of
// the same. No media flows.
func (h *house) enter(name, as string, publishes bool) (*conn, string) {
	h.t.Helper()
	c := &conn{
		handlers: make(map[string]func(context.Context, json.RawMessage) (any, error)),
		done:     make(chan struct{}), events: make(chan string, 1000),
	}
	if err := h.rooms.Bind(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { pc.Close() })
	direction := webrtc.RTPTransceiverDirectionRecvonly
	for _, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
		if !publishes {
			_, err = pc.AddTransceiverFromKind(webrtc.NewRTPCodecType(mime[:5]), webrtc.RTPTransceiverInit{Direction: direction})
		} else {
			track, e := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], "s")
			if err = e; err == nil {
				_, err = pc.AddTrack(track)
			}
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	list := []map[string]any{}
	if publishes {
		list = append(list, map[string]any{"mid": "0", "kind": "audio", "source": "microphone"}, map[string]any{"mid": "1", "kind": "video", "source": "camera"})
	}
	arg, err := json.Marshal(map[string]any{"v": 1, "room": name, "name": as, "offer": offer.SDP, "publish": list})
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := c.handlers["join"](h.t.Context(), arg)
	if err != nil {
		h.t.Fatal(err)
	}
	var ack struct {
		Self room.MemberInfo `json:"self"`
	}
	b, err := json.Marshal(answer)
	if err != nil || json.Unmarshal(b, &ack) != nil {
		h.t.Fatalf("acknowledged with %s, %v", b, err)
	}
	return c, ack.Self.ID
}

// ask sends a request as whoever has a token, or as anybody without.
func (h *house) ask(method, path, token, body string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+prefix+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { resp.Body.Close() })
	return resp
}
