package sfu_test

import (
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Peers and what is shared add up to what the workers used, and of two viewers
// of the same video the one with CM costs more than the one with GCM.
func TestCostsOfPeersAddUp(t *testing.T) {
	s := listen(t)
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish(webrtc.MimeTypeVP8)}
	pub.negotiate()
	clients := []*client{pub}
	for _, profile := range []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80} {
		c := newClient(t, s, clientOptions{profile: profile})
		c.slots(video, 1)
		c.negotiate()
		subscribe(t, c, pub.publication(video))
		clients = append(clients, c)
	}
	pace(t, cam, 200)
	for _, c := range clients[1:] {
		c.sink().wait(t, 200)
	}
	before := s.Stats().CPU
	var sum time.Duration
	var stats []sfu.PeerStats
	for _, c := range clients {
		st := c.peer.Stats()
		sum += st.Cost.CPU
		stats = append(stats, st)
	}
	after := s.Stats().CPU
	if low, high := total(before)-before.Shared, total(after)-after.Shared; sum < low || sum > high || low == 0 {
		t.Errorf("peers cost %v, the workers spent %v to %v on them", sum, low, high)
	}
	if parts := after.Publications + after.Subscriptions + after.Peers + after.Shared; parts != total(after) {
		t.Errorf("parts %+v add up to %v", after, parts)
	}
	gcm, cm := stats[1].Outbound[0], stats[2].Outbound[0]
	if cm.Cost.CPU <= gcm.Cost.CPU || gcm.Cost.CPU == 0 || gcm.Cost.Bytes < 200*900 || gcm.Cost != gcm.Subscription {
		t.Errorf("GCM cost %+v, CM %+v", gcm, cm)
	}
	if in := stats[0].Inbound[0]; in.Cost.CPU == 0 || in.Cost.Bytes < 200*900 {
		t.Errorf("the publication cost %+v", in.Cost)
	}
	if after.Assumed == 0 {
		t.Error("no work is assumed")
	}
}

func total(c sfu.CPUStats) (sum time.Duration) {
	for _, cpu := range c.Workers {
		sum += cpu
	}
	return sum
}

// A higher bitrate takes more, and less for each bit; nothing is out of range.
func TestAssumedLoad(t *testing.T) {
	for _, tt := range []struct {
		bitrate   sfu.Bitrate
		low, high time.Duration // a second
	}{
		{-1, 100 * time.Microsecond, 200 * time.Microsecond},
		{32_000, 100 * time.Microsecond, 200 * time.Microsecond},
		{500_000, 100 * time.Microsecond, 300 * time.Microsecond},
		{2_500_000, 200 * time.Microsecond, 800 * time.Microsecond},
		{25_000_000, 1500 * time.Microsecond, 4 * time.Millisecond},
		{1 << 62, time.Minute, time.Minute},
	} {
		if got := sfu.AssumedLoad(tt.bitrate); got < tt.low || got > tt.high {
			t.Errorf("%d bit/s: %v, want %v to %v", tt.bitrate, got, tt.low, tt.high)
		}
	}
}
