package admin

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchyard-rtc/switchyard/room"
)

// Problem is a refusal (RFC 9457).
type Problem struct {
	Type   string   `json:"type" doc:"/errors/ and the code"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty" doc:"for people"`
	Code   string   `json:"code" doc:"as in the protocol of the rooms"`
	Retry  int64    `json:"retry_after_ms,omitempty"`
	Errors []string `json:"errors,omitempty" nullable:"false" doc:"what is wrong with which part of the request"`
}

// statuses are those of refusals by their codes; any other is 403.
var statuses = map[string]int{
	"bad_request":            http.StatusBadRequest,
	"unauthorized":           http.StatusUnauthorized,
	"token_expired":          http.StatusUnauthorized,
	"not_found":              http.StatusNotFound,
	"room_not_found":         http.StatusNotFound,
	"member_not_found":       http.StatusNotFound,
	"publication_not_found":  http.StatusNotFound,
	"input_not_found":        http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"too_large":              http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"misdirected":            http.StatusMisdirectedRequest,
	"limit_exceeded":         http.StatusUnprocessableEntity,
	"rate_limited":           http.StatusTooManyRequests,
	"internal":               http.StatusInternalServerError,
	"room_ended":             http.StatusServiceUnavailable,
	"draining":               http.StatusServiceUnavailable,
	"server_busy":            http.StatusServiceUnavailable,
}

// refusal makes a problem of a code.
func refusal(code, detail string) *Problem {
	status, ok := statuses[code]
	if !ok {
		status = http.StatusForbidden
	}
	return &Problem{Type: "/errors/" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// problemOf makes a problem of an error of room. Others tell nothing.
func problemOf(err error) *Problem {
	var e *room.Error
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if !errors.As(err, &e) {
		return refusal("internal", "the server could not do it")
	}
	p = refusal(e.Code(), e.Message())
	p.Retry = e.RetryAfter().Milliseconds()
	return p
}

// invalid makes a problem of what huma found wrong with a request.
func invalid(m *huma.ErrorModel) *Problem {
	code := "bad_request"
	for c, status := range statuses {
		if status == m.Status && status != http.StatusServiceUnavailable && status != http.StatusNotFound && status != http.StatusUnprocessableEntity {
			code = c
		}
	}
	p := refusal(code, m.Detail)
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, e.Location+": "+e.Message)
	}
	return p
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status. It makes a Problem an error that huma writes
// as it is.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the header fields that go with it.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch {
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case p.Retry > 0:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil((time.Duration(p.Retry) * time.Millisecond).Seconds()))))
	}
	return h
}

// ContentType returns that of problem details.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// write answers with the problem.
func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client went away
}
