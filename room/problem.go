package room

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
)

// Errors of HTTP alone. No event has them.
var (
	errMediaType = &Error{code: "unsupported_media_type", message: "the body is of the wrong type"}
	errMethod    = &Error{code: "method_not_allowed", message: "that method is not allowed here"}
	errNowhere   = &Error{code: "not_found", message: "there is nothing at this address"}
	errNotLive   = &Error{code: "not_live", message: "that is not published now"}
	errStaleTag  = &Error{code: "precondition_failed", message: "If-Match names another ICE session than the present one"}
	errNoTag     = &Error{code: "precondition_required", message: "If-Match is missing"}
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
	"session_unknown":        http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"not_live":               http.StatusConflict,
	"precondition_failed":    http.StatusPreconditionFailed,
	"too_large":              http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
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

// problem is a refusal as HTTP tells it (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Retry  int64  `json:"retry_after_ms,omitempty"`
}

// refuseHTTP answers a request with a refusal.
func refuseHTTP(w http.ResponseWriter, e *Error) {
	status, ok := statuses[e.code]
	if !ok {
		status = http.StatusForbidden
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch {
	case status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case e.retry > 0:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.retry.Seconds()))))
	case status == http.StatusServiceUnavailable, status == http.StatusConflict:
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{ // an error means that the client went away
		Type: "/errors/" + e.code, Title: http.StatusText(status), Status: status, Detail: e.message,
		Code: e.code, Retry: e.retry.Milliseconds(),
	})
}
