package pionpc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// formats decides which of the offered formats are answered. pion never decides:
// it is shown only what was chosen, and what it answers is written anew, because
// its list is that of the whole connection and its order random.
type formats struct {
	list []codec.Format // most preferred first
	rtx  bool
	// chosen is the choice for each section of the present offer, by MID. A
	// section without any is refused.
	chosen map[string][]Codec
	// idle is the section that nothing was chosen for and that cannot be refused,
	// because it stands for the transport of all (RFC 9143 section 7.3.3: Chromium
	// takes no other for it). It is answered as inactive. Empty if there is none.
	idle string
}

func newFormats(codecs []webrtc.RTPCodecParameters) formats {
	f := formats{chosen: make(map[string][]Codec)}
	for _, c := range codecs {
		if strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) {
			f.rtx = true
		}
		if k := packet.CodecOf(c.MimeType); k != packet.CodecUnknown {
			f.list = append(f.list, codec.Format{Codec: k, ClockRate: c.ClockRate, Fmtp: c.SDPFmtpLine})
		}
	}
	return f
}

// isActive tells whether a section is not refused or stopped: a bundle-only one
// has port 0 as well (RFC 9143 section 6).
func isActive(m *sdp.MediaDescription) bool {
	_, bundled := m.Attribute("bundle-only")
	return m.MediaName.Port.Value != 0 || bundled
}

// choose takes out of an offer what will not be answered.
func (f *formats) choose(d *sdp.SessionDescription) {
	clear(f.chosen)
	f.idle = ""
	tagged := bundleTag(d)
	for _, m := range d.MediaDescriptions {
		if kind := m.MediaName.Media; kind != "audio" && kind != "video" || !isActive(m) {
			continue
		}
		mid, _ := m.Attribute("mid")
		list, first := f.of(m)
		if len(list) == 0 && mid == tagged && len(first) > 0 {
			f.idle, list = mid, first
		}
		f.chosen[mid] = list
		if len(list) == 0 {
			m.MediaName.Formats = []string{"0"} // pion skips it if it has no name
			m.Attributes = slices.DeleteFunc(m.Attributes, isFormatLine)
			continue
		}
		var lines []sdp.Attribute
		for _, a := range m.Attributes {
			pt, _, _ := strings.Cut(a.Value, " ")
			if !isFormatLine(a) || pt == "*" || isChosen(list, pt) {
				lines = append(lines, a)
			}
		}
		m.MediaName.Formats, m.Attributes = numbers(list), lines
		if direction(m) != "recvonly" && list[0].Codec != packet.AV1 {
			m.Attributes = slices.DeleteFunc(m.Attributes, isDescriptorLine)
		}
	}
}

// isDescriptorLine tells whether an attribute offers the dependency descriptor.
// A Chromium that sends one strips the payload descriptor of VP8 to a byte,
// without the picture ids that its receivers need.
func isDescriptorLine(a sdp.Attribute) bool {
	return a.Key == "extmap" && slices.Contains(strings.Fields(a.Value), packet.ExtDependencyDescriptor.URI())
}

// bundleTag returns the MID of the section that stands for the bundle.
func bundleTag(d *sdp.SessionDescription) string {
	for _, a := range d.Attributes {
		if mids := strings.Fields(a.Value); a.Key == "group" && len(mids) > 1 && mids[0] == "BUNDLE" {
			return mids[1]
		}
	}
	return ""
}

// of chooses from the formats of an offered section, and returns the first that
// is known, too.
func (f *formats) of(m *sdp.MediaDescription) (chosen, first []Codec) {
	var s Section
	readCodecs(&s, m)
	offered := make([]codec.Format, len(s.Codecs))
	for i, c := range s.Codecs {
		offered[i] = codec.Format{Codec: c.Codec, ClockRate: c.ClockRate, Fmtp: c.Fmtp}
	}
	choose := codec.Publishable
	if direction(m) == "recvonly" {
		choose = codec.Receivable
	}
	for _, i := range choose(f.list, offered) {
		c := s.Codecs[i]
		if !f.rtx {
			c.RTX = 0
		}
		chosen = append(chosen, c)
	}
	return chosen, s.Codecs[:min(1, len(s.Codecs))]
}

func isFormatLine(a sdp.Attribute) bool {
	return a.Key == "rtpmap" || a.Key == "fmtp" || a.Key == "rtcp-fb"
}

func isChosen(list []Codec, pt string) bool {
	return slices.ContainsFunc(list, func(c Codec) bool {
		return strconv.Itoa(int(c.PayloadType)) == pt || c.RTX != 0 && strconv.Itoa(int(c.RTX)) == pt
	})
}

// numbers lists payload types, retransmissions behind what they repeat.
func numbers(list []Codec) []string {
	var pts []string
	for _, c := range list {
		pts = append(pts, strconv.Itoa(int(c.PayloadType)))
		if c.RTX != 0 {
			pts = append(pts, strconv.Itoa(int(c.RTX)))
		}
	}
	return pts
}

// check refuses an offer that has one number for two formats.
func (f *formats) check(d *sdp.SessionDescription) error {
	names := make(map[uint8]string)
	for _, section := range d.MediaDescriptions {
		mid, _ := section.Attribute("mid")
		for _, c := range f.chosen[mid] {
			for pt, name := range map[uint8]string{c.PayloadType: c.MimeType, c.RTX: "rtx"} {
				if old := names[pt]; pt != 0 && old != "" && !strings.EqualFold(old, name) {
					return fmt.Errorf("%w: payload type %d is %s and %s", ErrBadDescription, pt, old, name)
				}
				names[pt] = name
			}
		}
	}
	return nil
}

