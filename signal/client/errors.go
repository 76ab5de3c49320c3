package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Why a connection ended. [Client.Err] returns one of these, possibly with
// more about it, and so do methods that are called after the end.
var (
	// ErrClosed means that [Client.Close] was called.
	ErrClosed = errors.New("client: closed")
	// ErrDisconnected means that the server sent the client out of the
	// namespace.
	ErrDisconnected = errors.New("client: disconnected by the server")
	// ErrServerClosed means that the server closed the connection, as it does
	// when it shuts down.
	ErrServerClosed = errors.New("client: connection closed by the server")
	// ErrTransport means that the network failed, or that the server broke the
	// rules of WebSocket.
	ErrTransport = errors.New("client: transport error")
	// ErrPingTimeout means that no ping came for the interval and the timeout
	// that the server had announced.
	ErrPingTimeout = errors.New("client: ping timeout")
	// ErrParse means that the server sent what is no packet, or one that makes
	// no sense where it came.
	ErrParse = errors.New("client: malformed packet")
	// ErrSlowHandler means that events came faster than OnEvent handled them.
	ErrSlowHandler = errors.New("client: too many events wait for OnEvent")
)

var (
	// ErrTooLarge is returned for an event that the server would not take: a
	// message larger than it announced, or more than 10 attachments. As the end
	// of a connection, it means a message beyond [Options.MaxPayload].
	ErrTooLarge = errors.New("client: message too large")
	// ErrSlow is returned by [Client.Emit] while too much waits to be sent.
	ErrSlow = errors.New("client: too much waits to be sent")
	// ErrReserved is returned for events that cannot be sent because clients
	// make them themselves, such as "connect" and "disconnect".
	ErrReserved = errors.New("client: reserved event name")
	// ErrNoArgument is returned by [sio.Args.Decode] for an index out of range.
	ErrNoArgument = sio.ErrNoArgument
)

// ConnectError is returned by [Dial] when the server refuses the client in the
// namespace.
type ConnectError struct {
	// Message is for people.
	Message string
	// Code is the string "code" of Data; empty if there is none.
	Code string
	// Data is what the server says more, in JSON; nil if it says nothing.
	Data json.RawMessage
}

// Error implements error.
func (e *ConnectError) Error() string {
	if e.Code == "" {
		return "client: refused by the server: " + e.Message
	}
	return fmt.Sprintf("client: refused by the server: %s (%s)", e.Message, e.Code)
}

// refusal reads the data of CONNECT_ERROR: an object with a message, or from
// servers of an older protocol just the message.
func refusal(raw json.RawMessage) error {
	var e ConnectError
	if json.Unmarshal(raw, &e.Message) == nil {
		return &e
	}
	var body struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return fmt.Errorf("%w: refusal", ErrParse)
	}
	var coded struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body.Data, &coded) != nil {
		coded.Code = "" // data may be anything
	}
	return &ConnectError{Message: body.Message, Code: coded.Code, Data: body.Data}
}
