package pionpc

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const fingerprint = "sha-256 6A:2B:0D:46:9C:1E:7F:83:55:C4:11:E0:38:7D:AA:09:F2:64:BB:3C:D1:08:97:5E:20:CF:74:6D:1B:82:E3:90"

var midLine = regexp.MustCompile(`(?m)^a=mid:(\S+)`)

// offer makes a description of media sections, given without the lines that
// are the same in all of them.
func offer(sections ...string) string {
	all := strings.Join(sections, "")
	mids := ""
	for _, m := range midLine.FindAllStringSubmatch(all, -1) {
		mids += " " + m[1]
	}
	return crlf("v=0\no=- 4611731400430051336 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE" + mids +
		"\na=extmap-allow-mixed\na=msid-semantic: WMS\na=ice-ufrag:9uB6\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh+1\n" +
		"a=ice-options:trickle\na=fingerprint:" + fingerprint + "\na=setup:actpass\n" + all)
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// A camera as Chromium offers it, but with numbers that Chromium does not use.
const camera = `m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=mid:cam
a=extmap:9 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:5 urn:3gpp:video-orientation
a=extmap:13 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=sendonly
a=msid:stream-a track-a
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:120 VP8/90000
a=rtcp-fb:120 transport-cc
a=rtcp-fb:120 ccm fir
a=rtcp-fb:120 nack
a=rtcp-fb:120 nack pli
a=rtpmap:124 rtx/90000
a=fmtp:124 apt=120
a=rtpmap:121 VP9/90000
a=fmtp:121 profile-id=0
a=rtcp-fb:121 nack
a=rtpmap:125 rtx/90000
a=fmtp:125 apt=121
a=ssrc-group:FID 1001 1002
a=ssrc:1001 cname:x
a=ssrc:1002 cname:x
`

const microphone = `m=audio 9 UDP/TLS/RTP/SAVPF 109 0
c=IN IP4 0.0.0.0
a=mid:mic
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendonly
a=msid:- track-b
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=fmtp:109 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=ssrc:2001 cname:x
`

const channel = `m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:data
a=sctp-port:5000
a=max-message-size:262144
`

// with puts other lines in the place of one.
func with(section, line, lines string) string {
	if !strings.Contains(section, line+"\n") {
		panic("no line " + line)
	}
	return strings.Replace(section, line+"\n", lines, 1)
}

func TestReadOfferRefuses(t *testing.T) {
	long := strings.Repeat("x", 17)
	many := ""
	for i := range mostSections + 1 {
		many += with(channel, "a=mid:data", fmt.Sprintf("a=mid:%d\n", i))
	}
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"stump", "v=0", ""},
		{"no section", offer(), "0 media sections"},
		{"too many sections", offer(many), "65 media sections"},
		{"too large", offer(camera) + strings.Repeat("a=x\r\n", largestOffer/5), "larger than"},
		{"no mid", offer(with(camera, "a=mid:cam", "")), "mid"},
		{"long mid", offer(with(camera, "a=mid:cam", "a=mid:"+long+"\n")), "mid"},
		{"mid that would end its field", offer(with(camera, "a=mid:cam", "a=mid:a b\n")), "mid"},
		{"mid twice", offer(camera, with(camera, "a=ssrc-group:FID 1001 1002", "")), "mid"},
		{"no ufrag", strings.Replace(offer(camera), "a=ice-ufrag:9uB6\r\n", "", 1), "ice-ufrag"},
		{"no password", strings.Replace(offer(camera), "a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh+1\r\n", "", 1), "ice-pwd"},
		{"no fingerprint", strings.Replace(offer(camera), "a=fingerprint:"+fingerprint+"\r\n", "", 1), "fingerprint"},
		{"payload type 128", offer(with(camera, "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125", "m=video 9 UDP/TLS/RTP/SAVPF 128\n")), "payload type"},
		{"payload type with a sign", offer(with(camera, "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125", "m=video 9 UDP/TLS/RTP/SAVPF +120\n")), "payload type"},
		{"extension id 0", offer(with(camera, "a=extmap:5 urn:3gpp:video-orientation", "a=extmap:0 urn:x\n")), "extmap"},
		{"extension id 15", offer(with(camera, "a=extmap:5 urn:3gpp:video-orientation", "a=extmap:15 urn:x\n")), "extmap"},
		{"extension id 256", offer(with(camera, "a=extmap:5 urn:3gpp:video-orientation", "a=extmap:256 urn:x\n")), "extmap"},
		{"SSRC 0", offer(with(camera, "a=ssrc:1001 cname:x", "a=ssrc:0 cname:x\n")), "ssrc"},
		{"SSRC of 33 bits", offer(with(camera, "a=ssrc:1001 cname:x", "a=ssrc:4294967296 cname:x\n")), "ssrc"},
		{"SSRC in two sections", offer(camera, with(microphone, "a=ssrc:2001 cname:x", "a=ssrc:1002 cname:x\n")), "ssrc"},
		{"SSRC in two sections, written in two ways", offer(camera, with(microphone, "a=ssrc:2001 cname:x", "a=ssrc:01002 cname:x\n")), "ssrc"},
		{"more SSRCs than anybody sends", offer(with(camera, "a=ssrc:1001 cname:x", ssrcLines(65))), "ssrc"},
		{"RID twice", offer(with(camera, "a=rtcp-mux", "a=rid:f send\na=rid:f send\n")), "rid"},
		{"long RID", offer(with(camera, "a=rtcp-mux", "a=rid:"+long+" send\n")), "rid"},
		{"more RIDs than anybody sends", offer(with(camera, "a=rtcp-mux", ridLines(9))), "rid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readOffer(tt.in)
			if !errors.Is(err, ErrBadDescription) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want ErrBadDescription about %q", err, tt.want)
			}
		})
	}
	if _, err := readOffer(offer(camera) + strings.Repeat("a=x\r\n", largestOffer/5)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large offer: %v, want ErrTooLarge", err)
	}
}

