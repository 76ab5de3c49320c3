package bench

import (
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

func TestOfferIsADescription(t *testing.T) {
	text := offer(local{"uf", "password", "AA:BB"}, []section{
		{mid: "0", send: true, ssrc: 11, rtx: 12},
		{mid: "1", send: true, audio: true, ssrc: 13},
		{mid: "2"},
		{mid: "3", audio: true},
		{mid: "4", send: true, rids: []string{"f", "q"}},
	})
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if g, _ := d.Attribute("group"); g != "BUNDLE 0 1 2 3 4" {
		t.Errorf("group %q", g)
	}
	want := []string{"video sendonly", "audio sendonly", "video recvonly", "audio recvonly", "video sendonly"}
	var got []string
	for _, m := range d.MediaDescriptions {
		for _, direction := range []string{"sendonly", "recvonly"} {
			if _, ok := m.Attribute(direction); ok {
				got = append(got, m.MediaName.Media+" "+direction)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("sections %q, want %q", got, want)
	}
	if !strings.Contains(text, "a=ssrc-group:FID 11 12") {
		t.Error("no FID group")
	}
	if !strings.Contains(text, "a=rid:f send\r\na=rid:q send\r\na=simulcast:send f;q\r\n") || strings.Count(text, "a=ssrc-group") != 1 {
		t.Errorf("no encodings in\n%s", text)
	}
}

func TestReadAnswer(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\n"
	const media = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n" +
		"a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
		"a=ssrc:5 cname:x\r\na=ssrc-group:FID 7 8\r\n" +
		"a=candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host\r\n" +
		"a=candidate:2 1 tcp 2130706431 127.0.0.1 9 typ host tcptype passive\r\n" +
		"a=candidate:3 1 udp 2130706431 ::1 7882 typ host\r\n" +
		"m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n"
	a, err := readAnswer(head + media)
	if err != nil {
		t.Fatal(err)
	}
	if a.ufrag != "u" || a.pwd != "p" || a.fingerprint != "AA:BB" || len(a.candidates) != 1 {
		t.Errorf("got %+v", a)
	}
	if s := a.sections["0"]; len(a.sections) != 1 || s.ssrc != 7 || s.rtx != 8 || a.extensions != (extensionIDs{transportCC: 2}) {
		t.Errorf("sections %+v", a.sections)
	}
	for _, bad := range []string{"", "nonsense", head, strings.Replace(head+media, "a=mid:0\r\n", "", 1), strings.Replace(head+media, "ssrc:5", "ssrc:x", 1)} {
		if _, err := readAnswer(bad); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, tt := range []struct {
		o                    ForwardOptions
		clients, sends, gets int // tracks and slots of all clients together
	}{
		{ForwardOptions{Shape: "webinar"}, 51, 1, 50},
		{ForwardOptions{Shape: "webinar", Publishers: 2, Subscribers: 3, Rooms: 2}, 10, 4, 12},
		{ForwardOptions{Shape: "audio", Subscribers: 5}, 15, 10, 50},
		{ForwardOptions{Shape: "meeting"}, 8, 16, 8 * 14},
		{ForwardOptions{Shape: "rooms", Rooms: 3}, 24, 48, 3 * 8 * 14},
		{ForwardOptions{Shape: "star"}, 33, 33, 33 * 32},
	} {
		plans, err := planShape(tt.o.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		sends, gets := 0, 0
		for _, p := range plans {
			sends += len(p.sources)
			gets += p.audio + p.video
		}
		if len(plans) != tt.clients || sends != tt.sends || gets != tt.gets {
			t.Errorf("%s: %d clients send %d and get %d, want %d, %d, %d", tt.o.Shape, len(plans), sends, gets, tt.clients, tt.sends, tt.gets)
		}
	}
	for _, o := range []ForwardOptions{{Shape: "circle"}, {Shape: "meeting", Members: 33}} {
		if _, err := planShape(o.withDefaults()); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}
