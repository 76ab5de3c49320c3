package engine

import (
	"encoding/json"
	"net/http"
)

// refusal is the answer to a request that is not taken. Codes are those of the
// protocol's other servers, and the words where they have any.
type refusal struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

var (
	errTransport    = &refusal{http.StatusBadRequest, 0, "Transport unknown"}
	errUnknown      = &refusal{http.StatusBadRequest, 1, "Session ID unknown"}
	errMethod       = &refusal{http.StatusBadRequest, 2, "Bad handshake method"}
	errBad          = &refusal{http.StatusBadRequest, 3, "Bad request"}
	errBody         = &refusal{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	errForbidden    = &refusal{http.StatusForbidden, 4, "Forbidden"}
	errTooMany      = &refusal{http.StatusTooManyRequests, 4, "Too many connections"}
	errShuttingDown = &refusal{http.StatusServiceUnavailable, 4, "Server is shutting down"}
	errVersion      = &refusal{http.StatusBadRequest, 5, "Unsupported protocol version"}
)

func (s *Server) refuse(w http.ResponseWriter, no *refusal) {
	s.opts.Logger.Debug("request refused", "err", no.Message)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(no)
}

// refuseLast refuses a request, and has nothing more come on its HTTP
// connection, of which nobody knows in what state it is.
func (s *Server) refuseLast(w http.ResponseWriter, no *refusal) {
	w.Header().Set("Connection", "close")
	s.refuse(w, no)
}
