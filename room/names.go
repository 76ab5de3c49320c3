package room

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestRoomName = 64 // bytes
	longestName     = 64 // bytes
	longestID       = 32 // bytes
)

// validRoom tells whether a room can have that name: 1 to 64 of letters,
// digits, '-', '_' and '.', and not only dots.
func validRoom(name string) bool {
	if name == "" || len(name) > longestRoomName || strings.Trim(name, ".") == "" {
		return false
	}
	for _, c := range []byte(name) {
		if !isIDByte(c) && c != '.' {
			return false
		}
	}
	return true
}

// validID tells whether s can be an id: 1 to 32 of [A-Za-z0-9_-].
func validID(s string) bool {
	if s == "" || len(s) > longestID {
		return false
	}
	for _, c := range []byte(s) {
		if !isIDByte(c) {
			return false
		}
	}
	return true
}

func isIDByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// cleanName makes a name fit to be shown to others: valid UTF-8 of at most 64
// bytes, without control characters and without marks that turn the direction
// of what stands around it. It may be empty.
func cleanName(s string) string { return strings.TrimSpace(cut(cleanText(s), longestName)) }

// cut returns the beginning of s, of whole characters.
func cut(s string, most int) string {
	for len(s) > most {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// cleanText is cleanName for a line of any length.
func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
