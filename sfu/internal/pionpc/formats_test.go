package pionpc

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// listed makes a list of codecs; of "MIME TYPE fmtp" each.
func listed(rtx bool, names ...string) []webrtc.RTPCodecParameters {
	var list []webrtc.RTPCodecParameters
	for _, n := range names {
		mime, fmtp, _ := strings.Cut(n, " ")
		c := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp}
		if strings.HasPrefix(mime, "audio/") {
			c.ClockRate, c.Channels = 48000, 2
		}
		list = append(list, webrtc.RTPCodecParameters{RTPCodecCapability: c})
	}
	if rtx {
		list = append(list, webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000}})
	}
	return list
}

const (
	opus     = "audio/opus"
	vp8      = "video/VP8"
	vp9      = "video/VP9"
	av1      = "video/AV1"
	h264     = "video/H264 packetization-mode=1;profile-level-id=42e01f"
	h264Zero = "video/H264 packetization-mode=0;profile-level-id=42e01f"
)

// What clients are answered: the media sections, and what is bundled.
func TestAnswersOfClients(t *testing.T) {
	for _, tt := range []struct {
		client string
		list   []webrtc.RTPCodecParameters
		want   string
	}{
		{"chromium", listed(true, opus, vp8, h264, h264Zero, vp9, av1), "audio recvonly 111; video recvonly 96 97 108 109 98 99 45 46; " +
			"audio sendonly 111; video sendonly 96 97 98 99 102 103 104 107 108 109 114 115 116 117 39 40 41 42 43 44 45 46; data; 0 1 2 3 4"},
		{"chromium", listed(true, opus, vp9, vp8), "audio recvonly 111; video recvonly 98 99 96 97; audio sendonly 111; video sendonly 96 97 98 99; data; 0 1 2 3 4"},
		{"chromium", listed(false, opus, vp8), "audio recvonly 111; video recvonly 96; audio sendonly 111; video sendonly 96; data; 0 1 2 3 4"},
		{"firefox", listed(true, opus, vp8), "audio recvonly 109; video recvonly 120 124; audio sendonly 109; video sendonly 120 124; data; 0 1 2 3 4"},
		{"firefox", listed(true, opus, h264), "audio recvonly 109; refused 1; audio sendonly 109; refused 3; data; 0 2 4"},
		{"firefox", listed(true, vp8), "audio inactive 109; video recvonly 120 124; refused 2; video sendonly 120 124; data; 0 1 3 4"},
		{"firefox-h264", listed(true, h264, h264Zero), "video recvonly 126 127; video sendonly 126 127 97 98 105 106 103 104; 0 1"},
		{"safari", listed(true, opus, h264, vp8), "audio recvonly 111; video recvonly 98 99 106 107; audio sendonly 111; video sendonly 96 97 98 99 106 107; 0 1 2 3"},
		{"aiortc", listed(true, opus, h264), "audio recvonly 96; video recvonly 101 102; audio sendonly 96; video sendonly 99 100 101 102; data; 0 1 2 3 4"},
		{"gstreamer", listed(true, opus, vp8, h264), "audio recvonly 97; video recvonly 98; video recvonly 99; audio0 video1 video2"},
		{"obs", listed(true, opus, vp8, h264), "audio recvonly 111; video recvonly 96; 0 1"},
	} {
		t.Run(tt.client, func(t *testing.T) {
			p := newPeerOf(t, newWire(t), tt.list)
			a := p.answer(t, clientOffer(t, tt.client))
			if got := outline(t, a); got != tt.want {
				t.Errorf("answered %s\nwant     %s\n%s", got, tt.want, a.SDP)
			}
			if again := p.answer(t, clientOffer(t, tt.client)); outline(t, again) != tt.want {
				t.Errorf("the second time answered %s", outline(t, again))
			}
		})
	}
}

// clientOffer is a kept offer, as it goes through the wire.
func clientOffer(t *testing.T, client string) string {
	t.Helper()
	b, err := os.ReadFile("../codec/testdata/" + client + ".sdp")
	if err != nil {
		t.Fatal(err)
	}
	return crlf(string(b))
}

