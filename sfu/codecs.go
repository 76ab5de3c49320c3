package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// DefaultCodecs returns the codecs used when [Config.Codecs] is nil: Opus with
// RED (RFC 2198), VP8, VP9, H.264 and AV1, each video codec with RTX (RFC 4588).
// Payload types are placeholders: what a peer offers is what is used with it. VP8
// comes first, because every browser decodes it (RFC 7742).
func DefaultCodecs() []webrtc.RTPCodecParameters {
	list := []webrtc.RTPCodecParameters{
		audioCodec(webrtc.MimeTypeOpus, "minptime=10;useinbandfec=1", 111),
		audioCodec(mimeTypeRED, "111/111", 63),
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
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f"},
		{webrtc.MimeTypeAV1, ""},
	} {
		pt := webrtc.PayloadType(96 + 2*i)
		list = append(list, videoCodec(v.mime, v.fmtp, pt), videoCodec(webrtc.MimeTypeRTX, "apt="+strconv.Itoa(int(pt)), pt+1))
	}
	return list
}

// NamedCodecs returns codecs by name, most preferred first, for [Config.Codecs] and
// [PeerOptions.Codecs]: those of [DefaultCodecs], such as "vp8", "h264" or "av1",
// and "h265". Opus with RED is always among them. It fails with [ErrUnknownCodec] for any
// other name.
func NamedCodecs(names ...string) ([]webrtc.RTPCodecParameters, error) {
	all := DefaultCodecs()
	all = append(all, videoCodec(webrtc.MimeTypeH265, "profile-id=1;tier-flag=1;level-id=186", 120), // any level
		videoCodec(webrtc.MimeTypeRTX, "apt=120", 121))
	var list []webrtc.RTPCodecParameters
	for _, name := range append([]string{"opus", "red"}, names...) {
		found := false
		for i, c := range all {
			_, short, _ := strings.Cut(c.MimeType, "/")
			if !strings.EqualFold(short, name) || strings.EqualFold(name, "rtx") {
				continue
			}
			if found = true; slices.ContainsFunc(list, func(x webrtc.RTPCodecParameters) bool { return x.PayloadType == c.PayloadType }) {
				continue // named twice
			}
			list = append(list, c)
			if i+1 < len(all) && all[i+1].MimeType == webrtc.MimeTypeRTX {
				list = append(list, all[i+1])
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: %q", ErrUnknownCodec, name)
		}
	}
	return list, nil
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
// if the slot cannot decode what is sent. That is the first codec of the
// publication, redundancy apart; others are named, too, if the slot has them.
func route(pub, slot *pionpc.Section) *plane.Route {
	sent := firstMedia(pub.Codecs)
	if sent < 0 || codec.Best(formatOf(pub.Codecs[sent]), formatsOf(slot.Codecs)) < 0 {
		return nil
	}
	r := &plane.Route{}
	for _, in := range pub.Codecs {
		if i := codec.Best(formatOf(in), formatsOf(slot.Codecs)); i >= 0 {
			out := slot.Codecs[i]
			r.PayloadTypes[in.PayloadType&0x7f] = out.PayloadType
			r.Repairs[out.PayloadType&0x7f] = out.RTX
		}
	}
	routeRED(r, pub, slot)
	for _, e := range passedOn {
		if in, out := pub.Extensions[e], slot.Extensions[e]; in != 0 && out != 0 {
			r.Extensions = append(r.Extensions, plane.ExtensionPair{In: in, Out: out})
		}
	}
	const descriptor = packet.ExtDependencyDescriptor
	if in, out := pub.Extensions[descriptor], slot.Extensions[descriptor]; in != 0 && out != 0 {
		r.Descriptor = plane.ExtensionPair{In: in, Out: out}
	}
	return r
}

// routesKept is how many routes of a publication are shared.
const routesKept = 8

// route is [route] for the publication. Slots whose packets are named alike share
// one: it is read for each packet, and stays in the core's cache then. Workers call
// it as well: it takes no lock.
func (p *Publication) route(slot *pionpc.Section) *plane.Route {
	r := route(&p.section, slot)
	if r == nil {
		return nil
	}
	for {
		old := p.routes.Load()
		var known []*plane.Route
		if old != nil {
			known = *old
		}
		for _, k := range known {
			if k.Same(r) {
				return k
			}
		}
		if len(known) == routesKept {
			return r
		}
		list := append(slices.Clone(known), r)
		if p.routes.CompareAndSwap(old, &list) {
			return r
		}
	}
}

// decodes tells whether what is sent in a codec can be shown in a slot.
func decodes(slot *pionpc.Section, c pionpc.Codec) bool {
	return c.Codec != packet.RED && codec.Best(formatOf(c), formatsOf(slot.Codecs)) >= 0
}

func formatOf(c pionpc.Codec) codec.Format {
	return codec.Format{Codec: c.Codec, ClockRate: c.ClockRate, Fmtp: c.Fmtp}
}

func formatsOf(list []pionpc.Codec) []codec.Format {
	formats := make([]codec.Format, len(list))
	for i, c := range list {
		formats[i] = formatOf(c)
	}
	return formats
}
