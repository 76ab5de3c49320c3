package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Error is a refusal with a code that clients see. Codes are listed in
// docs/protocol.md. Errors with the same code are the same to [errors.Is].
type Error struct {
	code    string
	message string
	retry   time.Duration
	details map[string]any
}

// Code returns the code, such as "room_full".
func (e *Error) Code() string { return e.code }

// Error returns the message, which is for people.
func (e *Error) Error() string { return "room: " + e.message }

// Message returns the message without the name of the package.
func (e *Error) Message() string { return e.message }

// RetryAfter returns how long to wait before trying again; zero if that does
// not help.
func (e *Error) RetryAfter() time.Duration { return e.retry }

// Details returns what a client is told beside the code; nil if that is all.
func (e *Error) Details() map[string]any { return e.details }

// Is makes errors with the same code equal.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code
}

// Errors that callers may test with [errors.Is].
var (
	ErrBadRequest = &Error{code: "bad_request", message: "bad request"}
	ErrVersion    = &Error{
		code: "unsupported_version", message: "this server speaks version 1", details: map[string]any{"supported": []int{1}},
	}
	ErrUnknownEvent  = &Error{code: "unknown_event", message: "there is no such event"}
	ErrNotJoined     = &Error{code: "not_joined", message: "join first"}
	ErrAlreadyJoined = &Error{code: "already_joined", message: "this connection is in a room already"}
	ErrDenied        = &Error{code: "forbidden", message: "the grant does not allow it"}
	ErrFull          = &Error{code: "room_full", message: "the room is full"}
	ErrBusy          = &Error{code: "server_busy", message: "the server is busy"}
	ErrClosed        = &Error{code: "room_ended", message: "the room has ended"}
	ErrDraining      = &Error{code: "draining", message: "the server is going down"}
	ErrStaleOffer    = &Error{code: "stale_offer", message: "a newer offer was answered already"}
	ErrBadSDP        = &Error{code: "bad_sdp", message: "the offer cannot be used"}
	ErrNoCodec       = &Error{code: "no_common_codec", message: "no codec in common"}
	ErrNoPublication = &Error{code: "publication_not_found", message: "no such publication"}
	ErrNoRoom        = &Error{code: "room_not_found", message: "no such room"}
	ErrNoMember      = &Error{code: "member_not_found", message: "no such member"}
	ErrNoSlot        = &Error{code: "slot_not_found", message: "no such slot, or none is free"}
	ErrLimit         = &Error{code: "limit_exceeded", message: "a limit is reached"}
	ErrTooLarge      = &Error{code: "too_large", message: "too large"}
	// ErrNoSession is for a session that is over or never was: join anew.
	ErrNoSession = &Error{code: "session_unknown", message: "there is no such session, or it is over"}
	// ErrSessionExpired is for a key of long ago. The session is over then,
	// because somebody else may know the key.
	ErrSessionExpired = &Error{code: "session_expired", message: "the session ended, because an old key of it was used"}
	ErrRateLimited    = &Error{code: "rate_limited", message: "too many requests"}
	// ErrUnauthorized is for a token that is missing, forged, withdrawn or used up.
	ErrUnauthorized = &Error{code: "unauthorized", message: "a valid token is needed"}
	ErrTokenExpired = &Error{code: "token_expired", message: "the token has expired"}
	ErrLockedRoom   = &Error{code: "locked", message: "the room is locked"}
	ErrBanned       = &Error{code: "banned", message: "you may not come into this room"}
	// ErrWaiting is for who has to be let in; its details have a ticket.
	ErrWaiting  = &Error{code: "waiting", message: "a moderator has to let you in"}
	errRejected = &Error{code: "rejected", message: "a moderator did not let you in"}
	errKicked   = &Error{code: "kicked", message: "you were removed from the room"}
	errReplaced = &Error{code: "duplicate_identity", message: "you joined from another connection"}
	errSlow     = &Error{code: "slow_consumer", message: "you read too slowly"}
	// errAwaited never leaves the room: a backup was asked for.
	errAwaited  = &Error{code: "awaited", message: "a codec that you decode was asked for"}
	errInternal = &Error{code: "internal", message: "the server could not do it"}
)

// because returns an error with the code of e and a message of its own.
func (e *Error) because(format string, args ...any) *Error {
	return &Error{code: e.code, message: fmt.Sprintf(format, args...)}
}

// asError finds the code for an error of another package.
func asError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, sfu.ErrNoCodec):
		return ErrNoCodec
	case errors.Is(err, sfu.ErrBadDescription):
		return ErrBadSDP.because("%v", err)
	case errors.Is(err, sfu.ErrNoSlot), errors.Is(err, sfu.ErrUnknownSlot):
		return ErrNoSlot
	case errors.Is(err, sfu.ErrFull):
		return ErrBusy.because("the server is full")
	case errors.Is(err, sfu.ErrClosed):
		return ErrClosed
	}
	return errInternal
}
