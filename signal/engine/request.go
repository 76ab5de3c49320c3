package engine

import (
	"net/http"
	"net/url"
	"strings"
)

// request is what the query of a request says.
type request struct {
	websocket bool  // the transport; false is polling
	conn      *Conn // nil if it asks for a new one
}

// parse reads a request, and checks that it makes sense by itself.
func (s *Server) parse(r *http.Request) (q request, no *refusal) {
	v := r.URL.Query()
	if t := v["transport"]; len(t) != 1 || t[0] != "websocket" && t[0] != "polling" {
		return q, errTransport
	}
	q.websocket = v.Get("transport") == "websocket"
	if v.Has("sid") {
		if q.conn = s.find(v.Get("sid")); q.conn == nil {
			return q, errUnknown
		}
	}
	if r.Method != http.MethodGet && (q.conn == nil || q.websocket) {
		return q, errMethod
	}
	if q.conn == nil && v.Get("EIO") != "4" {
		return q, errVersion
	}
	if q.websocket != strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return q, errBad
	}
	return q, nil
}

// allow checks the Origin header, and lets pages of allowed origins read the
// answer. Without one, the client is not a page, and nobody's cookies are at
// stake.
func (s *Server) allow(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	all := r.Header.Values("Origin")
	if len(all) == 0 {
		return true
	}
	if len(all) > 1 {
		return false
	}
	any := false
	for _, o := range s.opts.Origins {
		if strings.EqualFold(o, all[0]) {
			h.Set("Access-Control-Allow-Origin", all[0])
			h.Set("Access-Control-Allow-Credentials", "true")
			return true
		}
		any = any || o == "*"
	}
	u, err := url.Parse(all[0])
	if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true // it needs no leave to read its own server's answers
	}
	if any {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	return any
}

// preflight answers what a browser asks before it sends unusual headers.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// setCookie hands out the cookie of [Options.Cookie].
func (s *Server) setCookie(w http.ResponseWriter, id string) {
	if s.opts.Cookie == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.opts.Cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
