package pionpc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	largestOffer = 256 << 10 // bytes
	mostSections = 64
)

// Role tells what a media section is for the server.
type Role uint8

// Roles of media sections.
const (
	RoleNone        Role = iota // rejected, stopped or inactive
	RolePublication             // the peer sends
	RoleSlot                    // the peer receives
	RoleData                    // SCTP (RFC 8841)
)

// Codec is a payload type that a section negotiated.
type Codec struct {
	Codec       packet.Codec
	MimeType    string // such as "video/VP8"
	Fmtp        string
	PayloadType uint8
	RTX         uint8 // payload type of retransmissions (RFC 4588); 0 = none
	ClockRate   uint32
	Channels    uint16
}

// Stream is a declared SSRC and that of its retransmissions, 0 = none.
type Stream struct{ SSRC, RTX uint32 }

// Section is a media section after a negotiation.
type Section struct {
	MID        string // RFC 9143
	Audio      bool
	Role       Role
	StreamID   string // of a publication (RFC 8830)
	TrackID    string
	Codecs     []Codec // most preferred first
	Extensions packet.ExtensionIDs
	Streams    []Stream // of a publication: declared SSRCs
	RIDs       []string // of a publication: simulcast encodings (RFC 8851)
	SSRC, RTX  uint32   // of a slot
	NACK       bool
	// TransportCC tells whether transport-wide feedback was negotiated.
	TransportCC bool
}

// readOffer parses an offer, refuses what nobody should have to deal with, and
// takes out the candidates: the server answers where checks come from and never
// sends to an address that an offer names.
func readOffer(text string) (*sdp.SessionDescription, error) {
	if len(text) > largestOffer {
		return nil, fmt.Errorf("%w: %w", ErrBadDescription, ErrTooLarge)
	}
	d := &sdp.SessionDescription{}
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadDescription, err)
	}
	if len(d.MediaDescriptions) == 0 || len(d.MediaDescriptions) > mostSections {
		return nil, fmt.Errorf("%w: %d media sections, want 1 to %d", ErrBadDescription, len(d.MediaDescriptions), mostSections)
	}
	mids, ssrcs := make(map[string]bool), make(map[string]bool)
	for i, m := range d.MediaDescriptions {
		if err := checkSection(d, m, mids, ssrcs); err != nil {
			return nil, fmt.Errorf("%w: media section %d: %w", ErrBadDescription, i, err)
		}
		m.Attributes = withoutCandidates(m.Attributes)
	}
	d.Attributes = withoutCandidates(d.Attributes)
	return d, nil
}

func withoutCandidates(list []sdp.Attribute) []sdp.Attribute {
	kept := list[:0]
	for _, a := range list {
		if a.Key != "candidate" && a.Key != "end-of-candidates" && a.Key != "remote-candidates" {
			kept = append(kept, a)
		}
	}
	return kept
}

// checkSection refuses what pion or we could misunderstand.
func checkSection(d *sdp.SessionDescription, m *sdp.MediaDescription, mids, ssrcs map[string]bool) error {
	mid, _ := m.Attribute("mid")
	if mid == "" || len(mid) > 16 || mids[mid] {
		return fmt.Errorf("mid %q is missing, too long or used twice", mid)
	}
	mids[mid] = true
	for _, name := range []string{"fingerprint", "ice-ufrag", "ice-pwd"} {
		v, _ := m.Attribute(name)
		if v == "" {
			v, _ = d.Attribute(name)
		}
		if v == "" && m.MediaName.Port.Value != 0 {
			return fmt.Errorf("no %s", name)
		}
	}
	if m.MediaName.Media != "application" {
		for _, f := range m.MediaName.Formats {
			if n, err := strconv.Atoi(f); err != nil || n < 0 || n > 127 {
				return fmt.Errorf("payload type %q, want 0 to 127", f)
			}
		}
	}
	return checkAttributes(m, ssrcs)
}

func checkAttributes(m *sdp.MediaDescription, ssrcs map[string]bool) error {
	rids, mine := make(map[string]bool), make(map[string]bool)
	for _, a := range m.Attributes {
		first, _, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "extmap":
			id, _, _ := strings.Cut(first, "/")
			if n, err := strconv.Atoi(id); err != nil || n < 1 || n > 255 || n == 15 {
				return fmt.Errorf("extmap id %q, want 1 to 14 or 16 to 255", id)
			}
		case "rid":
			if first == "" || len(first) > 16 || rids[first] {
				return fmt.Errorf("rid %q is empty, too long or used twice", first)
			}
			rids[first] = true
		case "ssrc":
			if ssrcs[first] && !mine[first] {
				return fmt.Errorf("ssrc %s is used in two sections", first)
			}
			if n, err := strconv.ParseUint(first, 10, 32); err != nil || n == 0 {
				return fmt.Errorf("ssrc %q is not a number of 32 bits", first)
			}
			ssrcs[first], mine[first] = true, true
		}
	}
	return nil
}

