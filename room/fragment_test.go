package room

import (
	"strings"
	"testing"
)

func TestReadFragment(t *testing.T) {
	const pwd = "0123456789012345678901"
	for _, tt := range []struct {
		name, in, want string // ufrag, or "refused"
	}{
		{"at the session", "a=ice-ufrag:abcd\r\na=ice-pwd:" + pwd + "\r\n", "abcd"},
		{"in a section", "m=audio 9 RTP/AVP 0\na=mid:0\na=ice-ufrag:ab+/\na=ice-pwd:" + pwd, "ab+/"},
		{"twice the same", "a=ice-ufrag:abcd\na=ice-pwd:" + pwd + "\nm=audio 9 RTP/AVP 0\na=ice-ufrag:abcd\n", "abcd"},
		{"candidates alone", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", ""},
		{"two of them", "a=ice-ufrag:abcd\na=ice-ufrag:abce\na=ice-pwd:" + pwd, "refused"},
		{"half", "a=ice-ufrag:abcd\n", "refused"},
		{"short", "a=ice-ufrag:abc\na=ice-pwd:" + pwd, "refused"},
		{"short password", "a=ice-ufrag:abcd\na=ice-pwd:" + pwd[1:], "refused"},
		{"a space", "a=ice-ufrag:ab cd\na=ice-pwd:" + pwd, "refused"},
		{"no attribute", "v=0\na=ice-ufrag:abcd\na=ice-pwd:" + pwd, "refused"},
		{"nothing", "\r\n", "refused"},
	} {
		got, err := readFragment(tt.in)
		if is := got.ufrag; err != nil && tt.want != "refused" || err == nil && is != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.name, is, err, tt.want)
		}
	}
}

func TestReadOneWay(t *testing.T) {
	const audio, video = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n"
	for _, tt := range []struct {
		name, in string
		sends    bool
		want     string // MIDs and directions, or "refused"
	}{
		{"sends", "v=0\r\n" + audio + "a=sendonly\r\n" + video + "a=sendonly\r\n", true, "a v sendonly sendonly"},
		{"receives", "v=0\r\n" + video + "a=recvonly\r\n", false, " v recvonly"},
		{"both ways", "v=0\r\n" + audio + "a=sendrecv\r\n" + video, true, "a v sendonly sendonly"},
		{"both ways, to receive", "v=0\r\n" + audio + "a=sendrecv\r\n" + video, false, "a v recvonly recvonly"},
		{"said of the session", "v=0\r\na=recvonly\r\n" + audio, false, "a  recvonly"},
		{"one refused", "v=0\r\n" + audio + "a=sendonly\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=inactive\r\n", true, "a  sendonly inactive"},
		{"bundle-only", "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=bundle-only\r\n", true, " v sendonly"},
		{"the wrong way", "v=0\r\n" + audio + "a=recvonly\r\n", true, "refused"},
		{"inactive", "v=0\r\n" + audio + "a=inactive\r\n", false, "refused"},
		{"two of a kind", "v=0\r\n" + video + video, true, "refused"},
		{"without media", "v=0\r\n", true, "refused"},
		{"without mid", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", true, "refused"},
	} {
		o, err := readOneWay(tt.in, tt.sends)
		got := "refused"
		if err == nil {
			got = o.audio + " " + o.video
			for line := range sdpLines(o.sdp) {
				if way := strings.TrimPrefix(line, "a="); directions[way] {
					got += " " + way
				}
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

func FuzzDoorBodies(f *testing.F) {
	f.Add("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n")
	f.Add("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readFragment(text)
		if err == nil && (c.ufrag == "") != (c.password == "") {
			t.Errorf("half of the credentials: %+v", c)
		}
		writeFragment(text)
		for _, sends := range []bool{true, false} {
			o, err := readOneWay(text, sends)
			if err != nil {
				continue
			}
			again, err := readOneWay(o.sdp, sends)
			if err != nil || again.sdp != o.sdp || again.audio != o.audio || again.video != o.video || again.ice != o.ice {
				t.Errorf("read again: %+v (%v), want %+v", again, err, o)
			}
			if c.ufrag == "" {
				continue
			}
			restarted, err := readOneWay(withCredentials(o.sdp, c), sends)
			if err != nil || o.ice.ufrag != "" && o.ice.password != "" && restarted.ice != c {
				t.Errorf("restarted: %+v (%v), want %+v", restarted.ice, err, c)
			}
		}
	})
}
