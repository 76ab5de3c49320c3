package room

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// describe returns what the input expects as a session description (RFC 8866),
// which other programs can be given to send the same, or to receive it elsewhere.
func (in *Input) describe(streams []sfu.InputStats) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	at := addrLine(streams[0].RTP.Addr())
	line("v=0")
	line("o=- %d 1 %s", in.member.joined.Unix(), at)
	line("s=%s", in.options.Name)
	line("c=%s", at)
	line("t=0 0")
	for k, s := range in.options.Streams {
		c := streams[k].Publication.Codec()
		kind, encoding, _ := strings.Cut(c.MimeType, "/")
		if c.Channels > 1 {
			encoding += fmt.Sprintf("/%d/%d", c.ClockRate, c.Channels)
		} else {
			encoding += fmt.Sprintf("/%d", c.ClockRate)
		}
		line("m=%s %d RTP/AVPF %d", kind, streams[k].RTP.Port(), s.PayloadType)
		line("a=rtcp:%d", streams[k].RTCP.Port())
		line("a=rtpmap:%d %s", s.PayloadType, encoding)
		if s.Fmtp != "" {
			line("a=fmtp:%d %s", s.PayloadType, s.Fmtp)
		}
		if kind == "video" {
			line("a=rtcp-fb:%d nack pli", s.PayloadType)
		}
		line("a=recvonly")
	}
	return b.String()
}

// addrLine names an address (RFC 8866 section 5.7).
func addrLine(a netip.Addr) string {
	if a.Is4() {
		return "IN IP4 " + a.String()
	}
	return "IN IP6 " + a.WithZone("").String()
}
