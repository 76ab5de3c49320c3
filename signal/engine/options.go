package engine

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options configures a [Server]. The zero value accepts connections from pages
// of its own host and reads nothing from them.
type Options struct {
	// OnConnect is called for each new connection, in its own goroutine, which
	// is the one to read from it. The connection lives on when it returns.
	OnConnect func(*Conn)
	// PingInterval and PingTimeout are the heartbeat's. If zero, 25 s and 20 s.
	PingInterval, PingTimeout time.Duration
	// MaxPayload limits one message of a client in bytes, its type included, and
	// the body of one request of long-polling. If zero, 1,000,000.
	MaxPayload int
	// Origins lists the Origin headers of pages that may connect, such as
	// "https://example.com"; "*" allows all, but without their cookies. The
	// server's own host may always.
	Origins []string
	// Cookie names a cookie that carries the connection's id, for load balancers
	// that keep the requests of a polling client on one server. If empty, no
	// cookie is set; the server itself never reads one.
	Cookie string
	// PerAddress limits the connections of one client address. If zero, 10,000.
	PerAddress int
	// Address tells the address of a client, which is only counted. If nil, it
	// is the peer's of the HTTP connection: behind a proxy, everybody has one.
	Address func(*http.Request) string
	// Logger receives refusals at debug level. If nil, [slog.Default].
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.OnConnect == nil {
		o.OnConnect = func(c *Conn) { c.Close() }
	}
	if o.PingInterval <= 0 {
		o.PingInterval = 25 * time.Second
	}
	if o.PingTimeout <= 0 {
		o.PingTimeout = 20 * time.Second
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1_000_000
	}
	if o.PerAddress <= 0 {
		o.PerAddress = 10_000
	}
	if o.Address == nil {
		o.Address = peer
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// peer is the address of a request, without the port.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
