package pionpc

import (
	"fmt"
	"strconv"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// slot is what pion believes to send in a receive-only section of the peer.
type slot struct {
	id, stream string
	kind       webrtc.RTPCodecType
	ssrc, rtx  uint32
}

// Bind tells the numbers that pion chose. It runs inside SetLocalDescription.
func (s *slot) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	s.ssrc, s.rtx = uint32(c.SSRC()), uint32(c.SSRCRetransmission())
	list := c.CodecParameters()
	if len(list) == 0 {
		return webrtc.RTPCodecParameters{}, ErrNoCodec
	}
	return list[0], nil
}

func (s *slot) Unbind(webrtc.TrackLocalContext) error { return nil }
func (s *slot) ID() string                            { return s.id }
func (s *slot) RID() string                           { return "" }
func (s *slot) StreamID() string                      { return s.stream }
func (s *slot) Kind() webrtc.RTPCodecType             { return s.kind }

// addSlots gives each receive-only section of the offer a sender of its own.
// It must run after SetRemoteDescription, which tells whether there is RTX.
func (p *PC) addSlots(offer *sdp.SessionDescription) error {
	wanted := make(map[string]bool)
	for _, m := range offer.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		wanted[mid] = direction(m) == "recvonly" && isActive(m) && mid != p.formats.idle && len(p.formats.chosen[mid]) > 0
	}
	pairs := p.countPairs()
	for _, t := range p.pc.GetTransceivers() {
		mid := t.Mid()
		if !wanted[mid] {
			continue
		}
		fresh := t.Direction() == webrtc.RTPTransceiverDirectionSendonly && t.Sender() == nil
		revived := t.Direction() == webrtc.RTPTransceiverDirectionInactive
		if !fresh && !revived {
			continue
		}
		s := &slot{id: "track-" + mid, stream: pairs.next(mid, t.Kind()), kind: t.Kind()}
		sender, err := p.api.NewRTPSender(s, p.pc.SCTP().Transport())
		if err != nil {
			return fmt.Errorf("slot %s: %w", mid, err)
		}
		if err := t.SetSender(sender, s); err != nil {
			return fmt.Errorf("slot %s: %w", mid, err)
		}
		p.slots[mid] = s
	}
	return nil
}

// pairs names the media streams of slots: the k-th audio and the k-th video
// slot share one for k < 4, so that a browser plays them in sync; all others
// are strangers to each other (RFC 8830).
type pairs struct{ audio, video int }

const pairedSlots = 4

func (p *PC) countPairs() *pairs {
	n := &pairs{}
	for _, s := range p.slots {
		*n.of(s.kind)++
	}
	return n
}

func (n *pairs) of(kind webrtc.RTPCodecType) *int {
	if kind == webrtc.RTPCodecTypeAudio {
		return &n.audio
	}
	return &n.video
}

func (n *pairs) next(mid string, kind webrtc.RTPCodecType) string {
	k := n.of(kind)
	*k++
	if *k <= pairedSlots {
		return "slot-pair-" + strconv.Itoa(*k-1)
	}
	return "slot-" + mid
}
