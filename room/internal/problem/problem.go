// Package problem tells refusals by HTTP (RFC 9457), the same way at every door.
package problem

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"
)

// statuses are those of refusals by their codes; any other is 403.
var statuses = map[string]int{
	"bad_request":            http.StatusBadRequest,
	"bad_sdp":                http.StatusBadRequest,
	"unauthorized":           http.StatusUnauthorized,
	"token_expired":          http.StatusUnauthorized,
	"not_found":              http.StatusNotFound,
	"room_not_found":         http.StatusNotFound,
	"member_not_found":       http.StatusNotFound,
	"publication_not_found":  http.StatusNotFound,
	"input_not_found":        http.StatusNotFound,
	"session_unknown":        http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"not_live":               http.StatusConflict,
	"precondition_failed":    http.StatusPreconditionFailed,
	"too_large":              http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"misdirected":            http.StatusMisdirectedRequest,
	"no_common_codec":        http.StatusUnprocessableEntity,
	"limit_exceeded":         http.StatusUnprocessableEntity,
	"precondition_required":  http.StatusPreconditionRequired,
	"rate_limited":           http.StatusTooManyRequests,
	"internal":               http.StatusInternalServerError,
	"room_full":              http.StatusServiceUnavailable,
	"room_ended":             http.StatusServiceUnavailable,
	"draining":               http.StatusServiceUnavailable,
	"server_busy":            http.StatusServiceUnavailable,
}

// Problem is a refusal as HTTP tells it (RFC 9457).
type Problem struct {
	Type   string   `json:"type" doc:"/errors/ and the code"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty" doc:"for people"`
	Code   string   `json:"code" doc:"as in the protocol of the rooms"`
	Retry  int64    `json:"retry_after_ms,omitempty"`
	Errors []string `json:"errors,omitempty" nullable:"false" doc:"what is wrong with which part of the request"`
}

// New returns the refusal of a code.
func New(code, detail string) *Problem {
	status, ok := statuses[code]
	if !ok {
		status = http.StatusForbidden
	}
	return &Problem{Type: "/errors/" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Header returns the header fields that go with it.
func (p *Problem) Header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch {
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case p.Retry > 0:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil((time.Duration(p.Retry) * time.Millisecond).Seconds()))))
	case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusConflict:
		h.Set("Retry-After", "5")
	}
	return h
}

// Write answers a request with it.
func (p *Problem) Write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.Header())
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client went away
}
