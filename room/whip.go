package room

import "net/http"

// WHIP returns the handler for ingest over HTTP (RFC 9725), to be served below
// /whip/. POST to /whip/ROOM makes the client a member that publishes a
// microphone, a camera or both, allowed by [Config.Authorize] with the Bearer
// token; the answer's Location is its session, which takes PATCH and DELETE. Such
// a member has no signalling: it is there while its media is heard, and for
// [Config.Grace] after.
func (s *Server) WHIP() http.Handler {
	p := Permissions.HTTP
	return newDoor(s, "whip",
		route{p.AskWHIP, (*door).describe}, route{p.ShowWHIP, (*door).show}, route{p.WHIP, (*door).post},
		route{p.PatchWHIP, (*door).patch}, route{p.EndWHIP, (*door).remove})
}