func ssrcLines(n int) string {
	s := ""
	for i := range n {
		s += fmt.Sprintf("a=ssrc:%d cname:x\n", 5000+i)
	}
	return s
}

func ridLines(n int) string {
	s := ""
	for i := range n {
		s += fmt.Sprintf("a=rid:%d send\n", i)
	}
	return s
}

func TestReadOfferAccepts(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"everything", offer(camera, microphone, channel)},
		{"rejected section without credentials", strings.Replace(offer(with(channel, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\n")), "a=ice-ufrag:9uB6\r\n", "", 1)},
		{"two-byte extension ids", offer(with(camera, "a=extmap:5 urn:3gpp:video-orientation", "a=extmap:246 urn:3gpp:video-orientation\n"))},
		{"an SSRC with many lines", offer(with(camera, "a=ssrc:1001 cname:x", "a=ssrc:1001 cname:x\na=ssrc:1001 msid:a b\n"))},
		{"Chromium", crlf(chromium)},
	} {
		if _, err := readOffer(tt.in); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// No candidate of an offer reaches pion, whatever its form and place.
func TestReadOfferTakesOutCandidates(t *testing.T) {
	lines := "a=candidate:1 1 udp 2122260223 169.254.169.254 80 typ host\n" +
		"a=candidate:2 1 tcp 1518280447 127.0.0.1 22 typ host tcptype passive\n" +
		"a=remote-candidates:1 10.0.0.1 9\na=end-of-candidates\n"
	text := offer(with(camera, "a=rtcp-mux", lines+"a=rtcp-mux\n"), channel)
	text = strings.Replace(text, "a=ice-options:trickle\r\n", "a=ice-options:trickle\r\n"+crlf(lines), 1)
	d, err := readOffer(text)
	if err != nil {
		t.Fatal(err)
	}
	left, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"candidate", "169.254", "tcptype"} {
		if strings.Contains(string(left), s) {
			t.Errorf("%q is left in\n%s", s, left)
		}
	}
	if !strings.Contains(string(left), "a=rtcp-mux") {
		t.Error("other attributes are gone")
	}
}

// readSection on sections as an answer has them.
func TestReadSection(t *testing.T) {
	vp8 := Codec{Codec: packet.VP8, MimeType: "video/VP8", PayloadType: 120, RTX: 124, ClockRate: 90000}
	vp9 := Codec{Codec: packet.VP9, MimeType: "video/VP9", Fmtp: "profile-id=0", PayloadType: 121, RTX: 125, ClockRate: 90000}
	opus := Codec{Codec: packet.Opus, MimeType: "audio/opus", Fmtp: "minptime=10;useinbandfec=1", PayloadType: 109, ClockRate: 48000, Channels: 2}
	videoIDs := packet.ExtensionIDs{packet.ExtMID: 11, packet.ExtTransportCC: 9, packet.ExtVideoOrientation: 5, packet.ExtDependencyDescriptor: 13}
	audioIDs := packet.ExtensionIDs{packet.ExtMID: 11, packet.ExtAudioLevel: 2}
	sent := []Stream{{SSRC: 1001, RTX: 1002}}
	cam := Section{
		MID: "cam", Role: RolePublication, StreamID: "stream-a", TrackID: "track-a", Codecs: []Codec{vp8, vp9},
		Extensions: videoIDs, Streams: sent, NACK: true, TransportCC: true,
	}
	change := func(f func(*Section)) Section {
		s := cam
		f(&s)
		return s
	}
	for _, tt := range []struct {
		name          string
		answer, offer string
		want          Section
	}{
		{"publication", with(camera, "a=sendonly", "a=recvonly\n"), camera, cam},
		{"publication of a section that could do both", with(camera, "a=sendonly", ""), camera, cam},
		{
			"microphone without a stream", with(microphone, "a=sendonly", "a=recvonly\n"), microphone,
			Section{MID: "mic", Audio: true, Role: RolePublication, TrackID: "track-b", Codecs: []Codec{opus}, Extensions: audioIDs, Streams: []Stream{{SSRC: 2001}}},
		},
		{
			"slot", camera, with(camera, "a=sendonly", "a=recvonly\n"),
			change(func(s *Section) { s.Role, s.StreamID, s.TrackID, s.Streams = RoleSlot, "", "", nil }),
		},
		{"inactive", with(camera, "a=sendonly", "a=inactive\n"), camera, Section{MID: "cam"}},
		{"rejected", with(camera, "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125", "m=video 0 UDP/TLS/RTP/SAVPF 120\n"), camera, Section{MID: "cam"}},
		{"rejected data", with(channel, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\n"), channel, Section{MID: "data"}},
		{"data", channel, channel, Section{MID: "data", Role: RoleData}},
		{
			"answer prefers another codec", with(with(camera, "a=sendonly", "a=recvonly\n"), "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125", "m=video 9 UDP/TLS/RTP/SAVPF 121 120 124\n"), camera,
			change(func(s *Section) {
				noRTX := vp9
				noRTX.RTX = 0
				s.Codecs = []Codec{noRTX, vp8}
			}),
		},
		{
			"retransmissions with a time", with(with(camera, "a=sendonly", "a=recvonly\n"), "a=fmtp:124 apt=120", "a=fmtp:124 rtx-time=3000; apt=120\n"), camera, cam,
		},
		{
			"clock rate left out", with(with(camera, "a=sendonly", "a=recvonly\n"), "a=rtpmap:121 VP9/90000", "a=rtpmap:121 VP9\n"), camera,
			change(func(s *Section) { s.Codecs = []Codec{vp8} }),
		},
		{
			"simulcast by RID", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc-group:FID 1001 1002", "a=rid:f send\na=rid:h send pt=120\na=rid:q send\na=rid:x recv\na=simulcast:send f;h;~q\n"),
			change(func(s *Section) { s.RIDs, s.Streams = []string{"f", "h", "q"}, nil }),
		},
		{
			"several streams", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc:1001 cname:x", "a=ssrc-group:SIM 1001 1003\na=ssrc-group:FID 1003 1004\na=ssrc:1001 cname:x\na=ssrc:1003 cname:x\na=ssrc:1004 cname:x\n"),
			change(func(s *Section) { s.Streams = []Stream{{1001, 1002}, {1003, 1004}} }),
		},
		{
			"no retransmission stream", with(camera, "a=sendonly", "a=recvonly\n"),
			with(with(camera, "a=ssrc-group:FID 1001 1002", ""), "a=ssrc:1002 cname:x", ""),
			change(func(s *Section) { s.Streams = []Stream{{1001, 0}} }),
		},
		{
			"a group names a stream of nobody", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc-group:FID 1001 1002", "a=ssrc-group:FID 1001 2001\n"),
			change(func(s *Section) { s.Streams = []Stream{{1001, 0}, {1002, 0}} }),
		},
		{
			"a group names one stream twice", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc-group:FID 1001 1002", "a=ssrc-group:FID 1001 1001\n"),
			change(func(s *Section) { s.Streams = []Stream{{1001, 0}, {1002, 0}} }),
		},
		{
			"two groups share a retransmission stream", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc:1001 cname:x", "a=ssrc-group:FID 1003 1002\na=ssrc:1001 cname:x\na=ssrc:1003 cname:x\n"),
			change(func(s *Section) { s.Streams = []Stream{{1001, 1002}, {1003, 0}} }),
		},
		{
			"a retransmission stream of a retransmission stream", with(camera, "a=sendonly", "a=recvonly\n"),
			with(camera, "a=ssrc:1001 cname:x", "a=ssrc-group:FID 1002 1003\na=ssrc:1001 cname:x\na=ssrc:1003 cname:x\n"),
			change(func(s *Section) { s.Streams = []Stream{{1001, 1002}, {1003, 0}} }),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := readSection(parse(t, tt.answer), parse(t, tt.offer))
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
}

// parse returns a single media section.
func parse(t *testing.T, section string) *sdp.MediaDescription {
	t.Helper()
	d := &sdp.SessionDescription{}
	if err := d.UnmarshalString(offer(section)); err != nil {
		t.Fatal(err)
	}
	return d.MediaDescriptions[0]
}
