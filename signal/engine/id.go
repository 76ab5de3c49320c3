package engine

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
)

// longestNode is how many bytes the name of a node may have.
const longestNode = 32

// newID returns 128 random bits, behind the name of the node if it has one.
func newID(node string) string {
	var b [16]byte
	rand.Read(b[:])
	id := base64.RawURLEncoding.EncodeToString(b[:])
	if node == "" {
		return id
	}
	return node + "." + id
}

// isNode tells whether a node can have that name, which goes into queries,
// cookies and logs.
func isNode(name string) bool {
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}
	return name != "" && len(name) <= longestNode && !strings.ContainsFunc(name, bad)
}

// foreign returns what serves a request for a connection of another node, or nil
// if it is none or its node is not known.
func (s *Server) foreign(r *http.Request) http.Handler {
	if s.opts.Foreign == nil || s.opts.Node == "" {
		return nil
	}
	node, _, named := strings.Cut(r.URL.Query().Get("sid"), ".")
	if !named || node == s.opts.Node || !isNode(node) {
		return nil
	}
	return s.opts.Foreign(node)
}
