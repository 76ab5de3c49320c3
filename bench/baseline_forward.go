package bench

import (
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// forward makes a track the one of the room and passes its packets on until it
// ends. This loop is the baseline.
func (r *baselineRoom) forward(pc *webrtc.PeerConnection, in *webrtc.TrackRemote) {
	out, err := webrtc.NewTrackLocalStaticRTP(in.Codec().RTPCodecCapability, in.ID(), in.StreamID())
	if err != nil {
		return
	}
	r.out = out
	r.ask = func() {
		// An error means that the publisher is gone.
		_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(in.SSRC())}})
	}
	close(r.ready)
	for {
		p, _, err := in.ReadRTP()
		if err != nil {
			return
		}
		// An error is one of a subscriber that is going away.
		_ = out.WriteRTP(p)
	}
}
