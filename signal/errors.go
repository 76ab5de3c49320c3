package signal

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

var (
	// ErrDisconnected is returned by methods of a [Socket] that is over, and
	// wrapped with the reason by [Socket.Err].
	ErrDisconnected = errors.New("signal: disconnected")
	// ErrReserved is returned for events whose name a client would take for its
	// own, such as "connect" and "disconnect".
	ErrReserved = errors.New("signal: reserved event name")
	// ErrNoArgument is returned by [sio.Args.Decode] for an index out of range.
	ErrNoArgument = sio.ErrNoArgument
)

// errPanicked stands for a handler that did not return.
var errPanicked = errors.New("signal: handler panicked")

// refusal is an error for clients.
type refusal struct {
	code, message string
	retry         time.Duration
}

// Error implements error.
func (r *refusal) Error() string { return "signal: " + r.message }

// Code is for programs.
func (r *refusal) Code() string { return r.code }

// Message is for people.
func (r *refusal) Message() string { return r.message }

// RetryAfter is zero unless it helps to wait.
func (r *refusal) RetryAfter() time.Duration { return r.retry }

var (
	errUnknownEvent = &refusal{code: "unknown_event", message: "there is no such event"}
	errTooDeep      = &refusal{code: "bad_request", message: "the JSON is nested too deeply"}
	errBadRequest   = &refusal{code: "bad_request", message: "the argument is not what the event takes"}
)

// failure is what a client is told of an error.
type failure struct {
	OK           bool   `json:"ok"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`

	more map[string]any // beside these
}

// MarshalJSON writes what there is more behind the fields.
func (f failure) MarshalJSON() ([]byte, error) {
	type plain failure
	b, err := json.Marshal(plain(f))
	if err != nil || len(f.more) == 0 {
		return b, err
	}
	more, err := json.Marshal(f.more)
	if err != nil {
		return nil, err
	}
	return append(append(b[:len(b)-1], ','), more[1:]...), nil
}

// codeInternal stands for errors that are nobody else's business.
const codeInternal = "internal"

// describe tells a client what err says about itself: errors with a method
// Code() string are meant for clients. Message() string, RetryAfter()
// time.Duration and Details() map[string]any, which are further fields, are used
// where they exist.
func describe(err error) failure {
	var coded interface {
		error
		Code() string
	}
	if !errors.As(err, &coded) {
		return failure{Code: codeInternal, Message: "internal error"}
	}
	f := failure{Code: coded.Code(), Message: coded.Error()}
	if m, ok := coded.(interface{ Message() string }); ok {
		f.Message = m.Message()
	}
	if r, ok := coded.(interface{ RetryAfter() time.Duration }); ok {
		f.RetryAfterMS = r.RetryAfter().Milliseconds()
	}
	if d, ok := coded.(interface{ Details() map[string]any }); ok {
		f.more = d.Details()
	}
	return f
}

// ended returns the error of a socket that is over.
func ended(reason string) error { return fmt.Errorf("%w: %s", ErrDisconnected, reason) }
