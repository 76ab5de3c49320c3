package room_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// web is a house behind HTTP.
type web struct {
	*house
	url string
}

func openWeb(t *testing.T, cfg room.Config) *web {
	t.Helper()
	h := open(t, cfg)
	mux := http.NewServeMux()
	mux.Handle("/whip/", h.WHIP())
	mux.Handle("/whep/", h.WHEP())
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return &web{h, s.URL}
}

// reply is an answer by HTTP.
type reply struct {
	status int
	header http.Header
	body   string
}

// code is that of a problem; empty for any other body.
func (r reply) code() string {
	var p struct{ Type, Title, Detail, Code string }
	if r.header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	if json.Unmarshal([]byte(r.body), &p) != nil || p.Type != "/errors/"+p.Code || p.Title == "" || p.Detail == "" {
		return "not a problem: " + r.body
	}
	return p.Code
}

// ask sends a request; headers are "Name: value".
func (h *web) ask(method, path, body string, headers ...string) reply {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{got.StatusCode, got.Header, string(b)}
}

// visitor is a client without signalling.
type visitor struct {
	*caller
	web     *web
	session string // path
	tag     string
	answer  string
}

// guest has a peer connection that sends, or receives.
func (h *web) guest(name string, sends bool) *visitor {
	h.t.Helper()
	c := &caller{conn: newConn(h.t, name), house: h.house, grown: make(chan struct{}, 1), got: make(map[string]map[uint32]int)}
	c.connect()
	if sends {
		c.send(webrtc.MimeTypeOpus)
		c.send(webrtc.MimeTypeVP8)
	} else {
		c.slots(webrtc.RTPCodecTypeAudio, 1)
		c.slots(webrtc.RTPCodecTypeVideo, 1)
	}
	return &visitor{caller: c, web: h}
}

// post offers, and waits for the transport.
func (g *visitor) post(path string, headers ...string) *visitor {
	g.t.Helper()
	got := g.web.ask(http.MethodPost, path, g.describe(), append(headers, "Content-Type: "+typeSDP)...)
	if got.status != http.StatusCreated || got.header.Get("Content-Type") != typeSDP {
		g.t.Fatalf("POST %s: %d %s", path, got.status, got.body)
	}
	g.session, g.tag, g.answer = got.header.Get("Location"), got.header.Get("ETag"), got.body
	g.accept(got.body)
	return g
}

// patch sends a fragment.
func (g *visitor) patch(fragment, match string) reply {
	g.t.Helper()
	return g.web.ask(http.MethodPatch, g.session, fragment, "Content-Type: "+typeFragment, "If-Match: "+match)
}

// leave ends the session.
func (g *visitor) leave() {
	g.t.Helper()
	if got := g.web.ask(http.MethodDelete, g.session, ""); got.status != http.StatusOK {
		g.t.Errorf("DELETE %s: %d %s", g.session, got.status, got.body)
	}
}

// publishedBy waits until c knows a microphone and a camera of a newcomer.
func publishedBy(c *conn, kind string) (m room.MemberInfo, audio, video room.PublicationInfo) {
	s := next(c, "state", func(s state) bool { return len(s.Members.Add) == 1 && s.Members.Add[0].Kind == kind })
	if len(s.Publications.Add) != 2 {
		c.t.Fatalf("published with %+v: %+v", s.Members.Add, s.Publications.Add)
	}
	return s.Members.Add[0], s.Publications.Add[0], s.Publications.Add[1]
}
