package engine

import "errors"

// Why a connection ended. [Conn.Err] returns one of these, possibly wrapped
// around the transport's own error.
var (
	// ErrTransportClose means that the client closed the connection.
	ErrTransportClose = errors.New("engine: transport close")
	// ErrTransport means that the network or the transport failed, or that the
	// client broke the rules of the transport.
	ErrTransport = errors.New("engine: transport error")
	// ErrPingTimeout means that no pong came in time.
	ErrPingTimeout = errors.New("engine: ping timeout")
	// ErrParse means that the client sent something that is no packet.
	ErrParse = errors.New("engine: parse error")
	// ErrTooLarge means that the client sent more than [Options.MaxPayload].
	ErrTooLarge = errors.New("engine: message too large")
	// ErrSlowConsumer means that the client read too slowly for what was
	// written to it.
	ErrSlowConsumer = errors.New("engine: slow consumer")
	// ErrClosed means that this side closed the connection.
	ErrClosed = errors.New("engine: closed")
	// ErrShutdown means that the server shut down.
	ErrShutdown = errors.New("engine: server shutting down")
)
