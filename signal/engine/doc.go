// Package engine is an Engine.IO v4 server: connections that carry text and
// binary messages with a heartbeat, over WebSocket and HTTP long-polling, with
// the upgrade from the latter to the former.
//
// A [Server] is an [http.Handler]; each client that it accepts becomes a
// [Conn]. The package knows nothing of Socket.IO, which package signal puts on
// top of it.
//
// # Goroutines
//
// A Conn has one goroutine, which runs [Options.OnConnect] and therefore reads;
// a second one writes while there is something to send. Both end before
// [Server.Shutdown] returns, and so do the requests of long-polling.
//
// # Who may act for a client
//
// The id of a connection is 128 random bits, is sent to nobody but its client,
// and is all that a request needs to belong to the connection: it is not bound
// to an address, because phones change theirs in the middle and proxies have
// one for everybody. Requests from pages have to come from an allowed origin,
// each of them. A second GET or POST while the first is under way ends the
// connection, so that nobody listens beside its owner unnoticed. Since the id is
// part of the URL, logs of proxies have to be kept as safe as those of cookies.
//
// # Embedding
//
// A GET of long-polling lasts up to PingInterval. The server sets the deadlines
// of its requests itself, whatever ReadTimeout and WriteTimeout of the
// [http.Server] around it are; a middleware that limits the time of requests
// has to leave them out, and a proxy must neither hold answers back nor cut them
// off sooner.
package engine
