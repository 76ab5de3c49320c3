package bench

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// answer is what a client needs of an answer.
type answer struct {
	ufrag, pwd, fingerprint string
	candidates              []string
	extensions              extensionIDs        // of any section
	sections                map[string]answered // by MID; rejected ones are absent
}

// answered is one accepted section of an answer.
type answered struct {
	ssrc, rtx uint32 // of what the server sends; 0 if it declares none
	simulcast bool   // it takes several encodings
	wide      bool   // it agrees on transport-wide feedback
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
			if err := a.attribute(&s, x); err != nil {
				return nil, err
			}
		}
		a.sections[mid] = s
	}
	if a.ufrag == "" || a.pwd == "" || a.fingerprint == "" {
		return nil, errors.New("bench: answer: no ICE credentials or fingerprint")
	}
	return a, nil
}

// wide tells whether the server wants transport-wide feedback about what it
// sends in any of the sections.
func (a *answer) wide(offered []section) bool {
	return a.extensions.transportCC != 0 && slices.ContainsFunc(offered, func(s section) bool {
		return !s.send && s.wide && a.sections[s.mid].wide
	})
}

// attribute reads one of a section.
func (a *answer) attribute(s *answered, x sdp.Attribute) error {
	f := strings.Fields(x.Value)
	switch {
	case x.Key == "ssrc" && s.ssrc == 0 && len(f) > 0:
		v, err := strconv.ParseUint(f[0], 10, 32)
		if err != nil {
			return fmt.Errorf("bench: answer: ssrc %q", x.Value)
		}
		s.ssrc = uint32(v)
	case x.Key == "ssrc-group" && len(f) == 3 && f[0] == "FID":
		media, err := strconv.ParseUint(f[1], 10, 32)
		repair, err2 := strconv.ParseUint(f[2], 10, 32)
		if err == nil && err2 == nil {
			s.ssrc, s.rtx = uint32(media), uint32(repair)
		}
	case x.Key == "simulcast" && len(f) > 0 && f[0] == "recv":
		s.simulcast = true
	case x.Key == "rtcp-fb" && len(f) == 2 && f[1] == "transport-cc":
		s.wide = true
	case x.Key == "extmap" && len(f) > 1:
		a.extension(f[0], f[1])
	}
	return nil
}

// extension notes that a header extension was negotiated.
func (a *answer) extension(id, uri string) {
	id, _, _ = strings.Cut(id, "/") // of its direction
	n, err := strconv.ParseUint(id, 10, 8)
	if err != nil || n < 1 || n > 14 {
		return // one that the one-byte form cannot have
	}
	switch uri {
	case uriMID:
		a.extensions.mid = uint8(n)
	case uriTransportCC:
		a.extensions.transportCC = uint8(n)
	case uriLevel:
		a.extensions.level = uint8(n)
	case uriRID:
		a.extensions.rid = uint8(n)
	case uriRepairedRID:
		a.extensions.repairedRID = uint8(n)
	}
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
