package signal

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Options configures a [Server]. The zero value serves the default namespace
// with the protocol's defaults.
type Options struct {
	// Namespaces maps names such as "/" to what happens there. If nil, there is
	// "/", where nothing happens.
	Namespaces map[string]Handlers
	// PingInterval and PingTimeout are the heartbeat's. If zero, 25 s and 20 s
	// (Engine.IO's own); meetings use 10 s and 5 s.
	PingInterval, PingTimeout time.Duration
	// ConnectTimeout ends connections that never join a namespace. If zero, 45 s.
	ConnectTimeout time.Duration
	// MaxPayload limits one message in bytes. If zero, 1,000,000.
	MaxPayload int
	// Origins lists the Origin headers of pages that may connect, such as
	// "https://example.com"; "*" allows all. If nil, the server's own host only.
	Origins []string
	// Node, Foreign, Cookie, PerAddress and Address are those of [engine.Options].
	Node       string
	Foreign    func(node string) http.Handler
	Cookie     string
	PerAddress int
	Address    func(*http.Request) string
	// Rate limits the events and connects of one connection. If zero, there is
	// no limit but that of the handlers: who sends faster than they work has to
	// wait.
	Rate Rate
	// Recovery keeps missed events for clients that come back; zero is off.
	Recovery Recovery
	// Adapter spreads rooms over servers. If nil, [Memory].
	Adapter Adapter
	// Logger receives refusals and failures of handlers. If nil, [slog.Default].
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Namespaces == nil {
		o.Namespaces = map[string]Handlers{"/": {}}
	}
	if o.PingInterval <= 0 {
		o.PingInterval = 25 * time.Second
	}
	if o.PingTimeout <= 0 {
		o.PingTimeout = 20 * time.Second
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 45 * time.Second
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1_000_000
	}
	if o.Adapter == nil {
		o.Adapter = Memory()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Handlers are the events of a namespace. They are called one at a time per
// socket, from the socket's own goroutine. Nil fields are skipped.
type Handlers struct {
	// Admit are asked in order before OnConnect, which stands for them all: the
	// first error refuses the client.
	Admit []func(ctx context.Context, s *Socket) error
	// Middleware is called around the handler of each event, the first one
	// outermost.
	Middleware []Middleware
	// OnConnect decides on a connection and sets its event handlers; it must not
	// wait for events. CONNECT is answered when it returns, before anything that
	// it emitted; an error is sent as CONNECT_ERROR, with its code if it has a
	// method Code() string, and the socket has never been.
	OnConnect func(ctx context.Context, s *Socket) error
	// OnDisconnecting is called while the socket is still in its rooms.
	OnDisconnecting func(s *Socket, reason string)
	// OnDisconnect is the last event; the socket has left its rooms.
	OnDisconnect func(s *Socket, reason string)
}

// Middleware handles an event by way of next, which is the handler or the next
// Middleware. It may change the arguments and what next returned, or refuse the
// event with an error; see [Socket.On]. Events that have no handler pass it,
// too.
type Middleware func(ctx context.Context, s *Socket, event string, args Args, next Handler) (ack []any, err error)

// Reasons for the end of a socket, as the protocol's other servers call them.
const (
	ReasonClientLeft   = "client namespace disconnect"
	ReasonServerLeft   = "server namespace disconnect"
	ReasonClosed       = "transport close"
	ReasonTransport    = "transport error"
	ReasonPingTimeout  = "ping timeout"
	ReasonParse        = "parse error"
	ReasonShutdown     = "server shutting down"
	ReasonSlowConsumer = "slow consumer"
	ReasonRate         = "rate limited"
)
