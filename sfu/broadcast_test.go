package sfu_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pion/webrtc/v4"
)

// broadcast plays the clients of the example: a publisher and viewers, pion
// peers that post their offers to url. It says how many viewers got media.
func broadcast(url string, viewers int) string {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "stream")
	if err != nil {
		return err.Error()
	}
	publisher, err := post(url, func(pc *webrtc.PeerConnection) error {
		_, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		return err
	})
	if err != nil {
		return err.Error()
	}
	defer publisher.Close()
	seen := make(chan struct{}, viewers)
	for range viewers {
		viewer, err := post(url, func(pc *webrtc.PeerConnection) error {
			pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
				if _, _, err := t.ReadRTP(); err == nil {
					seen <- struct{}{}
				}
			})
			_, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			return err
		})
		if err != nil {
			return err.Error()
		}
		defer viewer.Close()
	}
	cam := &camera{track: track}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for n := 0; n < viewers; {
		select {
		case <-tick.C:
			if err := cam.next(); err != nil {
				return err.Error()
			}
		case <-seen:
			n++
		case <-limit:
			return fmt.Sprintf("%d of %d viewers see the publication", n, viewers)
		}
	}
	return fmt.Sprintf("%d viewers see the publication", viewers)
}

// post connects a pion peer over HTTP.
func post(url string, prepare func(*webrtc.PeerConnection) error) (*webrtc.PeerConnection, error) {
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	if err := prepare(pc); err != nil {
		return nil, err
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	body, err := json.Marshal(offer)
	if err != nil {
		return nil, err
	}
	r, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	var answer webrtc.SessionDescription
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return nil, err
	}
	return pc, pc.SetRemoteDescription(answer)
}
