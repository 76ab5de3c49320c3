package room_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
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

// A WHIP client is a member like any other, but for signalling; who plays by WHEP
// receives it.
func TestWHIPPublishesAndWHEPPlays(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	early := h.guest("early", false).post("/whep/r")
	b, first := h.receives("Bo", 1, 1)
	if first.Self.Role != "moderator" {
		t.Errorf("the first with signalling is %s", first.Self.Role)
	}
	a := h.guest("Ana", true).post("/whip/r?name=Ana%0A")
	who, audio, video := publishedBy(b.conn, "whip")
	if who.Name != "Ana" || who.Role != "guest" || who.State != "live" {
		t.Errorf("member %+v", who)
	}
	if audio.Source != room.Microphone || video.Source != room.Camera || video.Codec != "VP8" {
		t.Errorf("published %+v, %+v", audio, video)
	}
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("0", audio)
	b.hear("1", video)
	early.hear("0", audio)
	early.hear("1", video)
	late := h.guest("late", false).post("/whep/r/" + who.ID + "?max=720")
	late.hear("0", audio)
	late.hear("1", video)
	picture := h.guest("picture", false).post("/whep/r/" + who.ID + "/camera")
	picture.hear("1", video)
	if n := picture.packets("0", audio.N); n != 0 {
		t.Errorf("/camera came with %d packets of the microphone", n)
	}
	for _, line := range []string{"a=recvonly\r\n", "a=rtcp-mux-only\r\n", "a=ice-lite\r\n"} {
		if !strings.Contains(a.answer, line) {
			t.Errorf("the answer to WHIP lacks %q:\n%s", line, a.answer)
		}
	}
	if !strings.Contains(late.answer, "a=sendonly\r\n") {
		t.Errorf("the answer to WHEP:\n%s", late.answer)
	}
	a.leave()
	if why := gone(b.conn, who.ID); why != "left" {
		t.Errorf("gone because %q", why)
	}
	if got := h.ask(http.MethodDelete, a.session, ""); got.status != http.StatusNotFound || got.code() != "session_unknown" {
		t.Errorf("DELETE again: %d %s", got.status, got.body)
	}
	for _, g := range []*visitor{early, late, picture} {
		g.leave()
	}
	b.must("leave", o{})
	h.nothingLeft()
}

// A player without a member in its URL shows the only one who publishes; with
// several who speaks, in the same track.
func TestWHEPFollows(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	b, _ := h.enter("Bo")
	player := h.guest("player", false).post("/whep/r?follow=speaker")
	a := h.guest("Ana", true).post("/whip/r")
	who, audio, video := publishedBy(b, "whip")
	if who.Name != "whip-"+who.ID {
		t.Errorf("name %q", who.Name)
	}
	player.hear("0", audio)
	player.hear("1", video)
	_, second := h.publishes("Cy", nil)
	other := publication(t, second.Publications, second.Self.ID, "video")
	voice := publication(t, second.Publications, second.Self.ID, "audio")
	player.hear("1", video) // nobody says anything
	a.leave()
	player.hear("1", other)
	player.hear("0", voice)
	screen := h.guest("screen", false).post("/whep/r?follow=screen")
	d := h.caller("Di")
	d.send(webrtc.MimeTypeVP8)
	third := d.join(nil, o{"mid": "0", "kind": "video", "source": "screen"})
	screen.hear("1", publication(t, third.Publications, third.Self.ID, "video"))
	player.hear("1", other)
}

