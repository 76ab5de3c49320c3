package sfu_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// only keeps the default codecs with these names, each with its RTX, in the order
// of the names.
func only(names ...string) []webrtc.RTPCodecParameters {
	var list []webrtc.RTPCodecParameters
	all := sfu.DefaultCodecs()
	for _, name := range names {
		for i, c := range all {
			if strings.EqualFold(strings.TrimPrefix(strings.TrimPrefix(c.MimeType, "audio/"), "video/"), name) {
				list = append(list, c)
				if i+1 < len(all) && all[i+1].MimeType == webrtc.MimeTypeRTX {
					list = append(list, all[i+1])
				}
			}
		}
	}
	return list
}

// What is sent is what the list of the peer has first, not what the client likes
// best, and of H.264 one profile, constrained baseline.
func TestListDecidesWhatIsSent(t *testing.T) {
	s := listen(t)
	for _, tt := range []struct{ list, want string }{
		{"VP8 H264", "VP8"},
		{"H264 VP8", "H264"},
		{"VP9 VP8", "VP9"},
		{"AV1 VP9 H264 VP8", "AV1"},
	} {
		c := newClient(t, s, clientOptions{codecs: only(strings.Fields(tt.list)...)})
		c.publish(webrtc.MimeTypeVP8)
		c.negotiate()
		codec := c.publication(video).Codec()
		if codec.MimeType != "video/"+tt.want {
			t.Errorf("list %s: %s is sent", tt.list, codec.MimeType)
		}
		if tt.want == "H264" && !strings.Contains(codec.SDPFmtpLine, "profile-level-id=42e01f") {
			t.Errorf("H.264 is sent as %s", codec.SDPFmtpLine)
		}
		if n := strings.Count(c.pc.RemoteDescription().SDP, "H264/90000"); n > 1 {
			t.Errorf("list %s: %d formats of H.264 are answered, want one", tt.list, n)
		}
	}
}

// Who cannot decode what is sent is told so, although both know another codec.
func TestNoCommonCodec(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	pub.publish(webrtc.MimeTypeVP8)
	pub.negotiate()
	old := newClient(t, s, clientOptions{offers: only("H264")})
	old.slots(video, 1)
	old.negotiate()
	if _, err := old.peer.Subscribe(pub.publication(video), sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrNoCodec) {
		t.Errorf("subscribe to VP8 with a slot for H.264: %v, want ErrNoCodec", err)
	}
	if free := old.peer.Slots()[0].Subscription; free != nil {
		t.Error("the slot is taken")
	}

	pub = newClient(t, s, clientOptions{codecs: only("opus", "H264")})
	pub.publish(webrtc.MimeTypeH264)
	pub.negotiate()
	subscribe(t, old, pub.publication(video))
}

// Payload types that are nobody's defaults are found on both sides.
func TestNumbersUnlikeBrowsers(t *testing.T) {
	renumbered := func(from webrtc.PayloadType) []webrtc.RTPCodecParameters {
		list := slices.Clone(only("VP8"))
		list[0].PayloadType, list[1].PayloadType = from, from+7
		list[1].SDPFmtpLine = strings.ReplaceAll("apt=X", "X", map[webrtc.PayloadType]string{35: "35", 112: "112"}[from])
		return list
	}
	s := listen(t)
	pub := newClient(t, s, clientOptions{offers: renumbered(35)})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	sub := newClient(t, s, clientOptions{offers: renumbered(112)})
	sub.slots(video, 1)
	sub.negotiate()
	subscribe(t, sub, pub.publication(video))
	pace(t, cam, 50)
	for _, p := range sub.sink().wait(t, 50) {
		if p.PayloadType != 112 {
			t.Fatalf("payload type %d, want 112", p.PayloadType)
		}
	}
}

func TestNamedCodecs(t *testing.T) {
	for _, tt := range []struct{ names, want string }{
		{"", "opus red"},
		{"h264 VP8", "opus red H264 H264 H264 H264 H264 H264 H264 VP8"},
		{"vp9 opus vp9", "opus red VP9 VP9"},
		{"h265", "opus red H265"},
		{"vp8 h263", "unknown"},
		{"rtx", "unknown"},
	} {
		list, err := sfu.NamedCodecs(strings.Fields(tt.names)...)
		var got []string
		for i, c := range list {
			_, name, _ := strings.Cut(c.MimeType, "/")
			if c.MimeType != webrtc.MimeTypeRTX {
				got = append(got, name)
			} else if c.PayloadType != list[i-1].PayloadType+1 {
				t.Errorf("%s: RTX %v follows %v", tt.names, c, list[i-1])
			}
		}
		if errors.Is(err, sfu.ErrUnknownCodec) {
			got = []string{"unknown"}
		}
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("names %q: %s (%v), want %s", tt.names, g, err, tt.want)
		}
	}
}
