package sfu

import (
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// DefaultCodecs returns the codecs used when [Config.Codecs] is nil: Opus, VP8,
// VP9, H.264 and AV1, each video codec with RTX (RFC 4588). Payload types are
// placeholders: what a peer offers is what is used with it.
func DefaultCodecs() []webrtc.RTPCodecParameters {
	list := []webrtc.RTPCodecParameters{
		audioCodec(webrtc.MimeTypeOpus, "minptime=10;useinbandfec=1", 111),
	}
	for i, v := range []struct{ mime, fmtp string }{
		{webrtc.MimeTypeVP8, ""},
		{webrtc.MimeTypeVP9, "profile-id=0"},
		{webrtc.MimeTypeVP9, "profile-id=2"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f"},
		{webrtc.MimeTypeAV1, ""},
	} {
		pt := webrtc.PayloadType(96 + 2*i)
		list = append(list, videoCodec(v.mime, v.fmtp, pt), videoCodec(webrtc.MimeTypeRTX, "apt="+strconv.Itoa(int(pt)), pt+1))
	}
	return list
}

func audioCodec(mime, fmtp string, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 48000, Channels: 2, SDPFmtpLine: fmtp},
		PayloadType:        pt,
	}
}

func videoCodec(mime, fmtp string, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp},
		PayloadType:        pt,
	}
}

// passedOn lists the header extensions that reach subscribers as they came.
var passedOn = []packet.Extension{
	packet.ExtAudioLevel, packet.ExtVideoOrientation, packet.ExtPlayoutDelay,
	packet.ExtColorSpace, packet.ExtContentType,
}

// route says how packets of a publication are named in a slot, or returns nil
// if the slot can decode none of its codecs.
func route(pub, slot *pionpc.Section) *plane.Route {
	r := &plane.Route{}
	common := false
	for _, in := range pub.Codecs {
		for _, out := range slot.Codecs {
			if sameCodec(in, out) {
				r.PayloadTypes[in.PayloadType&0x7f] = out.PayloadType
				r.Repairs[out.PayloadType&0x7f] = out.RTX
				common = true
				break
			}
		}
	}
	if !common {
		return nil
	}
	for _, e := range passedOn {
		if in, out := pub.Extensions[e], slot.Extensions[e]; in != 0 && out != 0 {
			r.Extensions = append(r.Extensions, plane.ExtensionPair{In: in, Out: out})
		}
	}
	return r
}

// sameCodec tells whether a receiver of b can decode what a sender of a makes:
// the parameters that each payload format names as identifying must agree
// (RFC 6184 section 8.2.2, RFC 9628 section 7, AV1 RTP section 7.2).
func sameCodec(a, b pionpc.Codec) bool {
	if a.Codec != b.Codec || a.ClockRate != b.ClockRate {
		return false
	}
	switch a.Codec {
	case packet.H264:
		return parameter(a.Fmtp, "packetization-mode", "0") == parameter(b.Fmtp, "packetization-mode", "0") &&
			h264Profile(a.Fmtp) == h264Profile(b.Fmtp)
	case packet.VP9:
		return parameter(a.Fmtp, "profile-id", "0") == parameter(b.Fmtp, "profile-id", "0")
	case packet.AV1:
		return parameter(a.Fmtp, "profile", "0") == parameter(b.Fmtp, "profile", "0")
	}
	return true
}

// h264Profile returns profile_idc and profile-iop, the first four digits of
// profile-level-id; level-asymmetry makes the level no matter of identity.
func h264Profile(fmtp string) string {
	p := strings.ToLower(parameter(fmtp, "profile-level-id", "420010"))
	return p[:min(4, len(p))]
}

func parameter(fmtp, name, missing string) string {
	for p := range strings.SplitSeq(fmtp, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return missing
}
