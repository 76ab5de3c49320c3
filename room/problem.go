package room

import (
	"net/http"

	"github.com/switchyard-rtc/switchyard/room/internal/problem"
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

// refuseHTTP answers a request with a refusal.
func refuseHTTP(w http.ResponseWriter, e *Error) {
	p := problem.New(e.code, e.message)
	p.Retry = e.retry.Milliseconds()
	p.Write(w)
}
