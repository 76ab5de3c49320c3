package room

import (
	"strings"
)

// oneWay is an offer of one direction: at most one section of each kind, of which
// all send or all receive.
type oneWay struct {
	sdp          string
	audio, video string // MIDs; empty without such a section
	ice          credentials
}

// readOneWay reads the offer of a client that only sends, or only receives. Such
// clients may offer both (RFC 9725 section 4.2), which becomes the one direction.
func readOneWay(offer string, sends bool) (oneWay, error) {
	o := oneWay{}
	var out strings.Builder
	blocks := sdpBlocks(offer)
	way := "sendrecv" // of sections that do not say (RFC 8866 section 6.7)
	for i, block := range blocks {
		if i == 0 {
			way = directionOf(block, way)
			o.ice = o.ice.or(block)
			out.WriteString(strings.Join(withDirection(block, ""), "\r\n") + "\r\n")
			continue
		}
		if isRefused(block) {
			out.WriteString(strings.Join(block, "\r\n") + "\r\n")
			continue
		}
		o.ice = o.ice.or(block)
		to, err := o.take(block, directionOf(block, way), sends)
		if err != nil {
			return o, err
		}
		out.WriteString(strings.Join(withDirection(block, to), "\r\n") + "\r\n")
	}
	if o.audio == "" && o.video == "" {
		return o, ErrBadSDP.because("the offer has neither audio nor video")
	}
	o.sdp = out.String()
	return o, nil
}

// take notes a section, and returns the direction that it is to have.
func (o *oneWay) take(block []string, way string, sends bool) (string, error) {
	want := "recvonly"
	if sends {
		want = "sendonly"
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(block[0], "m="), " ")
	var mid *string
	switch kind {
	case "audio":
		mid = &o.audio
	case "video":
		mid = &o.video
	default:
		return "", nil
	}
	switch {
	case way != want && way != "sendrecv":
		return "", ErrLimit.because("a section is %s, want %s", way, want)
	case *mid != "":
		return "", ErrLimit.because("there are two sections of %s, want one", kind)
	}
	*mid = attributeOf(block, "mid")
	if *mid == "" {
		return "", ErrBadSDP.because("a section of %s has no mid", kind)
	}
	return want, nil
}

// or returns the credentials, or those of a block if there are none yet.
func (c credentials) or(block []string) credentials {
	if c.ufrag != "" {
		return c
	}
	return credentials{attributeOf(block, "ice-ufrag"), attributeOf(block, "ice-pwd")}
}

// sdpBlocks splits a description into the lines of the session, which may be
// none, and those of each media section.
func sdpBlocks(text string) [][]string {
	blocks := [][]string{nil}
	for line := range sdpLines(text) {
		if strings.HasPrefix(line, "m=") {
			blocks = append(blocks, nil)
		}
		blocks[len(blocks)-1] = append(blocks[len(blocks)-1], line)
	}
	return blocks
}

// isRefused tells whether a section has port 0 and is not of a bundle.
func isRefused(block []string) bool {
	f := strings.Fields(block[0])
	if len(f) < 2 || f[1] != "0" {
		return false
	}
	for _, line := range block {
		if line == "a=bundle-only" {
			return false
		}
	}
	return true
}

// directions are the attributes of RFC 8866 section 6.7, with what follows "a=".
var directions = map[string]bool{"sendonly": true, "recvonly": true, "sendrecv": true, "inactive": true}

func directionOf(block []string, otherwise string) string {
	for _, line := range block {
		if way, ok := strings.CutPrefix(line, "a="); ok && directions[way] {
			return way
		}
	}
	return otherwise
}

// withDirection returns a block without the direction that it has, and with
// another if that is not empty.
func withDirection(block []string, way string) []string {
	var out []string
	for _, line := range block {
		if name, ok := strings.CutPrefix(line, "a="); !ok || !directions[name] {
			out = append(out, line)
		}
	}
	if way != "" {
		out = append(out, "a="+way)
	}
	return out
}

func attributeOf(block []string, name string) string {
	for _, line := range block {
		if v, ok := strings.CutPrefix(line, "a="+name+":"); ok {
			return v
		}
	}
	return ""
}

// withMuxOnly says of each section that RTCP has no port of its own, as RFC 9725
// section 4.4.1 asks for.
func withMuxOnly(answer string) string {
	if strings.Contains(answer, "a=rtcp-mux-only") {
		return answer
	}
	return strings.ReplaceAll(answer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n")
}
