package sfu_test

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// What comes of a publication is told without subscribers, with the bit rate
// that was measured.
func TestLayers(t *testing.T) {
	s := listen(t)
	c := newClient(t, s, clientOptions{})
	cam := &camera{track: c.publish(webrtc.MimeTypeVP8)}
	c.negotiate()
	pub := c.publication(video)
	if l := pub.Layers(); l != nil {
		t.Errorf("before the first packet: %+v", l)
	}
	for range 40 {
		if l := pub.Layers(); len(l) > 0 && l[0].Bitrate > 0 {
			break
		}
		pace(t, cam, 50)
	}
	l := pub.Layers()
	if len(l) != 1 || l[0].Spatial != 0 || l[0].RID != "" || l[0].Width == 0 || l[0].Height == 0 || l[0].Bitrate <= 0 || l[0].FrameRate <= 0 {
		t.Errorf("got %+v, want one layer with size and rates", l)
	}
}
