//go:build linux && long

package room_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// encoders are GStreamer's, with their payload types.
var encoders = []struct{ name, codec, pipeline string }{
	{"VP8", "vp8", "vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=96 mtu=1200"},
	{"VP8 with picture ids", "vp8", "vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=96 picture-id-mode=15-bit"},
	{"H264", "h264", "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! video/x-h264,profile=constrained-baseline " +
		"! rtph264pay pt=96 config-interval=-1"},
}

// A stock program that knows nothing of WebRTC sends a picture and a tone; another
// that nobody here wrote plays them, also when the first is started anew.
func TestInputFromGStreamer(t *testing.T) {
	h, at := abroad(t)
	if h == nil {
		return
	}
	for k, x := range encoders {
		t.Run(x.name, func(t *testing.T) {
			name := fmt.Sprintf("gst%d", k)
			r, err := h.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			in, err := r.AddInput(t.Context(), room.InputOptions{Streams: []room.InputStream{
				{Codec: x.codec, PayloadType: 96}, {Codec: "opus", PayloadType: 111},
			}})
			if err != nil {
				t.Fatal(err)
			}
			to := in.Describe().Streams
			pipeline := fmt.Sprintf("rtpbin name=b videotestsrc is-live=true pattern=ball "+
				"! video/x-raw,width=320,height=240,framerate=30/1 ! %s ! b.send_rtp_sink_0 "+
				"b.send_rtp_src_0 ! udpsink host=127.0.0.1 port=%d "+
				"b.send_rtcp_src_0 ! udpsink host=127.0.0.1 port=%d sync=false async=false "+
				"audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 ! udpsink host=127.0.0.1 port=%d",
				x.pipeline, to[0].RTP.Port(), to[0].RTCP.Port(), to[1].RTP.Port())
			quit := launch(t, pipeline)
			player := script("gstreamer_client.py")(t, "play", at+"/whep/"+name, strings.ToUpper(x.codec))
			frames := player.wait("frames", enoughFrames)
			for limit := time.Now().Add(patience); !in.Describe().Streams[0].Answers.IsValid(); {
				if time.Now().After(limit) {
					t.Fatal("no sender report came")
				}
				frames = player.wait("frames", 0)
			}
			quit()
			quit = launch(t, pipeline)
			until(t, func() bool {
				st := in.Describe().Streams
				return st[0].Restarts > 0 && st[1].Restarts > 0
			})
			frames = player.newest("frames", frames) // of before, or few of those after
			frames = player.wait("frames", frames+enoughFrames)
			t.Logf("%s: decoded %d frames", x.name, frames)
			st := in.Describe().Streams
			if st[0].Restarts != 1 || st[1].Restarts != 1 || st[0].Inbound.KeyFrames == 0 {
				t.Errorf("after a restart: %+v", st)
			}
			player.quit()
			quit()
			in.Close()
		})
	}
	h.nothingLeft()
}

// launch runs a pipeline until quit is called.
func launch(t *testing.T, pipeline string) (quit func()) {
	t.Helper()
	var said bytes.Buffer
	c := exec.Command("gst-launch-1.0", append([]string{"-q"}, strings.Fields(pipeline)...)...)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	over := false
	quit = func() {
		if over {
			return
		}
		over = true
		select {
		case err := <-ended:
			t.Errorf("gst-launch-1.0 ended: %v\n%s", err, &said)
			return
		default:
		}
		_ = c.Process.Kill() // or it has just ended
		<-ended
	}
	t.Cleanup(quit)
	return quit
}