// direction returns the direction of a section, which defaults to sendrecv
// (RFC 8866 section 6.7).
func direction(m *sdp.MediaDescription) string {
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly", "recvonly", "inactive", "sendrecv":
			return a.Key
		}
	}
	return "sendrecv"
}

// readSection says what a section of our answer agreed on, and what the offer
// declared for it.
func readSection(answer, offer *sdp.MediaDescription) Section {
	mid, _ := answer.Attribute("mid")
	s := Section{MID: mid, Audio: answer.MediaName.Media == "audio"}
	switch {
	case answer.MediaName.Port.Value == 0:
		return s
	case answer.MediaName.Media == "application":
		s.Role = RoleData
		return s
	}
	switch direction(answer) {
	case "recvonly", "sendrecv":
		s.Role = RolePublication
		readPublication(&s, offer)
	case "sendonly":
		s.Role = RoleSlot
	default:
		return s
	}
	readCodecs(&s, answer)
	readExtensions(&s, answer)
	return s
}

// readPublication reads what the offer says of the streams that will come.
func readPublication(s *Section, offer *sdp.MediaDescription) {
	repairs := make(map[uint32]uint32) // by media SSRC
	isRepair := make(map[uint32]bool)
	for _, a := range offer.Attributes {
		f := strings.Fields(a.Value)
		switch {
		case a.Key == "msid" && len(f) > 0:
			s.StreamID = f[0]
			if len(f) > 1 {
				s.TrackID = f[1]
			}
		case a.Key == "rid" && len(f) > 1 && f[1] == "send":
			s.RIDs = append(s.RIDs, f[0])
		case a.Key == "ssrc-group" && len(f) == 3 && f[0] == "FID":
			media, repair := number32(f[1]), number32(f[2])
			repairs[media], isRepair[repair] = repair, true
		}
	}
	if len(s.RIDs) > 0 {
		return
	}
	seen := make(map[uint32]bool)
	for _, a := range offer.Attributes {
		first, _, _ := strings.Cut(a.Value, " ")
		if n := number32(first); a.Key == "ssrc" && n != 0 && !seen[n] && !isRepair[n] {
			seen[n] = true
			s.Streams = append(s.Streams, Stream{SSRC: n, RTX: repairs[n]})
		}
	}
}

func number32(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// readCodecs reads the formats that the answer has, in its order.
func readCodecs(s *Section, m *sdp.MediaDescription) {
	maps, fmtps, repairs := make(map[string]string), make(map[string]string), make(map[string]uint8)
	for _, a := range m.Attributes {
		pt, value, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			maps[pt] = value
		case "fmtp":
			fmtps[pt] = value
			if apt, ok := strings.CutPrefix(value, "apt="); ok {
				repairs[apt] = uint8(number32(pt))
			}
		case "rtcp-fb":
			s.NACK = s.NACK || value == "nack"
			s.TransportCC = s.TransportCC || value == "transport-cc"
		}
	}
	for _, pt := range m.MediaName.Formats {
		name, rest, _ := strings.Cut(maps[pt], "/")
		mime := m.MediaName.Media + "/" + name
		kind := packet.CodecOf(mime)
		if kind == packet.CodecUnknown {
			continue
		}
		rate, channels, _ := strings.Cut(rest, "/")
		s.Codecs = append(s.Codecs, Codec{
			Codec: kind, MimeType: mime, Fmtp: fmtps[pt], PayloadType: uint8(number32(pt)),
			RTX: repairs[pt], ClockRate: number32(rate), Channels: uint16(number32(channels)),
		})
	}
}

func readExtensions(s *Section, m *sdp.MediaDescription) {
	for _, a := range m.Attributes {
		if a.Key != "extmap" {
			continue
		}
		f := strings.Fields(a.Value)
		if len(f) < 2 {
			continue
		}
		id, _, _ := strings.Cut(f[0], "/")
		if e, ok := packet.ExtensionOf(f[1]); ok {
			s.Extensions[e] = uint8(number32(id))
		}
	}
}