// With two who publish, the picture and the voice change to who speaks, in the
// same two tracks.
func TestWHEPChangesWithTheSpeaker(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	b, _ := h.enter("Bo")
	var speaking [2]atomic.Bool
	var audio, video [2]room.PublicationInfo
	for i := range speaking {
		g := &visitor{caller: &caller{conn: newConn(t, fmt.Sprint("speaker", i)), house: h.house, loud: true}, web: h}
		g.connect()
		local, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "stream")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			t.Fatal(err)
		}
		g.send(webrtc.MimeTypeVP8)
		g.post("/whip/r")
		_, audio[i], video[i] = publishedBy(b, "whip")
		go talk(t, local, extension(g.answer, "ssrc-audio-level"), &speaking[i])
	}
	player := h.guest("player", false).post("/whep/r")
	for _, i := range []int{1, 0, 1} {
		speaking[i].Store(true)
		speaking[1-i].Store(false)
		player.hear("0", audio[i])
		player.hear("1", video[i])
		player.hearMore("1", video[i].N, 50)
	}
}

// talk sends a packet each 20 ms that says how loud it is, until the test ends.
func talk(t *testing.T, track *webrtc.TrackLocalStaticRTP, level uint8, on *atomic.Bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: []byte("sound of something")}
	for {
		select {
		case <-t.Context().Done():
			return
		case <-tick.C:
		}
		loud := byte(127)
		if on.Load() {
			loud = 0x80 | 20
		}
		p.SequenceNumber++
		p.Timestamp += 960
		if err := p.SetExtension(level, []byte{loud}); err != nil {
			t.Error(err)
			return
		}
		_ = track.WriteRTP(p) // nobody listens, or it is over
	}
}

// extension returns the id of the first header extension of a name.
func extension(sdp, name string) (id uint8) {
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=extmap:") && strings.HasSuffix(strings.TrimSpace(line), name) {
			_, _ = fmt.Sscanf(line, "a=extmap:%d", &id)
			return id
		}
	}
	return 0
}

// An ICE restart by PATCH: another path, the same streams.
func TestWHIPRestartsICE(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	b, _ := h.receives("Bo", 1, 0)
	a := h.guest("Ana", true).post("/whip/r")
	_, audio, _ := publishedBy(b.conn, "whip")
	b.hear("0", audio)
	mine := "a=ice-ufrag:" + attribute(a.pc.LocalDescription().SDP, "ice-ufrag") + "\r\na=ice-pwd:" +
		attribute(a.pc.LocalDescription().SDP, "ice-pwd") + "\r\n"
	candidate := "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n"
	for _, match := range []string{a.tag, "*", `"another", ` + a.tag} {
		got := a.patch(mine+candidate+"a=end-of-candidates\r\n", match)
		if got.status != http.StatusNoContent || got.header.Get("ETag") != "" {
			t.Errorf("trickle with %s: %d %s", match, got.status, got.body)
		}
	}
	offer, err := a.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	got := a.patch("a=ice-ufrag:"+attribute(offer.SDP, "ice-ufrag")+"\r\na=ice-pwd:"+attribute(offer.SDP, "ice-pwd")+"\r\n"+candidate, "*")
	tag := got.header.Get("ETag")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != typeFragment || tag == "" || tag == a.tag {
		t.Fatalf("restart: %d %v %s", got.status, got.header, got.body)
	}
	ufrag, password := attribute(got.body, "ice-ufrag"), attribute(got.body, "ice-pwd")
	if ufrag == attribute(a.answer, "ice-ufrag") || len(password) < 22 || attribute(got.body, "candidate") == "" || !strings.Contains(got.body, "a=ice-lite") {
		t.Errorf("fragment:\n%s", got.body)
	}
	answer := strings.ReplaceAll(a.answer, attribute(a.answer, "ice-ufrag"), ufrag)
	answer = strings.ReplaceAll(answer, attribute(a.answer, "ice-pwd"), password)
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	b.hear("0", audio)
	b.hearMore("0", audio.N, 50)
	for match, want := range map[string]int{a.tag: http.StatusPreconditionFailed, `W/` + tag: http.StatusPreconditionFailed, tag: http.StatusNoContent} {
		fragment := "a=ice-ufrag:" + attribute(offer.SDP, "ice-ufrag") + "\r\na=ice-pwd:" + attribute(offer.SDP, "ice-pwd") + "\r\n"
		if got := a.patch(fragment, match); got.status != want {
			t.Errorf("If-Match %s: %d, want %d", match, got.status, want)
		}
	}
}

