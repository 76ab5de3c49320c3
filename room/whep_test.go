package room_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

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
