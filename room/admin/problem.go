package admin

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/internal/problem"
)

// Problem is a refusal that huma writes as it is.
type Problem struct{ problem.Problem }

// refusal makes a problem of a code.
func refusal(code, detail string) *Problem { return &Problem{*problem.New(code, detail)} }

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

// faults are codes of what huma finds wrong with a request, by its status; any
// other is bad_request.
var faults = map[int]string{
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusInternalServerError:   "internal",
}

// invalid makes a problem of what huma found wrong with a request.
func invalid(m *huma.ErrorModel) *Problem {
	code, ok := faults[m.Status]
	if !ok {
		code = "bad_request"
	}
	p := refusal(code, m.Detail)
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, e.Location+": "+e.Message)
	}
	return p
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the header fields that go with it, but for those that every
// answer has.
func (p *Problem) GetHeaders() http.Header {
	h := p.Header()
	h.Del("Content-Type")
	h.Del("Cache-Control")
	return h
}

// ContentType returns that of problem details.
func (p *Problem) ContentType(string) string { return p.Header().Get("Content-Type") }

// Refuse answers a request with a problem of a code; see docs/protocol.md.
func Refuse(w http.ResponseWriter, code, detail string) { refusal(code, detail).Write(w) }