// attribute returns the value of the first attribute of a name.
func attribute(sdp, name string) string {
	_, rest, _ := strings.Cut(sdp, "a="+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// Without signalling, the end of media is the end, after the time to restart.
func TestWHIPEndsWithItsMedia(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Grace: time.Second})
	b, _ := h.enter("Bo")
	a := h.guest("Ana", true).post("/whip/r")
	who, _, _ := publishedBy(b, "whip")
	a.hang()
	next(b, "state", func(s state) bool { return len(s.Members.Set) == 1 && s.Members.Set[0].State == "reconnecting" })
	if why := gone(b, who.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	c := h.guest("Cy", true).post("/whip/r") // who says goodbye by DTLS alone
	who, _, _ = publishedBy(b, "whip")
	c.pc.Close()
	if why := gone(b, who.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	d := h.guest("Di", true) // who never connects
	if got := h.ask(http.MethodPost, "/whip/r", d.describe(), "Content-Type: "+typeSDP); got.status != http.StatusCreated {
		t.Fatalf("POST: %d %s", got.status, got.body)
	}
	who, _, _ = publishedBy(b, "whip")
	if why := gone(b, who.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	b.must("leave", o{})
	h.nothingLeft()
}

// What OBS sends: its offer, its headers, and DELETE at the end.
func TestWHIPTakesOBS(t *testing.T) {
	h := openWeb(t, room.Config{})
	offer, err := os.ReadFile("../sfu/internal/codec/testdata/obs.sdp")
	if err != nil {
		t.Fatal(err)
	}
	got := h.ask(http.MethodPost, "/whip/studio", strings.ReplaceAll(string(offer), "\r\n", "\n"),
		"Content-Type: "+typeSDP, "Authorization: Bearer key", "User-Agent: Mozilla/5.0 (OBS-Studio/30.1.2; Linux x86_64; en-US)")
	if got.status != http.StatusCreated {
		t.Fatalf("POST: %d %s", got.status, got.body)
	}
	for _, line := range []string{"m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:96 H264/90000", "a=recvonly", "a=setup:passive", "a=candidate:"} {
		if !strings.Contains(got.body, line) {
			t.Errorf("the answer lacks %q:\n%s", line, got.body)
		}
	}
	at := got.header.Get("Location")
	if got := h.ask(http.MethodGet, at, ""); got.status != http.StatusNoContent {
		t.Errorf("GET: %d", got.status)
	}
	if got := h.ask(http.MethodDelete, at, "", "Authorization: Bearer key"); got.status != http.StatusOK {
		t.Errorf("DELETE: %d %s", got.status, got.body)
	}
	h.nothingLeft()
}

func TestWHIPRefuses(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	a := h.guest("Ana", true).post("/whip/r")
	offer := h.guest("Bo", true).describe()
	play := h.guest("Cy", false).describe()
	id := strings.TrimPrefix(a.session, "/whip/r/")
	member := ""
	for r := range h.Rooms() {
		for m := range r.Members() {
			member = m.ID()
		}
	}
	const sdp, fragment = "Content-Type: " + typeSDP, "Content-Type: " + typeFragment
	two := strings.ReplaceAll(offer, "m=video", "m=audio")
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"no type", "POST", "/whip/r", offer, nil, 415, "unsupported_media_type"},
		{"wrong type", "POST", "/whep/r", play, []string{"Content-Type: application/json"}, 415, "unsupported_media_type"},
		{"large", "POST", "/whip/r", strings.Repeat("a", 10<<20), []string{sdp}, 413, "too_large"},
		{"nothing", "POST", "/whip/r", "", []string{sdp}, 400, "bad_sdp"},
		{"no SDP", "POST", "/whip/r", "hello", []string{sdp}, 400, "bad_sdp"},
		{"half an SDP", "POST", "/whip/r", offer[len(offer)/2:], []string{sdp}, 400, "bad_sdp"},
		{"no codec", "POST", "/whip/r", strings.NewReplacer("opus", "opas", "VP8", "XP8", "VP9", "XP9", "H264", "X264", "AV1", "XV1", "H265", "X265").Replace(offer), []string{sdp}, 422, "no_common_codec"},
		{"plays at WHIP", "POST", "/whip/r", play, []string{sdp}, 422, "limit_exceeded"},
		{"publishes at WHEP", "POST", "/whep/r", offer, []string{sdp}, 422, "limit_exceeded"},
		{"two of a kind", "POST", "/whip/r", two, []string{sdp}, 422, "limit_exceeded"},
		{"bad room", "POST", "/whip/a%20b", offer, []string{sdp}, 400, "bad_request"},
		{"no room", "POST", "/whip/", offer, []string{sdp}, 400, "bad_request"},
		{"too deep", "POST", "/whip/r/a/b", offer, []string{sdp}, 404, "not_found"},
		{"no source", "POST", "/whep/r/m/window", play, []string{sdp}, 404, "not_found"},
		{"no member", "POST", "/whep/r/nobody", play, []string{sdp}, 404, "member_not_found"},
		{"no member's room", "POST", "/whep/empty/nobody", play, []string{sdp}, 404, "member_not_found"},
		{"not shared", "POST", "/whep/r/" + member + "/screen", play, []string{sdp}, 409, "not_live"},
		{"max", "POST", "/whep/r?max=0", play, []string{sdp}, 400, "bad_request"},
		{"follow", "POST", "/whep/r?follow=me", play, []string{sdp}, 400, "bad_request"},
		{"follow a member", "POST", "/whep/r/" + member + "?follow=speaker", play, []string{sdp}, 400, "bad_request"},
		{"PUT", "PUT", "/whip/r", offer, []string{sdp}, 405, "method_not_allowed"},
		{"PATCH the endpoint", "PATCH", "/whip/r", "", []string{fragment}, 405, "method_not_allowed"},
		{"POST the session", "POST", a.session, offer, []string{sdp}, 405, "method_not_allowed"},
		{"PUT the session", "PUT", a.session, offer, []string{sdp}, 405, "method_not_allowed"},
		{"unknown session", "PATCH", "/whip/r/" + id[1:] + "x", "a=mid:0\r\n", []string{fragment, "If-Match: *"}, 404, "session_unknown"},
		{"session of another room", "DELETE", "/whip/q/" + id, "", nil, 404, "session_unknown"},
		{"WHIP session at WHEP", "DELETE", "/whep/r/" + id, "", nil, 404, "session_unknown"},
		{"member as session", "DELETE", "/whip/r/" + member, "", nil, 404, "session_unknown"},
		{"PATCH of a type", "PATCH", a.session, "a=mid:0\r\n", []string{sdp, "If-Match: *"}, 415, "unsupported_media_type"},
		{"PATCH without tag", "PATCH", a.session, "a=mid:0\r\n", []string{fragment}, 428, "precondition_required"},
		{"stale tag", "PATCH", a.session, "a=mid:0\r\n", []string{fragment, `If-Match: "stale"`}, 412, "precondition_failed"},
		{"large PATCH", "PATCH", a.session, strings.Repeat("a", 10<<20), []string{fragment, "If-Match: *"}, 413, "too_large"},
		{"no fragment", "PATCH", a.session, "{}", []string{fragment, "If-Match: *"}, 400, "bad_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.ask(tt.method, tt.path, tt.body, tt.headers...)
			if got.status != tt.status || got.code() != tt.code {
				t.Fatalf("%d %s, want %d %s", got.status, got.body, tt.status, tt.code)
			}
			if (got.status == 405) != (got.header.Get("Allow") != "") || (got.status == 415) != (got.header.Get("Accept-Post")+got.header.Get("Accept-Patch") != "") ||
				(got.status == 409) != (got.header.Get("Retry-After") != "") || got.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", got.header)
			}
		})
	}
	a.leave()
	h.nothingLeft()
}

