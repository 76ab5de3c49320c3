package sfu_test

import (
	"fmt"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// converse plays the clients of the example of a meeting: members, pion peers
// that post their offers to url, who all speak and have so many sections to hear
// others.
func converse(url string, members, sections int) string {
	heard := make(chan uint32, 1024) // member and who it hears
	var tracks []*webrtc.TrackLocalStaticRTP
	for i := range uint32(members) {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "stream")
		if err != nil {
			return err.Error()
		}
		tracks = append(tracks, track)
		pc, err := post(url, func(pc *webrtc.PeerConnection) error {
			pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
				for {
					p, _, err := t.ReadRTP()
					if err != nil {
						return
					}
					if len(p.CSRC) == 1 {
						heard <- i<<24 | p.CSRC[0]
					}
				}
			})
			if _, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
				return err
			}
			for range sections {
				if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err.Error()
		}
		defer pc.Close()
	}
	pairs := make(map[uint32]bool)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for n := uint16(1); len(pairs) < members*sections; {
		select {
		case <-tick.C:
			n++
			for _, track := range tracks {
				p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: 960 * uint32(n)}, Payload: []byte("hello everybody")}
				if err := track.WriteRTP(p); err != nil {
					return err.Error()
				}
			}
		case pair := <-heard:
			pairs[pair] = true
		case <-limit:
			return fmt.Sprintf("%d members hear %d others in all", members, len(pairs))
		}
	}
	return fmt.Sprintf("%d members hear %d others each", members, sections)
}
