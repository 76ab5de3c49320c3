package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Payload types and header extensions of the offers that clients make.
const (
	ptOpus, ptVP8, ptRTX = 111, 96, 97

	extMID, extTransportCC, extLevel = 1, 2, 3
)

// section is one media section of an offer.
type section struct {
	mid       string
	audio     bool
	send      bool   // else it is a slot
	ssrc, rtx uint32 // of what is sent
}

// local is the transport's part of an offer.
type local struct{ ufrag, pwd, fingerprint string }

// offer writes a session description (RFC 8829) of one bundle. The client is
// the active side of DTLS.
func offer(l local, sections []section) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0")
	mids := make([]string, 0, len(sections))
	for _, s := range sections {
		mids = append(mids, s.mid)
	}
	line("a=group:BUNDLE %s", strings.Join(mids, " "))
	for _, s := range sections {
		kind, formats := "video", fmt.Sprint(ptVP8, " ", ptRTX)
		if s.audio {
			kind, formats = "audio", strconv.Itoa(ptOpus)
		}
		line("m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-rsize", kind, formats)
		line("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:active", l.ufrag, l.pwd, l.fingerprint)
		line("a=mid:%s", s.mid)
		line("a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid", extMID)
		line("a=extmap:%d http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", extTransportCC)
		if s.audio {
			line("a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level", extLevel)
			line("a=rtpmap:%d opus/48000/2\r\na=rtcp-fb:%d transport-cc\r\na=fmtp:%d minptime=10;useinbandfec=1", ptOpus, ptOpus, ptOpus)
		} else {
			line("a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%d transport-cc\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack pli", ptVP8, ptVP8, ptVP8, ptVP8)
			line("a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d", ptRTX, ptRTX, ptVP8)
		}
		if !s.send {
			line("a=recvonly")
			continue
		}
		line("a=sendonly\r\na=msid:bench %s", s.mid)
		if s.rtx != 0 {
			line("a=ssrc-group:FID %d %d\r\na=ssrc:%d cname:bench\r\na=ssrc:%d cname:bench", s.ssrc, s.rtx, s.ssrc, s.rtx)
		} else {
			line("a=ssrc:%d cname:bench", s.ssrc)
		}
	}
	return b.String()
}

// answer is what a client needs of an answer.
type answer struct {
	ufrag, pwd, fingerprint string
	candidates              []string
	sections                map[string]answered // by MID; rejected ones are absent
}

// answered is one accepted section of an answer.
type answered struct {
	ssrc        uint32 // of what the server sends; 0 if it declares none
	transportCC uint8  // extension id, 0 = not negotiated
}

func readAnswer(text string) (*answer, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("bench: answer: %w", err)
	}
	a := &answer{sections: make(map[string]answered)}
	a.transport(d.Attributes)
	for _, m := range d.MediaDescriptions {
		a.transport(m.Attributes)
		if m.MediaName.Port.Value == 0 {
			continue
		}
		mid, ok := m.Attribute("mid")
		if !ok {
			return nil, errors.New("bench: answer: a section without mid")
		}
		s := answered{}
		for _, x := range m.Attributes {
			switch {
			case x.Key == "ssrc" && s.ssrc == 0:
				n, _, _ := strings.Cut(x.Value, " ")
				v, err := strconv.ParseUint(n, 10, 32)
				if err != nil {
					return nil, fmt.Errorf("bench: answer: ssrc %q", x.Value)
				}
				s.ssrc = uint32(v)
			case x.Key == "ssrc-group" && strings.HasPrefix(x.Value, "FID "):
				if v, err := strconv.ParseUint(strings.Fields(x.Value)[1], 10, 32); err == nil {
					s.ssrc = uint32(v)
				}
			case x.Key == "extmap" && strings.Contains(x.Value, "transport-wide-cc"):
				s.transportCC = extTransportCC
			}
		}
		a.sections[mid] = s
	}
	if a.ufrag == "" || a.pwd == "" || a.fingerprint == "" {
		return nil, errors.New("bench: answer: no ICE credentials or fingerprint")
	}
	return a, nil
}

// transport reads the attributes of the bundle's transport; the first stand.
func (a *answer) transport(attributes []sdp.Attribute) {
	set := func(to *string, v string) {
		if *to == "" {
			*to = v
		}
	}
	first := len(a.candidates) == 0
	for _, x := range attributes {
		switch x.Key {
		case "ice-ufrag":
			set(&a.ufrag, x.Value)
		case "ice-pwd":
			set(&a.pwd, x.Value)
		case "fingerprint":
			if hash, v, ok := strings.Cut(x.Value, " "); ok && strings.EqualFold(hash, "sha-256") {
				set(&a.fingerprint, v)
			}
		case "candidate":
			if f := strings.Fields(x.Value); first && len(f) > 4 && strings.EqualFold(f[2], "udp") && f[1] == "1" && !strings.Contains(f[4], ":") {
				a.candidates = append(a.candidates, x.Value)
			}
		}
	}
}