// outline describes an answer: its sections and the MIDs that are bundled.
func outline(t *testing.T, a Answer) string {
	t.Helper()
	d := sdp.SessionDescription{}
	if err := d.UnmarshalString(a.SDP); err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, m := range d.MediaDescriptions {
		s := a.Sections[i]
		switch {
		case m.MediaName.Port.Value == 0:
			out = append(out, "refused "+s.MID)
			if s.Role != RoleNone || len(s.Codecs) > 0 {
				t.Errorf("section %s is refused and has role %d, codecs %v", s.MID, s.Role, s.Codecs)
			}
		case s.Role == RoleNone && len(s.Codecs) > 0:
			t.Errorf("section %s has no role and codecs %v", s.MID, s.Codecs)
		case s.Role == RoleData:
			out = append(out, "data")
		default:
			out = append(out, fmt.Sprintf("%s %s %s", m.MediaName.Media, direction(m), strings.Join(m.MediaName.Formats, " ")))
		}
		if s.Role == RoleSlot && (s.SSRC == 0 || (s.RTX == 0) != (s.Codecs[0].RTX == 0)) {
			t.Errorf("slot %s has SSRC %d, RTX %d and codecs %v", s.MID, s.SSRC, s.RTX, s.Codecs)
		}
	}
	group, _ := d.Attribute("group")
	return strings.Join(append(out, strings.TrimPrefix(group, "BUNDLE ")), "; ")
}

// An offer of which nothing can be used is refused, also where its first section
// could be answered as inactive.
func TestNothingUsable(t *testing.T) {
	p := newPeerOf(t, newWire(t), listed(true, av1))
	if _, err := p.Answer(t.Context(), clientOffer(t, "obs"), true); !errors.Is(err, ErrNoCodec) {
		t.Errorf("error %v, want ErrNoCodec", err)
	}
}

// Formats, parameters and feedback are answered as they were offered, feedback
// that is not served apart.
func TestLinesOfTheAnswer(t *testing.T) {
	p := newPeerOf(t, newWire(t), listed(true, opus, h264))
	a := p.answer(t, clientOffer(t, "safari"))
	section := a.SDP[strings.Index(a.SDP, "m=video"):]
	for _, want := range []string{
		"a=rtpmap:98 H264/90000", "a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		"a=rtcp-fb:98 transport-cc", "a=rtcp-fb:98 nack", "a=rtcp-fb:98 nack pli", "a=rtcp-fb:98 ccm fir",
		"a=rtpmap:99 rtx/90000", "a=fmtp:99 apt=98",
	} {
		if !strings.Contains(section, want+"\r\n") {
			t.Errorf("not in the answer: %s", want)
		}
	}
	for _, never := range []string{"goog-remb", ":104 ", ":106 ", "640c1f"} {
		if first, _, _ := strings.Cut(section[1:], "m="); strings.Contains(first, never) {
			t.Errorf("in the answer: %s", never)
		}
	}
}

// One number for two formats in a bundle is refused before pion gets stuck on it.
func TestNumberOfTwoFormats(t *testing.T) {
	p := newPeer(t, newWire(t))
	other := with(with(with(camera, "a=mid:cam", "a=mid:other\n"), "a=ssrc:1001 cname:x", ""), "a=ssrc:1002 cname:x", "")
	other = strings.ReplaceAll(strings.ReplaceAll(other, "VP8/90000", "VP9/90000"), "a=ssrc-group:FID 1001 1002", "a=x")
	if _, err := p.Answer(t.Context(), offer(camera, other), true); !errors.Is(err, ErrBadDescription) || p.Stuck() {
		t.Errorf("error %v, stuck %v", err, p.Stuck())
	}
	p.answer(t, offer(camera))
}

// Whatever is offered, what is chosen was offered, and no section has more than
// one format of H.264 that the peer may send.
func FuzzChooseFormats(f *testing.F) {
	f.Add(crlf(chromium))
	f.Add(offer(camera, microphone, channel))
	for _, client := range []string{"firefox-h264", "safari", "gstreamer"} {
		b, err := os.ReadFile("../codec/testdata/" + client + ".sdp")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(crlf(string(b)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := readOffer(text)
		if err != nil {
			return
		}
		offered, _ := readOffer(text)
		x := newFormats(listed(true, opus, vp8, h264, vp9))
		x.choose(d)
		for i, m := range d.MediaDescriptions {
			mid, _ := m.Attribute("mid")
			h264s := 0
			for _, c := range x.chosen[mid] {
				if !slices.Contains(offered.MediaDescriptions[i].MediaName.Formats, strconv.Itoa(int(c.PayloadType))) {
					t.Errorf("section %q: %d was not offered", mid, c.PayloadType)
				}
				if c.Codec == packet.H264 {
					h264s++
				}
			}
			if h264s > 1 && direction(m) != "recvonly" {
				t.Errorf("section %q: %d formats of H.264", mid, h264s)
			}
			x.answer(m, offered.MediaDescriptions[i])
			if s := readSection(m, offered.MediaDescriptions[i]); s.Role == RoleSlot && len(s.Codecs) == 0 {
				t.Errorf("section %q is a slot without codecs", mid)
			}
		}
		unbundle(d)
	})
}
