// Package engine is an Engine.IO v4 server: connections that carry text and
// binary messages with a heartbeat, over WebSocket.
//
// A [Server] is an [http.Handler]; each client that it accepts becomes a
// [Conn]. The package knows nothing of Socket.IO, which package signal puts on
// top of it.
//
// A Conn has two goroutines: the one that the HTTP server started for its
// request, which runs [Options.OnConnect] and therefore reads, and a writer,
// which also keeps the heartbeat. Both end before [Server.Shutdown] returns.
package engine
