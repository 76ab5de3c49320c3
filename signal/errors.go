package signal

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrDisconnected is returned by methods of a [Socket] that is over, and
	// wrapped with the reason by [Socket.Err].
	ErrDisconnected = errors.New("signal: disconnected")
	// ErrReserved is returned for events whose name a client would take for its
	// own, such as "connect" and "disconnect".
	ErrReserved = errors.New("signal: reserved event name")
	// ErrNoArgument is returned by [Args.Decode] for an index out of range.
	ErrNoArgument = errors.New("signal: no such argument")
)

// failure is what a client is told of an error.
type failure struct {
	OK           bool   `json:"ok"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

// codeInternal stands for errors that are nobody else's business.
const codeInternal = "internal"

// describe tells a client what err says about itself: errors with a method
// Code() string are meant for clients. Message() string and RetryAfter()
// time.Duration are used where they exist.
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
	return f
}

// ended returns the error of a socket that is over.
func ended(reason string) error { return fmt.Errorf("%w: %s", ErrDisconnected, reason) }