// register makes pion know what was chosen, by the numbers of the offer.
func (f *formats) register(m *webrtc.MediaEngine, d *sdp.SessionDescription) error {
	if err := f.check(d); err != nil {
		return err
	}
	for _, section := range d.MediaDescriptions {
		mid, _ := section.Attribute("mid")
		for _, c := range f.chosen[mid] {
			kind := webrtc.NewRTPCodecType(section.MediaName.Media)
			p := webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: c.MimeType, ClockRate: c.ClockRate, Channels: c.Channels, SDPFmtpLine: c.Fmtp, RTCPFeedback: feedback(kind),
				},
				PayloadType: webrtc.PayloadType(c.PayloadType),
			}
			if err := m.RegisterCodec(p, kind); err != nil {
				return fmt.Errorf("%w: payload type %d: %w", ErrBadDescription, c.PayloadType, err)
			}
			if c.RTX == 0 {
				continue
			}
			p = webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: webrtc.MimeTypeRTX, ClockRate: c.ClockRate, SDPFmtpLine: fmt.Sprintf("apt=%d", c.PayloadType),
				},
				PayloadType: webrtc.PayloadType(c.RTX),
			}
			if err := m.RegisterCodec(p, kind); err != nil {
				return fmt.Errorf("%w: payload type %d: %w", ErrBadDescription, c.RTX, err)
			}
		}
	}
	return nil
}

// feedback lists the RTCP feedback that is served.
func feedback(kind webrtc.RTPCodecType) []webrtc.RTCPFeedback {
	if kind == webrtc.RTPCodecTypeAudio {
		return []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}}
	}
	return []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
}

// answer writes the chosen formats into a section of pion's answer, as they were
// offered. It refuses the section if there are none.
func (f *formats) answer(m, offer *sdp.MediaDescription) {
	mid, _ := offer.Attribute("mid")
	list, known := f.chosen[mid]
	if !known {
		return
	}
	if len(list) == 0 || m.MediaName.Port.Value == 0 {
		m.MediaName.Port.Value, m.MediaName.Formats = 0, []string{"0"}
		m.Attributes = []sdp.Attribute{sdp.NewAttribute("mid", mid), sdp.NewPropertyAttribute("inactive")}
		return
	}
	m.Attributes = slices.DeleteFunc(m.Attributes, isFormatLine)
	m.MediaName.Formats = numbers(list)
	for _, c := range list {
		m.Attributes = append(m.Attributes, c.lines(offer)...)
	}
	if mid == f.idle {
		m.Attributes = append(slices.DeleteFunc(m.Attributes, isStreamLine), sdp.NewPropertyAttribute("inactive"))
	}
}

// isStreamLine tells what an inactive section does not have.
func isStreamLine(a sdp.Attribute) bool {
	switch a.Key {
	case "sendonly", "recvonly", "sendrecv", "inactive", "rid", "simulcast", "ssrc", "ssrc-group", "msid":
		return true
	}
	return false
}

// lines describes a format in an answer.
func (c Codec) lines(offer *sdp.MediaDescription) []sdp.Attribute {
	_, name, _ := strings.Cut(c.MimeType, "/")
	rate := fmt.Sprintf("%s/%d", name, c.ClockRate)
	if c.Channels > 0 {
		rate += fmt.Sprintf("/%d", c.Channels)
	}
	lines := []sdp.Attribute{sdp.NewAttribute("rtpmap", fmt.Sprintf("%d %s", c.PayloadType, rate))}
	if c.Fmtp != "" {
		lines = append(lines, sdp.NewAttribute("fmtp", fmt.Sprintf("%d %s", c.PayloadType, c.Fmtp)))
	}
	for _, fb := range feedback(webrtc.NewRTPCodecType(offer.MediaName.Media)) {
		value := strings.TrimSpace(fb.Type + " " + fb.Parameter)
		mine, all := fmt.Sprintf("%d %s", c.PayloadType, value), "* "+value
		if slices.ContainsFunc(offer.Attributes, func(a sdp.Attribute) bool { return a.Key == "rtcp-fb" && (a.Value == mine || a.Value == all) }) {
			lines = append(lines, sdp.NewAttribute("rtcp-fb", mine))
		}
	}
	if c.RTX != 0 {
		lines = append(lines,
			sdp.NewAttribute("rtpmap", fmt.Sprintf("%d rtx/%d", c.RTX, c.ClockRate)),
			sdp.NewAttribute("fmtp", fmt.Sprintf("%d apt=%d", c.RTX, c.PayloadType)))
	}
	return lines
}

// unbundle takes refused sections out of the group that shares the transport
// (RFC 9143 section 7.3.3).
func unbundle(d *sdp.SessionDescription) {
	refused := make(map[string]bool)
	for _, m := range d.MediaDescriptions {
		if mid, ok := m.Attribute("mid"); ok && m.MediaName.Port.Value == 0 {
			refused[mid] = true
		}
	}
	for i, a := range d.Attributes {
		if mids := strings.Fields(a.Value); a.Key == "group" && len(mids) > 0 && mids[0] == "BUNDLE" {
			d.Attributes[i].Value = strings.Join(slices.DeleteFunc(mids, func(s string) bool { return refused[s] }), " ")
		}
	}
}
