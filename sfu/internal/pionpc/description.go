package pionpc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const (
	largestOffer = 256 << 10 // bytes
	mostSections = 64
	mostSSRCs    = 64 // in one section
	mostRIDs     = 8
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
	Mixed      bool     // both forms of header extensions may be used (RFC 8285 section 6)
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
	mids, ssrcs := make(map[string]bool), make(map[uint32]bool)
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
func checkSection(d *sdp.SessionDescription, m *sdp.MediaDescription, mids map[string]bool, ssrcs map[uint32]bool) error {
	mid, _ := m.Attribute("mid")
	if !isToken(mid) || mids[mid] {
		return fmt.Errorf("mid %q is missing, malformed, too long or used twice", mid)
	}
	mids[mid] = true
	for _, name := range []string{"fingerprint", "ice-ufrag", "ice-pwd"} {
		v, _ := m.Attribute(name)
		if v == "" {
			v, _ = d.Attribute(name)
		}
		if v == "" && isActive(m) {
			return fmt.Errorf("no %s", name)
		}
		if name == "fingerprint" && v != "" && len(strings.Fields(v)) != 2 {
			return fmt.Errorf("fingerprint %q, want a hash function and a value", v)
		}
	}
	if m.MediaName.Media != "application" {
		for _, f := range m.MediaName.Formats {
			if _, ok := payloadType(f); !ok {
				return fmt.Errorf("payload type %q, want 0 to 127", f)
			}
		}
	}
	return checkAttributes(m, ssrcs)
}

func checkAttributes(m *sdp.MediaDescription, ssrcs map[uint32]bool) error {
	rids, mine := make(map[string]bool), make(map[uint32]bool)
	for _, a := range m.Attributes {
		first, _, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "extmap":
			id, _, _ := strings.Cut(first, "/")
			if n := number32(id); n < 1 || n > 246 || n == 15 { // RFC 8285 section 5; pion knows no more
				return fmt.Errorf("extmap id %q, want 1 to 14 or 16 to 246", id)
			}
			if x := (&sdp.ExtMap{}); x.Unmarshal("extmap:"+a.Value) != nil {
				return fmt.Errorf("extmap %q, want id, direction and URI", a.Value)
			}
		case "fmtp":
			_, format, _ := strings.Cut(a.Value, " ")
			if apt, _ := codec.Parameter(format, "apt"); apt != "" {
				if _, ok := payloadType(apt); !ok {
					return fmt.Errorf("apt %q, want a payload type", apt)
				}
			}
		case "rid":
			if !isToken(first) || rids[first] || len(rids) == mostRIDs {
				return fmt.Errorf("rid %q is malformed, too long, used twice or one too many", first)
			}
			rids[first] = true
		case "ssrc":
			n := number32(first)
			if n == 0 || ssrcs[n] && !mine[n] {
				return fmt.Errorf("ssrc %q is not a number of 32 bits or used in two sections", first)
			}
			if ssrcs[n], mine[n] = true, true; len(mine) > mostSSRCs {
				return fmt.Errorf("more than %d ssrcs", mostSSRCs)
			}
		}
	}
	return nil
}

// isToken tells whether s can be a MID or RID: it goes into header extensions
// of at most 16 bytes and into fields that end with a space.
func isToken(s string) bool {
	return s != "" && len(s) <= 16 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// payloadType reads one as RFC 8866 writes it.
func payloadType(s string) (uint8, bool) {
	n, err := strconv.ParseUint(s, 10, 7)
	return uint8(n), err == nil
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
	for _, a := range offer.Attributes {
		f := strings.Fields(a.Value)
		switch {
		case a.Key == "msid" && len(f) > 0:
			if s.StreamID = f[0]; f[0] == "-" { // no stream (RFC 8830 section 2)
				s.StreamID = ""
			}
			if len(f) > 1 {
				s.TrackID = f[1]
			}
		case a.Key == "rid" && len(f) > 1 && f[1] == "send":
			s.RIDs = append(s.RIDs, f[0])
		}
	}
	if len(s.RIDs) == 0 {
		s.Streams = readStreams(offer)
	}
}

// readStreams reads the declared SSRCs and pairs them (RFC 4588 section 8.8). A
// pair counts if both are declared in this section and in no earlier pair.
func readStreams(offer *sdp.MediaDescription) []Stream {
	var declared []uint32
	for _, a := range offer.Attributes {
		first, _, _ := strings.Cut(a.Value, " ")
		if n := number32(first); a.Key == "ssrc" && n != 0 && !slices.Contains(declared, n) {
			declared = append(declared, n)
		}
	}
	repairs, paired := make(map[uint32]uint32), make(map[uint32]bool)
	isRepair := make(map[uint32]bool)
	for _, a := range offer.Attributes {
		f := strings.Fields(a.Value)
		if a.Key != "ssrc-group" || len(f) != 3 || f[0] != "FID" {
			continue
		}
		media, repair := number32(f[1]), number32(f[2])
		if media == repair || paired[media] || paired[repair] || !slices.Contains(declared, media) || !slices.Contains(declared, repair) {
			continue
		}
		paired[media], paired[repair] = true, true
		repairs[media], isRepair[repair] = repair, true
	}
	var streams []Stream
	for _, n := range declared {
		if !isRepair[n] {
			streams = append(streams, Stream{SSRC: n, RTX: repairs[n]})
		}
	}
	return streams
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
			if apt, _ := codec.Parameter(value, "apt"); apt != "" {
				repairs[apt], _ = payloadType(pt)
			}
		case "rtcp-fb":
			s.NACK = s.NACK || value == "nack"
			s.TransportCC = s.TransportCC || value == "transport-cc"
		}
	}
	for _, pt := range m.MediaName.Formats {
		name, rest, _ := strings.Cut(maps[pt], "/")
		rate, channels, _ := strings.Cut(rest, "/")
		c := Codec{
			MimeType: m.MediaName.Media + "/" + name, Fmtp: fmtps[pt],
			ClockRate: number32(rate), Channels: uint16(min(number32(channels), 255)),
		}
		c.Codec = packet.CodecOf(c.MimeType)
		number, ok := payloadType(pt)
		twice := slices.ContainsFunc(s.Codecs, func(other Codec) bool { return other.PayloadType == number })
		if !ok || twice || c.Codec == packet.CodecUnknown || c.ClockRate == 0 {
			continue
		}
		c.PayloadType = number
		if rtx := strconv.Itoa(int(repairs[pt])); slices.Contains(m.MediaName.Formats, rtx) && strings.HasPrefix(strings.ToLower(maps[rtx]), "rtx/") {
			c.RTX = repairs[pt]
		}
		s.Codecs = append(s.Codecs, c)
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
			s.Extensions[e] = uint8(min(number32(id), 255))
		}
	}
}
