package room_test

import (
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// Each room has its own list: what is published is its first codec.
func TestCodecsOfARoom(t *testing.T) {
	h := open(t, room.Config{Codecs: func(name string) []webrtc.RTPCodecParameters {
		if !strings.HasPrefix(name, "h264-") {
			return nil
		}
		list, err := sfu.NamedCodecs("h264", "vp8")
		if err != nil {
			t.Error(err)
		}
		return list
	}})
	for name, want := range map[string]string{"r": "VP8", "h264-only": "H264"} {
		c := h.caller(name)
		c.send(webrtc.MimeTypeVP8)
		a := c.join(o{"room": name}, o{"mid": "0", "kind": "video", "source": "camera"})
		if got := publication(t, a.Publications, a.Self.ID, "video"); got.Codec != want {
			t.Errorf("room %s: %s is published, want %s", name, got.Codec, want)
		}
	}
}

// Who cannot decode what is published is told so, and can show something else in
// the slot.
func TestSubscribeWithoutCommonCodec(t *testing.T) {
	h := open(t, room.Config{})
	_, sends := h.publishes("ana", nil)
	video := publication(t, sends.Publications, sends.Self.ID, "video")
	old := h.caller("old")
	old.slots(webrtc.RTPCodecTypeVideo, 1)
	old.decodes(0, webrtc.MimeTypeH264)
	old.join(nil)
	a := old.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	if len(a.Refused) != 1 || a.Refused[0].ID != video.ID || a.Refused[0].Code != "no_common_codec" {
		t.Errorf("refused %+v, want %s with no_common_codec", a.Refused, video.ID)
	}
	if got := shown(a.Slots); got != "0:-" {
		t.Errorf("slots %s, want a free one", got)
	}
}

// decodes makes the client offer one codec only in its k-th section.
func (c *caller) decodes(k int, mime string) {
	c.t.Helper()
	tr := c.pc.GetTransceivers()[k]
	var list []webrtc.RTPCodecParameters
	for _, codec := range tr.Receiver().GetParameters().Codecs {
		if strings.EqualFold(codec.MimeType, mime) {
			list = append(list, codec)
		}
	}
	if err := tr.SetCodecPreferences(list); err != nil {
		c.t.Fatal(err)
	}
}
