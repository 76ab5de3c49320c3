package room

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Routes answers requests that have a row in [Permissions]. It is filled before it
// serves.
type Routes struct{ mux http.ServeMux }

// Handle has h answer what rows are about, and the other methods and addresses
// below the fixed part of their paths, which h refuses in its own way. It panics
// for what is no row about requests, and for a path that has a handler already.
func (t *Routes) Handle(h http.Handler, rows ...Permission) {
	added := make(map[string]bool)
	for _, row := range rows {
		at := row.path()
		if at == "" {
			panic("room: a request has no row in Permissions")
		}
		if below, _, wild := strings.Cut(at, "{"); wild && !strings.HasSuffix(at, "{$}") {
			at = below
		}
		if !added[at] {
			added[at] = true
			t.mux.Handle(at, h)
		}
	}
}

// ServeHTTP implements [http.Handler].
func (t *Routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// path is the pattern of a request without its method; empty for an event.
func (p Permission) path() string {
	if i := strings.Index(p.name, "/"); i >= 0 {
		return p.name[i:]
	}
	return ""
}

// admit tells what who asks by HTTP may do in a room, if that includes what a row
// needs. Who asks too often, or in vain, is refused before.
func (s *Server) admit(ctx context.Context, row Permission, req JoinRequest) (Grant, error) {
	if err := s.joins.take(req.Remote, time.Now()); err != nil {
		return Grant{}, err
	}
	g, err := s.authorize(ctx, req)
	if err == nil && !row.Allows(g) {
		err = ErrDenied
	}
	return g, err
}