func TestWHIPAnswersPreflights(t *testing.T) {
	h := openWeb(t, room.Config{})
	for path, want := range map[string][3]string{
		"/whip/r":          {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
		"/whip/r/id":       {"OPTIONS, GET, HEAD, PATCH, DELETE", "", typeFragment},
		"/whep/r":          {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
		"/whep/r/id":       {"OPTIONS, GET, HEAD, POST, PATCH, DELETE", typeSDP, typeFragment},
		"/whep/r/m/camera": {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
	} {
		got := h.ask(http.MethodOptions, path, "", "Origin: https://studio.example", "Access-Control-Request-Method: POST")
		is := [3]string{got.header.Get("Access-Control-Allow-Methods"), got.header.Get("Accept-Post"), got.header.Get("Accept-Patch")}
		if got.status != http.StatusOK || is != want || got.header.Get("Allow") != want[0] || got.header.Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("OPTIONS %s: %d %q, want %q", path, got.status, is, want)
		}
		if got := h.ask(http.MethodGet, path, ""); got.status != http.StatusNoContent || got.body != "" {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
}

func TestWHIPAuthorizes(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Authorize: func(_ context.Context, r room.JoinRequest) (room.Grant, error) {
		switch r.Token {
		case "publish":
			return room.Grant{Publish: []room.Source{room.Microphone}, Name: "Studio", IDPrefix: "s-"}, nil
		case "play":
			return room.Grant{CanSubscribe: true}, nil
		case "forged":
			return room.Grant{}, room.ErrUnauthorized
		}
		return room.Grant{}, fmt.Errorf("no: %w", room.ErrDenied)
	}})
	play := h.guest("Bo", false).describe()
	for _, tt := range []struct {
		path, auth string
		status     int
	}{
		{"/whep/r", "", 403}, {"/whep/r", "Bearer publish", 403}, {"/whep/r", "Basic play", 403}, {"/whep/r", "Bearer wrong", 403},
		{"/whep/r", "Bearer forged", 401}, {"/whep/r", "bearer play", 201},
	} {
		got := h.ask(http.MethodPost, tt.path, play, "Content-Type: "+typeSDP, "Authorization: "+tt.auth)
		if got.status != tt.status || (got.status == 401) != (got.header.Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("POST %s with %q: %d %s, want %d", tt.path, tt.auth, got.status, got.body, tt.status)
		}
	}
	a := h.guest("Ana", true)
	if got := h.ask(http.MethodPost, "/whip/r", a.describe(), "Content-Type: "+typeSDP, "Authorization: Bearer play"); got.status != 403 || got.code() != "forbidden" {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
	h.guest("Cy", true).post("/whip/r?name=Cy", "Authorization: Bearer publish")
	r, _ := h.Room("r")
	names, sources := "", ""
	for m := range r.Members() {
		names += m.Name() + " "
	}
	for p := range r.Publications() {
		sources += string(p.Source()) + " " + p.Member().ID()[:2]
	}
	if !strings.HasSuffix(names, "Studio ") || sources != "microphone s-" {
		t.Errorf("members %q publish %q", names, sources)
	}
}

func TestWHIPIsLimited(t *testing.T) {
	h := openWeb(t, room.Config{})
	for range 100 {
		got := h.ask(http.MethodPost, "/whip/r", "v=0", "Content-Type: "+typeSDP)
		if got.status == http.StatusTooManyRequests {
			if got.code() != "rate_limited" || got.header.Get("Retry-After") == "" {
				t.Errorf("%v %s", got.header, got.body)
			}
			return
		}
	}
	t.Error("a hundred bad requests are welcome")
}
