package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// Payload types and header extensions of the offers that clients make.
const (
	ptOpus, ptVP8, ptRTX = 111, 96, 97

	extMID, extTransportCC, extLevel, extRID, extRepairedRID = 1, 2, 3, 4, 5
)

// URIs of header extensions.
const (
	uriMID         = "urn:ietf:params:rtp-hdrext:sdes:mid"
	uriTransportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	uriLevel       = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	uriRID         = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	uriRepairedRID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
)

// section is one media section of an offer.
type section struct {
	mid       string
	audio     bool
	send      bool     // else it is a slot
	wide      bool     // with transport-wide feedback
	ssrc, rtx uint32   // of what is sent, without simulcast
	rids      []string // of what is sent, with simulcast; SSRCs are not declared then
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
		line("a=extmap:%d %s", extMID, uriMID)
		pt := ptVP8
		if s.audio {
			pt = ptOpus
			line("a=extmap:%d %s", extLevel, uriLevel)
			line("a=rtpmap:%d opus/48000/2\r\na=fmtp:%d minptime=10;useinbandfec=1", ptOpus, ptOpus)
		} else {
			line("a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack pli", ptVP8, ptVP8, ptVP8)
			line("a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d", ptRTX, ptRTX, ptVP8)
		}
		if s.wide {
			line("a=extmap:%d %s\r\na=rtcp-fb:%d transport-cc", extTransportCC, uriTransportCC, pt)
		}
		if !s.send {
			line("a=recvonly")
			continue
		}
		line("a=sendonly\r\na=msid:bench %s", s.mid)
		if len(s.rids) > 0 {
			line("a=extmap:%d %s\r\na=extmap:%d %s", extRID, uriRID, extRepairedRID, uriRepairedRID)
			line("a=rid:%s send", strings.Join(s.rids, " send\r\na=rid:"))
			line("a=simulcast:send %s", strings.Join(s.rids, ";"))
			continue
		}
		if s.rtx != 0 {
			line("a=ssrc-group:FID %d %d\r\na=ssrc:%d cname:bench\r\na=ssrc:%d cname:bench", s.ssrc, s.rtx, s.ssrc, s.rtx)
		} else {
			line("a=ssrc:%d cname:bench", s.ssrc)
		}
	}
	return b.String()
}
