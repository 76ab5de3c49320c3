package engine

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// Options configures a [Server]. The zero value accepts connections from pages
// of its own host and reads nothing from them.
type Options struct {
	// OnConnect is called for each new connection, in its own goroutine, which
	// is the one to read from it. The connection lives on when it returns, and
	// ends when it panics.
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
	// Node names this server among others in the ids of its connections, which
	// are <node>.<random> then: up to 32 letters, digits, '-' and '_', and no
	// other server's name. If empty, ids are random alone.
	Node string
	// Foreign returns what serves requests for connections of another node, such
	// as a reverse proxy, so that a load balancer may send the requests of a
	// polling client anywhere. It is asked with any name that a client makes up,
	// and returns nil for those that it does not know. If nil, nobody knows any.
	Foreign func(node string) http.Handler
	// PerAddress limits the connections of one client address. If zero, 10,000.
	PerAddress int
	// Address tells the address of a client, which is only counted. If nil, it
	// is the peer's of the HTTP connection, or the /64 network of an IPv6 one:
	// behind a proxy, everybody has the same.
	Address func(*http.Request) string
	// Logger receives refusals at debug level. If nil, [slog.Default].
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
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
	if o.Node != "" && !isNode(o.Node) {
		o.Logger.Error("name of a node is not possible", "node", o.Node)
		o.Node = ""
	}
	if o.PerAddress <= 0 {
		o.PerAddress = 10_000
	}
	if o.Address == nil {
		o.Address = peer
	}
	return o
}

// peer is the address of a request, without the port. Of IPv6, it is the network
// that one household or host has.
func peer(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}
