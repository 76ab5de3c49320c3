package sfu_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// A broadcaster in one HTTP handler: the first to post an offer is the
// publisher, and whoever posts one later sees its first track.
func Example() {
	server, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	published := make(chan *sfu.Publication, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		var offer webrtc.SessionDescription
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<18)).Decode(&offer); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		peer, err := server.NewPeer(sfu.PeerOptions{Handlers: sfu.PeerHandlers{
			OnPublish: func(p *sfu.Publication) { published <- p },
		}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer, err := peer.Answer(r.Context(), offer, sfu.AnswerOptions{Loopback: true})
		if err != nil {
			peer.Close()
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if len(peer.Slots()) > 0 {
			publication := <-published
			published <- publication
			if _, err := peer.Subscribe(publication, sfu.SubscribeOptions{}); err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
		}
		json.NewEncoder(w).Encode(answer)
	}
	web := httptest.NewServer(http.HandlerFunc(handler))
	defer web.Close()

	fmt.Println(broadcast(web.URL, 2))
	// Output: 2 viewers see the publication
}

// A meeting in one HTTP handler: everybody's voice is one of a group, and what
// each receive-only section of an offer plays is the k-th loudest of the others.
// However many join, nobody needs more than three sections.
func ExamplePeer_Follow() {
	server, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	meeting := server.NewGroup(sfu.GroupOptions{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		var offer webrtc.SessionDescription
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<18)).Decode(&offer); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		peer, err := server.NewPeer(sfu.PeerOptions{Handlers: sfu.PeerHandlers{
			OnPublish: func(p *sfu.Publication) { meeting.Add(p, sfu.AddOptions{}) },
		}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer, err := peer.Answer(r.Context(), offer, sfu.AnswerOptions{Loopback: true})
		if err != nil {
			peer.Close()
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for rank, slot := range peer.Slots() {
			rule := sfu.Rule{Kind: sfu.RuleLoudest, Rank: rank}
			if _, err := peer.Follow(meeting, rule, sfu.SubscribeOptions{MID: slot.MID}); err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
		}
		json.NewEncoder(w).Encode(answer)
	}
	web := httptest.NewServer(http.HandlerFunc(handler))
	defer web.Close()

	fmt.Println(converse(web.URL, 4, 3))
	// Output: 4 members hear 3 others each
}

// A source that knows no WebRTC, such as GStreamer, sends plain RTP to a port; its
// picture is a publication as any other.
func ExampleServer_NewInput() {
	server, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	picture := sfu.InputStream{Codec: webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000},
		PayloadType:        96,
	}}
	input, err := server.NewInput(sfu.InputOptions{Streams: []sfu.InputStream{picture}})
	if err != nil {
		fmt.Println(err)
		return
	}
	// gst-launch-1.0 videotestsrc ! vp8enc deadline=1 ! rtpvp8pay ! udpsink host=… port=…
	fmt.Println(input.Stats()[0].RTP.Addr(), "takes", input.Peer().Publications()[0].Codec().MimeType)
	// Output: 127.0.0.1 takes video/VP8
}
