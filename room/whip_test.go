package room_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

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
