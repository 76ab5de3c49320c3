package room_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
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

// sendH264 adds a send section for H.264, of which every frame is a key frame.
func (c *caller) sendH264() *webrtc.RTPTransceiver {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "backup", "stream")
	if err != nil {
		c.t.Fatal(err)
	}
	tr, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	var list []webrtc.RTPCodecParameters
	for _, codec := range tr.Sender().GetParameters().Codecs {
		if strings.EqualFold(codec.MimeType, webrtc.MimeTypeH264) {
			list = append(list, codec)
		}
	}
	if err := tr.SetCodecPreferences(list); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		set := []byte{0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce, 0, 3, 0x65, 0x88, 0x84} // STAP-A: SPS, PPS, IDR
		p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: append(set, make([]byte, 100)...)}
		for {
			select {
			case <-c.t.Context().Done():
				return
			case <-tick.C:
			}
			p.SequenceNumber++
			p.Timestamp += 900
			_ = track.WriteRTP(p) // nobody listens, or it is over
		}
	}()
	return tr
}

// wish is the event layers.
type wish struct {
	Publication, Codec string
	Active             []string
}

func (c *conn) wished(publication, codec string, on bool) {
	c.t.Helper()
	next(c, "layers", func(w wish) bool {
		return w.Publication == publication && w.Codec == codec && (len(w.Active) > 0) == on
	})
}

// Who cannot decode what is published gets it in another codec: the publisher is
// asked for it, sends it as long as somebody needs it, and nobody else notices.
func TestBackupCodec(t *testing.T) {
	h := open(t, room.Config{})
	ana, sends := h.publishes("ana", o{"caps": []string{"layers", "backup"}})
	video := publication(t, sends.Publications, sends.Self.ID, "video")
	young, _ := h.receives("young", 0, 1)
	young.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	young.hear("0", video)

	old := h.caller("old")
	old.slots(webrtc.RTPCodecTypeVideo, 1)
	old.decodes(0, webrtc.MimeTypeH264)
	old.join(nil)
	subscribe := func(on bool) ack {
		return old.must("subscribe", o{"publications": []o{{"id": video.ID, "on": on}}})
	}
	if a := subscribe(true); len(a.Refused) > 0 || shown(a.Slots) != "0:-" {
		t.Fatalf("refused %v, slots %s; want to wait", a.Refused, shown(a.Slots))
	}
	ana.wished(video.ID, "H264", true)
	tr := ana.sendH264()
	a := ana.negotiate(o{"mid": "2", "kind": "video", "source": "camera", "backup_of": video.ID})
	if len(a.Published) != 1 || a.Published[0].MID != "2" || a.Published[0].Publication != video.ID {
		t.Fatalf("published %+v", a.Published)
	}
	next(old.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return shown(e.Slots) == "0:"+video.ID })
	old.hearAny("0")
	if got := h.media.Stats().Publications; got != 3 {
		t.Errorf("%d publications on the media plane, want microphone, camera and its backup", got)
	}
	if s := h.enterAndLeave(); len(s.Publications) != 2 {
		t.Errorf("publications %+v, want no backup among them", s.Publications)
	}

	subscribe(false)
	ana.wished(video.ID, "H264", false)
	if a := subscribe(true); shown(a.Slots) != "0:"+video.ID {
		t.Errorf("slots %s, want the backup, which is still sent", shown(a.Slots))
	}
	ana.wished(video.ID, "H264", true)

	if err := tr.Stop(); err != nil { // the publisher gives up, and is asked again
		t.Fatal(err)
	}
	ana.negotiate()
	next(old.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return shown(e.Slots) == "0:-" })
	old.must("leave", o{})
	ana.wished(video.ID, "H264", false)
	young.hear("0", video)
}

// What is no backup is refused: of another's publication, of another kind.
func TestBackupOfOthers(t *testing.T) {
	h := open(t, room.Config{})
	_, sends := h.publishes("ana", nil)
	video := publication(t, sends.Publications, sends.Self.ID, "video")
	eve := h.caller("eve")
	eve.send(webrtc.MimeTypeVP8)
	a := eve.join(nil, o{"mid": "0", "kind": "video", "source": "camera", "backup_of": video.ID})
	if len(a.Published) > 0 || len(a.Publications) != 2 {
		t.Errorf("published %+v among %+v, want nothing", a.Published, a.Publications)
	}
}

// enterAndLeave is what a new member sees.
func (h *house) enterAndLeave() ack {
	h.t.Helper()
	c, a := h.enter("eye")
	c.must("leave", o{})
	return a
}

// hearAny waits for packets in a slot, whatever they belong to.
func (c *caller) hearAny(mid string) {
	c.t.Helper()
	limit := time.After(patience)
	for {
		c.mu.Lock()
		n := 0
		for _, packets := range c.got[mid] {
			n += packets
		}
		c.mu.Unlock()
		if n >= 5 {
			return
		}
		select {
		case <-c.grown:
		case <-limit:
			c.t.Fatalf("slot %s got %d packets", mid, n)
		}
	}
}
