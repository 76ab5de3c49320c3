package room

import (
	"strings"
)

const (
	shortestUfrag, shortestPassword = 4, 22 // characters (RFC 8839 section 5.4)
	longestCredential               = 256
)

// credentials are those of one side of an ICE session.
type credentials struct{ ufrag, password string }

// readFragment reads the credentials from an SDP fragment (RFC 8840 section 9):
// none if there are none. Candidates are ignored, as they are in offers. A member
// has one transport, so that all sections of a fragment have to agree.
func readFragment(text string) (credentials, error) {
	c := credentials{}
	lines := 0
	for line := range sdpLines(text) {
		lines++
		if len(line) < 2 || line[1] != '=' || !strings.ContainsRune("am", rune(line[0])) {
			return c, ErrBadRequest.because("line %d of the fragment is neither an attribute nor a media section", lines)
		}
		name, value, _ := strings.Cut(line[2:], ":")
		var to *string
		shortest := shortestUfrag
		switch {
		case line[0] == 'a' && name == "ice-ufrag":
			to = &c.ufrag
		case line[0] == 'a' && name == "ice-pwd":
			to, shortest = &c.password, shortestPassword
		default:
			continue
		}
		if !isCredential(value, shortest) || *to != "" && *to != value {
			return c, ErrBadRequest.because("line %d of the fragment: %s is malformed, or another than before", lines, name)
		}
		*to = value
	}
	switch {
	case lines == 0:
		return c, ErrBadRequest.because("the fragment is empty")
	case (c.ufrag == "") != (c.password == ""):
		return c, ErrBadRequest.because("the fragment has only one of ice-ufrag and ice-pwd")
	}
	return c, nil
}

// isCredential tells whether s is of ice-char (RFC 8839 section 5.4).
func isCredential(s string, shortest int) bool {
	if len(s) < shortest || len(s) > longestCredential {
		return false
	}
	for _, c := range []byte(s) {
		if c == '-' || c == '_' || !isIDByte(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// writeFragment takes out of an answer what an ICE restart tells (RFC 9725 section
// 4.3.3): the transport of the bundle, as its first section has it.
func writeFragment(answer string) string {
	var b strings.Builder
	sections := 0
	for line := range sdpLines(answer) {
		if strings.HasPrefix(line, "m=") {
			sections++
		}
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "a=ice-lite", "a=ice-options", "a=group", "a=mid", "a=ice-ufrag", "a=ice-pwd", "a=candidate", "a=end-of-candidates":
		default:
			if !strings.HasPrefix(line, "m=") {
				continue
			}
		}
		if sections < 2 {
			b.WriteString(line + "\r\n")
		}
	}
	return b.String()
}

// withCredentials returns an offer with other credentials.
func withCredentials(offer string, c credentials) string {
	var b strings.Builder
	for line := range sdpLines(offer) {
		switch {
		case strings.HasPrefix(line, "a=ice-ufrag:"):
			line = "a=ice-ufrag:" + c.ufrag
		case strings.HasPrefix(line, "a=ice-pwd:"):
			line = "a=ice-pwd:" + c.password
		}
		b.WriteString(line + "\r\n")
	}
	return b.String()
}

// sdpLines ranges over the lines of a description that are not empty.
func sdpLines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSuffix(line, "\r"); line != "" && !yield(line) {
				return
			}
		}
	}
}
